import pytest

from everloop.domain import feedback_room
from everloop.domain.config import ModelConfig
from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.reference import ProjectReference
from everloop.errors import InvalidFields, NotFound, Unprocessable
from everloop.services.feedback import FeedbackCommand
from everloop.services.logs import LogCommand
from tests.fakes import FakeHouse


class Place:
    """A house with one log to say something of."""

    def __init__(self, house, log):
        self.house, self.log = house, log

    async def say(self, *commands):
        return await self.house.feedback.submit(self.house.scope, commands)

    def command(self, kind, value=None, **changes):
        return FeedbackCommand(kind, value, self.log.id, **changes)

    @property
    def said(self):
        return sorted((piece.type, piece.value, piece.user) for _, piece in self.house.memory.feedback)

    async def type_named(self, name):
        types = await self.house.feedback.types(self.house.scope, self.log.project_id)
        return next((each for each in types if each.name == name), None)


@pytest.fixture
async def place():
    house = await FakeHouse.build()
    made = LogCommand(project=ProjectReference("p"), config=ModelConfig(model="m"))
    (log,) = await house.logs.create(house.scope, [made])
    return Place(house, log)


async def test_the_newest_word_of_a_user_counts(place):
    await place.say(place.command("rating", "good", user="u"), place.command("rating", "bad", user="u"))
    await place.say(place.command("rating", "good"))
    assert place.said == [("rating", "bad", "u"), ("rating", "good", None)] or len(place.said) == 2
    assert {(kind, value) for kind, value, _ in place.said} == {("rating", "bad"), ("rating", "good")}


async def test_several_labels_are_several_pieces_with_one_answer(place):
    (answer,) = await place.say(place.command("issue", ("a", "b"), created_at=5))
    assert (answer.value, answer.created_at) == (("a", "b"), 5)
    assert place.said == [("issue", "a", None), ("issue", "b", None)]


async def test_unknown_labels_and_types_are_made(place):
    await place.say(place.command("rating", "superb"), place.command("stars", 5), place.command("tone", ("warm",)))
    rating, stars, tone = [await place.type_named(name) for name in ("rating", "stars", "tone")]
    assert rating.labels["superb"] is Sentiment.UNSET
    assert rating.labels["good"] is Sentiment.POSITIVE
    assert (stars.kind, stars.labels) == (FeedbackClass.NUMBER, {})
    assert (tone.kind, tone.labels) == (FeedbackClass.MULTI_SELECT, {"warm": Sentiment.UNSET})


@pytest.mark.parametrize(
    ("kind", "value"), [("rating", 5), ("rating", None), ("rating", ""), ("comment", 5), ("issue", ()), ("stars", "x")]
)
async def test_what_does_not_suit_the_type_is_refused_and_nothing_is_written(place, kind, value):
    await place.house.feedback.define_types(
        place.house.scope, place.log.project_id, [FeedbackType("stars", FeedbackClass.NUMBER)]
    )
    with pytest.raises(InvalidFields) as caught:
        await place.say(place.command("rating", "good"), place.command(kind, value, location=("body", 1)))
    assert caught.value.issues[0].location == ("body", 1, "value")
    assert place.said == []


async def test_a_type_that_an_earlier_word_makes_binds_the_later_ones(place):
    with pytest.raises(InvalidFields):
        await place.say(place.command("mood", 5), place.command("mood", "sunny"))
    assert place.said == []
    assert await place.type_named("mood") is None


async def test_words_on_a_log_are_checked_before_the_log_is_kept(place):
    house = place.house
    words = (FeedbackCommand("mood", 5, ""), FeedbackCommand("mood", "sunny", ""))
    logs = [
        LogCommand(project=ProjectReference("p"), config=ModelConfig(model="m"), feedback=(word,)) for word in words
    ]
    before = len(house.kept)
    with pytest.raises(InvalidFields):
        await house.logs.create(house.scope, logs)
    assert len(house.kept) == before


async def test_unsetting_takes_back_what_the_same_user_said(place):
    await place.say(
        place.command("rating", "good", user="u"),
        place.command("rating", "bad"),
        place.command("comment", "x", user="u"),
    )
    (answer,) = await place.say(place.command("rating", user="u", unset=True))
    assert (answer.type, answer.value) == ("rating", "good")
    assert place.said == [("comment", "x", "u"), ("rating", "bad", None)]


async def test_one_or_several_labels_can_be_unset(place):
    await place.say(place.command("issue", ("a", "b", "c", "d")))
    await place.say(place.command("issue", "a", unset=True))
    (answer,) = await place.say(place.command("issue", ("b", "c"), unset=True))
    assert answer.value == ("b", "c")
    assert place.said == [("issue", "d", None)]


async def test_which_label_to_unset_has_to_be_said(place):
    with pytest.raises(InvalidFields):
        await place.say(place.command("issue", unset=True))


async def test_unsetting_what_nobody_said_is_answered(place):
    (answer,) = await place.say(place.command("rating", unset=True))
    assert (answer.type, answer.value) == ("rating", "")
    assert (await place.say(place.command("unheard of", unset=True)))[0].id


async def test_an_unknown_log_is_not_found_and_nothing_is_written(place):
    with pytest.raises(NotFound, match="data_no"):
        await place.say(place.command("rating", "good"), FeedbackCommand("rating", "good", "data_no"))
    assert place.said == []


@pytest.mark.parametrize(("kind", "value"), [("rating", "x" * 501), ("issue", ("a", "é" * 251)), ("mine", "🦜" * 126)])
async def test_a_label_that_no_index_holds_is_refused(place, kind, value):
    with pytest.raises(InvalidFields, match="A label has at most 500 bytes"):
        await place.say(place.command(kind, value))
    assert place.said == []


async def test_a_label_may_be_long_and_a_comment_of_any_length(place):
    await place.say(place.command("rating", "🦜" * 125), place.command("comment", "x" * 100_000))
    assert len(place.said) == 2


async def test_labels_that_find_no_room_are_refused_before_anything_is_written(place, monkeypatch):
    monkeypatch.setattr(feedback_room, "MOST_LABELS", 4)
    with pytest.raises(Unprocessable, match="at most 4 labels of feedback"):
        await place.say(place.command("rating", "good"), place.command("issue", ("a", "b", "c")))
    assert place.said == []
    await place.say(place.command("rating", "good"), place.command("issue", ("a", "b")))
    await place.say(place.command("rating", "bad"), place.command("issue", "a"), place.command("stars", 5))
