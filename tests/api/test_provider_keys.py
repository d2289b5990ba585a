import pytest

CANARY = "sk-canary-of-a-provider-key-9876"


def test_a_key_is_kept_and_never_shown(running_server):
    kept = running_server.put("/api/provider-keys/openai", {"key": CANARY})

    assert kept.expect(200).keys() == {"provider", "hint", "created_at", "updated_at"}
    assert (kept.json["provider"], kept.json["hint"]) == ("openai", "9876")
    listed = running_server.get("/api/provider-keys")
    assert [each["provider"] for each in listed.expect(200)] == ["openai"]
    for reply in (kept, listed):
        assert CANARY.encode() not in reply.body
    for path in running_server.data_dir.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path
    assert CANARY not in running_server.log.read_text()

    replaced = running_server.put("/api/provider-keys/openai", {"key": "sk-another-key-5555"}).expect(200)
    assert replaced["hint"] == "5555"
    assert len(running_server.get("/api/provider-keys").expect(200)) == 1

    assert running_server.delete("/api/provider-keys/openai").status == 204
    assert running_server.get("/api/provider-keys").expect(200) == []
    assert running_server.delete("/api/provider-keys/openai").status == 404


def test_a_provider_that_there_is_not(running_server):
    reply = running_server.put("/api/provider-keys/nobody", {"key": CANARY})

    assert reply.status == 422
    assert "openai" in reply.detail["message"]
    assert CANARY.encode() not in reply.body


@pytest.mark.parametrize(
    "key", [None, "", CANARY + "\n", CANARY + " ", CANARY + "é", CANARY + "\x00", [CANARY], {"k": CANARY}]
)
def test_what_is_no_key_is_not_repeated(running_server, key):
    reply = running_server.put("/api/provider-keys/openai", {"key": key})

    assert reply.expect(422)["detail"][0]["loc"] == ["body", "key"]
    assert CANARY.encode() not in reply.body
