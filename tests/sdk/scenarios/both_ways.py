"""What other stories do in one of a client's two ways only.

A story of plain calls is told again with asynchronous ones."""

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage


@scenario
def a_registered_config_completes(stage: Stage) -> None:
    made = stage.registered(stage.name())
    answer = stage.client.complete_model_configuration(model_config_id=made.config.id, inputs={"name": "Ada"})
    assert type(answer).__name__ == "CompletionResponse"
    log = stage.log(made.project_id, answer.data[0].id)
    assert (log.project_id, log.config_id, log.output) == (made.project_id, made.config.id, answer.data[0].output)


@scenario
def a_log_is_changed_by_either_name(stage: Stage) -> None:
    project, reference = stage.name(), stage.name("mine")
    made = stage.registered(project)
    kept = stage.client.log(project=project, config_id=made.config.id, reference_id=reference)
    assert stage.client.logs.update(id=kept.id, output="first").output == "first"
    changed = stage.client.logs.update_by_ref(reference_id=reference, output="second")
    assert type(changed).__name__ == "LogResponse"
    assert (changed.id, changed.output) == (kept.id, "second")
    assert stage.log(made.project_id, kept.id).output == "second"
