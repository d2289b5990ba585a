import pytest

from everloop.domain.reference import LinkReference, ProjectReference
from everloop.errors import InvalidFields


@pytest.mark.parametrize("names", [(None, None), ("", ""), ("", None)])
def test_a_project_has_to_be_named(names):
    with pytest.raises(InvalidFields) as caught:
        ProjectReference(*names)
    assert caught.value.issues[0].location == ("body", "project")


@pytest.mark.parametrize("names", [("a", None), (None, "pr_1"), ("a", "pr_1")])
def test_a_name_or_an_id_will_do(names):
    reference = ProjectReference(*names)
    assert (reference.name, reference.id) == names


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"session_id": "s", "session_reference_id": "r"}, "session_reference_id"),
        ({"parent_id": "p", "parent_reference_id": "r"}, "parent_reference_id"),
    ],
)
def test_both_of_a_pair_are_too_many(given, field):
    with pytest.raises(InvalidFields) as caught:
        LinkReference(**given)
    assert caught.value.issues[0].location == ("body", field)


def test_a_session_and_a_parent_go_together():
    reference = LinkReference(session_id="s", parent_reference_id="r")
    assert (reference.session_id, reference.parent_reference_id) == ("s", "r")


@pytest.mark.parametrize("name", [" ", "\t\n", "x" * 256])
def test_a_name_that_no_project_can_have_is_refused(name):
    with pytest.raises(InvalidFields) as caught:
        ProjectReference(name)
    assert caught.value.issues[0].location == ("body", "project")
    assert ProjectReference("x" * 255).name


@pytest.mark.parametrize("field", ["session_reference_id", "parent_reference_id"])
def test_a_reference_too_long_to_be_kept_is_refused(field):
    with pytest.raises(InvalidFields) as caught:
        LinkReference(**{field: "x" * 501})
    assert caught.value.issues[0].location == ("body", field)
    assert getattr(LinkReference(**{field: "x" * 500}), field)
