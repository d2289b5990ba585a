"""`reasoning_effort` in the Messages API.

https://platform.claude.com/docs/en/build-with-claude/effort and https://platform.claude.com/docs/en/build-with-claude/thinking
"""

from typing import Any, Final

from everloop.domain.config import ModelConfig
from everloop.errors import Unprocessable
from everloop.providers.anthropic.facts import Thinking, thinking_of

_NOT_AT_ALL: Final = ("none", 0)


def reasoning(config: ModelConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes into `thinking` and into `output_config`.

    v4 has words, and numbers of tokens. Raises Unprocessable for the one where the model knows only the other.
    """
    effort, model = config.reasoning_effort, config.model
    if effort is None:
        return {}, {}
    if effort in _NOT_AT_ALL:
        return {"type": "disabled"}, {}
    known = thinking_of(model)
    if isinstance(effort, int):
        if known is Thinking.ADAPTIVE:
            raise Unprocessable(f"`{model}` takes `reasoning_effort` as a word (low, medium, high), not as a number.")
        return {"type": "enabled", "budget_tokens": effort}, {}
    if known is Thinking.BUDGET:
        raise Unprocessable(f"`{model}` takes `reasoning_effort` as a number of tokens, at least 1024, not as a word.")
    return {} if known is Thinking.EFFORT else {"type": "adaptive"}, {"effort": effort}
