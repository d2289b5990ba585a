import pytest
from pydantic import BaseModel, ValidationError

from everloop.api.fields import OneOrMany
from everloop.api.v4.feedback_models import FeedbackValue
from everloop.api.wrong_fields import wrong_fields
from everloop.errors import FieldIssue


class Body(BaseModel):
    value: FeedbackValue
    items: OneOrMany[int]


def found(**sent: object) -> list[FieldIssue]:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate(sent)
    return wrong_fields(caught.value.errors())


def test_they_are_where_the_caller_wrote_them_and_do_not_say_what():
    secret = "sk-\x00"
    issues = found(value=secret, items=[1, "sk-two"])
    assert [each.location for each in issues] == [("value",), ("items", 1)]
    assert issues[0].message == "a label holds no NUL character"
    assert issues[1].kind == "int_parsing"
    assert not any("sk-" in each.message for each in issues)


def test_a_hundred_are_enough():
    told = [{"loc": ("body", number), "msg": "wrong", "type": "kind"} for number in range(1000)]
    assert wrong_fields(told) == [FieldIssue(("body", number), "wrong", "kind") for number in range(100)]


def test_a_message_is_no_longer_than_one_reads():
    (issue,) = wrong_fields([{"loc": ("a",), "msg": "x" * 100_000, "type": "union_tag_invalid"}])
    assert issue.message == "x" * 1000
