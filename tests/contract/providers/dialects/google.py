"""Google's generateContent (https://ai.google.dev/api/generate-content)."""

import json
from typing import Any

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind
from tests.contract.providers.dialects.dialect import Said, Streamed, words
from tests.upstream import event

_REASONS = {"stop": "STOP", "tool_call": "STOP", "length": "MAX_TOKENS"}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Google:
    name = "google"
    model = "gemini-3.8-flash"
    content_type = "text/event-stream"

    def plain(self, said: Said) -> dict[str, Any]:
        texts = [{"text": said.text}] if said.text else []
        return self._answer([*texts, *map(_call, said.calls)], said.usage, _REASONS[said.reason])

    def streamed(self, said: Said) -> Streamed:
        """Calls come whole: only Vertex AI sends their arguments in pieces."""
        pieces = [{"text": each} for each in words(said.text)] + [_call(each) for each in said.calls]
        begun = Usage(said.usage.prompt_tokens, 0)
        body = [self._event([each], begun) for each in pieces]
        return Streamed(body, [self._event([{"text": ""}], said.usage, _REASONS[said.reason])])

    def unreadable(self) -> bytes:
        return b'data: {"candidates": [{"cont\r\n\r\n'

    def refusal(self, status: int, message: str) -> Any:
        return {"error": {"code": status, "message": message, "status": _STATUSES.get(status, "UNKNOWN")}}

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        return event(self.refusal(503, message)), FailureKind.OVERLOADED

    def _answer(self, parts: list[dict[str, Any]], usage: Usage, reason: str | None = None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if reason is not None:
            candidate["finishReason"] = reason
        return {"candidates": [candidate], "usageMetadata": _usage(usage), "modelVersion": self.model,
                "responseId": "mAitaLmkHPPlz7IPvtfUqQ4"}  # fmt: skip

    def _event(self, parts: list[dict[str, Any]], usage: Usage, reason: str | None = None) -> bytes:
        return event(json.dumps(self._answer(parts, usage, reason), ensure_ascii=False).encode())


def _call(call: ToolCall) -> dict[str, Any]:
    return {"functionCall": {"name": call.name, "args": json.loads(call.arguments), "id": call.id}}


def _usage(usage: Usage) -> dict[str, Any]:
    """Thoughts are counted beside the candidates."""
    thoughts = usage.reasoning_tokens or 0
    spoken = usage.output_tokens - thoughts
    made = {"promptTokenCount": usage.prompt_tokens, "candidatesTokenCount": spoken}
    made["totalTokenCount"] = usage.prompt_tokens + usage.output_tokens
    return made | ({"thoughtsTokenCount": thoughts} if usage.reasoning_tokens is not None else {})
