import pytest

from everloop import errors
from everloop.domain.ids import ProjectId, SessionId
from everloop.domain.log import LogBody
from everloop.domain.scope import Scope
from everloop.domain.session import SessionSummary
from everloop.storage.opening import Storage
from tests.contract.stores.samples import a_log, a_log_id, a_project, a_session


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


async def test_a_log_in_a_session_by_id_makes_none(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [a_log(session="sesh_x")])
    assert await storage.sessions.get(scope, SessionId("sesh_x")) is None
