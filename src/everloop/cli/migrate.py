"""`everloop migrate`: from SQLite to PostgreSQL."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from everloop.errors import Unprocessable
from everloop.security.redaction import redact
from everloop.security.secret_key import FILE_NAME
from everloop.settings import Settings
from everloop.storage.location import postgres_url
from everloop.storage.moving.move import Counted, Moved, Watcher, move
from everloop.storage.moving.plan import STAYS
from everloop.telemetry.clock import SystemClock
from everloop.telemetry.logging import configure

# Rows after which a line says how far it is, where there is no terminal.
_LINE_EVERY: Final = 100_000


def migrate(
    to: Annotated[
        str,
        typer.Option(
            help="postgresql://user@host/database, an empty database of its own. A password may be in PGPASSWORD or"
            " ~/.pgpass instead, where no list of processes shows it.",
        ),
    ],
) -> None:
    """Moves everything of the SQLite database into PostgreSQL. No server may run.

    May be stopped or killed at any moment: run again, it goes on where it was. The SQLite database stays as it is,
    and the rows of both sides are counted in the end.
    """
    settings = Settings.read()
    configure(settings.log_level, redact)
    if postgres_url(settings.database_url) is not None:
        raise Unprocessable(
            "EVERLOOP_DATABASE_URL names PostgreSQL: unset it, or set it to the SQLite database to move."
        )
    with _progress() as watcher:
        moved = move(settings.database_url, to, SystemClock(), watcher)
    if moved.before is not None:
        when = datetime.fromtimestamp(moved.before / 1000, UTC)
        typer.echo(f"Everything was moved there already, on {when:%Y-%m-%d at %H:%M} UTC. Nothing was changed.")
        return
    _tell_counts(moved)
    _tell_what_next(settings)


def _tell_counts(moved: Moved) -> None:
    widest = max(len(each.name) for each in moved.tables)
    typer.echo(f"{'rows of':{widest}}  {'SQLite':>13}  {'PostgreSQL':>13}")
    for each in moved.tables:
        typer.echo(_line(each, widest))
    typer.echo(_line(_total(moved.tables), widest))
    for name, reason in STAYS.items():
        typer.echo(f"Not moved: {name} ({reason}).")
    respelled = sum(each.respelled for each in moved.tables)
    if respelled:
        typer.echo(f"{respelled:,} texts hold NUL or U+001A. PostgreSQL keeps these escaped, and they read as before.")
    if moved.differing():
        typer.echo(
            f"everloop: the two sides differ in {', '.join(moved.differing())}. Somebody else wrote to PostgreSQL"
            " meanwhile, or the SQLite database is damaged (`everloop backup` checks it). No server will use the new"
            " database: make another one, and begin anew.",
            err=True,
        )
        raise typer.Exit(1)


def _tell_what_next(settings: Settings) -> None:
    place = f"EVERLOOP_DATA_DIR={settings.data_dir} or a copy of its {FILE_NAME}"
    if settings.secret_key is not None:
        place = "the same EVERLOOP_SECRET_KEY"
    typer.echo(
        "Everything is there. Start the servers with EVERLOOP_DATABASE_URL set to it, and with"
        f" {place}: the secret key opens the providers' keys and names sessions."
    )
    typer.echo("The SQLite database is left as it was; what is written to it from now on is not in PostgreSQL.")


def _line(each: Counted, widest: int) -> str:
    differs = "" if each.here == each.there else "  differs"
    return f"{each.name:{widest}}  {each.here:>13,}  {each.there:>13,}{differs}"


def _total(tables: tuple[Counted, ...]) -> Counted:
    return Counted("all", sum(each.here for each in tables), sum(each.there for each in tables), 0)


@contextmanager
def _progress() -> Iterator[Watcher]:
    """A bar on a terminal, lines elsewhere; on stderr both."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    with typer.progressbar(length=1, label="Moving", file=sys.stderr) as bar:
        yield _Bar(bar)


class _Bar:
    """Rows on a bar, and the table that they are of."""

    def __init__(self, bar: Any) -> None:  # noqa: ANN401 - typer does not name its type
        self._bar = bar

    def begins(self, rows: int) -> None:
        self._bar.length = max(rows, 1)

    def moved(self, table: str, rows: int) -> None:
        self._bar.label = f"Moving {table:14}"
        self._bar.update(rows)


class _Lines:
    """A line for each table, and more of them for large ones."""

    def __init__(self) -> None:
        self._rows = self._done = self._said = 0
        self._table = ""

    def begins(self, rows: int) -> None:
        self._rows = rows

    def moved(self, table: str, rows: int) -> None:
        self._done += rows
        if table != self._table or self._done - self._said >= _LINE_EVERY:
            self._table, self._said = table, self._done
            typer.echo(f"Moving {table}: {self._done:,} of {self._rows:,} rows are there.", err=True)
