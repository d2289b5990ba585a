"""The operations of the contract, and which of them we promise."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.contract_v4.shapes import Document

PREFIX: Final = "/v4"

# Whole families of operations that are not part of Everloop's v4, by the first word of their ids.
OUTSIDE: Final = {
    "Evaluations": "evaluations come with a page of their own",
    "Evaluators": "evaluations come with a page of their own",
    "Finetunes": "answered with 501: Everloop tunes no models",
    "Apps": "answered with 501: v4 itself has had no apps since 0.5",
    "Legacy040": "what the client 0.4.0 called; 0.5 and later call it by another name",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document; `path` as the contract writes it, without `/v4`."""

    method: str
    path: str
    said: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        """Such as `Projects_list`."""
        name: str = self.said["operationId"]
        return name

    @property
    def parameters(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By place and name."""
        return {(each["in"], each["name"]): each for each in self.said.get("parameters", ())}

    @property
    def body(self) -> dict[str, Any] | None:
        """What is sent."""
        return self.said.get("requestBody")

    @property
    def clients(self) -> list[str]:
        """The versions of the official Python client that have it."""
        return [each.removeprefix("py-") for each in self.said["x-seen-in-sdks"]]


@cache
def contract() -> Document:
    """The contract as it is written."""
    document: Document = json.loads(Path(__file__).with_name("v4.openapi.json").read_text())
    return document


def operations(document: Document, prefix: str = "") -> Iterator[Operation]:
    """All operations whose path begins so."""
    for path, methods in document["paths"].items():
        for method, said in methods.items() if path.startswith(prefix) else ():
            yield Operation(method.upper(), path.removeprefix(prefix), said)


def is_outside(operation: Operation) -> bool:
    """Whether we do not promise it."""
    return family(operation) in OUTSIDE


def family(operation: Operation) -> str:
    """What `OUTSIDE` names: apps are known by their path, as their ids say only which client had them."""
    return "Apps" if operation.path.startswith("/apps") else operation.id.partition("_")[0]


def promised() -> list[Operation]:
    """Every operation that Everloop's v4 has."""
    return [each for each in operations(contract()) if not is_outside(each)]
