"""What differs between models of the OpenAI wire format, as data: their endpoint, and the parameters they take.

A model name may carry a gateway's path (`openai/o3-mini`) or a fine-tune's marks (`ft:babbage-002:org::id`,
`davinci:ft-org-2023-01-01`); the facts are those of the model inside.
"""

import re
from enum import StrEnum
from typing import Final


class Api(StrEnum):
    """The endpoints of the vendor. Responses are a format of their own (`providers/responses`)."""

    COMPLETIONS = "completions"
    CHAT = "chat"
    RESPONSES = "responses"


# The models of the legacy endpoint, the retired ones included, since compatible servers may bear their names:
# https://platform.openai.com/docs/models and https://platform.openai.com/docs/deprecations. Azure writes gpt-35.
_COMPLETION_MODEL: Final = re.compile(
    r"gpt-3\.?5-turbo-instruct|(?:babbage|davinci)-002|text-(?!embedding|moderation)|code-(?:davinci|cushman)-"
    r"|(?:davinci|curie|babbage|ada)(?:-instruct-beta|:|$)"
)

# Reasoning models take `max_completion_tokens` and refuse `max_tokens`
# (https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_tokens). They refuse temperature, top_p
# and the penalties (https://platform.openai.com/docs/guides/reasoning, "Limitations"), some of them except at the
# default; GPT-5.1 and later take temperature and top_p when their effort is `none`
# (https://platform.openai.com/docs/guides/latest-model, "Parameter compatibility"). gpt-5-chat-latest does not reason
# and takes them all, but belongs to the new name of the token limit as well.
_REASONING_MODEL: Final = re.compile(r"o[134](?:-|$)|gpt-5(?!-chat|\d)")
_NEW_TOKEN_LIMIT: Final = re.compile(r"o[134](?:-|$)|gpt-5(?!\d)")

# Models that chat completions refuse ("This model is only supported in v1/responses"): `ResponsesModel` of the official
# package names most that are not chat models, and the pages of models say so of the others
# (https://platform.openai.com/docs/models, "Endpoints"): what is called pro or codex, deep research, computer use, and
# models of single trades. Only under these very names: a gateway (`openai/gpt-5-pro`) offers them in chats as well.
_RESPONSES_MODEL: Final = re.compile(
    r"(?:ft:)?(?:o\d-pro|o\d(?:-mini)?-deep-research|computer-use-preview|codex-mini"
    r"|gpt-\d+(?:\.\d+)?-(?:pro|codex|cyber|rosalind|astra-law)|gpt-(?:daybreak|rosalind))(?:-|$)"
)


def api_of(model: str) -> Api:
    """The endpoint that a model is called on."""
    if _RESPONSES_MODEL.match(model):
        return Api.RESPONSES
    return Api.COMPLETIONS if _COMPLETION_MODEL.match(_base(model)) else Api.CHAT


def reasons(model: str) -> bool:
    """Whether a model refuses the sampling parameters."""
    return _REASONING_MODEL.match(_base(model)) is not None


def token_limit_field(model: str) -> str:
    """The parameter that limits a model's output on the chat endpoint."""
    return "max_completion_tokens" if _NEW_TOKEN_LIMIT.match(_base(model)) else "max_tokens"


def _base(model: str) -> str:
    return model.rpartition("/")[2].removeprefix("ft:")
