"""What the stores of logs, sessions and feedback show of another organisation: nothing."""

from everloop import errors
from everloop.domain.feedback import FeedbackClass, FeedbackType
from everloop.domain.log import LogCompletion
from everloop.domain.log_filter import LogFilter
from tests.contract.stores.isolation.things import LOG, NOTHING, PROJECT, SESSION, Making, Seeing, Steps, Touching
from tests.contract.stores.samples import ALL, a_log, a_piece, a_session

MOOD = FeedbackType("mood", FeedbackClass.MULTI_SELECT)

SEEING_NOTHING: Seeing = {
    "LogStore.get": (lambda s, who: s.logs.get(who, LOG), None),
    "LogStore.some": (lambda s, who: s.logs.some(who, [LOG]), {}),
    "LogStore.link": (lambda s, who: s.logs.link(who, LOG), None),
    "LogStore.link_by_reference": (lambda s, who: s.logs.link_by_reference(who, "mine"), None),
    "LogStore.page": (lambda s, who: s.logs.page(who, PROJECT, ALL), NOTHING),
    "LogStore.find": (lambda s, who: s.logs.find(who, PROJECT, LogFilter(search="out"), ALL), NOTHING),
    "LogStore.count": (lambda s, who: s.logs.count(who, [PROJECT]), {PROJECT: 0}),
    "SessionStore.get": (lambda s, who: s.sessions.get(who, SESSION), None),
    "SessionStore.summary": (lambda s, who: s.sessions.summary(who, SESSION), None),
    "SessionStore.page": (lambda s, who: s.sessions.page(who, PROJECT, ALL), NOTHING),
    "FeedbackStore.types": (lambda s, who: s.feedback.types(who, [PROJECT]), {PROJECT: ()}),
    "FeedbackStore.of_logs": (lambda s, who: s.feedback.of_logs(who, [LOG]), {LOG: ()}),
}

TOUCHING_NOTHING: Touching = {
    "FeedbackStore.record": (
        lambda s, who: s.feedback.record(who, PROJECT, [], [a_piece("ann_2", "bad")]),
        errors.NotFound,
    ),
    "FeedbackStore.remove": (lambda s, who: s.feedback.remove(who, LOG, "rating", None, None), []),
    "LogStore.update": (lambda s, who: s.logs.update(who, LOG, LogCompletion("stolen"), 99), False),
    "LogStore.delete": (lambda s, who: s.logs.delete(who, [LOG]), None),
}

MAKING_OWN: Making = {
    "LogWriter.append": lambda s, who: s.log_writer.append(who, [a_log(session="sesh_1", session_reference="r")]),
    "SessionStore.create": lambda s, who: s.sessions.create(who, a_session()),
}

OF_NO_ORGANISATION = {
    "LogWriter.check",
    "OldLogStore.alone",
    "OldLogStore.drop_logs",
    "OldLogStore.delete_logs",
    "OldLogStore.delete_sessions",
}

STEPS: Steps = {
    "log": lambda s, who, pick: s.log_writer.append(
        who,
        [
            a_log(
                pick.log,
                pick.project,
                session=f"sesh_{pick.one}",
                session_reference=f"r{pick.one}",
                created_at=pick.now,
            )
        ],
    ),
    "feedback": lambda s, who, pick: s.feedback.record(
        who, pick.project, [MOOD], [a_piece(f"ann_{pick.now}", f"v{pick.one}", "mood", log=pick.log)]
    ),
    "unset": lambda s, who, pick: s.feedback.remove(who, pick.log, "mood", f"v{pick.one}", None),
    "session": lambda s, who, pick: s.sessions.create(who, a_session(f"sesh_{pick.one}", created_at=pick.now)),
}
