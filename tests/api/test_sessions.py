import pytest

from tests.contract_v4.answers import check


def test_a_new_session_is_empty(running_server):
    made = running_server.post("/v4/sessions").expect(201)

    check(made, "post", "/sessions", 201)
    session = running_server.get(f"/v4/sessions/{made['id']}").expect(200)
    check(session, "get", "/sessions/{id}")
    assert (session["datapoints_count"], session["projects"], session["first_inputs"]) == (0, [], None)


def test_bodies_of_old_clients(running_server):
    assert running_server.post("/v4/sessions", {"app": "a"}).expect(201)["id"].startswith("sesh_")
    assert running_server.post("/v4/sessions", {"provider_api_keys": {}}).expect(201)["id"].startswith("sesh_")


def test_a_session_tells_what_its_logs_say(running_server, register, project_name):
    made = register()
    session_id = running_server.post("/v4/sessions").expect(201)["id"]
    for number in range(2):
        body = {
            "project": project_name,
            "config_id": made["config"]["id"],
            "session_id": session_id,
            "inputs": {"n": number},
            "output": f"answer {number}",
        }
        assert running_server.post("/v4/logs", body).expect(200)["session_id"] == session_id

    session = running_server.get(f"/v4/sessions/{session_id}").expect(200)

    check(session, "get", "/sessions/{id}")
    assert session["datapoints_count"] == 2
    assert session["first_inputs"] == {"n": 0}
    assert session["last_output"] == "answer 1"
    assert session["projects"] == [{"id": made["project_id"], "name": project_name, "type": "prompt"}]


def test_a_session_by_reference_is_made_on_first_use(running_server, register, project_name):
    body = {
        "project": project_name,
        "config_id": register()["config"]["id"],
        "session_reference_id": project_name,
        "output": "x",
    }

    first = running_server.post("/v4/logs", body).expect(200)
    second = running_server.post("/v4/logs", body).expect(200)

    assert first["session_id"] == second["session_id"]
    session = running_server.get(f"/v4/sessions/{first['session_id']}").expect(200)
    assert (session["reference_id"], session["datapoints_count"]) == (project_name, 2)


def test_an_unknown_session(running_server):
    assert running_server.get("/v4/sessions/sesh_nobody").expect(404)["detail"]["type"] == "not_found_error"


def test_the_sessions_of_a_project_are_listed_from_page_one(running_server, register, project_name):
    made = register()
    ids = [running_server.post("/v4/sessions").expect(201)["id"] for _ in range(3)]
    for number, session_id in enumerate(ids):
        body = {"project": project_name, "config_id": made["config"]["id"], "session_id": session_id}
        running_server.post("/v4/logs", {**body, "inputs": {"n": number}, "output": "x"}).expect(200)
    address = f"/v4/sessions?project_id={made['project_id']}"

    first = running_server.get(f"{address}&size=2").expect(200)
    second = running_server.get(f"{address}&size=2&page=2").expect(200)
    third = running_server.get(f"{address}&size=2&page=3").expect(200)

    check(first, "get", "/sessions")
    assert (first["page"], first["size"], first["total"]) == (1, 2, 3)
    assert (third["records"], third["page"], third["total"]) == ([], 3, 3)
    listed = first["records"] + second["records"]
    assert sorted(each["id"] for each in listed) == sorted(ids)
    assert listed == [running_server.get(f"/v4/sessions/{each['id']}").expect(200) for each in listed]
    assert running_server.get(address).expect(200)["size"] == 10


@pytest.mark.parametrize(
    "query", ["", "project_id=x&page=0", "project_id=x&size=0", "project_id=x&size=1001", f"project_id=x&page={2**63}"]
)
def test_wrong_pages_of_sessions(running_server, query):
    assert running_server.get(f"/v4/sessions?{query}").expect(422)["detail"][0]["loc"][0] == "query"


def test_sessions_of_an_unknown_project(running_server, other_organisation, register):
    running_server.get("/v4/sessions?project_id=pr_x").expect(404)
    other_organisation.get(f"/v4/sessions?project_id={register()['project_id']}").expect(404)
