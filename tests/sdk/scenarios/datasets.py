"""Datasets: made, filled, read page by page and deleted."""

from functools import partial

from tests.sdk.scenarios.projects import assert_just_now
from tests.sdk.scenarios.registry import scenario, scenario_of
from tests.sdk.scenarios.stage import Stage, optional_moment, refused

CONFIG = {"model": "gpt-4o", "provider": "mock", "prompt_template": "Hello {{name}}!"}


@scenario
def a_dataset_is_made_and_read_back(stage: Stage) -> None:
    project = stage.client.projects.create(name=stage.name())
    made = stage.client.datasets.create(project_id=project.id, name="hard ones", description="of last week")
    assert type(made).__name__ == "DatasetResponse"
    assert made.id.startswith("evts_")
    assert len(made.id) == len("evts_") + 21, made.id
    assert (made.project_id, made.name, made.description) == (project.id, "hard ones", "of last week")
    assert made.datapoint_count == 0
    assert_just_now(stage.moment(made.created_at))
    assert_just_now(stage.moment(made.updated_at))
    assert stage.client.datasets.get(id=made.id) == made
    second = stage.client.datasets.create(project_id=project.id, name="hard ones", description="")
    assert [each.id for each in stage.client.datasets.list_all_for_project(project_id=project.id)] == [
        second.id,
        made.id,
    ]


@scenario
def a_dataset_is_renamed_and_deleted(stage: Stage) -> None:
    project = stage.client.projects.create(name=stage.name())
    made = stage.client.datasets.create(project_id=project.id, name="old", description="kept")
    renamed = stage.client.datasets.update(id=made.id, name="new")
    assert (renamed.id, renamed.name, renamed.description) == (made.id, "new", "kept")
    described = stage.client.datasets.update(id=made.id, description="other")
    assert (described.name, described.description) == ("new", "other")
    stage.client.datasets.create_datapoint(dataset_id=made.id, inputs={"name": "Ada"})
    stage.client.datasets.delete(id=made.id)
    refused(404, lambda: stage.client.datasets.get(id=made.id))
    refused(404, lambda: stage.client.datasets.list_datapoints(dataset_id=made.id))
    assert stage.client.datasets.list_all_for_project(project_id=project.id) == []


@scenario
def datapoints_are_added_one_and_many(stage: Stage) -> None:
    project = stage.client.projects.create(name=stage.name())
    dataset = stage.client.datasets.create(project_id=project.id, name="a", description="b")
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    target = {"output": "Hello Ada", "score": 0.5, "right": True, "tags": ["a"], "deep": {"er": ["1"]}}
    (one,) = stage.client.datasets.create_datapoint(
        dataset_id=dataset.id, inputs={"name": "Ada"}, messages=messages, target=target
    )
    assert type(one).__name__ == "DatapointResponse"
    assert one.dataset_id == dataset.id
    assert one.inputs == {"name": "Ada"}
    assert one.target == target
    assert [(each.role, each.content) for each in one.messages] == [("user", "Hi"), ("assistant", "Ho")]
    many = stage.client.datasets.create_datapoint(
        dataset_id=dataset.id, body=[{"inputs": {"name": str(number)}} for number in range(3)]
    )
    assert [each.inputs for each in many] == [{"name": str(number)} for number in range(3)]
    assert stage.client.datasets.get(id=dataset.id).datapoint_count == 4
    ids = [one.id, *(each.id for each in many)]
    assert len(set(ids)) == 4
    page = stage.client.datasets.list_datapoints(dataset_id=dataset.id)
    assert type(page).__name__ == "PaginatedDataDatapointResponse"
    assert ([each.id for each in page.records], page.page, page.size, page.total) == (ids, 0, 50, 4)
    pages = [stage.client.datasets.list_datapoints(dataset_id=dataset.id, page=each, size=3) for each in range(3)]
    assert [[each.id for each in page.records] for page in pages] == [ids[:3], ids[3:], []]


@scenario
def datapoints_are_copied_from_logs(stage: Stage) -> None:
    project = stage.name()
    logged = [
        stage.client.log(
            project=project,
            config=CONFIG,
            inputs={"name": name},
            messages=[{"role": "user", "content": name}],
            output=f"Hello {name}",
        )
        for name in ("Ada", "Bo")
    ]
    dataset = stage.client.datasets.create(project_id=logged[0].project_id, name="a", description="b")
    made = stage.client.datasets.create_datapoint(dataset_id=dataset.id, log_ids=[each.id for each in logged])
    assert [each.inputs for each in made] == [{"name": "Ada"}, {"name": "Bo"}]
    assert [each.target for each in made] == [{"output": "Hello Ada"}, {"output": "Hello Bo"}]
    assert [each.messages[0].content for each in made] == ["Ada", "Bo"]
    again = stage.client.datasets.create_datapoint(dataset_id=dataset.id, body={"log_ids": [logged[1].id]})
    assert [each.inputs for each in again] == [{"name": "Bo"}]
    elsewhere = stage.client.log(project=stage.name(), config=CONFIG, output="x")
    add = partial(stage.client.datasets.create_datapoint, dataset_id=dataset.id)
    for status, log_id in ((404, "data_000000000000000000000"), (422, elsewhere.id)):
        refused(status, partial(add, log_ids=[logged[0].id, log_id]))
    assert stage.client.datasets.get(id=dataset.id).datapoint_count == 3


@scenario_of("0.7.35")
def the_datasets_of_all_projects_are_listed(stage: Stage) -> None:
    projects = [stage.client.projects.create(name=stage.name()) for _ in range(2)]
    made = [stage.client.datasets.create(project_id=each.id, name="a", description="b").id for each in projects]
    listed = stage.client.datasets.list()
    assert {type(each).__name__ for each in listed} == {"DatasetResponse"}
    assert [each.id for each in listed if each.id in made] == made[::-1]


@scenario_of("0.7.35")
def a_log_without_texts_makes_no_datapoint(stage: Stage) -> None:
    unsaved = stage.client.log(project=stage.name(), config=CONFIG, output="secret", save=False)
    dataset = stage.client.datasets.create(project_id=unsaved.project_id, name="a", description="b")
    (issue,) = refused(422, lambda: stage.client.datasets.create_datapoint(dataset_id=dataset.id, log_ids=[unsaved.id]))
    assert issue["loc"] == ["body", "log_ids", 0]


@scenario
async def datasets_work_asynchronously(stage: Stage) -> None:
    project = await stage.client.projects.acreate(name=stage.name())
    dataset = await stage.client.datasets.acreate(project_id=project.id, name="a", description="b")
    (made,) = await stage.client.datasets.acreate_datapoint(dataset_id=dataset.id, inputs={"name": "Ada"})
    page = await stage.client.datasets.alist_datapoints(dataset_id=dataset.id)
    assert [each.id for each in page.records] == [made.id]
    assert (await stage.client.datapoints.aget(id=made.id)).inputs == {"name": "Ada"}
    assert (await stage.client.datasets.aupdate(id=dataset.id, name="c")).name == "c"
    assert [each.id for each in await stage.client.datasets.alist_all_for_project(project_id=project.id)] == [
        dataset.id
    ]
    await stage.client.datasets.adelete(id=dataset.id)
    refused(404, lambda: stage.client.datasets.get(id=dataset.id))


@scenario_of("0.7.0")
def older_clients_see_where_datapoints_are_from(stage: Stage) -> None:
    log = stage.client.log(project=stage.name(), config=CONFIG, output="x")
    dataset = stage.client.datasets.create(project_id=log.project_id, name="a", description="b")
    (copied,) = stage.client.datasets.create_datapoint(dataset_id=dataset.id, log_ids=[log.id])
    (given,) = stage.client.datasets.create_datapoint(dataset_id=dataset.id, inputs={"name": "Ada"})
    assert (copied.source_project_data_id, given.source_project_data_id) == (log.id, None)
    assert_just_now(optional_moment(copied.created_at))
    assert_just_now(optional_moment(copied.updated_at))
