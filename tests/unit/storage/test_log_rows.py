"""Values are matched with columns by their place alone, so the places are checked by name here."""

from dataclasses import fields
from typing import Any

import pytest

from everloop.domain.generation import Usage
from everloop.domain.ids import OrganisationId
from everloop.domain.log import Log, LogBody
from everloop.storage.log_rows import body_values, log_values, session_values
from everloop.storage.log_tables import log, log_body, session

LOG: dict[str, Any] = {each.name: each.name for each in fields(Log)}
BODY: dict[str, Any] = {
    each.name: each.name.encode() if each.type == (bytes | None) else each.name for each in fields(LogBody)
}
ORGANISATION = OrganisationId("organisation_id")


@pytest.fixture
def sample() -> Log:
    usage: Any = ["prompt_tokens", "output_tokens", "reasoning_tokens", "usage_estimated"]
    return Log(**(LOG | {"usage": Usage(*usage), "body": LogBody(**BODY)}))


def test_every_value_of_a_log_is_in_its_column(sample: Log):
    names = [column.name for column in log.columns]
    assert list(log_values(ORGANISATION, sample)) == names
    assert set(names) - {
        "organisation_id",
        "prompt_tokens",
        "output_tokens",
        "reasoning_tokens",
        "usage_estimated",
    } == {each.name for each in fields(Log)} - {"usage", "body"}


def test_every_value_of_a_body_is_in_its_column(sample: Log):
    names = [column.name for column in log_body.columns]
    expected = ["id" if name == "log_id" else name for name in names]
    assert list(body_values(ORGANISATION, sample)) == expected
    assert set(names) - {"organisation_id", "log_id"} == {each.name for each in fields(LogBody)}


def test_every_value_of_a_session_is_in_its_column(sample: Log):
    assert [column.name for column in session.columns] == ["organisation_id", "id", "created_at", "reference_id"]
    assert session_values(ORGANISATION, [sample]) == [
        ("organisation_id", "session_id", "created_at", "session_reference_id")
    ]
