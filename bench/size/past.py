"""Logs as a server would have kept them: copies of what it did keep, at other times, of other users and sessions.

What is asked, where it comes from and what users say of the answers differs, so that filters find some of them.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.calls import SENTENCE
from everloop.domain.ids import Prefix, identifier, time_ordered

DAYS = 30
SPAN = DAYS * 24 * 3600 * 1000  # milliseconds
SHORT_SESSION = 5
LONG_SESSION = 500
LIVE, ELSEWHERE = 0.8, 0.1  # parts of the logs: of the version that is live, of the other project
SEED = "everloop"
SOURCES = (None, "api", "web", "batch")  # each as often
TOPICS = ("invoices", "refunds", "delivery", "passwords", "quotas")  # as above
SEEN = 5_000  # one log in so many has the rare one instead
RARE = "aardvarks"
RATED, GOOD = 0.3, 0.7  # parts of the logs: rated, and of these rated good

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A log that the server kept, and its body: what each column of the tables holds."""

    log: Mapping[str, object]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where logs go: projects and their versions, and until when, in Unix milliseconds."""

    project_id: str
    config_ids: Sequence[str]
    other_project_id: str
    other_config_id: str
    until: int


@dataclass(frozen=True, slots=True)
class Written:
    """The rows of some logs."""

    logs: list[Row]
    bodies: list[Row]
    sessions: list[Row]
    feedback: list[Row]


def session_named(number: int) -> str:
    """Return the id of a session by its number; number 0 is the long one."""
    return identifier(Prefix.SESSION, number)


def batches(model: Model, place: Place, first: int, end: int, size: int) -> Iterator[Written]:
    """Give the logs from one number to another, oldest first, spread over the `DAYS` before `place.until`."""
    for begin in range(first, end, size):
        chance = random.Random(f"{SEED} {begin}")  # noqa: S311 - the same past in every run
        written = Written([], [], [], [])
        for number in range(begin, min(begin + size, end)):
            at = place.until - SPAN + (number - first) * SPAN // (end - first)
            _write(written, model, place, (number, at), chance)
        yield written


def _write(written: Written, model: Model, place: Place, when: tuple[int, int], chance: random.Random) -> None:
    number, at = when
    log = {
        **model.log,
        "id": time_ordered(Prefix.LOG, at, chance.getrandbits(83)),
        "created_at": at,
        "updated_at": at,
        "user": f"user-{chance.randrange(10_000)}",
        "source": chance.choice(SOURCES),
        **_place_of(place, chance),
        **_session_of(number),
    }
    written.logs.append(tuple(log.values()))
    written.bodies.append(tuple({**model.body, "log_id": log["id"], **_texts(number, chance)}.values()))
    if number % SHORT_SESSION == 0:
        session = log["session_id"]
        written.sessions.append((log["organisation_id"], session, at, f"reference of {session}"))
    if chance.random() < RATED:
        piece = identifier(Prefix.FEEDBACK, number)
        value = json.dumps("good" if chance.random() < GOOD else "bad")
        owner = (log["organisation_id"], piece, log["project_id"], log["id"])
        written.feedback.append((*owner, "rating", value, log["user"], at))


def _texts(number: int, chance: random.Random) -> dict[str, str]:
    topic = RARE if chance.randrange(SEEN) == 0 else chance.choice(TOPICS)
    question = f"{chance.randbytes(8).hex()}: {SENTENCE * 3}It is about {topic}."
    return {
        "inputs": json.dumps({"question": question}),
        "metadata": json.dumps({"customer": number % 1_000, "topic": topic}),
    }


def _place_of(place: Place, chance: random.Random) -> dict[str, object]:
    if chance.random() < ELSEWHERE:
        return {"project_id": place.other_project_id, "config_id": place.other_config_id}
    live, *others = place.config_ids
    return {"project_id": place.project_id, "config_id": live if chance.random() < LIVE else chance.choice(others)}


def _session_of(number: int) -> dict[str, object]:
    # The first logs are one long conversation, the others come by fives.
    session = session_named(0 if number < LONG_SESSION else number // SHORT_SESSION)
    return {"session_id": session, "session_reference_id": f"reference of {session}"}
