"""Where we differ from the contract on purpose. What does not differ any more must leave this list: a test looks."""

from typing import Final

# Of our limits these are no difference wherever they stand: honest requests do not meet them.
LIMITS: Final = {
    r"pattern ^[^\x00]*$": "PostgreSQL keeps no NUL in text",
    r"pattern ^[\x21-\x7e]*$": "a key goes into a header",
    "minLength 1": "a name has a character",
    "maxLength 255": "names fit into lists",
    "maxLength 500": "references are found by an index, which takes 2,700 bytes",
    "maxLength 10000": "texts that are no content",
    "maxItems 1000": "longer lists are no honest request",
    "minimum 0": "counts and the first page",
    "minimum 1": "sizes, and the first page of sessions",
    "maximum 100": "providers give 20 log probabilities at the most",
    "maximum 1000": "records a page",
    "maximum 9223372036854775": "records to skip fit 64 bits",
    "minimum -9223372036854775808": "whole numbers have 64 bits",
    "maximum 9223372036854775807": "the same",
}

_GENERATING: Final = [
    f"POST /{kind}{way}" for kind in ("completion", "chat") for way in ("", "-deployed", "-model-config", "-experiment")
]
_CHATS: Final = ("ChatRequest", "ChatDeployedRequest", "ChatModelConfigRequest", "ChatExperimentRequest")
_PROVIDERS: Final = "ai21, anthropic, bedrock, cohere, google, groq, langchain, mock, openai, openai_azure, replicate"

# By reason; each line as the comparison writes it.
DIFFERENCES: Final[dict[str, tuple[str, ...]]] = {
    "No provider has had an endpoint for edits since 2023.": ("ModelEndpoints: edit is not taken",),
    "Any text could be sent, but these alone mean something.": (
        *(f"{each}.tool_call: only auto, none is taken" for each in _CHATS),
        *(f"{each}.tool_call.name: is required" for each in _CHATS),
    ),
    "The client 0.7.0 documents lists in lists; every later one, and we, take one list of parts.": (
        "ChatMessage.content[]: array is not taken",
    ),
    "Feedback is of a log: of the one it comes with, which has no id yet, or of one that is named.": (
        "Feedback.data_id: is not taken",
        "FeedbackRequest.data_id: is required",
    ),
    "There are no evaluations to aggregate; what is asked for without effect is ignored.": (
        "GET /projects/{id}/configs query evaluation_aggregates: is not taken",
    ),
    "The client 0.4.0 named an app here; whatever is sent is ignored.": ("POST /sessions body: is not taken",),
    "A message or a format is shown as it was sent, without what was left out of it.": (
        "ChatMessageWithToolCall.thinking: may be missing",
        "ChatMessageWithToolCall.thinking[]: any object may be answered",
        "FunctionTool.arguments: may be missing",
        "ImageUrl.detail: may be missing",
        "ResponseFormat.json_schema: may be missing",
        "ToolCall.arguments: is not answered",
        "ToolCall.name: is not answered",
    ),
    "A config may name any provider, and is shown as it is.": (f"ModelProviders: more than {_PROVIDERS} is answered",),
    "Without these a tool that is read back and sent again was another tool.": (
        *(
            f"{kind}.{field}: is more than the contract has"
            for kind in ("ModelConfigToolRequest", "ToolConfigRequest")
            for field in ("id", "setup_schema", "signature")
        ),
        "ToolConfigResponse.strict: is more than the contract has",
        "ToolResponse.other: is more than the contract has",
        "ToolResponse.strict: is more than the contract has",
    ),
    "What a provider was sent and said is kept as it was.": (
        "LogResponse.provider_request: any may be answered",
        "LogResponse.provider_response: any may be answered",
    ),
    "How a call went is told in fields of our own.": tuple(
        f"LogResponse.{each}: is more than the contract has"
        for each in (
            "added_latency",
            "error_kind",
            "provider_calls",
            "attempts",
            "arm_id",
            "reasoning_tokens",
            "time_to_first_token",
            "tokens_estimated",
        )
    ),
    "A log that was made elsewhere may have had no config.": ("LogResponse.config: null may be answered",),
    "The answer is JSON whatever is accepted: asynchronous clients refuse anything else.": (
        "POST /model-configs/{id}/export 200: text/prompt is not answered",
    ),
    "Repeating a call safely is our own.": tuple(
        f"{each} header Idempotency-Key: is more than the contract has" for each in _GENERATING
    ),
    "Taken by v4 though its document does not say so.": (
        "GET /logs query model_filter: is more than the contract has",
        "GET /logs query sort: is more than the contract has",
        "GET /logs query source_filter: is more than the contract has",
    ),
}

ALL: Final = {line: reason for reason, lines in DIFFERENCES.items() for line in lines}
