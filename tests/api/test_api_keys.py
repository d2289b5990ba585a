def test_the_life_of_an_api_key(running_server, project_name):
    made = running_server.post("/api/api-keys", {"name": project_name})
    key = made.expect(201)["key"]

    assert made.headers["cache-control"] == "no-store"
    assert made.json["id"].startswith("key_")
    assert made.json["hint"] == key[-4:]
    assert running_server.as_other(key).get("/v4/projects").status == 200

    listed = running_server.get("/api/api-keys")
    shown = {each["id"]: each for each in listed.expect(200)}[made.json["id"]]
    assert shown == {name: value for name, value in made.json.items() if name != "key"}
    assert key.encode() not in listed.body

    revoked = running_server.delete(f"/api/api-keys/{made.json['id']}").expect(200)
    assert revoked["revoked_at"] is not None
    refused = running_server.as_other(key).get("/v4/projects")
    assert refused.expect(401)["detail"]["type"] == "authentication_error"
    again = running_server.delete(f"/api/api-keys/{made.json['id']}").expect(200)
    assert again == revoked


def test_a_key_needs_a_name(running_server):
    assert running_server.post("/api/api-keys", {}).expect(422)["detail"][0]["loc"] == ["body", "name"]


def test_an_unknown_key(running_server):
    assert running_server.delete("/api/api-keys/key_nobody").status == 404
