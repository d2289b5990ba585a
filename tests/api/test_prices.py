import pytest

NEW = {"provider": "mock", "model": "priced", "prompt_price": 2, "output_price": 0.5}


def logged(server, model):
    config = {"provider": "mock", "model": model, "prompt_template": "one two three"}
    answer = server.post("/v4/completion", {"project": "priced", "model_config": config}).expect(200)
    log = server.get(f"/v4/logs/{answer['data'][0]['id']}").expect(200)
    return log["prompt_tokens"], log["output_tokens"], log["prompt_cost"], log["output_cost"]


def test_the_life_of_a_price(running_server):
    assert logged(running_server, "priced")[2:] == (None, None)
    price = running_server.put("/api/prices", NEW).expect(200)
    assert price["id"].startswith("price_")
    assert {name: price[name] for name in NEW} == NEW
    assert price in running_server.get("/api/prices").expect(200)
    prompt, output, *costs = logged(running_server, "priced")
    assert (prompt, costs) == (3, [pytest.approx(6e-6), pytest.approx(output * 0.5e-6)])
    assert logged(running_server, "another")[2:] == (None, None)

    again = running_server.put("/api/prices", NEW | {"prompt_price": 0}).expect(200)
    assert again == price | {"prompt_price": 0, "updated_at": again["updated_at"]}
    assert logged(running_server, "priced")[2] == 0
    place = f"/api/prices/{price['id']}"
    assert running_server.delete(place).status == 204
    assert logged(running_server, "priced")[2:] == (None, None)
    reply = running_server.delete(place)
    assert (reply.status, reply.detail["type"]) == (404, "not_found_error")


def test_it_goes_before_the_published_one_and_names_may_have_slashes(running_server):
    prices = [
        running_server.put("/api/prices", NEW | each).expect(200)
        for each in ({"provider": "openai", "model": "gpt-4o"}, {"provider": "together", "model": "meta/llama-3 ☃"})
    ]
    shown = running_server.get("/api/prices").expect(200)
    assert [each for each in shown if each in prices] == prices
    for each in prices:
        assert running_server.delete(f"/api/prices/{each['id']}").status == 204


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"provider": ""}, ["provider"]),
        ({"provider": " "}, ["provider"]),
        ({"model": ""}, ["model"]),
        ({"model": "x" * 256}, ["model"]),
        ({"model": "a\x00b"}, ["model"]),
        ({"prompt_price": -1}, ["prompt_price"]),
        ({"prompt_price": None}, ["prompt_price"]),
        ({"output_price": "dear"}, ["output_price"]),
        ({"output_price": 1e7}, ["output_price"]),
        ({"output_price": True}, ["output_price"]),
    ],
)
def test_a_price_that_is_none(running_server, change, location):
    reply = running_server.put("/api/prices", NEW | change)
    assert [each["loc"] for each in reply.expect(422)["detail"]] == [["body", *location]]
