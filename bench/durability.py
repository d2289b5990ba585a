"""Acknowledged means on disk: after SIGKILL, the rows that SQL finds are compared with the answers clients received."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.answers import acknowledged_plain, acknowledged_streamed
from bench.calls import PROJECT
from bench.client import Answer, Burst, send_count, send_until_cut
from bench.exposure import Exposure, count
from bench.figures import Measured
from bench.processes import Server
from bench.targets import Side, Start

BURST = 2000
CONNECTIONS = 32
KILL_AFTER = (0.3, 1.0)  # seconds into the second burst: the instant is drawn between the two
OUR_LOGS = "SELECT id FROM log WHERE project_id = (SELECT id FROM project WHERE name = ?)"
MAGIC = b"SQLite format 3\0"


class NoDatabaseError(Exception):
    """The data directory does not hold exactly one SQLite file."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What the log tables hold: the ids of our project's logs, and of all logs the count, with and without a body.

    A first start logs one call of its own, in a project of its own. `integrity` is SQLite's own check; `exposure` is
    there when the logs are those of an experiment.
    """

    ids: list[str]
    logs: int
    bodies: int
    orphans: int
    integrity: str
    exposure: Exposure | None

    def failures(self) -> list[str]:
        """Say what is torn."""
        found = [] if self.integrity == "ok" else [f"integrity_check says {self.integrity}"]
        if self.orphans or self.bodies != self.logs:
            found.append(f"{self.logs} index rows, {self.bodies} bodies, {self.orphans} orphans")
        return found + (self.exposure.failures(len(self.ids)) if self.exposure else [])


@dataclass(frozen=True, slots=True)
class AfterRounds:
    """The count after the rounds, when nothing was under way any more.

    Every call that reached the upstream owes one log, the ones whose caller hung up included. A call that was hung up
    on just before it reached the upstream may have left one too.
    """

    side: str
    answers: int
    upstream_calls: int
    hung_up_at_most: int
    rows: int
    integrity: str
    exposure: Exposure | None
    torn: list[str]

    def failures(self) -> list[str]:
        """Say what was lost or doubled."""
        found = list(self.torn)
        if self.rows < self.answers:
            found.append(f"{self.answers - self.rows} acknowledged logs are missing")
        if not 0 <= self.rows - self.upstream_calls <= self.hung_up_at_most:
            found.append(f"{self.rows} rows for {self.upstream_calls} calls of the upstream")
        return [f"{self.side}, after the rounds: {what}" for what in found]


@dataclass(frozen=True, slots=True)
class AfterKill:
    """The count after a kill in the middle of a burst, id by id."""

    side: str
    first_burst: int
    first_burst_acknowledged: int
    killed_after_seconds: float
    second_burst_acknowledged: int
    cut: int  # connections that broke with a request under way
    errors: int  # answers that were not 2xx, and any broken before the kill
    rows: int
    missing: int
    doubled: int
    integrity: str
    exposure: Exposure | None
    torn: list[str]

    def failures(self) -> list[str]:
        """Say what was lost, doubled or torn, or why the test did not test."""
        unacknowledged = self.rows - self.first_burst_acknowledged - self.second_burst_acknowledged
        wrong = {
            f"{self.errors} errors": self.errors,
            "the first burst was not acknowledged whole": self.first_burst_acknowledged != self.first_burst,
            "the kill was not in the middle of a burst": not (self.second_burst_acknowledged and self.cut),
            f"{self.missing} acknowledged logs are missing": self.missing,
            f"{self.doubled} acknowledged or stored twice": self.doubled,
            f"{unacknowledged} rows nobody was told of, {self.cut} were under way": unacknowledged > self.cut,
        }
        found = [what for what, is_wrong in wrong.items() if is_wrong] + self.torn
        return [f"{self.side}, after the kill: {what}" for what in found]


def count_after_rounds(side: Side, measured: Measured) -> AfterRounds:
    """Kill the server that ran the rounds and count."""
    side.server.kill()
    rows = read_rows(side)
    return AfterRounds(
        side=side.name,
        answers=measured.answers[side.name],
        upstream_calls=measured.upstream_calls[side.name],
        hung_up_at_most=measured.hung_up_at_most[side.name],
        rows=len(rows.ids),
        integrity=rows.integrity,
        exposure=rows.exposure,
        torn=rows.failures(),
    )


def kill_in_a_burst(work: Path, upstream: Server, start: Start) -> AfterKill:
    """Serve from an empty directory: one whole burst, then one with SIGKILL in its middle, plain and streamed mixed."""
    work.mkdir()
    after = random.uniform(*KILL_AFTER)  # noqa: S311 - an instant, not a secret
    with start(work, upstream) as side:
        first = send_count(BURST, [side.plain, side.streamed], CONNECTIONS)
        second = send_until_cut(side.server.kill, after, [side.plain, side.streamed], CONNECTIONS)
    return _compare(first, second, read_rows(side), after, side)


def _compare(first: Burst, second: Burst, rows: Rows, after: float, side: Side) -> AfterKill:
    first_ids, second_ids = (_acknowledged(burst.answers, side) for burst in (first, second))
    times_told, times_stored = Counter(first_ids + second_ids), Counter(rows.ids)
    refused = [answer for answer in second.answers if answer.complete and not answer.good]
    return AfterKill(
        side=side.name,
        first_burst=BURST,
        first_burst_acknowledged=len(first_ids),
        killed_after_seconds=round(after, 3),
        second_burst_acknowledged=len(second_ids),
        cut=sum(not answer.complete for answer in second.answers),
        errors=len(first.answers) - len(first.good) + len(refused),
        rows=len(rows.ids),
        missing=len(times_told.keys() - times_stored.keys()),
        doubled=sum(times - 1 for counter in (times_told, times_stored) for times in counter.values()),
        integrity=rows.integrity,
        exposure=rows.exposure,
        torn=rows.failures(),
    )


def _acknowledged(answers: Iterable[Answer], side: Side) -> list[str]:
    """List the ids a caller was told: in a whole plain answer, or by a finish event even if the stream broke after."""
    told: list[str] = []
    for answer in answers:
        if answer.call == side.streamed:
            told += acknowledged_streamed(answer.body) if answer.status // 100 == 2 else []
        elif answer.good:
            told += acknowledged_plain(answer.body)
    return told


def read_rows(side: Side) -> Rows:
    """Open the database as a restarted server would (SQLite recovers its write-ahead log) and read the log tables."""
    if side.data is None:
        message = f"{side.name} has no data directory"
        raise NoDatabaseError(message)
    with closing(sqlite3.connect(database_in(side.data))) as database:
        ids = [row[0] for row in database.execute(OUR_LOGS, (PROJECT,))]
        logs = database.execute("SELECT count(*) FROM log").fetchone()[0]
        bodies = database.execute("SELECT count(*) FROM log_body WHERE log_id IN (SELECT id FROM log)").fetchone()[0]
        all_bodies = database.execute("SELECT count(*) FROM log_body").fetchone()[0]
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
        exposure = count(database) if side.experiment else None
    return Rows(ids, logs, bodies, all_bodies - bodies, integrity, exposure)


def database_in(data: Path) -> Path:
    """Find the SQLite file. Raises NoDatabaseError unless there is exactly one."""
    found = [path for path in data.rglob("*") if path.is_file() and _starts_with_magic(path)]
    if len(found) != 1:
        message = f"expected one SQLite file in the data directory, found {[path.name for path in found]}"
        raise NoDatabaseError(message)
    return found[0]


def _starts_with_magic(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
