"""What holds for every value of the domain, not only for the examples one thinks of."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.config import ModelConfig, canonical_json, fingerprint
from everloop.domain.filling import Filling
from everloop.domain.generation import Finish, TextDelta, Usage, UsageReport, joined
from everloop.domain.ids import Prefix, time_ordered
from everloop.domain.output import StrippedStream
from everloop.domain.usage import per_sample, total

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
WHITE = st.text(" \t\n\r\u00a0\u2003\u2028\x1c", max_size=4)
NAMES = st.text("abcXYZ_019", min_size=1, max_size=6)


def shuffled(value, order):
    """The same JSON value with the keys of every object in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, order)) for key, item in value.items()]
        order.shuffle(items)
        return dict(items)
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(JSON, st.randoms())
def test_identity_is_stable_under_key_order(value, order):
    one, other = ({"x": each} for each in (value, shuffled(value, order)))
    assert fingerprint(ModelConfig(model="m", other=one)) == fingerprint(ModelConfig(model="m", other=other))


@given(JSON)
def test_canonical_json_says_the_same_value_and_is_its_own_canon(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
    assert text.isascii()


@given(st.lists(st.one_of(st.text(max_size=5), WHITE), max_size=12))
def test_a_streamed_text_is_stripped_like_a_whole_one(pieces):
    stream = StrippedStream()
    assert "".join(stream.push(piece) for piece in pieces) == "".join(pieces).strip()


@given(st.text(max_size=20), st.data())
def test_what_a_stripped_stream_let_through_never_has_to_be_taken_back(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    stream, shown = StrippedStream(), ""
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        shown += stream.push(text[begin:end])
        assert text.strip().startswith(shown)


@given(
    st.lists(st.tuples(st.text(alphabet=st.characters(exclude_characters="{}"), max_size=5), NAMES), max_size=6),
    st.data(),
)
def test_rendering_puts_every_value_in_its_place_and_nothing_else(parts, data):
    values = {name: data.draw(st.text(max_size=8)) for _, name in parts}
    template = "".join(f"{literal}{{{{{name}}}}}" for literal, name in parts)
    assert Filling(values).fill(template) == "".join(literal + values[name] for literal, name in parts)


@given(st.text())
def test_a_template_without_braces_is_its_own_rendering(text):
    plain = text.replace("{", "(")
    assert Filling({}).fill(plain) == plain


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.lists(st.text(), min_size=1, max_size=6),
)
def test_shares_of_a_measured_usage_add_up_to_it(prompt, output, reasoning, texts):
    measured = Usage(prompt, output, None if reasoning is None else min(reasoning, output))
    shares = per_sample(measured, "p", texts)
    whole = total(shares)
    assert (whole.prompt_tokens, whole.output_tokens, whole.reasoning_tokens) == (
        measured.prompt_tokens,
        measured.output_tokens,
        measured.reasoning_tokens,
    )
    assert all(share.prompt_tokens >= 0 and share.output_tokens >= (share.reasoning_tokens or 0) for share in shares)


@given(st.lists(st.tuples(st.integers(0, 62**7 - 1), st.integers(0, 62**14 - 1)), min_size=2, max_size=20))
def test_ids_sort_by_their_time(moments):
    ids = [time_ordered(Prefix.LOG, *each) for each in moments]
    assert sorted(ids) == [time_ordered(Prefix.LOG, *each) for each in sorted(moments)]


EVENTS = st.lists(
    st.one_of(
        st.builds(TextDelta, st.integers(0, 2), st.text(max_size=3)),
        st.builds(Finish, st.integers(0, 2), st.just("stop"), st.just(b"{}")),
        st.builds(UsageReport, st.just(Usage(1, 2))),
    ),
    max_size=12,
)


@given(EVENTS)
def test_joined_events_say_the_same_in_the_same_order(events):
    found = joined(events)
    assert "".join(
        f"{each.sample}{letter}" for each in found if isinstance(each, TextDelta) for letter in each.text
    ) == ("".join(f"{each.sample}{letter}" for each in events if isinstance(each, TextDelta) for letter in each.text))
    assert [each for each in found if not isinstance(each, TextDelta)] == [
        each for each in events if not isinstance(each, TextDelta)
    ]
    for one, other in pairwise(found):
        if isinstance(one, TextDelta) and isinstance(other, TextDelta):
            assert one.sample != other.sample, "nothing is left to join"
    assert joined(found) == found


@given(EVENTS, st.data())
def test_joining_never_moves_text_past_an_end(events, data):
    place = data.draw(st.integers(0, len(events)))
    end = Finish(0, "stop", b"the end")
    found = joined([*events[:place], end, *events[place:]])
    where = found.index(end)
    assert found[:where] == joined(events[:place])
    assert found[where + 1 :] == joined(events[place:])
