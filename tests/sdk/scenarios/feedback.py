"""Feedback: given, one or many, taken back, and found on the log."""

from datetime import UTC, datetime
from typing import Any

from tests.sdk.scenarios.projects import assert_just_now
from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, optional_moment, refused


class _Call:
    """A call that people say something of."""

    def __init__(self, stage: Stage) -> None:
        project = stage.name()
        made = stage.registered(project)
        self._stage = stage
        self.project_id = made.project_id
        self.id = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0].id

    def feedback(self) -> set[tuple[str, Any, str | None]]:
        """What the log says was said."""
        return {(each.type, each.value, each.user) for each in self._stage.log(self.project_id, self.id).feedback}


@scenario
def feedback_is_given_and_found_on_the_log(stage: Stage) -> None:
    call = _Call(stage)
    given = stage.client.feedback(type="rating", value="good", data_id=call.id, user="ada")
    assert type(given).__name__ == "FeedbackResponse"
    assert given.id.startswith("ann_")
    assert (given.type, given.value, given.data_id, given.user) == ("rating", "good", call.id, "ada")
    assert_just_now(optional_moment(given.created_at))
    (read,) = stage.log(call.project_id, call.id).feedback
    assert read == given


@scenario
def the_newest_rating_of_a_user_counts(stage: Stage) -> None:
    call = _Call(stage)
    stage.client.feedback(type="rating", value="good", data_id=call.id, user="ada")
    stage.client.feedback(type="rating", value="bad", data_id=call.id, user="ada")
    stage.client.feedback(type="rating", value="good", data_id=call.id, user="bo")
    assert call.feedback() == {("rating", "bad", "ada"), ("rating", "good", "bo")}


@scenario
def much_feedback_is_given_at_once(stage: Stage) -> None:
    call = _Call(stage)
    moment = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    given = stage.client.feedback(
        [
            {"type": "action", "value": "copied", "data_id": call.id},
            {"type": "action", "value": "shared", "data_id": call.id},
            {"type": "correction", "value": "Grüße 😀", "data_id": call.id, "created_at": moment},
            {"type": "tone", "value": "kind", "data_id": call.id},
        ]
    )
    assert isinstance(given, list)
    assert [type(each).__name__ for each in given] == ["FeedbackResponse"] * 4
    assert [each.value for each in given] == ["copied", "shared", "Grüße 😀", "kind"]
    assert optional_moment(given[2].created_at) == moment
    assert {kind for kind, _, _ in call.feedback()} == {"action", "correction", "tone"}
    assert len(call.feedback()) == 4
    types = {each.type: each.values for each in stage.client.projects.get(id=call.project_id).feedback_types}
    assert [(label.value, label.sentiment) for label in types["tone"]] == [("kind", "unset")]


@scenario
def feedback_is_taken_back(stage: Stage) -> None:
    call = _Call(stage)
    stage.client.feedback(type="rating", value="good", data_id=call.id, user="ada")
    stage.client.feedback(type="action", value="copied", data_id=call.id, user="ada")
    stage.client.feedback(type="action", value="shared", data_id=call.id, user="ada")
    stage.client.feedback(type="action", value="copied", data_id=call.id, user="ada", unset=True)
    assert call.feedback() == {("rating", "good", "ada"), ("action", "shared", "ada")}
    taken = stage.client.feedback(type="rating", data_id=call.id, user="ada", unset=True)
    assert type(taken).__name__ == "FeedbackResponse"
    assert call.feedback() == {("action", "shared", "ada")}


@scenario
def feedback_that_makes_no_sense_is_refused(stage: Stage) -> None:
    call = _Call(stage)
    unknown = "data_000000000000000000000"
    refused(404, lambda: stage.client.feedback(type="rating", value="good", data_id=unknown))
    issues = refused(422, lambda: stage.client.feedback(type="rating", data_id=call.id))
    assert issues[0]["loc"][-1] == "value"
    refused(422, lambda: stage.client.feedback(type="action", data_id=call.id, unset=True))
    assert call.feedback() == set()


@scenario_of("0.7.35")
def newer_clients_give_lists_and_numbers(stage: Stage) -> None:
    call = _Call(stage)
    many = stage.client.feedback(type="issue", value=["slow", "rude"], data_id=call.id)
    assert many.value == ["slow", "rude"]
    score = stage.client.feedback(type="score", value=4.5, data_id=call.id)
    assert score.value == 4.5
    assert call.feedback() == {("issue", "slow", None), ("issue", "rude", None), ("score", 4.5, None)}


@scenario
async def feedback_is_given_asynchronously(stage: Stage) -> None:
    call = _Call(stage)
    given = await stage.client.afeedback(type="comment", value="Fine", data_id=call.id)
    assert given.value == "Fine"
    assert call.feedback() == {("comment", "Fine", None)}
