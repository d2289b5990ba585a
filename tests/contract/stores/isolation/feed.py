"""What the feed shows of another organisation: nothing, unless all are asked for."""

from tests.contract.stores.isolation.things import PROJECT, Seeing

SEEING_NOTHING: Seeing = {
    "ConfigFeed.project": (lambda s, who: s.feed.project(who.organisation_id, PROJECT), None),
}

OF_NO_ORGANISATION = {
    "ConfigFeed.load",
    "ConfigFeed.changes_since",
    "ConfigFeed.organisation",
    "ConfigFeed.wait",
    "Health.ready",
}
