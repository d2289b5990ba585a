"""What a `.prompt` file says, as a request that registers the same would say it."""

from typing import Any

from pydantic import ValidationError

from everloop.api.front_matter import FrontMatter, Path, read
from everloop.api.v4.config_models import ModelConfigRequest
from everloop.api.wrong_fields import wrong_fields
from everloop.domain.prompt_file import PromptFile, is_blank, split, wrong
from everloop.domain.prompt_file_reading import begins_with_a_message, messages
from everloop.errors import FieldIssue, InvalidFields


def config_in(text: str) -> ModelConfigRequest:
    """The config in a file, validated as one that is registered. Raises `InvalidFields`, with the line."""
    file = split(text)
    front = read(file.header, file.header_line)
    for key in front.values:
        if key not in ModelConfigRequest.model_fields:
            known = ", ".join(f"`{each}`" for each in ModelConfigRequest.model_fields)
            raise wrong(front.line((key,)), f"a config has no `{key[:100]}`; it may have {known}.")
    template, lines = _template(file, front)
    return _validated(FrontMatter({**front.values, **template}, {**front.lines, **lines}))


def _template(file: PromptFile, front: FrontMatter) -> tuple[dict[str, Any], dict[Path, int]]:
    """What the body says, and the lines of it. What says itself in the header leaves the body empty."""
    endpoint = front.values.get("endpoint")
    seems_chat = front.values.get("chat_template") is not None or begins_with_a_message(file.body)
    chat = endpoint == "chat" or (endpoint is None and seems_chat)
    key = "chat_template" if chat else "prompt_template"
    if front.values.get(key) is not None:
        _refuse_second(file, key)
        return {}, {}
    if not chat:
        return {key: file.body or None}, {}
    found = messages(file.body, file.body_line)
    lines: dict[Path, int] = {(key, at): line for at, (line, _) in enumerate(found)}
    return {"endpoint": "chat", key: [message for _, message in found] or None}, lines


def _refuse_second(file: PromptFile, key: str) -> None:
    for at, line in enumerate(file.body.split("\n")):
        if not is_blank(line):
            raise wrong(file.body_line + at, f"the header has a `{key}` already: leave it out there, or nothing here.")


def _validated(front: FrontMatter) -> ModelConfigRequest:
    try:
        return ModelConfigRequest.model_validate(front.values)
    except ValidationError as error:
        wrong = wrong_fields(error.errors(include_input=False, include_url=False))
        raise InvalidFields([_in_file(each, front) for each in wrong]) from None


def _in_file(issue: FieldIssue, front: FrontMatter) -> FieldIssue:
    field = ".".join(str(each)[:100] for each in issue.location)
    message = f"Line {front.line(issue.location)}: `{field}`: {issue.message}"
    return FieldIssue(("body", "config"), message, issue.kind)
