"""`everloop migrate`: from SQLite to PostgreSQL."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from everloop.cli.progress import progress
from everloop.errors import Unprocessable
from everloop.settings import Settings

if TYPE_CHECKING:
    from everloop.storage.moving.move import Counted, Moved

LINE: Final = "Moving {what}: {done} of {total} rows are there."
# Rows after which a line says how far it is, where there is no terminal.
LINE_EVERY: Final = 100_000


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
    from everloop.security.redaction import redact
    from everloop.storage.location import postgres_url
    from everloop.storage.moving.move import move
    from everloop.telemetry.clock import SystemClock
    from everloop.telemetry.logging import configure

    settings = Settings.read()
    configure(settings.log_level, redact)
    if postgres_url(settings.database_url) is not None:
        raise Unprocessable(
            "EVERLOOP_DATABASE_URL names PostgreSQL: unset it, or set it to the SQLite database to move."
        )
    with progress("Moving", LINE, LINE_EVERY) as watcher:
        moved = move(settings.database_url, to, SystemClock(), watcher)
    if moved.before is not None:
        when = datetime.fromtimestamp(moved.before / 1000, UTC)
        typer.echo(f"Everything was moved there already, on {when:%Y-%m-%d at %H:%M} UTC. Nothing was changed.")
        return
    _tell_counts(moved)
    _tell_what_next(settings)


def _tell_counts(moved: "Moved") -> None:
    from everloop.storage.moving.plan import STAYS

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
    from everloop.security.secret_key import FILE_NAME

    place = f"EVERLOOP_DATA_DIR={settings.data_dir} or a copy of its {FILE_NAME}"
    if settings.secret_key is not None:
        place = "the same EVERLOOP_SECRET_KEY"
    typer.echo(
        "Everything is there. Start the servers with EVERLOOP_DATABASE_URL set to it, and with"
        f" {place}: the secret key opens the providers' keys and names sessions."
    )
    typer.echo("The SQLite database is left as it was; what is written to it from now on is not in PostgreSQL.")


def _line(each: "Counted", widest: int) -> str:
    differs = "" if each.here == each.there else "  differs"
    return f"{each.name:{widest}}  {each.here:>13,}  {each.there:>13,}{differs}"


def _total(tables: "tuple[Counted, ...]") -> "Counted":
    from everloop.storage.moving.move import Counted

    return Counted("all", sum(each.here for each in tables), sum(each.there for each in tables), 0)
