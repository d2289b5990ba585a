"""Sessions and parents: how logs belong together."""

from functools import partial

from tests.sdk.scenarios.projects import assert_just_now
from tests.sdk.scenarios.registry import scenario
from tests.sdk.scenarios.stage import Stage, refused


@scenario
def a_session_is_made_and_filled(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    session = stage.client.sessions.create()
    assert type(session).__name__ == "CreateSessionResponse"
    assert session.id.startswith("sesh_")
    empty = stage.client.sessions.get(id=session.id)
    assert type(empty).__name__ == "SessionResponse"
    assert (empty.id, empty.reference_id, empty.projects, empty.datapoints_count) == (session.id, None, [], 0)
    assert (empty.first_inputs, empty.last_output) == (None, None)
    assert_just_now(stage.moment(empty.created_at))
    for name in ("Ada", "Bo"):
        answer = stage.client.complete_deployed(project=project, inputs={"name": name}, session_id=session.id)
        assert answer.session_id == session.id
    full = stage.client.sessions.get(id=session.id)
    assert full.datapoints_count == 2
    assert [(type(each).__name__, each.id, each.name) for each in full.projects] == [
        ("SessionProjectResponse", made.project_id, project)
    ]
    assert full.first_inputs == {"name": "Ada"}
    assert full.last_output == "[mock gpt-4o] You said: Hello Bo!"
    assert_just_now(stage.moment(full.updated_at))


@scenario
def a_reference_names_the_same_session_each_time(stage: Stage) -> None:
    project, other, reference = stage.name(), stage.name(), stage.name("talk")
    made, elsewhere = stage.registered(project), stage.registered(other)
    calls = [
        stage.client.complete_deployed(project=each, inputs={"name": "Ada"}, session_reference_id=reference)
        for each in (project, other, project)
    ]
    (session_id,) = {each.session_id for each in calls}
    logged = stage.client.log(
        project=project, config_id=made.config.id, output="hand-made", session_reference_id=reference
    )
    assert logged.session_id == session_id
    session = stage.client.sessions.get(id=session_id)
    assert (session.reference_id, session.datapoints_count) == (reference, 4)
    assert {each.id for each in session.projects} == {made.project_id, elsewhere.project_id}
    by_id = stage.client.complete_deployed(project=project, inputs={"name": "Bo"}, session_id=session_id)
    assert by_id.session_id == session_id
    assert stage.log(made.project_id, calls[0].data[0].id).session_reference_id == reference


@scenario
def children_share_their_parents_session(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    reference = stage.name("parent")
    parent = stage.client.log(
        project=project,
        config_id=made.config.id,
        output="root",
        reference_id=reference,
        session_reference_id=stage.name("talk"),
    )
    by_id = stage.client.complete_deployed(project=project, inputs={"name": "Ada"}, parent_id=parent.id)
    by_reference = stage.client.complete_deployed(
        project=project, inputs={"name": "Ada"}, parent_reference_id=reference
    )
    for answer in (by_id, by_reference):
        assert answer.session_id == parent.session_id
        assert stage.log(made.project_id, answer.data[0].id).parent_id == parent.id
    assert stage.log(made.project_id, by_reference.data[0].id).parent_reference_id == reference


@scenario
def what_does_not_exist_or_contradicts_itself_is_refused(stage: Stage) -> None:
    project = stage.name()
    stage.registered(project)
    call = partial(stage.client.complete_deployed, project=project, inputs={"name": "Ada"})
    for status, links in (
        (404, {"session_id": "sesh_000000000000000000000"}),
        (404, {"parent_id": "data_000000000000000000000"}),
        (404, {"parent_reference_id": stage.name("nobody")}),
        (422, {"session_id": "sesh_000000000000000000000", "session_reference_id": "mine"}),
        (422, {"parent_id": "data_000000000000000000000", "parent_reference_id": "mine"}),
    ):
        refused(status, partial(call, **links))
    refused(404, lambda: stage.client.sessions.get(id="sesh_000000000000000000000"))


@scenario
async def a_session_is_made_asynchronously(stage: Stage) -> None:
    session = await stage.client.sessions.acreate()
    assert (await stage.client.sessions.aget(id=session.id)).datapoints_count == 0


@scenario
async def the_sessions_of_a_project_are_listed(stage: Stage) -> None:
    project = stage.name()
    made = stage.registered(project)
    sessions = stage.client.sessions
    ids = {sessions.create().id for _ in range(3)}
    for session_id in ids:
        stage.client.complete_deployed(project=project, inputs={"name": "Ada"}, session_id=session_id)
    page = sessions.list(project_id=made.project_id)
    assert (page.page, page.size, page.total) == (1, 10, 3)
    assert {each.id for each in page.records} == ids
    assert all(type(each).__name__ == "SessionResponse" and each.datapoints_count == 1 for each in page.records)
    rest = await sessions.alist(project_id=made.project_id, page=2, size=2)
    assert [each.id for each in rest.records] == [page.records[2].id]
