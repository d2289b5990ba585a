"""Log probabilities, from a provider's answer that has them in OpenAI's format; other formats' stay in the log.

A chat model has told them by token, a completion model in lists: a completion config may be answered by either.
"""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any, Final

import msgspec


class _Choice(msgspec.Struct):
    index: int = 0
    logprobs: Any = None


class _Body(msgspec.Struct):
    choices: list[_Choice] = []


class _Token(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Chosen(_Token):
    top_logprobs: list[_Token] = []


class _Chat(msgspec.Struct):
    content: list[_Chosen] | None = None
    refusal: list[_Chosen] | None = None


class _Text(msgspec.Struct):
    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None] | None = None
    text_offset: list[int] = []


_decode: Final = msgspec.json.Decoder(_Body).decode


def logprobs_in(bodies: Iterable[bytes]) -> list[Any]:
    """Those of each answer in such bodies, None where there are none; bodies of other shapes have no answers."""
    found = []
    for body in bodies:
        try:
            choices = _decode(body).choices
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        found += [each.logprobs for each in sorted(choices, key=lambda each: each.index)]
    return found


def of_chat(told: Any) -> Any:  # noqa: ANN401 - any JSON value, in and out
    """As a chat completion has them."""
    return _read(told, _Chat)


def of_text(told: Any) -> Any:  # noqa: ANN401 - any JSON value, in and out
    """As a completion has them."""
    chat = _read(told, _Chat)
    if chat is None or chat.content is None:
        return _read(told, _Text)
    chosen = chat.content
    return _Text(
        tokens=[each.token for each in chosen],
        token_logprobs=[each.logprob for each in chosen],
        top_logprobs=[{top.token: top.logprob for top in each.top_logprobs} for each in chosen],
        text_offset=list(accumulate((len(each.token) for each in chosen[:-1]), initial=0)) if chosen else [],
    )


def _read(told: Any, shape: Any) -> Any:  # noqa: ANN401 - any JSON value; one of the structs, or None
    try:
        return None if told is None else msgspec.convert(told, shape)
    except msgspec.ValidationError:
        return None
