from everloop.domain.ids import OrganisationId
from everloop.domain.session import session_id_for

ONE, OTHER = OrganisationId("org_1"), OrganisationId("org_2")


def test_a_reference_leads_to_one_id_per_organisation_and_key():
    ids = {
        session_id_for(b"key", ONE, "r"),
        session_id_for(b"key", OTHER, "r"),
        session_id_for(b"other key", ONE, "r"),
        session_id_for(b"key", ONE, "r2"),
    }
    assert len(ids) == 4
    assert session_id_for(b"key", ONE, "r") in ids


def test_it_looks_like_any_session_id():
    prefix, _, digits = session_id_for(b"key", ONE, "a/b c é").partition("_")
    assert (prefix, len(digits), digits.isalnum()) == ("sesh", 21, True)
