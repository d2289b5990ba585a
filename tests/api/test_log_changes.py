import pytest

from tests.contract_v4.answers import check


@pytest.fixture
def kept(running_server, register, project_name):
    """Keeps a log of the test's project, and gives its id."""
    config = register()["config"]

    def kept(**fields):
        body = {"project": project_name, "config_id": config["id"], "inputs": {"a": 1}, **fields}
        return running_server.post("/v4/logs", body).expect(200)["id"]

    return kept


def read(server, log_id):
    return server.get(f"/v4/logs/{log_id}").expect(200)


def test_an_output_that_comes_later(running_server, kept):
    log_id = kept()

    answer = running_server.patch(f"/v4/logs/{log_id}", {"output": " done ", "duration": 1.5}).expect(200)

    check(answer, "patch", "/logs/{id}")
    assert (answer["output"], answer["duration"], answer["error"], answer["inputs"]) == (" done ", 1.5, None, {"a": 1})
    assert read(running_server, log_id) == answer
    failed = running_server.patch(f"/v4/logs/{log_id}", {"error": "no", "output": None, "inputs": {}}).expect(200)
    assert failed == {**answer, "error": "no", "error_kind": "reported", "updated_at": failed["updated_at"]}


def test_the_newest_log_of_a_reference_is_changed(running_server, kept, project_name):
    old, new = kept(reference_id=project_name, output="a"), kept(reference_id=project_name, output="b")

    answer = running_server.send(
        "PATCH",
        f"/v4/logs?reference_id={project_name.replace(' ', '%20')}",
        b'{"output": "c"}',
        {"X-API-KEY": running_server.key, "Content-Type": "application/json"},
    ).expect(200)

    check(answer, "patch", "/logs")
    assert (answer["id"], answer["output"]) == (new, "c")
    assert read(running_server, old)["output"] == "a"


def test_a_log_that_is_not_saved_stays_without_text(running_server, kept):
    log_id = kept(save=False, output="secret")

    answer = running_server.patch(f"/v4/logs/{log_id}", {"output": "secret", "error": "x", "duration": 2}).expect(200)

    assert (answer["output"], answer["error"], answer["duration"]) == (None, None, 2)


def test_logs_are_deleted(running_server, register, kept):
    ids = [kept(output=str(number)) for number in range(3)]
    running_server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": ids[0]}).expect(200)

    reply = running_server.delete(f"/v4/logs?id={ids[0]}&id={ids[2]}&id=data_x")

    assert (reply.status, reply.body) == (204, b"")
    running_server.get(f"/v4/logs/{ids[0]}").expect(404)
    listed = running_server.get(f"/v4/logs?project_id={register()['project_id']}").expect(200)
    assert [each["id"] for each in listed["records"]] == [ids[1]]
    assert listed["total"] == 1
    assert running_server.delete(f"/v4/logs?id={ids[0]}").status == 204
    assert running_server.delete("/v4/logs").status == 204


def test_logs_of_others_are_neither_changed_nor_deleted(running_server, other_organisation, kept):
    log_id = kept(output="mine")

    other_organisation.patch(f"/v4/logs/{log_id}", {"output": "theirs"}).expect(404)
    assert other_organisation.delete(f"/v4/logs?id={log_id}").status == 204

    assert read(running_server, log_id)["output"] == "mine"


@pytest.mark.parametrize("body", [{"duration": "long"}, {"output": 1}, {"error": []}, []])
def test_wrong_fields_are_named(running_server, kept, body):
    assert running_server.patch(f"/v4/logs/{kept()}", body).expect(422)["detail"][0]["loc"][0] == "body"


def test_what_is_not_there(running_server):
    running_server.patch("/v4/logs/data_x", {"output": "x"}).expect(404)
    running_server.patch("/v4/logs?reference_id=nobody", {"output": "x"}).expect(404)
    running_server.patch("/v4/logs", {"output": "x"}).expect(422)
    many = "&".join(f"id=data_{number}" for number in range(1001))
    running_server.delete(f"/v4/logs?{many}").expect(422)
