"""Datasets and datapoints over HTTP: shapes against the contract, versions, copies of logs, errors."""

import json
from typing import Any

import pytest

from tests.contract_v4.answers import check

Reply = dict[str, Any]


@pytest.fixture
def project(running_server, project_name):
    return running_server.post("/v4/projects", {"name": project_name}).expect(201)["id"]


@pytest.fixture
def dataset(running_server, project):
    body = {"name": "hard ones", "description": "of last week"}
    return running_server.post(f"/v4/projects/{project}/datasets", body).expect(201)


@pytest.fixture
def add(running_server, dataset):
    """Adds to the test's own dataset, and gives the answer."""

    def added(body: Any, status: int = 201) -> Any:
        return running_server.post(f"/v4/datasets/{dataset['id']}/datapoints", body).expect(status)

    return added


@pytest.fixture
def log(running_server, project):
    """Keeps a log in the test's own project; its id."""

    def logged(**body: Any) -> str:
        body = {"project_id": project, "config": {"model": "m"}, "output": "x"} | body
        made: str = running_server.post("/v4/logs", body).expect(200)["id"]
        return made

    return logged


def listed(server, dataset, query=""):
    return server.get(f"/v4/datasets/{dataset['id']}/datapoints{query}").expect(200)


def versions(server, dataset):
    return server.get(f"/api/datasets/{dataset['id']}/versions").expect(200)["records"]


def test_every_answer_has_the_shape_of_the_contract(running_server, project, dataset, add, log):
    check(dataset, "post", "/projects/{project_id}/datasets", 201)
    assert dataset["project_id"] == project
    target = {"output": "x", "n": 1.5, "yes": True, "all": [None], "deep": {"er": None}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "system"}]
    full = {"inputs": {"q": "é"}, "messages": messages, "target": target}
    copy = {"log_ids": [log(inputs={"a": 1}, messages=messages)]}
    answers = [add(body) for body in (full, [full, {}], copy)]
    for answer in answers:
        check(answer, "post", "/datasets/{dataset_id}/datapoints", 201)
    made = answers[-1]
    page = listed(running_server, dataset)
    check(page, "get", "/datasets/{dataset_id}/datapoints")
    assert page["records"][3] == made[0]
    assert [each["target"] for each in page["records"]] == [target, target, None, {"output": "x"}]
    one = running_server.get(f"/v4/datapoints/{made[0]['id']}").expect(200)
    check(one, "get", "/datapoints/{id}")
    assert one == made[0]
    changed = running_server.patch(f"/v4/datapoints/{made[0]['id']}", {"inputs": {}}).expect(200)
    check(changed, "patch", "/datapoints/{id}")
    for path in (f"/v4/projects/{project}/datasets", "/v4/datasets"):
        answer = running_server.get(path).expect(200)
        check(answer, "get", path.removeprefix("/v4").replace(project, "{project_id}"))
        assert [each["datapoint_count"] for each in answer if each["id"] == dataset["id"]] == [4]
    check(running_server.get(f"/v4/datasets/{dataset['id']}").expect(200), "get", "/datasets/{id}")
    renamed = running_server.patch(f"/v4/datasets/{dataset['id']}", {"name": "new"}).expect(200)
    check(renamed, "patch", "/datasets/{id}")
    assert running_server.delete(f"/v4/datasets/{dataset['id']}").expect(200) == renamed
    assert running_server.get(f"/v4/datasets/{dataset['id']}").status == 404


def test_bodies_of_old_clients(running_server, project, add):
    body = {"name": "x", "description": "y", "projectId": project, "provider_api_keys": {}}
    made = running_server.post(f"/v4/projects/{project}/datasets", body).expect(201)
    assert running_server.patch(f"/v4/datasets/{made['id']}", {"id": made["id"], "name": None}).expect(200) == made
    leaked = {"datasetId": "x", "provider_api_keys": {}, "log_ids": None, "inputs": {"q": "1"}, "messages": None}
    assert add(leaked)[0]["inputs"] == {"q": "1"}


def test_inputs_become_the_texts_that_a_template_makes_of_them(add):
    (made,) = add({"inputs": {"n": 2, "f": 1.5, "yes": True, "gone": None, "list": [1, "a"], "big": 10**4000}})
    assert made["inputs"] == {"n": "2", "f": "1.5", "yes": "True", "list": "[1, 'a']", "big": str(10**4000)}


def test_targets_come_back_as_they_are(running_server, add):
    target = {"big": 2**70, "tiny": 5e-324, "deep": {"a": [{"b": [[]]}]}, "": "", "nul \x00": "\x00 🦜"}
    (made,) = add({"target": target})
    assert running_server.get(f"/v4/datapoints/{made['id']}").expect(200)["target"] == target


def test_each_call_that_changes_datapoints_makes_one_version(running_server, dataset, add):
    one, two = add([{"inputs": {"n": "1"}}, {"inputs": {"n": "2"}}])
    add({"inputs": {"n": "3"}})
    running_server.patch(f"/v4/datapoints/{one['id']}", {"inputs": {"n": "changed"}}).expect(200)
    running_server.call("DELETE", "/v4/datapoints", [two["id"]]).expect(204)
    add([])
    running_server.patch(f"/v4/datapoints/{one['id']}", {"inputs": {"n": "changed"}}).expect(200)
    for nothing in (None, {}, {"inputs": None}):
        running_server.patch(f"/v4/datapoints/{one['id']}", nothing).expect(200)
    running_server.patch(f"/v4/datasets/{dataset['id']}", {"name": "other"}).expect(200)

    kept = versions(running_server, dataset)
    assert [(each["version"], each["datapoint_count"]) for each in kept] == [(4, 2), (3, 3), (2, 3), (1, 2)]
    assert all(each["created_by"].startswith("key_") for each in kept)
    assert [
        [
            each["inputs"]["n"]
            for each in running_server.get(
                f"/api/datasets/{dataset['id']}/versions/{version}/datapoints?size=2"
            ).expect(200)["records"]
        ]
        for version in (1, 2, 3, 4)
    ] == [["1", "2"], ["1", "2"], ["changed", "2"], ["changed", "3"]]
    assert [each["inputs"]["n"] for each in listed(running_server, dataset)["records"]] == ["changed", "3"]
    missing = running_server.get(f"/api/datasets/{dataset['id']}/versions/5/datapoints").expect(404)
    assert "the newest is 4" in missing["detail"]["message"]


def test_pages(running_server, dataset, add):
    ids = [each["id"] for each in add([{"inputs": {"n": str(n)}} for n in range(5)])]
    pages = [listed(running_server, dataset, f"?page={page}&size=2") for page in range(4)]
    assert [[each["id"] for each in page["records"]] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    assert [(page["page"], page["size"], page["total"]) for page in pages] == [(n, 2, 5) for n in range(4)]
    for wrong in ("?page=-1", "?size=0", "?size=1001", "?page=99999999999999999999"):
        assert running_server.get(f"/v4/datasets/{dataset['id']}/datapoints{wrong}").status == 422


def test_logs_are_copied(running_server, dataset, add, log):
    call = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": call}]
    given = log(inputs={"q": "é", "n": 1, "gone": None}, messages=messages, output="")
    failed = log(inputs={}, output=None, error="it broke")
    made = add({"log_ids": [given, failed, given]})
    assert [each["inputs"] for each in made] == [{"q": "é", "n": "1"}, {}, {"q": "é", "n": "1"}]
    assert [each["target"] for each in made] == [{"output": ""}, None, {"output": ""}]
    assert [each["source_project_data_id"] for each in made] == [given, failed, given]
    assert (
        made[0]["messages"][1]["tool_calls"]
        == running_server.get(f"/v4/logs/{given}").json["messages"][1]["tool_calls"]
    )
    assert [each["id"] for each in listed(running_server, dataset)["records"]] == [each["id"] for each in made]


def test_one_wrong_log_of_many_and_nothing_is_kept(running_server, dataset, add, log):
    elsewhere = running_server.post(
        "/v4/logs", {"project": "another one", "config": {"model": "m"}, "output": "x"}
    ).expect(200)["id"]
    good = [log() for _ in range(25)]
    for wrong, words in ((elsewhere, "another project"), (log(save=False), "`save` was false")):
        (issue,) = add({"log_ids": [*good, wrong]}, 422)["detail"]
        assert issue["loc"] == ["body", "log_ids", 25]
        assert words in issue["msg"]
    missing = add({"log_ids": [*good, "data_nobody"]}, 404)["detail"]
    assert "'data_nobody'" in missing["message"]
    assert versions(running_server, dataset) == []


def test_a_deleted_datapoint_is_not_there_any_more(running_server, dataset, add):
    one, two = add([{"inputs": {}}, {"inputs": {}}])
    for wrong in (["evtc_nobody", one["id"]], [two["id"], "evtc_nobody"]):
        detail = running_server.call("DELETE", "/v4/datapoints", wrong).expect(404)["detail"]
        assert "'evtc_nobody'" in detail["message"]
    running_server.call("DELETE", "/v4/datapoints", [one["id"], one["id"]]).expect(204)
    assert running_server.get(f"/v4/datapoints/{one['id']}").status == 404
    assert running_server.patch(f"/v4/datapoints/{one['id']}", {"inputs": {}}).status == 404
    assert running_server.call("DELETE", "/v4/datapoints", [one["id"]]).status == 404
    for nothing in (b"", b"null", b"[]"):
        running_server.call("DELETE", "/v4/datapoints", nothing).expect(204)
    assert [each["id"] for each in listed(running_server, dataset)["records"]] == [two["id"]]


WRONG = [
    ({"log_ids": ["data_1"], "inputs": {"q": "x"}}, ["body"]),
    ({"log_ids": "data_1"}, ["body", "log_ids"]),
    ({"log_ids": [7]}, ["body", "log_ids", 0]),
    ({"log_ids": ["data_\x00"]}, ["body", "log_ids", 0]),
    ({"log_ids": ["data_1"] * 1001}, ["body", "log_ids"]),
    ({"inputs": ["q"]}, ["body", "inputs"]),
    ({"target": {"output": None}}, ["body", "target"]),
    ({"target": "x"}, ["body", "target"]),
    ({"messages": [{"role": "nobody"}]}, ["body", "messages", 0, "role"]),
    ([{}, {"inputs": 1}], ["body", 1, "inputs"]),
    ([{}, None], ["body", 1]),
    ([{}] * 1001, ["body"]),
    ("x", ["body"]),
    (7, ["body"]),
    (None, ["body"]),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_datapoints(running_server, dataset, add, number):
    body, where = WRONG[number]
    raw = json.dumps(body).encode()
    issues = running_server.post(f"/v4/datasets/{dataset['id']}/datapoints", raw).expect(422)["detail"]
    assert [each["loc"] for each in issues] == [where]
    assert versions(running_server, dataset) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"description": "x"}, "name"),
        ({"name": "x"}, "description"),
        ({"name": " ", "description": ""}, "name"),
        ({"name": "x" * 256, "description": ""}, "name"),
        ({"name": "x", "description": "x" * 256}, "description"),
        ({"name": "x", "description": "\x00"}, "description"),
    ],
)
def test_wrong_datasets(running_server, project, body, field):
    issues = running_server.post(f"/v4/projects/{project}/datasets", body).expect(422)["detail"]
    assert [each["loc"] for each in issues] == [["body", field]]


def test_what_is_not_there(running_server):
    for method, path, body in (
        ("GET", "/v4/projects/pr_nobody/datasets", None),
        ("POST", "/v4/projects/pr_nobody/datasets", {"name": "x", "description": ""}),
        ("GET", "/v4/datasets/evts_nobody", None),
        ("PATCH", "/v4/datasets/evts_nobody", {"name": "x"}),
        ("PATCH", "/v4/datasets/evts_nobody", {}),
        ("DELETE", "/v4/datasets/evts_nobody", None),
        ("GET", "/v4/datasets/evts_nobody/datapoints", None),
        ("POST", "/v4/datasets/evts_nobody/datapoints", []),
        ("POST", "/v4/datasets/evts_nobody/datapoints", {"log_ids": ["data_nobody"]}),
        ("GET", "/v4/datapoints/evtc_nobody", None),
        ("PATCH", "/v4/datapoints/evtc_nobody", {}),
    ):
        detail = running_server.call(method, path, body).expect(404)["detail"]
        assert "nobody" in detail["message"], path
        assert detail["type"] == "not_found_error"


def test_a_log_names_any_datapoint_as_its_source(running_server, add, log):
    """Until evaluations look at it, the reference is the caller's own business."""
    (made,) = add({"inputs": {}})
    for source in (made["id"], "evtc_nobody", "mine"):
        log_id = log(source_datapoint_id=source)
        assert running_server.get(f"/v4/logs/{log_id}").expect(200)["source_datapoint_id"] == source
