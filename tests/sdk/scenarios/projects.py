"""Projects: made, found, read and changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, refused

DEFAULT_TYPES = {"rating", "action", "issue", "correction", "comment"}


def assert_just_now(moment: datetime) -> None:
    """Whether it has a time zone and lies in the last minutes."""
    assert moment.tzinfo is not None, moment
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=10), moment


@scenario
def a_project_is_made(stage: Stage) -> None:
    name = stage.name()
    made = stage.client.projects.create(name=name)
    assert type(made).__name__ == "ProjectResponse"
    assert made.id.startswith("pr_")
    assert len(made.id) == len("pr_") + 21, made.id
    assert made.name == name
    assert made.active_config is None
    assert made.users == []
    assert made.data_count == 0
    assert made.active_evaluators == []
    assert_just_now(stage.moment(made.created_at))
    assert_just_now(stage.moment(made.updated_at))
    assert stage.client.projects.get(id=made.id) == made


@scenario
def a_new_project_knows_the_default_feedback_types(stage: Stage) -> None:
    made = stage.client.projects.create(name=stage.name())
    types = {each.type: each for each in made.feedback_types}
    assert set(types) == DEFAULT_TYPES
    assert {type(each).__name__ for each in made.feedback_types} == {"FeedbackTypeModel"}
    rating = {label.value: label.sentiment for label in types["rating"].values}
    assert rating == {"good": "positive", "bad": "negative"}


@scenario
def making_a_project_twice_gives_the_same_one(stage: Stage) -> None:
    name = f"folder/{stage.name()} / Übung 😀"
    made = stage.client.projects.create(name=name)
    assert stage.client.projects.create(name=name).id == made.id
    assert stage.registered(name).project_id == made.id


@scenario
async def a_project_is_made_asynchronously(stage: Stage) -> None:
    made = await stage.client.projects.acreate(name=stage.name())
    read = await stage.client.projects.aget(id=made.id)
    assert read == made
    assert type(read).__name__ == "ProjectResponse"


@scenario
def projects_are_listed_page_by_page(stage: Stage) -> None:
    part = stage.name("Shelf")
    made = [stage.client.projects.create(name=f"{part} {letter}").id for letter in "abc"]

    def page(number: int, **asked: Any) -> Any:
        return stage.client.projects.list(page=number, size=2, filter=part.lower(), sort_by="name", **asked)

    first, second, beyond = (page(number, order="asc") for number in range(3))
    assert type(first).__name__ == "PaginatedDataProjectResponse"
    assert type(first.records[0]).__name__ == "ProjectResponse"
    assert [each.id for each in first.records] == made[:2]
    assert [each.id for each in second.records] == made[2:]
    assert beyond.records == []
    assert (beyond.page, beyond.size, beyond.total) == (2, 2, 3)
    assert [each.id for each in page(0, order="desc").records] == made[:0:-1]


@scenario
def a_project_is_renamed(stage: Stage) -> None:
    made = stage.client.projects.create(name=stage.name())
    other = stage.name("renamed")
    changed = stage.client.projects.update(id=made.id, name=other)
    assert (changed.id, changed.name) == (made.id, other)
    assert stage.client.projects.create(name=other).id == made.id


@scenario
def a_project_counts_and_exports_its_logs(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    calls = [stage.client.complete_deployed(project=project, inputs={"name": name}) for name in ("Ada", "Bo", "Cy")]
    newest_first = [each.data[0].id for each in reversed(calls)]
    assert stage.client.projects.get(id=made.project_id).data_count == 3
    page = stage.client.projects.export(id=made.project_id, page=0, size=2)
    assert type(page).__name__ == "PaginatedDataLogResponse"
    assert [each.id for each in page.records] == newest_first[:2]
    assert page.total == 3
    assert type(page.records[0]).__name__ == "LogResponse"
    assert page.records[0].output == calls[2].data[0].output
    assert stage.client.projects.export(id=made.project_id, page=1, size=2).records[0].id == newest_first[2]
    assert stage.client.projects.export(id=made.project_id, page=2, size=2).records == []


@scenario
def a_project_is_deleted_and_its_name_means_a_new_one(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    log = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}).data[0]
    stage.client.projects.delete(id=made.project_id)
    gone = [
        lambda: stage.client.projects.get(id=made.project_id),
        lambda: stage.client.projects.delete(id=made.project_id),
        lambda: stage.client.model_configs.get(id=made.config.id),
        lambda: stage.client.logs.update(id=log.id, output="x"),
        lambda: stage.client.complete_deployed(project_id=made.project_id),
    ]
    for ask in gone:
        assert refused(404, ask)["code"] == 404
    new = stage.registered(project)
    assert new.project_id != made.project_id
    answer = stage.client.complete_deployed(project=project, inputs={"name": "Ada"})
    assert answer.project_id == new.project_id
    assert stage.log(new.project_id, answer.data[0].id).config_id == new.config.id


@scenario
async def a_project_is_deleted_asynchronously(stage: Stage) -> None:
    made = await stage.client.projects.acreate(name=stage.name())
    await stage.client.projects.adelete(id=made.id)
    assert refused(404, lambda: stage.client.projects.get(id=made.id))["code"] == 404


@scenario
def an_unknown_project_is_not_found(stage: Stage) -> None:
    detail = refused(404, lambda: stage.client.projects.get(id="pr_000000000000000000000"))
    assert detail["code"] == 404
    assert "pr_000000000000000000000" in detail["message"]
