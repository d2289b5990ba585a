"""One line on stderr for each event, ours and the libraries'."""

import logging
import sys
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Final = ("debug", "info", "warning", "error", "critical")

_HANDLER: Final = "everloop"
# These write statements with their parameters, which are customers' prompts and outputs, at the levels below.
_TALKATIVE: Final = ("alembic", "sqlalchemy", "aiosqlite")

_SHARED: Final[Sequence[Processor]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
# One list for every call of `configure`, as loggers keep the list that they were first used with.
_PROCESSORS: Final[list[Processor]] = [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]


def configure(level: str, redact: Processor) -> None:
    """Send structlog's and the standard library's events to stderr: readable on a terminal, JSON lines elsewhere.

    `redact` sees every event last, with its exception already rendered. Values bound by `structlog.contextvars` (the
    request id) are on every event, those of libraries included. Raises ValueError for a level that is not in `LEVELS`.
    """
    if level.lower() not in LEVELS:
        raise ValueError(f"{level!r} is no log level; there are {', '.join(LEVELS)}")
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _attach(_handler(redact), number)
    _tame_libraries(number)


def _handler(redact: Processor) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(_HANDLER)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                # Python's own traceback: the pretty ones show local variables, and keys are among them.
                structlog.processors.format_exc_info,
                redact,
                _console() if sys.stderr.isatty() else _json_line,
            ],
        )
    )
    return handler


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _attach(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for former in [former for former in root.handlers if former.get_name() == _HANDLER]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)


def _tame_libraries(level: int) -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # The edge logs requests, with their id; uvicorn sees that nobody listens and does not even format its line.
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
