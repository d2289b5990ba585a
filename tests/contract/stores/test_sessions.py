import pytest

from everloop import errors
from everloop.domain.ids import ProjectId, SessionId
from everloop.domain.log import LogBody
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.domain.session import SessionSummary
from everloop.storage.opening import Storage
from tests.contract.stores.samples import ALL, a_log, a_log_id, a_project, a_session


async def test_what_was_kept_comes_back(storage: Storage, scope: Scope):
    for session in (a_session("sesh_1"), a_session("sesh_2", "mine \x00 é")):
        await storage.sessions.create(scope, session)
        assert await storage.sessions.get(scope, session.id) == session
    assert await storage.sessions.get(scope, SessionId("sesh_none")) is None
    with pytest.raises(errors.Conflict):
        await storage.sessions.create(scope, a_session("sesh_1"))


async def test_a_session_without_logs(storage: Storage, scope: Scope):
    await storage.sessions.create(scope, a_session())
    assert await storage.sessions.summary(scope, a_session().id) == SessionSummary(a_session(), (), 0, None, None, 35)
    assert await storage.sessions.summary(scope, SessionId("sesh_none")) is None


async def test_the_summary_of_its_logs(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project("pr_1", "zebra"))
    await storage.projects.create(scope, a_project("pr_2", "ant"))
    await storage.sessions.create(scope, a_session("sesh_1"))
    await storage.sessions.create(scope, a_session("sesh_2"))

    def turn(number: int, project: str, session: str, said: str) -> None:
        body = LogBody(inputs=f'{{"q":"{said}"}}'.encode(), output=f"answer to {said}")
        logs.append(a_log(a_log_id(number), project, session=session, created_at=number * 100, body=body))

    logs: list = []
    turn(3, "pr_1", "sesh_1", "third")
    turn(1, "pr_1", "sesh_1", "first")
    turn(2, "pr_2", "sesh_1", "second")
    turn(9, "pr_2", "sesh_2", "elsewhere")
    await storage.log_writer.append(scope, logs)

    assert await storage.sessions.summary(scope, SessionId("sesh_1")) == SessionSummary(
        a_session("sesh_1"),
        ((ProjectId("pr_1"), "zebra"), (ProjectId("pr_2"), "ant")),
        3,
        b'{"q":"first"}',
        "answer to third",
        301,
    )


async def test_logs_make_the_session_that_they_name_by_reference(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    for number in (1, 2):
        await storage.log_writer.append(
            scope, [a_log(f"data_{number}", session="sesh_r", session_reference="thread 7", created_at=100 * number)]
        )
    assert await storage.sessions.get(scope, SessionId("sesh_r")) == a_session("sesh_r", "thread 7", 100)
    summary = await storage.sessions.summary(scope, SessionId("sesh_r"))
    assert summary is not None
    assert summary.logs == 2


async def test_logs_leave_the_session_that_they_name_as_it_is(storage: Storage, scope: Scope):
    for session in (a_session("sesh_1"), a_session("sesh_2", "mine")):
        await storage.sessions.create(scope, session)
        await storage.log_writer.append(scope, [a_log(f"data_{session.id}", session=session.id, created_at=999)])
        assert await storage.sessions.get(scope, session.id) == session


async def test_logs_make_a_session_anew_that_has_gone_since_their_call_began(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    by_reference = a_log("data_2", session="sesh_2", session_reference="mine", created_at=200)
    await storage.log_writer.append(scope, [a_log("data_1", session="sesh_1", created_at=100), by_reference])
    assert await storage.sessions.get(scope, SessionId("sesh_1")) == a_session("sesh_1", created_at=100)
    assert await storage.sessions.get(scope, SessionId("sesh_2")) == a_session("sesh_2", "mine", 200)


async def in_session(storage: Storage, scope: Scope, number: int, session: str, project: str = "pr_1") -> None:
    body = LogBody(inputs=f'{{"n":{number}}}'.encode(), output=f"answer {number}")
    log = a_log(a_log_id(number), project, session=session, created_at=number * 100, body=body)
    await storage.log_writer.append(scope, [log])


async def test_the_sessions_of_a_project_the_newest_first(storage: Storage, scope: Scope):
    for project in ("pr_1", "pr_2"):
        await storage.projects.create(scope, a_project(project, project))
    for session, made in (("sesh_b", 20), ("sesh_a", 10), ("sesh_c", 20), ("sesh_other", 40), ("sesh_empty", 50)):
        await storage.sessions.create(scope, a_session(session, created_at=made))
    await in_session(storage, scope, 1, "sesh_a")
    await in_session(storage, scope, 2, "sesh_b")
    await in_session(storage, scope, 3, "sesh_c", "pr_2")
    await in_session(storage, scope, 4, "sesh_c")
    await in_session(storage, scope, 5, "sesh_other", "pr_2")
    await in_session(storage, scope, 6, "sesh_a")

    page = await storage.sessions.page(scope, ProjectId("pr_1"), ALL)

    assert [each.session.id for each in page.items] == ["sesh_c", "sesh_b", "sesh_a"]
    assert page.total == 3
    assert page.items == tuple([await storage.sessions.summary(scope, each.session.id) for each in page.items])
    both = ((ProjectId("pr_2"), "pr_2"), (ProjectId("pr_1"), "pr_1"))
    assert (page.items[0].projects, page.items[0].logs) == (both, 2)
    assert (page.items[2].first_inputs, page.items[2].last_output) == (b'{"n":1}', "answer 6")


async def test_sessions_are_paged(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    for number in range(5):
        await storage.sessions.create(scope, a_session(f"sesh_{number}", created_at=number))
        await in_session(storage, scope, number, f"sesh_{number}")

    async def paged(offset: int, size: int) -> tuple[list[str], int]:
        page = await storage.sessions.page(scope, ProjectId("pr_1"), PageRequest(offset, size))
        return [each.session.id for each in page.items], page.total

    assert await paged(0, 2) == (["sesh_4", "sesh_3"], 5)
    assert await paged(4, 2) == (["sesh_0"], 5)
    assert await paged(6, 2) == ([], 5)
    assert (await storage.sessions.page(scope, ProjectId("pr_none"), ALL)).total == 0
