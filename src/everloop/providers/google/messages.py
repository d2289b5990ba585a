"""Chat messages in Gemini's words: `contents` and `systemInstruction` (https://ai.google.dev/api/generate-content)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from everloop.domain.message import Message, texts
from everloop.errors import Unprocessable
from everloop.providers.failures import decoded
from everloop.providers.google import parts
from everloop.providers.google.facts import UNSIGNED

# Ids that were made here, for calls that Google gave none: the same ones come in every answer, so they stay here.
_NUMBERED: Final = re.compile(r"call_\d{1,4}")

Content = dict[str, Any]


def written(messages: Sequence[Message], *, signed: bool) -> dict[str, Any]:
    """v4's messages as Gemini takes them; of what a model thought only Google's signature (`thoughtSignature`) is told.

    With `signed` the model wants one on the tool calls of each of its messages. Raises Unprocessable.
    """
    system: list[dict[str, Any]] = []
    contents: list[Content] = []
    names: dict[str, str] = {}
    replies: Content | None = None
    for message in messages:
        role = message["role"]
        if role == "tool":
            if replies is None:
                replies = {"role": "user", "parts": []}
                contents.append(replies)
            replies["parts"].append(_reply(message, names))
            continue
        replies = None
        if role in ("system", "developer"):
            system += _instruction(message)
        else:
            contents.append(_turn(message, names, signed=signed))
    if not contents:  # Google refuses instructions without anything to answer to
        return {"contents": [{"role": "user", "parts": system or [{"text": ""}]}]}
    return {"contents": contents} | ({"systemInstruction": {"parts": system}} if system else {})


def _instruction(message: Message) -> list[dict[str, Any]]:
    found = parts.written(message)
    if any("text" not in part for part in found):
        raise Unprocessable("Google takes text alone in system messages: put the image into a message of the user.")
    return found


def _turn(message: Message, names: dict[str, str], *, signed: bool) -> Content:
    """A message of the user or of the model. `names` learns which function each call is of."""
    if message["role"] == "user":
        return {"role": "user", "parts": parts.written(message) or [{"text": ""}]}
    said = [part for part in parts.written(message) if part.get("text") != ""]
    calls: list[dict[str, Any]] = [{"functionCall": each} for each in _calls(message, names)]
    signature = _signature(message) or (UNSIGNED if signed and calls else None)
    if signature and (calls or said):
        (calls[0] if calls else said[-1])["thoughtSignature"] = signature  # of several calls the first alone bears it
    return {"role": "model", "parts": [*said, *calls] or [{"text": ""}]}


def _signature(message: Message) -> str | None:
    """What stands for a model's thoughts, as it was in the answer's `provider_responses`, in an item of `thinking`."""
    found = (each.get("thoughtSignature") for each in message.get("thinking") or ())
    return next((each for each in found if isinstance(each, str) and each), None)


def _calls(message: Message, names: dict[str, str]) -> list[dict[str, Any]]:
    made = []
    for call in message.get("tool_calls") or ():
        names[call["id"]] = call["function"]["name"]
        made.append(_id(call["id"]) | _function(call["function"]))
    if not made and message.get("tool_call"):
        made.append(_function(message["tool_call"]))
    return made


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    written_as = function.get("arguments") or "{}"
    arguments = _object(written_as)
    if arguments is None:
        raise Unprocessable(f"Google takes a JSON object as a call's arguments; those of {function['name']!r} are not.")
    return {"name": function["name"], "args": arguments}


def _reply(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    """A tool's answer, which names its function: by the call before it, or (the deprecated form) itself."""
    call_id = message.get("tool_call_id")
    name = names.get(call_id or "") or message.get("name")
    if not name:
        raise Unprocessable(
            f"The tool's reply to {call_id!r} is to no call in the messages before it; Google has to be told whose it "
            "is: send the assistant's message with that call, or a `name`."
        )
    text = "\n".join(texts(message))
    made = _id(call_id) | {"name": name, "response": _object(text) or {"output": text}}
    if images := [part for part in parts.written(message) if "text" not in part]:
        made["parts"] = images
    return {"functionResponse": made}


def _id(call_id: str | None) -> dict[str, Any]:
    return {"id": call_id} if call_id and not _NUMBERED.fullmatch(call_id) else {}


def _object(text: str) -> msgspec.Raw | None:
    """The text as it is, when it is a JSON object."""
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return None
    return msgspec.Raw(body) if isinstance(decoded(body), dict) else None
