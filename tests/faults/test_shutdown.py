"""SIGTERM under load: what is being answered is answered, and the server ends well."""

import json
import signal
import threading
import time

from tests.server import RunningServer

CALLERS = 8
SLOW = {"mock": {"chunk_delay_ms": 60}}  # an answer of ten words takes more than half a second


def test_sigterm_lets_open_answers_finish(fresh_server: RunningServer):
    template = "Say ten words that take a little while, please do"
    body = {"project": "slow", "provider": "mock", "model": "m", "prompt_template": template, "other": SLOW}
    fresh_server.post("/v4/model-configs", body).expect(200)
    answers = []

    def call(streamed: bool) -> None:
        answers.append(fresh_server.post("/v4/completion-deployed", {"project": "slow", "stream": streamed}))

    callers = [threading.Thread(target=call, args=(number % 2 == 0,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    time.sleep(0.3)
    fresh_server.process.send_signal(signal.SIGTERM)
    for caller in callers:
        caller.join(30)
    fresh_server.process.wait(30)

    assert fresh_server.process.returncode == 0, fresh_server.log.read_text()
    assert "Traceback" not in fresh_server.log.read_text()
    assert [answer.status for answer in answers] == [200] * CALLERS
    reasons = []
    for answer in answers:
        if answer.headers["content-type"].startswith("text/event-stream"):
            events = [json.loads(line[6:]) for line in answer.body.splitlines() if line.startswith(b"data: ")]
            reasons.append(events[-1]["data"][0]["finish_reason"])
        else:
            reasons.append(answer.json["data"][0]["finish_reason"])
    assert reasons == ["stop"] * CALLERS
