"""The comparison finds what it is there to find: else an empty list of differences would say nothing."""

from copy import deepcopy
from typing import Any

import pytest

from tests.contract_v4.comparison import Comparison
from tests.contract_v4.operations import Operation

TEXT = {"type": "string"}
THING: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": TEXT,
        "kind": {"type": "string", "enum": ["a", "b"]},
        "size": {"type": "integer", "x-null-on-wire": True},
        "at": {"type": "string", "format": "date-time"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "either": {
            "anyOf": [
                {"type": "string", "enum": ["x"]},
                {"type": "object", "required": ["y"], "properties": {"y": TEXT}},
            ]
        },
        "open": {"type": "object"},
    },
}
# The same in the words of 3.1, and as our answers have it: every field there.
OURS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": list(THING["properties"]),
    "properties": THING["properties"] | {"size": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
}


def document(thing: Any) -> dict[str, Any]:
    return {"components": {"schemas": {"Thing": thing}}}


REFERENCE = {"$ref": "#/components/schemas/Thing"}


def changed(thing: Any, *path: str, to: Any) -> Any:
    thing = deepcopy(thing)
    *way, last = path
    place = thing
    for each in way:
        place = place[each]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return thing


def taken(ours: Any) -> list[str]:
    return Comparison(document(THING), document(ours), {}).taken("body", REFERENCE, REFERENCE)


def answered(ours: Any) -> list[str]:
    return Comparison(document(THING), document(ours), {}).answered("200", REFERENCE, REFERENCE)


def test_what_is_alike_does_not_differ():
    assert taken(THING) == []
    assert answered(OURS) == []


@pytest.mark.parametrize(
    ("path", "to", "line"),
    [
        (("properties", "size"), None, "Thing.size: is not taken"),
        (("properties", "size"), {"type": "integer"}, "Thing.size: null is not taken"),
        (("properties", "size"), TEXT, "Thing.size: integer is not taken"),
        (("required",), ["name", "kind"], "Thing.kind: is required"),
        (("properties", "kind"), {"const": "a"}, "Thing.kind: b is not taken"),
        (("properties", "name"), {"enum": ["a"]}, "Thing.name: only a is taken"),
        (("properties", "name"), {"type": "string", "format": "date"}, "Thing.name: only date is taken"),
        (("properties", "name"), {"type": "string", "maxLength": 9}, "Thing.name: maxLength 9"),
        (("properties", "parts", "maxItems"), 2, "Thing.parts: maxItems 2"),
        (("properties", "parts", "items"), {"type": "string"}, "Thing.parts[]: Thing is not taken"),
        (("properties", "either"), TEXT, "Thing.either: object is not taken"),
        (("properties", "open", "additionalProperties"), False, "Thing.open: other fields are refused"),
    ],
)
def test_a_request_that_is_not_taken_is_found(path, to, line):
    assert line in taken(changed(THING, *path, to=to))


@pytest.mark.parametrize(
    ("path", "to", "line"),
    [
        (("properties", "size"), None, "Thing.size: is not answered"),
        (("required",), ["name"], "Thing.kind: may be missing"),
        (("properties", "name"), {"anyOf": [TEXT, {"type": "null"}]}, "Thing.name: null may be answered"),
        (("properties", "name"), {}, "Thing.name: any may be answered"),
        (("properties", "size"), {"type": "number"}, "Thing.size: number may be answered"),
        (("properties", "kind"), TEXT, "Thing.kind: more than a, b is answered"),
        (("properties", "kind"), {"enum": ["a", "c"]}, "Thing.kind: c is answered"),
        (("properties", "at"), TEXT, "Thing.at: the format is not date-time alone"),
        (("properties", "more"), TEXT, "Thing.more: is more than the contract has"),
        (("properties", "parts", "items"), {"type": "object"}, "Thing: any object may be answered"),
    ],
)
def test_an_answer_that_is_none_of_the_contracts_is_found(path, to, line):
    assert line in answered(changed(OURS, *path, to=to))


def test_more_may_be_taken_and_less_be_answered():
    assert taken(changed(THING, "properties", "size", to={})) == []
    assert answered(changed(OURS, "properties", "kind", to={"const": "a"})) == []


def test_a_limit_that_is_known_is_no_difference():
    comparison = Comparison({}, {}, {"maxLength 9": "so"})
    assert comparison.taken("x", TEXT, {"type": "string", "maxLength": 9.0}) == []
    assert comparison.met == {"maxLength 9"}


def test_kinds_of_objects_are_told_apart_by_their_type():
    contract = [{"type": "object", "properties": {"type": {"enum": [word]}, word: TEXT}} for word in ("cat", "dog")]
    assert Comparison({}, {}, {}).taken("pet", {"oneOf": contract}, {"anyOf": contract}) == []
    assert Comparison({}, {}, {}).taken("pet", {"oneOf": contract}, contract[0]) == ["pet: object is not taken"]


SAID: dict[str, Any] = {
    "operationId": "Things_make",
    "security": [{}],
    "parameters": [{"in": "query", "name": "size", "schema": {"type": "integer", "default": 10}}],
    "requestBody": {"content": {"application/json": {"schema": TEXT}}},
    "responses": {"201": {"content": {"application/json": {"schema": TEXT}, "text/x": {}}}, "422": {}},
}
ANSWER = ("responses", "201", "content", "application/json", "schema")


@pytest.mark.parametrize(
    ("path", "to", "line"),
    [
        (("operationId",), "Other", "POST /things: its id is Other, not Things_make"),
        (("security",), [], "POST /things: no key is asked for"),
        (("parameters",), [], "POST /things query size: is not taken"),
        (("requestBody",), None, "POST /things body: is not taken"),
        (("requestBody", "required"), True, "POST /things body: is required"),
        (("requestBody", "content", "application/json", "schema"), {}, None),
        (ANSWER, {"type": "integer"}, "POST /things 201: integer may be answered"),
        (("responses", "201", "content", "text/x"), None, "POST /things 201: text/x is not answered"),
        (("responses", "422"), None, "POST /things 422: is not answered"),
        (("responses", "200"), {}, "POST /things 200: is more than the contract has"),
        (("responses", "409"), {}, None),
    ],
)
def test_what_differs_in_an_operation_is_found(path, to, line):
    contract, ours = Operation("POST", "/things", SAID), Operation("POST", "/things", changed(SAID, *path, to=to))
    assert Comparison({}, {}, {}).operation(contract, contract) == []
    assert Comparison({}, {}, {}).operation(contract, ours) == ([line] if line else [])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"required": True}, "is required"),
        ({"schema": {"type": "integer", "default": 20}}, "the default is 20"),
        ({"schema": {"type": "string", "default": 10}}, "integer is not taken"),
        ({"name": "many", "required": True}, "is not taken"),
    ],
)
def test_what_differs_in_a_parameter_is_found(change, line):
    ours = changed(SAID, "parameters", to=[SAID["parameters"][0] | change])
    found = Comparison({}, {}, {}).operation(Operation("POST", "/things", SAID), Operation("POST", "/things", ours))
    assert f"POST /things query size: {line}" in found
    assert ("POST /things query many: is required" in found) == ("name" in change)
