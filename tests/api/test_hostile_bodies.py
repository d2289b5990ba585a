"""F9 for each shape of body: what is malformed or out of range is a 4xx, and nothing is a 500 or kept altered."""

import http.client
import json
import socket
import time
from typing import Any

import pytest

DEEP = b"[" * 100_000 + b"]" * 100_000

MALFORMED = {
    "nested arrays": DEEP,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested arrays in a field": b'{"name": ' + DEEP + b', "metadata": ' + DEEP + b"}",
    "a 5,000-digit integer": b'{"name": "x", "inputs": {"n": ' + b"9" * 5000 + b"}}",
    "NaN": b'{"name": "x", "inputs": {"n": NaN}}',
    "Infinity": b'{"name": "x", "inputs": {"n": -Infinity}}',
    "1e999": b'{"name": "x", "inputs": {"n": 1e999}}',
    "a lone high surrogate": rb'{"name": "\ud800", "inputs": {"n": "\ud800"}}',
    "a lone low surrogate": rb'{"name": "\udc00x", "inputs": {"n": "\udc00x"}}',
    "invalid UTF-8": b'{"name": "\xff\xfe", "inputs": {"n": "\xff\xfe"}}',
    "overlong UTF-8": b'{"name": "\xc0\x80"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "half a body": b'{"name": "x',
    "two bodies": b'{"name": "x"}{"name": "y"}',
    "a trailing comma": b'{"name": "x",}',
    "single quotes": b"{'name': 'x'}",
    "a raw control character": b'{"name": "a\nb"}',
    "nothing": b"",
    "white space": b" \n",
    "null": b"null",
    "a number": b"7",
    "a text": b'"x"',
    "a list of lists": b"[[]]",
    "a list of nulls": b"[null]",
    "too many": b"[" + b"{}," * 1000 + b"{}]",
    "far too many": b"[" + b"{}," * 1_000_000 + b"{}]",
}

SHAPES = [
    ("POST", "/v4/projects"),
    ("PATCH", "/v4/projects/pr_nobody"),
    ("POST", "/v4/model-configs"),
    ("POST", "/v4/model-configs/serialize"),
    ("POST", "/v4/model-configs/deserialize"),
    ("POST", "/v4/projects/pr_nobody/feedback-types"),
    ("PATCH", "/v4/projects/pr_nobody/feedback-types"),
    ("PATCH", "/v4/projects/pr_nobody/deploy-config"),
    ("POST", "/v4/logs"),
    ("PATCH", "/v4/logs?reference_id=nobody"),
    ("PATCH", "/v4/logs/data_nobody"),
    ("POST", "/v4/feedback"),
    *[
        ("POST", f"/v4/{kind}{way}")
        for kind in ("completion", "chat")
        for way in ("", "-deployed", "-model-config", "-experiment")
    ],
    ("POST", "/openai/v1/chat/completions"),
    ("POST", "/openai/v1/completions"),
    ("POST", "/v4/projects/pr_nobody/experiments"),
    ("PATCH", "/v4/experiments/exp_nobody"),
    ("PATCH", "/api/experiments/exp_nobody"),
    ("POST", "/api/experiments/exp_nobody/conclude"),
    ("POST", "/v4/projects/pr_nobody/datasets"),
    ("PATCH", "/v4/datasets/evts_nobody"),
    ("POST", "/v4/datasets/evts_nobody/datapoints"),
    ("PATCH", "/v4/datapoints/evtc_nobody"),
    ("DELETE", "/v4/datapoints"),
    ("POST", "/api/environments"),
    ("PATCH", "/api/environments/env_nobody"),
    ("PUT", "/api/provider-keys/openai"),
    ("POST", "/api/api-keys"),
    ("POST", "/api/tools"),
    ("PATCH", "/api/tools/tool_nobody"),
    ("POST", "/api/connections"),
    ("PATCH", "/api/connections/nobody"),
    ("POST", "/api/limits"),
    ("PATCH", "/api/limits/lim_nobody"),
    ("PUT", "/api/prices"),
    ("PUT", "/api/projects/pr_nobody/environments/env_nobody/policy"),
]


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize(("method", "path"), SHAPES)
def test_a_malformed_body_is_the_callers_error(running_server, method, path, what):
    reply = running_server.call(method, path, MALFORMED[what])

    if method == "DELETE" and what in {"nothing", "null"}:
        assert reply.status == 204, "newer clients send no ids: nothing is deleted"
        return
    assert 400 <= reply.status < 500, reply
    assert reply.problem
    assert len(reply.body) < 50_000


def test_the_table_has_every_route_that_takes_a_body(running_server):
    document = running_server.send("GET", "/openapi.json").json
    taking = {
        (method.upper(), path.split("/{")[0] + "/" + path.rpartition("}/")[2])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }

    assert len(taking) == len(SHAPES)


@pytest.mark.parametrize("what", ["nested arrays", "a 5,000-digit integer", "invalid UTF-8", "1e999"])
def test_refusing_takes_no_time(running_server, what):
    fastest = min(_seconds(lambda: running_server.post("/v4/logs", MALFORMED[what])) for _ in range(5))

    assert fastest < 1, "100 ms is the aim; this box may be busy"


def test_a_million_wrong_fields_cost_no_more_than_one(running_server):
    one = {"project": "p", "config": {"model": "m"}, "feedback": [{}] * 1000}

    reply = running_server.post("/v4/logs", [one] * 1000)

    assert reply.status == 422
    assert [each["loc"] for each in reply.json["detail"]] == [["body", 0, "feedback", 0, "type"]]


def test_a_byte_order_mark_and_duplicate_keys_are_accepted(running_server, project_name):
    body = b"\xef\xbb\xbf" + json.dumps({"name": project_name}).encode().replace(b"{", b'{"name": "first", ')

    assert running_server.post("/v4/projects", body).expect(201)["name"] == project_name


def test_a_body_needs_no_content_type(running_server, project_name):
    body = json.dumps({"name": project_name}).encode()

    reply = running_server.send("POST", "/v4/projects", body, {"X-API-KEY": running_server.key})

    assert reply.expect(201)["name"] == project_name


def test_the_deepest_honest_value_comes_back(running_server, register):
    made = register()
    deep: Any = "bottom"
    for _ in range(190):
        deep = [deep]
    body = {"project_id": made["project_id"], "config_id": made["config"]["id"], "inputs": {"deep": deep}}

    log_id = running_server.post("/v4/logs", body).expect(200)["id"]

    assert running_server.get(f"/v4/logs/{log_id}").expect(200)["inputs"] == {"deep": deep}


@pytest.mark.parametrize(
    "value",
    [
        2**53 + 1,
        2**63,
        2**64,
        -(2**63) - 1,
        10**300,
        1e308,
        5e-324,
        -0.0,
        0.1,
        "\x00",
        "\u2028\u2029\ufeff",
        "\U0010ffff",
        "",
    ],
    ids=lambda value: repr(value)[:20],
)
def test_honest_extremes_come_back_as_they_were(running_server, register, value):
    made = register(other={"value": value})
    body = {"project_id": made["project_id"], "config_id": made["config"]["id"], "inputs": {"value": value}}

    log_id = running_server.post("/v4/logs", body).expect(200)["id"]

    log = running_server.get(f"/v4/logs/{log_id}").expect(200)
    assert repr(log["inputs"]["value"]) == repr(value)
    assert log["config"]["other"] == {"value": value}


def test_bad_chunking(running_server):
    with socket.create_connection(("127.0.0.1", running_server.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v4/projects HTTP/1.1\r\nHost: x\r\nX-API-KEY: " + running_server.key.encode() + b"\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n"
        )
        status = connection.recv(65536).split(b"\r\n")[0]

    assert status.startswith(b"HTTP/1.1 4")


def test_64_kib_of_headers(running_server):
    connection = http.client.HTTPConnection("127.0.0.1", running_server.port, timeout=30)
    connection.request("GET", "/v4/projects", headers={"X-API-KEY": running_server.key, "X-Long": "x" * 65_536})
    status = connection.getresponse().status
    connection.close()

    assert status == 200 or 400 <= status < 500


@pytest.mark.parametrize(
    "path", ["/v4/projects/%ff", "/v4/projects/%ed%a0%80", "/v4/logs/" + "x" * 5000, "/v4/projects?filter=%ff"]
)
def test_odd_addresses(running_server, path):
    assert running_server.get(path).status in {200, 404, 422}


def _seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
