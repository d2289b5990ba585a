import pytest

from everloop.domain.feedback import FeedbackClass, FeedbackType, class_of, fits, label_of

SELECT, MULTI, TEXT, NUMBER = (
    FeedbackClass.SELECT,
    FeedbackClass.MULTI_SELECT,
    FeedbackClass.TEXT,
    FeedbackClass.NUMBER,
)


@pytest.mark.parametrize(
    ("value", "kind"), [("x", SELECT), (True, SELECT), (None, SELECT), (1, NUMBER), (1.5, NUMBER), (("a",), MULTI)]
)
def test_a_new_type_has_the_class_of_its_first_value(value, kind):
    assert class_of(value) is kind


@pytest.mark.parametrize(
    ("kind", "value", "suits"),
    [
        (SELECT, "good", True),
        (SELECT, True, True),
        (SELECT, "", False),
        (SELECT, 1, False),
        (SELECT, ("a",), False),
        (MULTI, "a", True),
        (MULTI, ("a", "b"), True),
        (MULTI, (), False),
        (MULTI, "", False),
        (MULTI, 1, False),
        (TEXT, "", True),
        (TEXT, "any", True),
        (TEXT, 1, False),
        (NUMBER, 0, True),
        (NUMBER, 1.5, True),
        (NUMBER, True, False),
        (NUMBER, "1", False),
    ],
)
def test_values_suit_classes(kind, value, suits):
    assert fits(kind, value) is suits


def test_only_select_types_have_labels():
    assert [FeedbackType("t", kind).categorical for kind in (SELECT, MULTI, TEXT, NUMBER)] == [True, True, False, False]


def test_labels_read_as_json_unless_they_are_texts():
    assert [label_of(each) for each in ("x", True, 1.5)] == ["x", "true", "1.5"]
