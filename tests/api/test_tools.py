from typing import Any

import pytest

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
def made(running_server):
    """Makes tools that are deleted in the end."""
    ids = []

    def make(**body):
        answer = running_server.post("/api/tools", body).expect(201)
        ids.append(answer["id"])
        return answer

    yield make
    for each in ids:
        assert running_server.delete(f"/api/tools/{each}").status in {204, 404}


def test_the_life_of_a_function(fresh_server):
    assert fresh_server.get("/api/tools").expect(200) == []
    body = {"kind": "json_schema", "name": "get_weather", "parameters": PARAMETERS, "strict": True}
    made = fresh_server.post("/api/tools", body).expect(201)
    assert made["id"].startswith("oc_")
    assert made == {**body, **{key: made[key] for key in ("id", "created_at", "updated_at")}} | {
        "description": None,
        "snippets": None,
    }
    place = f"/api/tools/{made['id']}"
    assert fresh_server.get(place).expect(200) == made

    changed = fresh_server.patch(place, {"name": "weather", "description": "Of today."}).expect(200)
    assert changed == made | {"name": "weather", "description": "Of today.", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] >= made["updated_at"]
    assert fresh_server.get("/api/tools").expect(200) == [changed]

    reply = fresh_server.delete(place)
    assert (reply.status, reply.body) == (204, b"")
    assert fresh_server.get("/api/tools").expect(200) == []
    for reply in (fresh_server.get(place), fresh_server.patch(place, {}), fresh_server.delete(place)):
        assert (reply.status, reply.detail["type"]) == (404, "not_found_error")


def test_the_life_of_snippets(running_server, made):
    tool = made(kind="snippet", name="life_of_snippets", snippets={"a": "A", "two words": "☃\x00"})
    assert tool["snippets"] == {"a": "A", "two words": "☃\x00"}
    assert (tool["parameters"], tool["strict"]) == (None, None)
    place = f"/api/tools/{tool['id']}"
    assert running_server.patch(place, {"snippets": {"a": None, "b": "B"}}).expect(200)["snippets"] == {
        "two words": "☃\x00",
        "b": "B",
    }
    assert running_server.patch(place, {"snippets": None}).expect(200)["snippets"] == {"two words": "☃\x00", "b": "B"}


def test_they_are_listed_by_name(running_server, made):
    made(kind="snippet", name="listed_b")
    made(kind="json_schema", name="listed_a")
    names = [each["name"] for each in running_server.get("/api/tools").expect(200)]
    assert names == sorted(names)
    assert {"listed_a", "listed_b"} <= {*names}


def test_a_name_that_is_taken(running_server, made):
    one, two = made(kind="snippet", name="taken"), made(kind="snippet", name="free")
    for reply in (
        running_server.post("/api/tools", {"kind": "json_schema", "name": "taken"}),
        running_server.patch(f"/api/tools/{two['id']}", {"name": "taken"}),
    ):
        assert (reply.status, reply.detail["type"]) == (409, "conflict_error")
    assert running_server.patch(f"/api/tools/{one['id']}", {"name": "taken"}).expect(200)["name"] == "taken"


def test_an_id_from_elsewhere_is_kept_once(running_server, made):
    assert made(kind="json_schema", name="from_elsewhere", id="oc_FromElsewhere1")["id"] == "oc_FromElsewhere1"
    reply = running_server.post("/api/tools", {"kind": "json_schema", "name": "again", "id": "oc_FromElsewhere1"})
    assert (reply.status, reply.detail["type"]) == (409, "conflict_error")


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"kind": None}, ["kind"]),
        ({"kind": "google"}, ["kind"]),
        ({"name": None}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "two words"}, ["name"]),
        ({"name": "x" * 65}, ["name"]),
        ({"name": "line\n"}, ["name"]),
        ({"id": "tool_1"}, ["id"]),
        ({"id": "oc_"}, ["id"]),
        ({"description": "a\x00b"}, ["description"]),
        ({"parameters": []}, ["parameters"]),
        ({"parameters": {"type": "strin"}}, ["parameters", "type"]),
        ({"parameters": {"properties": {"city": {"type": 1}}}}, ["parameters", "properties", "city", "type"]),
        ({"strict": "yes, please"}, ["strict"]),
        ({"snippets": {"a": "b"}}, ["snippets"]),
        ({"kind": "snippet", "parameters": {}}, ["parameters"]),
        ({"kind": "snippet", "snippets": {"a": None}}, ["snippets", "a"]),
        ({"kind": "snippet", "snippets": {'"': "b"}}, ["snippets", '"']),
        ({"kind": "snippet", "snippets": {"a": "x" * 100_001}}, ["snippets", "a"]),
    ],
)
def test_a_tool_that_is_none(running_server, change, location):
    before = running_server.get("/api/tools").expect(200)
    reply = running_server.post("/api/tools", {"kind": "json_schema", "name": "none"} | change)
    assert [each["loc"] for each in reply.expect(422)["detail"]] == [["body", *location]]
    assert running_server.get("/api/tools").expect(200) == before


def test_too_many_snippets_are_one_error(running_server):
    body = {"kind": "snippet", "name": "many", "snippets": {str(number): number for number in range(1001)}}
    (error,) = running_server.post("/api/tools", body).expect(422)["detail"]
    assert error["loc"] == ["body", "snippets"]


def test_a_schema_may_be_as_deep_as_a_request(running_server, made):
    schema: dict[str, Any] = {"maximum": 10**30}
    for _ in range(95):
        schema = {"properties": {"inner": schema}}
    tool = made(kind="json_schema", name="deep", parameters=schema)
    assert running_server.get(f"/api/tools/{tool['id']}").expect(200)["parameters"] == schema
    schema = {"not": {"maximum": "none"}}
    for _ in range(195):
        schema = {"not": schema}
    body = {"kind": "json_schema", "name": "deeper", "parameters": schema}
    (error,) = running_server.post("/api/tools", body).expect(422)["detail"]
    assert error["loc"][-2:] == ["not", "maximum"]


def test_a_change_that_is_refused(running_server, made):
    tool = made(kind="json_schema", name="refused", parameters=PARAMETERS)
    place = f"/api/tools/{tool['id']}"
    for change in ({"name": "two words"}, {"parameters": {"required": "city"}}, {"snippets": {"a": "b"}}):
        assert running_server.patch(place, change).status == 422
    assert running_server.get(place).expect(200) == tool
