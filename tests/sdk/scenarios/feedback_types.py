"""What can be said of a project's logs."""

from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, refused

VALUES = [{"value": "kind", "sentiment": "positive"}, {"value": "rude", "sentiment": "negative"}]


@scenario_of("0.7.0")
async def feedback_types_are_updated(stage: Stage) -> None:
    projects = stage.client.projects
    project_id = stage.registered(stage.name()).project_id
    shown = projects.update_feedback_types(id=project_id, body=[{"type": "tone", "class": "select", "values": VALUES}])
    assert [each.type for each in shown][-2:] == ["comment", "tone"], shown
    assert [each.type for each in projects.get(id=project_id).feedback_types] == [each.type for each in shown]
    assert await projects.aupdate_feedback_types(id=project_id, body=[]) == shown
    assert refused(404, lambda: projects.update_feedback_types(id="pr_x", body=[]))["code"] == 404


@scenario_of("0.7.35")
async def feedback_types_are_shown_by_an_update_without_a_body(stage: Stage) -> None:
    projects = stage.client.projects
    project_id = stage.registered(stage.name()).project_id
    names = ["rating", "action", "issue", "correction", "comment"]
    for answer in (
        projects.raw.update_feedback_types(id=project_id),
        await projects.raw.aupdate_feedback_types(id=project_id),
    ):
        assert [each["type"] for each in answer.body] == names
    assert refused(404, lambda: projects.update_feedback_types(id="pr_x"))["code"] == 404


@scenario
async def a_feedback_type_is_made(stage: Stage) -> None:
    projects = stage.client.projects
    project_id = stage.registered(stage.name()).project_id
    made = projects.create_feedback_type(id=project_id, type="tone", _class="select", values=VALUES)
    again = await projects.acreate_feedback_type(id=project_id, type="tone", _class="select")
    for each in (made, again):
        assert type(each).__name__ == "FeedbackTypeModel"
        assert each.type == "tone"
        assert [(label.value, label.sentiment) for label in each.values] == [("kind", "positive"), ("rude", "negative")]
