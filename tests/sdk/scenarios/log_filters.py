"""Logs found by what is in them, when they were made and what is said of them."""

from datetime import UTC, datetime
from typing import Any

from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, refused

CONFIG = {"model": "gpt-4o", "provider": "mock", "prompt_template": "Hello {{name}}!"}


def found(stage: Stage, project_id: str, **asked: Any) -> list[str]:
    """The outputs of the logs on the first page."""
    return [each.output for each in stage.client.logs.list(project_id=project_id, **asked).records]


@scenario
def logs_are_searched(stage: Stage) -> None:
    project = stage.name()
    where = stage.client.projects.create(name=project).id
    for output, inputs in (("One", {"name": "Ada"}), ("Two", {"name": "Bo"}), ("Three", {})):
        stage.client.log(project=project, config=CONFIG, inputs=inputs, output=output, metadata={"length": len(output)})
    assert found(stage, where, search="aDA") == ["One"]
    assert found(stage, where, search="T") == ["Three", "Two"]
    assert found(stage, where, search="nobody") == []
    assert found(stage, where, metadata_search='"LENGTH":3') == ["Two", "One"]
    assert found(stage, where, search="o", metadata_search="3", page=1, size=1) == ["One"]


@scenario
def logs_are_found_by_their_time(stage: Stage) -> None:
    project = stage.name()
    where = stage.client.projects.create(name=project).id
    for day in (1, 2, 3):
        moment = datetime(2024, 5, day, 12, tzinfo=UTC)
        stage.client.log(project=project, config=CONFIG, output=str(day), created_at=moment)
    assert found(stage, where, start_date="2024-05-02") == ["3", "2"]
    assert found(stage, where, end_date="2024-05-02") == ["2", "1"]
    assert found(stage, where, start_date="2024-05-02", end_date="2024-05-02") == ["2"]


@scenario
def filters_that_clients_do_not_name_are_there(stage: Stage) -> None:
    project = stage.name()
    one = stage.client.log(project=project, config=CONFIG, output="one", source="web")
    stage.client.log(project=project, config={**CONFIG, "model": "other"}, output="two", source="api")
    stage.client.feedback(type="rating", value="good", data_id=one.id)
    for query, outputs in (
        ("source_filter=web", ["one"]),
        ("model_filter=other&model_filter=none", ["two"]),
        ("feedback-rating_filter=good", ["one"]),
        ("sort=source.asc", ["two", "one"]),
        ("sort=model.asc&sort=timestamp.desc", ["one", "two"]),
    ):
        answer = stage.http("GET", f"/v4/logs?project_id={one.project_id}&{query}")
        assert [each["output"] for each in answer["records"]] == outputs, query
    refused(422, lambda: stage.client.logs.list(project_id=one.project_id, search="x" * 501))


@scenario_of("0.7.35")
def newer_clients_ask_for_moments_and_versions(stage: Stage) -> None:
    log = stage.client.log(
        project=stage.name(), config=CONFIG, output="x", created_at=datetime(2024, 5, 2, 12, tzinfo=UTC)
    )
    asked = {"start_date": "2024-05-02T12:00:00+00:00", "end_date": "2024-05-02T12:00:00+00:00"}
    assert found(stage, log.project_id, version_status="committed", **asked) == ["x"]
    assert found(stage, log.project_id, version_status="deleted") == []
    assert found(stage, log.project_id, start_date="2024-05-02T12:00:01+00:00") == []
