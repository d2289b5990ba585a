"""The cases of every store, joined. A new method of a store gets its case in the module of its noun."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from tests.contract.stores.isolation import (
    connections,
    datasets,
    experiments,
    feed,
    idempotency,
    limits,
    logs,
    organisations,
    projects,
    tools,
)
from tests.contract.stores.isolation.things import Making, Seeing, Steps, Touching

Case = TypeVar("Case")


def joined(parts: Iterable[Mapping[str, Case]]) -> dict[str, Case]:
    """All of them; no two parts may give the same name, or one's case would silently replace the other's."""
    cases = [case for part in parts for case in part.items()]
    assert max(Counter(name for name, _ in cases).values()) == 1, "a name is given twice"
    return dict(cases)


SEEING_NOTHING: Seeing = joined(
    each.SEEING_NOTHING
    for each in (logs, projects, experiments, datasets, organisations, connections, idempotency, tools, limits, feed)
)
TOUCHING_NOTHING: Touching = joined(
    each.TOUCHING_NOTHING
    for each in (logs, projects, experiments, datasets, organisations, connections, idempotency, tools, limits)
)
MAKING_OWN: Making = joined(
    each.MAKING_OWN for each in (logs, projects, organisations, connections, idempotency, tools, limits)
)
OF_NO_ORGANISATION = {
    name for each in (logs, organisations, idempotency, limits, feed) for name in each.OF_NO_ORGANISATION
}
STEPS: Steps = joined(
    each.STEPS for each in (logs, projects, experiments, datasets, organisations, connections, tools, limits)
)
