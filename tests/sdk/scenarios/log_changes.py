"""Logs that are completed later, or deleted."""

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, refused


@scenario
async def a_log_is_completed_later(stage: Stage) -> None:
    project, reference = stage.name(), stage.name("call")
    made = stage.registered(project)
    asked = {"project": project, "config_id": made.config.id, "inputs": {"name": "Ada"}}
    kept = stage.client.log(**asked, reference_id=reference)
    by_id = stage.client.logs.update(id=kept.id, output="later", duration=1.5)
    assert type(by_id).__name__ == "LogResponse"
    assert (by_id.id, by_id.output, by_id.duration, by_id.error) == (kept.id, "later", 1.5, None)
    by_reference = await stage.client.logs.aupdate_by_ref(reference_id=reference, error="it broke")
    assert (by_reference.id, by_reference.output, by_reference.error) == (kept.id, "later", "it broke")
    assert stage.log(made.project_id, kept.id).error == "it broke"
    assert refused(404, lambda: stage.client.logs.update_by_ref(reference_id=stage.name(), output="x"))["code"] == 404


@scenario
async def logs_are_deleted(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    ids = [stage.client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0].id for _ in range(4)]
    stage.client.logs.delete(id=ids[:2])
    await stage.client.logs.adelete(id=[ids[3]])
    left = stage.client.logs.list(project_id=made.project_id)
    assert ([each.id for each in left.records], left.total) == ([ids[2]], 1)
