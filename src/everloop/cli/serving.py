"""`everloop serve` and `everloop init`."""

import signal
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from everloop.cli.descriptors import make_room
from everloop.cli.house import in_house
from everloop.settings import Settings

if TYPE_CHECKING:
    import uvicorn

    from everloop.app.house import House
    from everloop.services.first_run import Welcome

# Longer than any honest answer should take to be sent; what is still open then is cut.
_DRAIN_SECONDS = 30
# A worker that does not answer its parent for so long is taken for hung and replaced. On a machine that is very busy a
# start takes longer than uvicorn's own five seconds, and would begin again and again.
_HUNG_SECONDS = 60
# How often a worker looks whether its supervisor is still there.
_LOOK_SECONDS = 1


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="How many processes answer.", min=1, max=64)] = 1,
) -> None:
    """Serves the API, after making what a first start needs.

    Shows the first API key (until it is revoked), makes a first completion with the demo project, and prints the
    `curl` line that does the same.
    """
    import uvicorn

    from everloop.cli.workers import end_with_supervisor

    settings = Settings.read()
    _show(in_house(_prepare), f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")  # noqa: S104 - a comparison
    too_few = make_room(settings.max_calls)
    if too_few:
        typer.echo(too_few, err=True)
    signal.signal(signal.SIGTERM, _end_well)
    config = uvicorn.Config(
        "everloop.app.application:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        loop="uvloop",
        http="everloop.api.connection:Connection",
        ws="none",
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_worker_healthcheck=_HUNG_SECONDS,
        callback_notify=end_with_supervisor,
        timeout_notify=_LOOK_SECONDS,
    )
    raise typer.Exit(_run(config))


def _run(config: "uvicorn.Config") -> int:
    """The exit code, once it has been told to stop or could not start."""
    import uvicorn
    from uvicorn.config import STARTUP_FAILURE

    from everloop.cli.workers import Workers

    if config.workers > 1:
        workers = Workers(config)
        workers.run()
        return workers.exit_code()
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else STARTUP_FAILURE


def _end_well(_number: int, _frame: FrameType | None) -> NoReturn:
    """Makes being told to stop a success: uvicorn drains, then raises SIGTERM again under the handler it found."""
    raise SystemExit(0)


def init() -> None:
    """Makes what a first start needs, without serving: the database, an organisation, an API key, a project to try."""
    _show(in_house(_prepare), "http://127.0.0.1:8000")


async def _prepare(house: "House") -> "Welcome":
    return await house.first_run.prepare(house.settings.api_key)


def _show(welcome: "Welcome", url: str) -> None:
    from everloop.services.first_run import DEMO_INPUTS, DEMO_PROJECT

    key = welcome.api_key
    typer.echo(f"Everloop keeps its data in {Settings.read().data_dir}")
    if key:
        typer.echo(f"API key: {key}\n  (kept in the file api-key there; make others with `everloop keys create`)")
    if welcome.completion is not None:
        typer.echo(f"First completion, of project {DEMO_PROJECT!r}:\n  {welcome.completion}")
    body = f'{{"project":"{DEMO_PROJECT}","inputs":{DEMO_INPUTS.text.decode()}}}'
    headers = f"-H 'X-API-KEY: {key or '$EVERLOOP_API_KEY'}' -H 'Content-Type: application/json'"
    typer.echo(f"Try it:\n  curl {url}/v4/completion-deployed {headers} -d '{body}'")
    typer.echo(f"All routes, to read and to try: {url}/docs")
