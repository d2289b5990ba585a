"""A generation request as Converse takes it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html

`other` of a configuration is spread last into the body: `additionalModelRequestFields`, say, holds what single models
take besides. What is at v4's default is left out, since the defaults are those of each model, and many refuse to be
told temperature and `topP` both.
"""

from typing import Any, Final
from urllib.parse import quote

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall
from everloop.errors import Unprocessable
from everloop.providers.anthropic.reasoning import reasoning
from everloop.providers.bedrock.extra import require
from everloop.providers.bedrock.messages import written
from everloop.providers.bedrock.tools import tool_config
from everloop.providers.request_body import check_other, encoded, given

_OURS: Final = frozenset({"model", "modelId", "messages", "prompt", "n", "stream"})


def prepare(request: GenerationRequest) -> PreparedCall:
    """The path and body for one request. Raises Unprocessable for what the format cannot do."""
    require()
    config = request.config
    check_other(config.other, _OURS)
    said = written(request.messages or ({"role": "user", "content": request.prompt},))
    thinking, output = _reasoning(config)
    body = said | given(
        inferenceConfig=_inference(config) or None,
        toolConfig=tool_config(request, said["messages"]),
        additionalModelRequestFields={"thinking": thinking} if thinking else None,
        outputConfig=(output | _shape(config)) or None,
    )
    body.update(config.other)
    return PreparedCall(request, _path(config.model, streamed=request.streamed), encoded(body))


def _path(model: str, *, streamed: bool) -> str:
    """The name may be that of an inference profile, with colons and slashes."""
    if model in ("", ".", ".."):
        raise Unprocessable("The name of the model names no model of Bedrock.")
    try:
        named = quote(model, safe="")
    except UnicodeEncodeError:
        raise Unprocessable("The name of the model holds half of a surrogate pair, which is no character.") from None
    return f"/model/{named}/{'converse-stream' if streamed else 'converse'}"


def _inference(config: ModelConfig) -> dict[str, Any]:
    return given(
        maxTokens=None if config.max_tokens == -1 else config.max_tokens,
        temperature=None if config.temperature == 1 else config.temperature,
        topP=None if config.top_p == 1 else config.top_p,
        stopSequences=config.stop or None,
    )


def _reasoning(config: ModelConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes into the `thinking` of Claude, which Bedrock hands on, and into `outputConfig`."""
    effort = config.reasoning_effort
    if "claude" in config.model:
        return reasoning(config)
    if isinstance(effort, int):
        raise Unprocessable(
            "On Bedrock `reasoning_effort` is a number of tokens for models of Claude only. Use a word, or what the "
            "model takes in `additionalModelRequestFields` of `other`."
        )
    return {}, given(effort=effort)


def _shape(config: ModelConfig) -> dict[str, Any]:
    """The schema goes out as a text."""
    wanted = config.response_format or {}
    if wanted.get("type") != "json_schema":
        return {}
    named = wanted.get("json_schema") or {}
    if not isinstance(named.get("schema"), dict):
        raise Unprocessable("`response_format` of type json_schema needs a `schema` in its `json_schema`.")
    schema = {"schema": encoded(named["schema"]).decode()} | given(
        name=named.get("name"), description=named.get("description")
    )
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
