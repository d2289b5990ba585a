"""All that an organisation can see of itself, to be compared before and after."""

from everloop.domain.dataset import Dataset
from everloop.domain.ids import EnvironmentId, ProjectId, SessionId, TrialId
from everloop.domain.project import ProjectSort
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.isolation.things import KEYED, PENDING
from tests.contract.stores.samples import ALL


async def everything(storage: Storage, scope: Scope) -> dict[str, object]:
    """All that an organisation can see of itself."""
    projects = (await storage.projects.page(scope, None, ProjectSort.CREATED_AT, False, ALL)).items
    ids = [each.id for each in projects]
    logs = {each: (await storage.logs.page(scope, each, ALL)).items for each in ids}
    snapshot = await storage.feed.load()
    return {
        "projects": projects,
        "configs": {each: await storage.configs.of_project(scope, each) for each in ids},
        "history": {each: await storage.deployments.history(scope, each, ALL) for each in ids},
        "logs": logs,
        "feedback": await storage.feedback.of_logs(scope, [log.id for each in logs.values() for log in each]),
        "types": await storage.feedback.types(scope, ids),
        "sessions": [await storage.sessions.summary(scope, SessionId(f"sesh_{number}")) for number in range(4)],
        "datasets": [await _dataset(storage, scope, each) for each in await storage.datasets.all(scope)],
        "environments": await storage.environments.names(scope),
        "api keys": await storage.keys.api_keys(scope),
        "provider keys": await storage.keys.provider_keys(scope),
        "experiments": await _experiments(storage, scope, ids),
        "keyed calls": [
            (await storage.idempotency.holding(scope, each), await storage.idempotency.answer(scope, each))
            for each in (KEYED, PENDING)
        ],
        "tools": await storage.tools.all(scope),
        "connections": await storage.connections.all(scope),
        "limits": await storage.limits.all(scope),
        "prices": await storage.prices.all(scope),
        "view": snapshot.organisations.get(scope.organisation_id),
    }


async def _dataset(storage: Storage, scope: Scope, dataset: Dataset) -> object:
    """With all that was ever in it."""
    versions = await storage.datasets.versions(scope, dataset.id, ALL)
    datapoints = [await storage.datapoints.page(scope, dataset.id, ALL, each.number) for each in versions.items]
    return dataset, versions, datapoints, await storage.datapoints.page(scope, dataset.id, ALL)


async def _experiments(storage: Storage, scope: Scope, projects: list[ProjectId]) -> dict[str, object]:
    kept = [each for project in projects for each in await storage.experiments.of_project(scope, project)]
    return {
        "kept": kept,
        "results": await storage.experiments.results(scope, [each.id for each in kept]),
        "trials": [await storage.experiments.trial(scope, TrialId(f"trial_{number}")) for number in range(4)],
        "timelines": [await storage.experiments.timeline(scope, each.id, EnvironmentId("env_a")) for each in kept],
    }
