"""What Replicate's models call their inputs, as data: each model has a schema of its own.

From the schemas that https://replicate.com/{owner}/{name}/api/schema shows. What is not listed here takes the names of
Llama 3, which most language models share. A configuration's `other` may add any input under its own name.
"""

import re
from typing import Final

from everloop.domain.value import value


@value
class Inputs:
    """The names of inputs. Without `images` or `effort` or `stop` a model has none; `one_image` takes a single one.

    `messages` tells whether it takes a chat as a list; all others get one text.
    """

    limit: str = "max_tokens"
    stop: str | None = "stop_sequences"
    images: str | None = None
    one_image: bool = False
    effort: str | None = None
    messages: bool = False


_FAMILIES: Final = (
    # openai/o1, o4-mini, gpt-5.1: the limit counts what they think, too.
    (
        re.compile("openai/"),
        Inputs("max_completion_tokens", None, "image_input", effort="reasoning_effort", messages=True),
    ),
    # anthropic/claude-3.5-sonnet
    (re.compile("anthropic/"), Inputs(stop=None, images="image", one_image=True)),
    # meta/llama-2-70b-chat and its kin, in the hands of others as well
    (re.compile("[^/]+/llama-?2"), Inputs("max_new_tokens")),
)
_LLAMA_3: Final = Inputs()


def inputs_of(model: str) -> Inputs:
    """What the model, as `owner/name`, calls its inputs."""
    return next((inputs for family, inputs in _FAMILIES if family.match(model)), _LLAMA_3)
