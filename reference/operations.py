"""The page of operations: what can be asked of a server, and what it answers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reference.words import cell, kind

Operation = Mapping[str, Any]

_BEGINNING: Final = """# Operations

Every route that a server has, with what it takes and answers. The running server shows the same, to try, at `/docs`,
and as OpenAPI at `/openapi.json`. Give your API key in the header `X-API-KEY`. A call that fails answers with
[ErrorResponse](schemas.md#errorresponse), or with [HTTPValidationError](schemas.md#httpvalidationerror) when fields of
the request are wrong.
"""
# What every operation answers when it fails is said once, above.
_FAILED: Final = frozenset({"default", "422"})


def operations_page(document: Mapping[str, Any]) -> str:
    """Every operation, by what it is about."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_described(method.upper(), path, operation))
    return "\n".join([_BEGINNING, *(f"## {tag}\n\n{''.join(found)}" for tag, found in by_tag.items())]).rstrip() + "\n"


def _described(method: str, path: str, operation: Operation) -> str:
    parts = [f"### {method} {path}", f"**{operation['summary']}.** {operation['description'].strip()}"]
    parameters = list(_parameters(operation))
    if parameters:
        parts.append("\n".join(["| parameter | in | is | |", "|---|---|---|---|", *parameters]))
    if "requestBody" in operation:
        parts.append(f"Body: {_content(operation['requestBody'])}")
    parts.append("\n".join(_answers(operation)))
    return "\n\n".join(parts) + "\n\n"


def _parameters(operation: Operation) -> Iterator[str]:
    for each in operation.get("parameters", ()):
        notes = "; ".join(filter(None, ["required" if each.get("required") else "", cell(each.get("description", ""))]))
        yield f"| `{each['name']}` | {each['in']} | {cell(kind(each['schema']))} | {notes} |"


def _answers(operation: Operation) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status not in _FAILED:
            words = _content(answer) if "content" in answer else "nothing"
            said = "" if answer["description"] == "Successful Response" else f": {answer['description']}"
            yield f"- {status}: {words}{said}"


def _content(message: Operation) -> str:
    return ", or ".join(
        kind(content.get("schema", {})) + ("" if media == "application/json" else f" as `{media}`")
        for media, content in message["content"].items()
    )
