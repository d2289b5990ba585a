import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
import structlog

from everloop.security.redaction import redact
from everloop.telemetry import logging as telemetry_logging

CANARY = "sk-canary-0123456789abcdef"

SCRIPT = f"""
import logging, sys
import structlog
from everloop.security.redaction import redact
from everloop.telemetry.logging import configure

configure(sys.argv[1], redact)
log = structlog.get_logger("everloop.edge")
key = "{CANARY}"

log.debug("quiet")
with structlog.contextvars.bound_contextvars(request_id="req_1"):
    log.info("answered", status=200, route="/v4/logs/{{id}}", api_key=key, text="größer\\nnext line")
    logging.getLogger("uvicorn.error").warning("refused %s", key)
log.warning("strange", value=float("nan"), number=2**80, surrogate="\\ud800", thing=object)
try:
    local = {{"provider_api_keys": {{"openai": key}}}}
    raise ValueError("Incorrect API key provided: " + key)
except ValueError:
    log.exception("failed")
    logging.getLogger("asyncio").exception("Error handling request")
logging.getLogger("sqlalchemy.engine.Engine").info("INSERT %s", "a prompt")
logging.getLogger("aiosqlite").debug("executing %s", "a prompt")
logging.getLogger("uvicorn.access").info('127.0.0.1 "GET / HTTP/1.1" 200')
"""


def run(level: str) -> list[dict[str, Any]]:
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, level], check=True, capture_output=True, text=True, timeout=60, encoding="utf-8"
    )
    assert answer.stdout == ""
    assert CANARY not in answer.stderr
    return [msgspec.json.decode(line, type=dict[str, Any]) for line in answer.stderr.splitlines()]


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return run("info")


def test_each_event_is_one_json_line_with_level_logger_and_time(events: list[dict[str, Any]]):
    assert [(event["event"], event["level"], event["logger"]) for event in events] == [
        ("answered", "info", "everloop.edge"),
        ("refused [redacted]", "warning", "uvicorn.error"),
        ("strange", "warning", "everloop.edge"),
        ("failed", "error", "everloop.edge"),
        ("Error handling request", "error", "asyncio"),
    ]
    for event in events:
        moment = datetime.fromisoformat(event["timestamp"])
        assert event["timestamp"].endswith("Z")
        assert abs(moment.timestamp() - datetime.now().astimezone().timestamp()) < 300


def test_values_stay_what_they_are_and_secrets_are_hidden(events: list[dict[str, Any]]):
    answered, _, strange, *_ = events
    assert answered["status"] == 200
    assert answered["route"] == "/v4/logs/{id}"
    assert answered["text"] == "größer\nnext line"
    assert answered["api_key"] == "[redacted]"
    assert strange["value"] is None
    assert strange["number"] == str(2**80)
    assert strange["surrogate"] == r"\ud800"


def test_the_request_id_is_on_every_event_of_the_request(events: list[dict[str, Any]]):
    assert [event.get("request_id") for event in events] == ["req_1", "req_1", None, None, None]


def test_exceptions_come_with_their_traceback_and_without_keys(events: list[dict[str, Any]]):
    for event in events[3:]:
        assert event["exception"].startswith("Traceback")
        assert event["exception"].endswith("ValueError: Incorrect API key provided: [redacted]")


def test_a_level_leaves_out_what_is_below_it():
    assert [event["event"] for event in run("error")] == ["failed", "Error handling request"]
    names = [event["event"] for event in run("debug")]
    assert names[0] == "quiet"
    assert not any("a prompt" in name or "GET /" in name for name in names)


def test_a_terminal_gets_readable_lines_without_keys_or_local_variables():
    main, terminal = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, "info"], stderr=terminal)
    os.close(terminal)
    output = b""
    # Reading the main side fails with EIO once the process has closed the terminal.
    try:
        while block := os.read(main, 65536):
            output += block
    except OSError:
        pass
    finally:
        os.close(main)
    assert process.wait(60) == 0
    text = output.decode()
    assert "answered" in text
    assert "request_id" in text
    assert "Traceback (most recent call last)" in text
    assert "canary" not in text
    assert "locals" not in text
    assert not text.startswith("{")


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was: it belongs to the process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored")
def test_configuring_again_replaces_our_handler_and_no_other():
    root = logging.getLogger()
    foreign = logging.NullHandler()
    root.addHandler(foreign)
    telemetry_logging.configure("info", redact)
    telemetry_logging.configure("WARNING", redact)
    assert [handler.get_name() for handler in root.handlers].count("everloop") == 1
    assert foreign in root.handlers
    assert root.level == logging.WARNING


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("level", ["", "loud", "notset", "10"])
def test_an_unknown_level_is_refused_with_the_known_ones(level: str):
    with pytest.raises(ValueError, match="debug, info, warning, error, critical"):
        telemetry_logging.configure(level, redact)


@pytest.mark.usefixtures("restored")
def test_uvicorn_sees_that_nobody_listens_to_its_access_log():
    telemetry_logging.configure("debug", redact)
    assert not logging.getLogger("uvicorn.access").hasHandlers()
    assert logging.getLogger("uvicorn.error").hasHandlers()
