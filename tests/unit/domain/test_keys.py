import dataclasses
import hashlib

from everloop.domain.generation import Secret
from everloop.domain.ids import OrganisationId, ProviderKeyId
from everloop.domain.keys import ProviderKey, digest_of, hint_of


def test_a_key_is_kept_as_its_sha_256():
    assert digest_of("hl_sk_x") == hashlib.sha256(b"hl_sk_x").digest()


def test_a_hint_gives_nothing_of_a_short_key_away():
    assert hint_of("12345678901") == ""
    assert hint_of("123456789012") == "9012"


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("sk-canary")
    shown = f"{secret} {secret!r} {[secret]} { {1: secret} } {dataclasses.replace(secret)}"
    assert "canary" not in shown


def test_a_seal_is_bound_to_its_row():
    def context(organisation, provider, key_id):
        return ProviderKey(ProviderKeyId(key_id), OrganisationId(organisation), provider, b"", "", 0, 0).context

    contexts = {context(*each) for each in (("o", "p", "k"), ("o2", "p", "k"), ("o", "p2", "k"), ("o", "p", "k2"))}
    assert len(contexts) == 4
