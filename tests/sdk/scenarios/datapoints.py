"""Datapoints by their own ids: read, changed and deleted."""

from typing import Any

from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, refused


def made(stage: Stage, *contents: dict[str, Any]) -> Any:
    """Datapoints in a dataset of their own."""
    project = stage.client.projects.create(name=stage.name())
    dataset = stage.client.datasets.create(project_id=project.id, name="a", description="b")
    return stage.client.datasets.create_datapoint(dataset_id=dataset.id, body=list(contents))


@scenario
def a_datapoint_is_read_back(stage: Stage) -> None:
    (kept,) = made(stage, {"inputs": {"name": "Ada"}, "target": {"output": "x"}})
    read = stage.client.datapoints.get(id=kept.id)
    assert type(read).__name__ == "DatapointResponse"
    assert (read.id, read.inputs, read.target, read.messages) == (kept.id, {"name": "Ada"}, {"output": "x"}, None)
    refused(404, lambda: stage.client.datapoints.get(id="evtc_000000000000000000000"))


@scenario_of("0.7.0")
def a_datapoint_is_changed(stage: Stage) -> None:
    (kept,) = made(stage, {"inputs": {"name": "Ada"}, "target": {"output": "x"}})
    changed = stage.client.datapoints.update(id=kept.id, target={"output": "y"})
    assert (changed.id, changed.inputs, changed.target) == (kept.id, {"name": "Ada"}, {"output": "y"})
    messages = [{"role": "user", "content": "Hi"}]
    again = stage.client.datapoints.update(id=kept.id, inputs={"name": "Bo"}, messages=messages)
    assert (again.inputs, again.target, again.messages[0].content) == ({"name": "Bo"}, {"output": "y"}, "Hi")
    assert stage.client.datapoints.get(id=kept.id).inputs == {"name": "Bo"}


@scenario_of("0.7.0")
def datapoints_are_deleted(stage: Stage) -> None:
    one, two, three = made(stage, *({"inputs": {"name": str(number)}} for number in range(3)))
    stage.client.datapoints.delete(body=[one.id, three.id])
    page = stage.client.datasets.list_datapoints(dataset_id=one.dataset_id)
    assert ([each.id for each in page.records], page.total) == ([two.id], 1)
    refused(404, lambda: stage.client.datapoints.get(id=one.id))
    refused(404, lambda: stage.client.datapoints.delete(body=[two.id, one.id]))
    assert stage.client.datasets.get(id=one.dataset_id).datapoint_count == 1


@scenario_of("0.7.35")
def a_client_that_cannot_say_what_to_change_or_delete_does_neither(stage: Stage) -> None:
    (kept,) = made(stage, {"inputs": {"name": "Ada"}})
    assert stage.client.datapoints.update(id=kept.id) == kept
    stage.client.datapoints.delete()
    assert stage.client.datapoints.get(id=kept.id).inputs == {"name": "Ada"}
