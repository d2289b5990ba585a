"""How each generation of the official clients reads a stream, as `contract/notes.md` describes them (section 4).

Every reader takes the bytes of a whole answer and gives the chunks that its application would have seen.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

Chunk = dict[str, Any]

# aiohttp of that time refused longer lines.
LONGEST_LINE: Final = 64 * 1024


def _lines(raw: bytes) -> Iterator[bytes]:
    for line in raw.splitlines(keepends=True):
        assert len(line) < LONGEST_LINE, "Chunk too big"
        yield line


def python_0_4_0(raw: bytes) -> list[Chunk]:
    """Texts alone: out of the vendor's answer, not ours."""
    seen = []
    for line in _lines(raw):
        if b"data: " not in line:
            continue
        try:
            choice = json.loads(line.decode().split("data: ")[1])["provider_responses"][0]["choices"][0]
        except (KeyError, IndexError, ValueError):
            continue
        if "delta" in choice:
            seen.append({"output": choice["delta"]["content"]})
        elif "text" in choice:
            seen.append({"output": choice["text"]})
    return seen


def python_0_5_18(raw: bytes) -> list[Chunk]:
    """Output and id; whatever is wrong with a line is swallowed."""
    seen = []
    for line in _lines(raw):
        try:
            data = json.loads(line.decode().split("data: ")[1].strip())["data"][0]
            seen.append({"output": data["output"], "id": data["id"]})
        except (KeyError, IndexError, ValueError):
            continue
    return seen


_KEYS: Final = (
    "output", "id", "index", "finish_reason", "model_config_id", "tool_calls", "output_message", "tool_results",
)  # fmt: skip


def python_0_7_0(raw: bytes) -> list[Chunk]:
    """The same split, more keys; missing ones are None."""
    seen = []
    for line in _lines(raw):
        if line == b"\r\n":
            continue
        try:
            event = json.loads(line.decode().split("data: ")[1].strip())
            data = event["data"][0]
        except (KeyError, IndexError, ValueError):
            continue
        seen.append({key: data.get(key) for key in _KEYS} | {"project_id": event.get("project_id")})
    return seen


def python_0_7_35(raw: bytes) -> list[Chunk]:
    """A line has to START with `data: `, the space included."""
    return python_0_7_0(b"".join(line for line in _lines(raw) if line.startswith(b"data: ")))


def javascript(raw: bytes) -> list[Chunk]:
    """A parser of server-sent events, fed with network packets that are decoded one by one (here of 7 bytes).

    An event needs an empty line after it; a chunk without `output` or `id` is dropped.
    """
    text = "".join(raw[at : at + 7].decode("utf-8", "replace") for at in range(0, len(raw), 7))
    seen = []
    for block in re.split(r"(?:\r\n|\n|\r){2}", text)[:-1]:
        lines = [line for line in re.split(r"\r\n|\n|\r", block) if not line.startswith(":")]
        data = "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))
        try:
            chunk = json.loads(data)["data"][0]
        except (KeyError, IndexError, ValueError):
            continue
        if "output" in chunk and "id" in chunk:
            seen.append({key: chunk[key] for key in _KEYS if key in chunk})
    return seen


def concatenated(raw: bytes) -> list[Chunk]:
    """What chat applications did with the JavaScript client's own stream: objects without anything between them."""
    emitted = "".join(json.dumps(chunk) for chunk in javascript(raw))
    decoder, at, seen = json.JSONDecoder(), 0, []
    while at < len(emitted):
        chunk, at = decoder.raw_decode(emitted, at)
        seen.append(chunk)
    return seen


READERS: Final[dict[str, Callable[[bytes], list[Chunk]]]] = {
    each.__name__: each for each in (python_0_4_0, python_0_5_18, python_0_7_0, python_0_7_35, javascript, concatenated)
}
