import pytest

from tests.contract_v4.operations import Operation, contract, family, operations

ASKED = [each for each in operations(contract()) if family(each) in ("Apps", "Finetunes")]


def address(operation: Operation) -> str:
    return f"/v4{operation.path.replace('{id}', 'x_1').replace('{project_id}', 'pr_1')}"


@pytest.mark.parametrize("operation", ASKED, ids=lambda operation: operation.name)
def test_what_v4_had_and_we_have_not_says_so(running_server, operation):
    reply = running_server.call(operation.method, address(operation))
    assert reply.status == 501
    assert (reply.detail["type"], reply.detail["code"]) == ("not_implemented_error", 501)
    assert reply.detail["message"].startswith("Everloop ")
    assert reply.detail["origin"] == "Everloop"


def test_all_of_them_were_asked():
    assert len(ASKED) == 7


def test_they_are_not_documented(running_server):
    paths = running_server.send("GET", "/openapi.json").expect(200)["paths"]
    assert not [each for each in paths if "finetunes" in each or "/apps" in each]


def test_another_method_there_is_refused(running_server):
    reply = running_server.delete("/v4/projects/pr_1/finetunes")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")


def test_without_a_key_nothing_is_said(running_server):
    assert running_server.send("GET", "/v4/apps").status == 401
