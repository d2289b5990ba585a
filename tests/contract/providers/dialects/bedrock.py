"""AWS Bedrock's Converse and ConverseStream (https://docs.aws.amazon.com/bedrock/latest/APIReference)."""

import json
from binascii import crc32
from collections.abc import Mapping
from struct import pack
from typing import Any

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind
from tests.contract.providers.dialects.dialect import Said, Streamed, halves, words

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_call": "tool_use"}


class Bedrock:
    name = "bedrock"
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    content_type = "application/vnd.amazon.eventstream"

    def plain(self, said: Said) -> dict[str, Any]:
        thought = {"reasoningContent": {"reasoningText": {"text": "Well.", "signature": "c2ln"}}}
        content = [thought, *([{"text": said.text}] if said.text else []), *map(_use, said.calls)]
        return {
            "metrics": {"latencyMs": 1},
            "output": {"message": {"content": content, "role": "assistant"}},
            "stopReason": _REASONS[said.reason],
            "usage": _usage(said.usage),
        }

    def streamed(self, said: Said) -> Streamed:
        body = [event("messageStart", {"role": "assistant"})]
        body += [_delta(0, {"reasoningContent": each}) for each in ({"text": "Well."}, {"signature": "c2ln"})]
        body.append(_stop(0))
        if said.text:
            body += [*(_delta(1, {"text": each}) for each in words(said.text)), _stop(1)]
        for place, call in enumerate(said.calls, 2):
            start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
            body.append(event("contentBlockStart", {"start": start, "contentBlockIndex": place}))
            written = json.dumps(json.loads(call.arguments), ensure_ascii=False, separators=(",", ":"))
            body += [_delta(place, {"toolUse": {"input": each}}) for each in ["", *halves(written)]]
            body.append(_stop(place))
        counted = {"usage": _usage(said.usage), "metrics": {"latencyMs": 1}}
        return Streamed(body, [event("messageStop", {"stopReason": _REASONS[said.reason]}), event("metadata", counted)])

    def unreadable(self) -> bytes:
        whole = event("messageStart", {"role": "assistant"})
        return whole[:-1] + bytes([whole[-1] ^ 1])

    def refusal(self, status: int, message: str) -> Any:
        return {"message": message}

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        kind = {":message-type": "exception", ":exception-type": "throttlingException"}
        return frame(kind, json.dumps({"message": message}).encode()), FailureKind.RATE_LIMIT


def event(name: str, payload: Any) -> bytes:
    """An event, with what Bedrock adds so that lengths tell nothing."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps({**payload, "p": "abcdefgh"}, ensure_ascii=False).encode())


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A frame (https://smithy.io/2.0/aws/amazon-eventstream.html), its headers all texts."""
    written = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = pack("!II", 16 + len(written) + len(payload), len(written))
    message = prelude + pack("!I", crc32(prelude)) + written + payload
    return message + pack("!I", crc32(message))


def _header(name: bytes, value: bytes) -> bytes:
    return pack("!B", len(name)) + name + b"\x07" + pack("!H", len(value)) + value


def _delta(place: int, delta: dict[str, Any]) -> bytes:
    return event("contentBlockDelta", {"delta": delta, "contentBlockIndex": place})


def _stop(place: int) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": place})


def _use(call: ToolCall) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call.id, "name": call.name, "input": json.loads(call.arguments)}}


def _usage(usage: Usage) -> dict[str, Any]:
    total = usage.prompt_tokens + usage.output_tokens
    return {"inputTokens": usage.prompt_tokens, "outputTokens": usage.output_tokens, "totalTokens": total}
