"""A small export in the layout of Humanloop's tool, for tests that import one.

The values are made up; the keys are those of Humanloop's v5 API.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

Object = dict[str, Any]

GREETING: Final = "pr_greetinggreetinggree"
GREETING_OLD: Final = "prv_greetingversionone"
GREETING_NEW: Final = "prv_greetingversiontwo"
SUPPORT: Final = "pr_supportsupportsuppor"
SUPPORT_VERSION: Final = "prv_supportversionone"
DATASET: Final = "ds_casescasescasescases"
CONVERSATION: Final = 900_100
TRACE: Final = "log_traceofaconversation"
PRODUCTION: Final = {"id": "env_productionatthevendor", "name": "production", "tag": "default"}
STAGING: Final = {"id": "env_stagingatthevendorso", "name": "staging", "tag": "other"}
WEATHER: Final = {
    "name": "weather",
    "description": "The weather somewhere.",
    "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CALLED: Final = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}


def write(folder: Path, logs: int = 5) -> Path:
    """The export, in a new folder: two prompts (one has that many logs), a dataset in two versions, and the rest."""
    greeting(folder, logs)
    support(folder)
    dataset(folder)
    for kind in ("tool", "evaluator", "flow", "agent"):
        put(folder, f"{kind}_1/file.json", file(f"{kind}_1", f"things/{kind}", kind))
    put_lines(folder, "flow_1/logs/1.jsonl", [{"id": TRACE, "flow": {}}])
    put(folder, f"{GREETING}/evaluations/evr_1/evaluation.json", {"id": "evr_1"})
    return folder


def greeting(folder: Path, logs: int) -> None:
    """A completion in two versions: the new one live in production, the old one in staging."""
    old = version(GREETING_OLD, template="Hi {{name}}", created_at="2025-03-01T10:00:00", version_name="first")
    new = version(GREETING_NEW, template="Hello {{name}}!", created_at="2025-03-02T10:00:00Z", temperature=0.5)
    put(folder, f"{GREETING}/file.json", new | file(GREETING, "letters/greeting", "prompt", description="Greets."))
    for each in (old, new):
        put(folder, f"{GREETING}/versions/{each['version_id']}", each)
    put(folder, f"{GREETING}/deployments.json", [live(GREETING_NEW, PRODUCTION), live(GREETING_OLD, STAGING)])
    records = [
        log(number, new, inputs={"name": f"Ada {number}"}, output=f"Hello Ada {number}!") for number in range(logs)
    ]
    put_lines(folder, f"{GREETING}/logs/1.jsonl", records[:2])
    put_lines(folder, f"{GREETING}/logs/2.jsonl", records[2:])


def support(folder: Path) -> None:
    """A chat with a tool, and one log of a conversation that people judged."""
    template = [{"role": "developer", "content": "You help {{customer}}."}, {"role": "user", "content": "{{question}}"}]
    made = version(
        SUPPORT_VERSION,
        template=template,
        endpoint="chat",
        tools=[WEATHER],
        linked_tools=[WEATHER | {"name": "tides", "id": "tl_1", "version_id": "tlv_1"}],
        stop=["END"],
        response_format={"type": "json_object"},
        reasoning_effort="low",
        other={"parallel_tool_calls": False},
        attributes={"team": "blue"},
    )
    put(folder, f"{SUPPORT}/file.json", made | file(SUPPORT, "support", "prompt"))
    put(folder, f"{SUPPORT}/versions/{SUPPORT_VERSION}", made)
    put(folder, f"{SUPPORT}/deployments.json", [])
    conversation = log(
        CONVERSATION,
        made,
        inputs={"customer": "Bo", "question": "Rain?"},
        messages=[{"role": "user", "content": "Rain?"}],
        output=None,
        output_message={"role": "assistant", "content": None, "tool_calls": [CALLED]},
        trace_id=TRACE,
        trace_parent_id=TRACE,
        environment="production",
        user="bo",
        evaluator_logs=[
            judged("evl_1", "rating", "good", "select", [{"name": "good", "valence": "positive"}], user="bo"),
            judged("evl_2", "issue", ["slow", "rude"], "multi_select", []),
            judged("evl_3", "accuracy", 0.9, "number", [], by="llm"),
        ],
    )
    failed = log(
        CONVERSATION + 1,
        made,
        output=None,
        error="The model was away.",
        trace_id=TRACE,
        provider_latency=1.5,
        save=False,
    )
    put_lines(folder, f"{SUPPORT}/logs/1.jsonl", [conversation, failed])


def dataset(folder: Path) -> None:
    """Three datapoints; in the second version one has gone and one has come."""
    points = [
        {"id": f"dp_{number}", "inputs": {"name": f"Ada {number}"}, "messages": None, "target": {"output": "Hello"}}
        for number in range(4)
    ]
    put(folder, f"{DATASET}/file.json", file(DATASET, "letters/cases", "dataset", description="To try."))
    for number, some in enumerate((points[:3], points[1:]), 1):
        name = f"dsv_{number}"
        put(folder, f"{DATASET}/versions/{name}", {"version_id": name, "created_at": f"2025-04-0{number}T00:00:00"})
        put_lines(folder, f"{DATASET}/datapoints/{name}/1.jsonl", some)


def version(version_id: str, **more: Any) -> Object:
    """A version of a prompt, as the list of versions shows it."""
    return {
        "version_id": version_id,
        "created_at": "2025-03-03T10:00:00",
        "model": "scripted",
        "provider": "mock",
        "endpoint": "complete",
        "template_language": "default",
        "max_tokens": -1,
        "temperature": 1,
        "environments": [],
        "inputs": [],
        **more,
    }


def file(file_id: str, path: str, kind: str, **more: Any) -> Object:
    """What all files have."""
    times = {"created_at": "2025-03-01T09:00:00", "updated_at": "2025-03-05T09:00:00"}
    return {"id": file_id, "path": path, "name": path.rpartition("/")[2], "type": kind, **times, **more}


def live(version_id: str, environment: Mapping[str, str]) -> Object:
    """A row of `deployments.json`."""
    return {"version_id": version_id} | {f"environment_{key}": each for key, each in environment.items()}


def log(number: int, prompt: Object, **more: Any) -> Object:
    """A log of a prompt; logs are a second apart."""
    seconds = f"{number // 60 % 60:02}:{number % 60:02}"
    return {
        "id": log_id(number),
        "prompt": prompt,
        "created_at": f"2025-05-01T12:{seconds}.123456",
        "start_time": f"2025-05-01T12:{seconds}.123456",
        "end_time": f"2025-05-01T12:{seconds}.623456",
        "prompt_tokens": 3,
        "output_tokens": 4,
        "prompt_cost": 0.25,
        "output_cost": 0.5,
        "finish_reason": "stop",
        "source": "sdk",
        "metadata": {"number": number},
        "evaluator_logs": [],
        "trace_children": [],
        **more,
    }


def log_id(number: int) -> str:
    """The id of a log."""
    return f"log_{number:021}"


def judged(
    log_id: str, name: str, judgment: Any, kind: str, options: list[Object], *, by: str = "human", user: Any = None
) -> Object:
    """A log of an evaluator: one judgment."""
    spec = {"evaluator_type": by, "return_type": kind, "options": options}
    evaluator = {"name": name, "path": f"checks/{name}", "id": f"ev_{name}", "spec": spec}
    return {
        "id": log_id,
        "judgment": judgment,
        "created_at": "2025-05-02T00:00:00",
        "user": user,
        "evaluator": evaluator,
    }


def put(folder: Path, place: str, value: Any) -> None:
    """A file with JSON in it, below `files`."""
    path = folder / "files" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def put_lines(folder: Path, place: str, values: Iterable[Object | str]) -> None:
    """A file of JSON lines, below `files`; a text is a line as it is."""
    path = folder / "files" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in values))
