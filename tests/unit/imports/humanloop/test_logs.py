import json
from typing import Any

import pytest

from everloop.domain.ids import ProjectId
from everloop.domain.imported import ImportedLog, Problem
from everloop.domain.usage import PartialUsage
from everloop.imports.humanloop.logs import imported_log
from everloop.imports.humanloop.shapes import Unmappable
from tests.exported import log, version

PROJECT = ProjectId("pr_1")
VERSION = version("prv_1", template="x")


def read(**more: Any) -> ImportedLog:
    return imported_log(PROJECT, log(1, VERSION) | more, "here")


def test_a_session_is_what_was_named_so_or_the_trace():
    assert read(trace_id="log_t").log.session_id == "log_t"
    assert read(trace_id="log_t", session_id="sesh_1").log.session_id == "sesh_1"
    assert read().log.session_id is None


def test_times_without_a_zone_are_utc_and_the_start_stands_for_a_missing_creation():
    assert read(created_at="2025-05-01T12:00:00").log.created_at == 1_746_100_800_000
    assert read(created_at="2025-05-01T14:00:00+02:00").log.created_at == 1_746_100_800_000
    assert read(created_at=None).log.created_at == 1_746_100_801_123
    with pytest.raises(Unmappable, match="neither `created_at` nor `start_time`"):
        read(created_at=None, start_time=None)


def test_the_duration_is_from_start_to_end_or_what_the_provider_took():
    assert read().log.duration == 0.5
    assert read(end_time=None, provider_latency=2.5).log.duration == 2.5


def test_messages_stay_as_they_are_but_for_the_role_that_v4_does_not_know():
    said: list[dict[str, Any]] = [{"role": "developer", "content": "Be kind.", "more": [1]}, {"role": "poet"}]
    body = read(messages=said, output_message={"role": "assistant", "thinking": [{}]}).log.body
    assert json.loads(body.messages or b"") == [said[0] | {"role": "system"}, said[1]]
    assert json.loads(body.output_message or b"") == {"role": "assistant", "thinking": [{}]}


def test_without_save_only_metadata_is_kept():
    body = read(save=False, inputs={"a": "b"}, output="o", error="e").log.body
    assert json.loads(body.metadata or b"") == {"number": 1}
    assert (body.inputs, body.output, body.error) == (None, None, None)


def test_a_count_of_tokens_that_is_not_there_is_not_zero():
    assert read(prompt_tokens=None, output_tokens=2).log.usage == PartialUsage(None, 2)


def test_an_error_is_of_the_kind_that_was_reported():
    assert read(error="away").log.error_kind == "reported"
    assert read().log.error_kind is None


def test_a_log_is_kept_without_a_config_that_cannot_be():
    found = imported_log(PROJECT, log(1, VERSION | {"template_language": "mustache"}), "here")
    assert found.version is None
    assert found.log.config_id is None
    assert [each.place for each in found.remarks if isinstance(each, Problem)] == ["here"]


@pytest.mark.parametrize("wrong", [{"id": ""}, {"prompt": None}, {"prompt_tokens": -1}, {"inputs": []}, {"user": 1}])
def test_a_log_of_another_shape_says_which_key_is_wrong(wrong: dict[str, Any]):
    (key,) = wrong
    with pytest.raises(Unmappable, match=key):
        read(**wrong)
