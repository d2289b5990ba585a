from collections.abc import Sequence

import pytest

from everloop import errors
from everloop.domain.feedback import DEFAULT_TYPES, Feedback, FeedbackClass, FeedbackType, Sentiment, Value
from everloop.domain.ids import LogId, ProjectId
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.samples import a_log, a_piece, a_project

LOG = LogId("data_1")
PROJECT = ProjectId("pr_1")
STARS = FeedbackType("stars", FeedbackClass.NUMBER)
MOOD = FeedbackType("mood", FeedbackClass.SELECT, {"happy": Sentiment.POSITIVE, "sad": Sentiment.NEGATIVE})


@pytest.fixture
async def house(storage: Storage, scope: Scope) -> Storage:
    """One project with two logs."""
    await storage.projects.create(scope, a_project())
    await storage.log_writer.append(scope, [a_log("data_1"), a_log("data_2")])
    return storage


async def said(house: Storage, scope: Scope, log: LogId = LOG) -> Sequence[Feedback]:
    return (await house.feedback.of_logs(scope, [log]))[log]


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("rating", "good"),
        ("rating", True),
        ("comment", "nul \x00 and 🦜 and 'quotes\""),
        ("comment", ""),
        ("stars", 5),
        ("stars", -(2**70)),
        ("stars", 0.1),
        ("stars", 3.0),
        ("issue", ("a", "b")),
    ],
)
async def test_values_come_back_as_they_are(house: Storage, scope: Scope, type_name: str, value: Value):
    piece = a_piece("ann_1", value, type_name, user="me\x00")
    await house.feedback.record(scope, PROJECT, [STARS], [piece])
    kept = (await said(house, scope))[0]
    assert kept == piece
    assert type(kept.value) is type(value)


@pytest.mark.parametrize("type_name", ["rating", "correction", "comment", "stars"])
async def test_one_value_per_user_where_there_can_be_one(house: Storage, scope: Scope, type_name: str):
    value = {"stars": (1, 2)}.get(type_name, ("one", "two"))
    first = a_piece("ann_1", value[0], type_name)
    mine = a_piece("ann_2", value[0], type_name, user="me", created_at=51)
    elsewhere = a_piece("ann_3", value[0], type_name, log="data_2")
    await house.feedback.record(scope, PROJECT, [STARS], [first, mine, elsewhere])
    again = a_piece("ann_4", value[1], type_name, created_at=52)
    await house.feedback.record(scope, PROJECT, [STARS], [again])
    assert await said(house, scope) == (mine, again)
    assert await said(house, scope, LogId("data_2")) == (elsewhere,)


async def test_several_labels_where_there_can_be_several(house: Storage, scope: Scope):
    one, two = a_piece("ann_1", "slow", "issue"), a_piece("ann_2", "wrong", "issue", created_at=51)
    await house.feedback.record(scope, PROJECT, [], [one, two])
    again = a_piece("ann_3", "slow", "issue", created_at=52)
    mine = a_piece("ann_4", "slow", "issue", user="me", created_at=53)
    await house.feedback.record(scope, PROJECT, [], [again, mine])
    assert await said(house, scope) == (two, again, mine)


async def test_oldest_first_and_in_order_of_arrival_when_equal(house: Storage, scope: Scope):
    late = a_piece("ann_1", "a", "issue", created_at=99)
    one, two = a_piece("ann_3", "b", "issue", created_at=9), a_piece("ann_2", "c", "issue", created_at=9)
    await house.feedback.record(scope, PROJECT, [], [late, one, two])
    assert await said(house, scope) == (one, two, late)
    assert await house.feedback.of_logs(scope, [LogId("data_none"), LOG]) == {"data_none": (), LOG: (one, two, late)}


async def test_new_types_and_labels_are_added_once(house: Storage, scope: Scope):
    await house.feedback.record(scope, PROJECT, [MOOD], [a_piece("ann_1", "happy", "mood")])
    more = FeedbackType("mood", FeedbackClass.SELECT, {"happy": Sentiment.UNSET, "so so": Sentiment.NEUTRAL})
    rating = FeedbackType("rating", FeedbackClass.SELECT, {"meh": Sentiment.UNSET})
    await house.feedback.record(scope, PROJECT, [more, rating, STARS], [])
    known = (await house.feedback.types(scope, [PROJECT, ProjectId("pr_none")]))[PROJECT]
    assert [each.name for each in known] == [each.name for each in DEFAULT_TYPES] + ["mood", "stars"]
    assert list(known[0].labels.items()) == [
        ("good", Sentiment.POSITIVE),
        ("bad", Sentiment.NEGATIVE),
        ("meh", Sentiment.UNSET),
    ]
    assert known[5] == FeedbackType("mood", MOOD.kind, {**MOOD.labels, "so so": Sentiment.NEUTRAL})
    assert known[6] == STARS


async def test_types_of_many_projects(house: Storage, scope: Scope):
    await house.projects.create(scope, a_project("pr_2"))
    await house.feedback.record(scope, ProjectId("pr_2"), [MOOD], [])
    ids = [ProjectId("pr_2"), PROJECT, ProjectId("pr_none")]
    expected = {"pr_1": DEFAULT_TYPES, "pr_2": (*DEFAULT_TYPES, MOOD), "pr_none": ()}
    assert await house.feedback.types(scope, ids) == expected


async def test_all_or_none(house: Storage, scope: Scope):
    await house.log_writer.append(scope, [a_log("data_3", "pr_2")])
    good = a_piece("ann_1", "good")
    for wrong, error in [
        (a_piece("ann_2", "good", log="data_none"), errors.NotFound),
        (a_piece("ann_2", "good", log="data_3"), errors.NotFound),
        (a_piece("ann_2", "x", "unheard of"), errors.Unprocessable),
        (a_piece("ann_1", "slow", "issue"), errors.Conflict),
        (a_piece("ann_2", "\ud800", "issue"), errors.Unprocessable),
    ]:
        with pytest.raises(error):
            await house.feedback.record(scope, PROJECT, [MOOD], [good, wrong])
        assert await said(house, scope) == ()
    with pytest.raises(errors.NotFound):
        await house.feedback.record(scope, ProjectId("pr_none"), [MOOD], [])
    with pytest.raises(errors.Conflict, match="rating"):
        await house.feedback.record(scope, PROJECT, [FeedbackType("rating", FeedbackClass.TEXT)], [])
    assert await house.feedback.types(scope, [PROJECT]) == {PROJECT: DEFAULT_TYPES}


async def test_unsetting_takes_what_this_user_said_of_this_type(house: Storage, scope: Scope):
    rating, comment = a_piece("ann_1", "good"), a_piece("ann_2", "hm", "comment")
    mine = a_piece("ann_3", "good", user="me")
    await house.feedback.record(scope, PROJECT, [], [rating, comment, mine])
    assert await house.feedback.remove(scope, LOG, "rating", None, None) == [rating]
    assert await house.feedback.remove(scope, LOG, "rating", None, None) == []
    assert await house.feedback.remove(scope, LOG, "rating", "bad", "me") == []
    assert await said(house, scope) == (comment, mine)
    assert await house.feedback.remove(scope, LOG, "rating", "good", "me") == [mine]
    assert await said(house, scope) == (comment,)


async def test_unsetting_one_label_leaves_the_others(house: Storage, scope: Scope):
    values: list[Value] = ["a", "b", True]
    labels = [a_piece(f"ann_{number}", label, "issue") for number, label in enumerate(values)]
    await house.feedback.record(scope, PROJECT, [], labels)
    assert await house.feedback.remove(scope, LOG, "issue", "b", None) == [labels[1]]
    # The value true is the label "true".
    assert await house.feedback.remove(scope, LOG, "issue", "true", None) == [labels[2]]
    assert await said(house, scope) == (labels[0],)
    assert await house.feedback.remove(scope, LOG, "issue", None, None) == [labels[0]]
