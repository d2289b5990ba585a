import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.feedback_room import LABEL_BYTES, MOST_LABELS, MOST_TYPES, is_too_long, require_room
from everloop.errors import Unprocessable
from everloop.storage.texts import escaped


@given(st.text(alphabet=st.sampled_from("aé€🦜\x1a"), min_size=100, max_size=510))
def test_a_label_is_too_long_when_its_bytes_are_as_they_are_kept(label: str):
    assert is_too_long(label) is (len(escaped(label).encode()) > LABEL_BYTES)


def a_type(name: str, labels: int = 0) -> FeedbackType:
    return FeedbackType(name, FeedbackClass.SELECT, {str(each): Sentiment.UNSET for each in range(labels)})


def test_a_project_has_so_many_labels_of_all_types_together():
    known = [a_type("a", MOST_LABELS - 2), a_type("b", 1)]
    require_room(known, {"a": ["0", "new"], "b": ["0"]})
    for wanted in ({"a": ["new", "newer"]}, {"a": ["new"], "b": ["1"]}, {"c": ["0", "1"]}):
        with pytest.raises(Unprocessable, match="at most 20,000 labels"):
            require_room(known, wanted)


def test_a_project_has_so_many_types():
    known = [a_type(str(number)) for number in range(MOST_TYPES - 1)]
    require_room(known, {"0": [], "new": []})
    with pytest.raises(Unprocessable, match="at most 1,000 types"):
        require_room(known, {"new": [], "newer": []})


def test_what_a_project_knows_is_not_in_question():
    known = [a_type("a", MOST_LABELS + 5), *(a_type(f"b{number}") for number in range(MOST_TYPES + 5))]
    require_room(known, {"a": ["1", "2"], "b3": []})
