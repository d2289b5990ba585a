"""A chat as the inputs of one of Replicate's models."""

from collections.abc import Sequence
from typing import Any, Final

from everloop.domain.message import Message, texts
from everloop.errors import Unprocessable
from everloop.providers.replicate.facts import Inputs

_SYSTEM: Final = ("system", "developer")
_SPEAKERS: Final = {"user": "User", "assistant": "Assistant"}


def written(messages: Sequence[Message], inputs: Inputs) -> dict[str, Any]:
    """The inputs that say the chat. Raises Unprocessable for tools' messages, and images where they have no place.

    One message of the user is the prompt. Several are a list where the model takes one, and else a transcript, which
    ends where the assistant is to go on.
    """
    turns = [message for message in messages if message["role"] not in _SYSTEM]
    system = "\n\n".join(_text(message) for message in messages if message["role"] in _SYSTEM)
    if any(turn["role"] not in _SPEAKERS or turn.get("tool_calls") or turn.get("tool_call") for turn in turns):
        raise Unprocessable("Replicate's models have no tools: a chat with calls and replies cannot be sent to them.")
    made: dict[str, Any] = {"system_prompt": system} if system else {}
    if len(turns) == 1 and turns[0]["role"] == "user":
        return made | {"prompt": _text(turns[0])} | _images(turns[0], inputs)
    if any(_urls(turn) for turn in turns):
        raise Unprocessable(
            "Replicate's models take images in a chat of one message of the user, and in no longer one."
        )
    if inputs.messages:
        return {"messages": [{"role": message["role"], "content": _text(message)} for message in messages]}
    said = [f"{_SPEAKERS[turn['role']]}: {_text(turn)}" for turn in turns]
    return made | {"prompt": "\n\n".join([*said, "Assistant:"])}


def _images(message: Message, inputs: Inputs) -> dict[str, Any]:
    urls = _urls(message)
    if not urls:
        return {}
    if inputs.images is None:
        raise Unprocessable(
            "It is not known that this model of Replicate takes images. If it does, leave them out of the message and "
            "give their URLs in `other`, under the name that the model has for them."
        )
    if inputs.one_image and len(urls) > 1:
        raise Unprocessable("This model of Replicate takes one image.")
    return {inputs.images: urls[0] if inputs.one_image else urls}


def _urls(message: Message) -> list[str]:
    content = message.get("content")
    if not isinstance(content, list):
        return []
    return [part["image_url"]["url"] for part in content if part.get("type") == "image_url"]


def _text(message: Message) -> str:
    return "\n\n".join(texts(message))
