"""What the stores of organisations and keys show of another organisation: nothing."""

from everloop.domain.ids import ApiKeyId
from tests.contract.stores.isolation.things import Making, Seeing, Steps, Touching
from tests.contract.stores.samples import a_provider_key, an_api_key

SEEING_NOTHING: Seeing = {
    "KeyStore.api_keys": (lambda s, who: s.keys.api_keys(who), ()),
    "KeyStore.provider_keys": (lambda s, who: s.keys.provider_keys(who), ()),
}

TOUCHING_NOTHING: Touching = {
    "KeyStore.revoke_api_key": (lambda s, who: s.keys.revoke_api_key(who, ApiKeyId("key_1"), 99), None),
    "KeyStore.delete_provider_key": (lambda s, who: s.keys.delete_provider_key(who, "openai"), False),
}

MAKING_OWN: Making = {
    "KeyStore.add_api_key": lambda s, who: s.keys.add_api_key(who, an_api_key("key_1", "org_b")),
    "KeyStore.put_provider_key": lambda s, who: s.keys.put_provider_key(
        who, a_provider_key("pkey_1", "openai", "org_b")
    ),
}

OF_NO_ORGANISATION = {
    "OrganisationStore.create",
    "OrganisationStore.create_first",
    "OrganisationStore.all",
}

STEPS: Steps = {
    "api key": lambda s, who, pick: s.keys.add_api_key(
        who, an_api_key(f"key_{pick.one}", who.organisation_id, pick.now)
    ),
    "revoke": lambda s, who, pick: s.keys.revoke_api_key(who, ApiKeyId(f"key_{pick.one}"), pick.now),
    "provider key": lambda s, who, pick: s.keys.put_provider_key(
        who, a_provider_key(f"pkey_{pick.one}", f"provider {pick.two}", who.organisation_id)
    ),
    "delete provider key": lambda s, who, pick: s.keys.delete_provider_key(who, f"provider {pick.two}"),
}
