"""What the store of connections shows of another organisation: nothing."""

from dataclasses import replace

from everloop import errors
from tests.contract.stores.isolation.things import Making, Seeing, Steps, Touching
from tests.contract.stores.samples import a_connection, a_provider_key

SEEING_NOTHING: Seeing = {
    "ConnectionStore.get": (lambda s, who: s.connections.get(who, "mine"), None),
    "ConnectionStore.all": (lambda s, who: s.connections.all(who), ()),
}

TOUCHING_NOTHING: Touching = {
    "ConnectionStore.change": (
        lambda s, who: s.connections.change(
            who, "mine", lambda each: replace(each, base_url="https://stolen.example"), None
        ),
        errors.NotFound,
    ),
    "ConnectionStore.delete": (lambda s, who: s.connections.delete(who, "mine"), errors.NotFound),
}

MAKING_OWN: Making = {
    "ConnectionStore.create": lambda s, who: s.connections.create(
        who, a_connection(), a_provider_key("pkey_1", "mine", "org_b")
    )
}

STEPS: Steps = {
    "connection": lambda s, who, pick: s.connections.create(
        who,
        a_connection(f"conn_{pick.one}", f"provider {pick.two}", organisation=who.organisation_id),
        a_provider_key(f"pkey_{pick.one}", f"provider {pick.two}", who.organisation_id),
    ),
    "move connection": lambda s, who, pick: s.connections.change(
        who, f"provider {pick.two}", lambda each: replace(each, base_url=f"https://{pick.one}.example"), None
    ),
    "delete connection": lambda s, who, pick: s.connections.delete(who, f"provider {pick.two}"),
}
