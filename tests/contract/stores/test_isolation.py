"""Two organisations see nothing of each other, whatever method of whatever store is called, also when ids collide."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop import errors
from everloop.domain.config import ModelConfig
from everloop.domain.dataset import DatapointContent, Dataset
from everloop.domain.deployment import ExperimentTarget
from everloop.domain.environment import Environment
from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.idempotency import KeptAnswer, KeyedCall
from everloop.domain.ids import (
    ApiKeyId,
    ConfigId,
    DatapointId,
    DatasetId,
    EnvironmentId,
    ExperimentId,
    LogId,
    ProjectId,
    SessionId,
    TrialId,
)
from everloop.domain.log import LogBody, LogCompletion
from everloop.domain.log_filter import LogFilter
from everloop.domain.outcome import PositiveLabel
from everloop.domain.page import Page
from everloop.domain.project import ProjectSort
from everloop.domain.scope import Scope
from everloop.ports import datasets, feed, idempotency, logs, organisations, projects
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    ALL,
    a_datapoint,
    a_dataset,
    a_deployment,
    a_log,
    a_piece,
    a_project,
    a_provider_key,
    a_session,
    a_target,
    a_trial,
    a_version,
    an_api_key,
    an_environment,
    an_experiment,
    an_exposed_log,
    an_organisation,
)

PROJECT, CONFIG, LOG, SESSION = ProjectId("pr_1"), ConfigId("config_1"), LogId("data_1"), SessionId("sesh_1")
STAGING = EnvironmentId("env_s")
DATASET, DATAPOINT = DatasetId("evts_1"), DatapointId("evtc_1")
EXPERIMENT, TRIAL = ExperimentId("exp_1"), TrialId("trial_1")
KEYED, PENDING = KeyedCall("op", "key-1", b"body"), KeyedCall("op", "key-2", b"body")
NOTHING: Page[Any] = Page((), 0)
Probe = Callable[[Storage, Scope], Awaitable[object]]


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
        "view": snapshot.organisations.get(scope.organisation_id),
    }


async def _dataset(storage: Storage, scope: Scope, dataset: Dataset) -> object:
    """With all that was ever in it."""
    versions = await storage.datasets.versions(scope, dataset.id, ALL)
    datapoints = [await storage.datapoints.page(scope, dataset.id, ALL, each.number) for each in versions.items]
    return dataset, versions, datapoints, await storage.datapoints.page(scope, dataset.id, ALL)


async def _make_keyed_calls(storage: Storage, scope: Scope, answer: KeptAnswer) -> None:
    """One that is answered, and one that is not yet."""
    for number, call in enumerate((KEYED, PENDING), 1):
        await storage.idempotency.claim(scope, call, f"claim_{number}", 1, 99)
    await storage.idempotency.keep(scope, KEYED, "claim_1", answer, 99)


async def _experiments(storage: Storage, scope: Scope, projects: list[ProjectId]) -> dict[str, object]:
    kept = [each for project in projects for each in await storage.experiments.of_project(scope, project)]
    return {
        "kept": kept,
        "results": await storage.experiments.results(scope, [each.id for each in kept]),
        "trials": [await storage.experiments.trial(scope, TrialId(f"trial_{number}")) for number in range(4)],
        "timelines": [await storage.experiments.timeline(scope, each.id, EnvironmentId("env_a")) for each in kept],
    }


@pytest.fixture
async def owner(storage: Storage, scope: Scope) -> Scope:
    """Organisation a, with something of everything."""
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.projects.create(scope, a_project())
    await storage.configs.register(scope, a_version(), a_deployment())
    await storage.deployments.deploy(scope, [a_deployment("dep_2", a_target(), environment="env_s")])
    await storage.sessions.create(scope, a_session())
    await storage.experiments.create(scope, an_experiment("exp_1", "owner's", "config_1"))
    exposed = replace(a_log(session="sesh_1", reference="mine"), experiment_id=EXPERIMENT, trial_id=TRIAL)
    await storage.log_writer.append(scope, [exposed])
    await storage.feedback.record(scope, PROJECT, [], [a_piece("ann_1", "good")])
    await storage.datasets.create(scope, a_dataset())
    await storage.datapoints.add(scope, DATASET, [a_datapoint()], 61)
    await storage.keys.add_api_key(scope, an_api_key())
    await storage.keys.put_provider_key(scope, a_provider_key())
    await _make_keyed_calls(storage, scope, KeptAnswer(b"owner's", b"owner's"))
    return scope


@pytest.fixture
async def stranger(storage: Storage) -> Scope:
    """Organisation b, with an environment that has an id and a name of its own, and nothing else."""
    await storage.organisations.create(an_organisation("b"), an_environment("env_b", "somewhere"))
    return Scope(an_organisation("b").id, "key_b")


# Reads, with what a stranger must get for the owner's ids.
SEEING_NOTHING: dict[str, tuple[Probe, object]] = {
    "LogStore.get": (lambda s, who: s.logs.get(who, LOG), None),
    "LogStore.some": (lambda s, who: s.logs.some(who, [LOG]), {}),
    "LogStore.link": (lambda s, who: s.logs.link(who, LOG), None),
    "LogStore.link_by_reference": (lambda s, who: s.logs.link_by_reference(who, "mine"), None),
    "LogStore.page": (lambda s, who: s.logs.page(who, PROJECT, ALL), NOTHING),
    "LogStore.find": (lambda s, who: s.logs.find(who, PROJECT, LogFilter(search="out"), ALL), NOTHING),
    "LogStore.count": (lambda s, who: s.logs.count(who, [PROJECT]), {PROJECT: 0}),
    "SessionStore.get": (lambda s, who: s.sessions.get(who, SESSION), None),
    "SessionStore.summary": (lambda s, who: s.sessions.summary(who, SESSION), None),
    "SessionStore.page": (lambda s, who: s.sessions.page(who, PROJECT, ALL), NOTHING),
    "FeedbackStore.types": (lambda s, who: s.feedback.types(who, [PROJECT]), {PROJECT: ()}),
    "FeedbackStore.of_logs": (lambda s, who: s.feedback.of_logs(who, [LOG]), {LOG: ()}),
    "ProjectStore.get": (lambda s, who: s.projects.get(who, PROJECT), None),
    "ProjectStore.named": (lambda s, who: s.projects.named(who, a_project().name), None),
    "ProjectStore.page": (lambda s, who: s.projects.page(who, None, ProjectSort.NAME, False, ALL), NOTHING),
    "ConfigStore.get": (lambda s, who: s.configs.get(who, CONFIG), None),
    "ConfigStore.versions": (lambda s, who: s.configs.versions(who, [CONFIG]), {}),
    "ConfigStore.used": (lambda s, who: s.configs.used(who, [CONFIG]), {}),
    "ConfigStore.of_project": (lambda s, who: s.configs.of_project(who, PROJECT), ()),
    "DeploymentStore.history": (lambda s, who: s.deployments.history(who, PROJECT, ALL), NOTHING),
    "ExperimentStore.get": (lambda s, who: s.experiments.get(who, EXPERIMENT), None),
    "ExperimentStore.of_project": (lambda s, who: s.experiments.of_project(who, PROJECT), ()),
    "ExperimentStore.trial": (lambda s, who: s.experiments.trial(who, TRIAL), None),
    "ExperimentStore.results": (lambda s, who: s.experiments.results(who, [EXPERIMENT]), {EXPERIMENT: {}}),
    "ExperimentStore.timeline": (lambda s, who: s.experiments.timeline(who, EXPERIMENT, EnvironmentId("env_a")), ()),
    "DatasetStore.get": (lambda s, who: s.datasets.get(who, DATASET), None),
    "DatasetStore.all": (lambda s, who: s.datasets.all(who), ()),
    "DatasetStore.of_project": (lambda s, who: s.datasets.of_project(who, PROJECT), ()),
    "DatasetStore.versions": (lambda s, who: s.datasets.versions(who, DATASET, ALL), NOTHING),
    "DatapointStore.get": (lambda s, who: s.datapoints.get(who, DATAPOINT), None),
    "DatapointStore.page": (lambda s, who: s.datapoints.page(who, DATASET, ALL), NOTHING),
    "EnvironmentStore.names": (lambda s, who: s.environments.names(who), {"env_b": "somewhere"}),
    "KeyStore.api_keys": (lambda s, who: s.keys.api_keys(who), ()),
    "KeyStore.provider_keys": (lambda s, who: s.keys.provider_keys(who), ()),
    "IdempotencyStore.holding": (lambda s, who: s.idempotency.holding(who, KEYED), None),
    "IdempotencyStore.answer": (lambda s, who: s.idempotency.answer(who, KEYED), None),
    "ConfigFeed.project": (lambda s, who: s.feed.project(who.organisation_id, PROJECT), None),
}

# Writes to the owner's things, with what a stranger must get: an error, or the answer for a thing that is not there.
TOUCHING_NOTHING: dict[str, tuple[Probe, object]] = {
    "FeedbackStore.record": (
        lambda s, who: s.feedback.record(who, PROJECT, [], [a_piece("ann_2", "bad")]),
        errors.NotFound,
    ),
    "FeedbackStore.remove": (lambda s, who: s.feedback.remove(who, LOG, "rating", None, None), []),
    "DatasetStore.create": (
        lambda s, who: s.datasets.create(who, a_dataset("evts_2", "stranger's")),
        errors.NotFound,
    ),
    "ProjectStore.update": (lambda s, who: s.projects.update(who, a_project("pr_1", "stolen")), errors.NotFound),
    "ConfigStore.register": (
        lambda s, who: s.configs.register(who, a_version("config_2"), a_deployment("dep_3")),
        errors.NotFound,
    ),
    "DeploymentStore.deploy": (
        lambda s, who: s.deployments.deploy(who, [a_deployment("dep_3", None)]),
        errors.NotFound,
    ),
    "ExperimentStore.create": (
        lambda s, who: s.experiments.create(who, an_experiment("exp_2", "stranger's", "config_1")),
        errors.NotFound,
    ),
    "ExperimentStore.change": (
        lambda s, who: s.experiments.change(who, EXPERIMENT, lambda each: each.renamed("stolen", 99)),
        errors.NotFound,
    ),
    "ExperimentStore.delete": (lambda s, who: s.experiments.delete(who, EXPERIMENT, 99), errors.NotFound),
    "ExperimentStore.expose": (lambda s, who: s.experiments.expose(who, a_trial("trial_2")), errors.NotFound),
    "DatasetStore.rename": (lambda s, who: s.datasets.rename(who, DATASET, "stolen", None, 99), errors.NotFound),
    "DatasetStore.delete": (lambda s, who: s.datasets.delete(who, DATASET), errors.NotFound),
    "DatapointStore.add": (lambda s, who: s.datapoints.add(who, DATASET, [a_datapoint("evtc_2")], 99), errors.NotFound),
    "DatapointStore.change": (
        lambda s, who: s.datapoints.change(who, DATAPOINT, lambda _: DatapointContent(b"{}"), 99),
        errors.NotFound,
    ),
    "DatapointStore.remove": (lambda s, who: s.datapoints.remove(who, [DATAPOINT], 99), errors.NotFound),
    "EnvironmentStore.rename": (lambda s, who: s.environments.rename(who, STAGING, "stolen"), errors.NotFound),
    "EnvironmentStore.make_default": (lambda s, who: s.environments.make_default(who, STAGING), errors.NotFound),
    "EnvironmentStore.delete": (lambda s, who: s.environments.delete(who, STAGING, 99), errors.NotFound),
    "IdempotencyStore.keep": (
        lambda s, who: s.idempotency.keep(who, PENDING, "claim_2", KeptAnswer(b"stranger's", None), 99),
        False,
    ),
    "IdempotencyStore.release": (lambda s, who: s.idempotency.release(who, PENDING, "claim_2"), None),
    "LogStore.update": (lambda s, who: s.logs.update(who, LOG, LogCompletion("stolen"), 99), False),
    "LogStore.delete": (lambda s, who: s.logs.delete(who, [LOG]), None),
    "KeyStore.revoke_api_key": (lambda s, who: s.keys.revoke_api_key(who, ApiKeyId("key_1"), 99), None),
    "KeyStore.delete_provider_key": (lambda s, who: s.keys.delete_provider_key(who, "openai"), False),
}

# Writes that make a thing: the stranger's has the very ids and names of the owner's, and neither notices the other.
MAKING_OWN: dict[str, Probe] = {
    "LogWriter.append": lambda s, who: s.log_writer.append(who, [a_log(session="sesh_1", session_reference="r")]),
    "SessionStore.create": lambda s, who: s.sessions.create(who, a_session()),
    "ProjectStore.create": lambda s, who: s.projects.create(who, a_project()),
    "EnvironmentStore.create": lambda s, who: s.environments.create(
        who, an_environment("env_s", "staging", is_default=True)
    ),
    "IdempotencyStore.claim": lambda s, who: s.idempotency.claim(who, PENDING, "claim_2", 1, 99),
    "KeyStore.add_api_key": lambda s, who: s.keys.add_api_key(who, an_api_key("key_1", "org_b")),
    "KeyStore.put_provider_key": lambda s, who: s.keys.put_provider_key(
        who, a_provider_key("pkey_1", "openai", "org_b")
    ),
}

# What belongs to no organisation or tells only of the database as a whole.
OF_NO_ORGANISATION = {
    "LogWriter.check",
    "OldLogStore.alone",
    "OldLogStore.drop_logs",
    "OldLogStore.delete_logs",
    "OldLogStore.delete_sessions",
    "IdempotencyStore.renew",
    "IdempotencyStore.sweep",
    "OrganisationStore.create",
    "OrganisationStore.create_first",
    "OrganisationStore.all",
    "ConfigFeed.load",
    "ConfigFeed.changes_since",
    "ConfigFeed.organisation",
    "ConfigFeed.wait",
    "Health.ready",
}


def test_every_method_of_every_store_has_its_case():
    methods = {
        f"{name}.{method}"
        for module in (datasets, feed, idempotency, logs, organisations, projects)
        for name, port in inspect.getmembers(module, inspect.isclass)
        if port.__module__ == module.__name__
        for method, _ in inspect.getmembers(port, inspect.isfunction)
        if not method.startswith("_")
    }
    cases = [*SEEING_NOTHING, *TOUCHING_NOTHING, *MAKING_OWN, *OF_NO_ORGANISATION]
    assert sorted(cases) == sorted(methods)


@pytest.mark.parametrize("name", SEEING_NOTHING)
async def test_a_stranger_sees_nothing(storage: Storage, owner: Scope, stranger: Scope, name: str):
    probe, nothing = SEEING_NOTHING[name]
    assert await probe(storage, owner) != nothing, "the owner has something to see"
    assert await probe(storage, stranger) == nothing


@pytest.mark.parametrize("name", TOUCHING_NOTHING)
async def test_a_stranger_touches_nothing(storage: Storage, owner: Scope, stranger: Scope, name: str):
    probe, answer = TOUCHING_NOTHING[name]
    before = await everything(storage, owner), await everything(storage, stranger)
    if isinstance(answer, type):
        with pytest.raises(answer):
            await probe(storage, stranger)
    else:
        assert await probe(storage, stranger) == answer
    assert (await everything(storage, owner), await everything(storage, stranger)) == before
    await probe(storage, owner)
    assert await everything(storage, owner) != before[0], "the owner's own call does something"


@pytest.mark.parametrize("name", MAKING_OWN)
async def test_a_stranger_makes_its_own(storage: Storage, owner: Scope, stranger: Scope, name: str):
    before = await everything(storage, owner)
    await MAKING_OWN[name](storage, stranger)
    assert await everything(storage, owner) == before


@pytest.fixture
async def twin(storage: Storage, owner: Scope) -> Scope:
    """Organisation b, with the ids of the owner's things but nothing else of theirs, and not their second log."""
    await storage.organisations.create(an_organisation("b"), an_environment("env_a", "twin's"))
    scope = Scope(an_organisation("b").id, "key_b")
    await storage.environments.create(scope, an_environment("env_s", "twin's staging", is_default=False))
    await storage.projects.create(scope, a_project("pr_1", "twin's project", 99))
    await storage.configs.register(scope, a_version(config=ModelConfig("twin's")), a_deployment(created_at=99))
    await storage.deployments.deploy(scope, [a_deployment("dep_2", a_target(), environment="env_s", created_at=99)])
    await storage.sessions.create(scope, a_session("sesh_1", "twin's", 99))
    await storage.experiments.create(scope, an_experiment("exp_1", "twin's", "config_1", created_at=99))
    body = LogBody(inputs=b'"twin"', output="twin's")
    log = a_log(session="sesh_1", reference="mine", created_at=99, body=body)
    await storage.log_writer.append(scope, [replace(log, experiment_id=EXPERIMENT, trial_id=TRIAL)])
    rating = FeedbackType("rating", FeedbackClass.SELECT, {"twin's": Sentiment.NEUTRAL})
    await storage.feedback.record(scope, PROJECT, [rating], [a_piece("ann_1", "twin's", created_at=99)])
    await storage.datasets.create(scope, a_dataset("evts_1", "twin's", created_at=99))
    content = DatapointContent(b'{"q": "twin\'s"}')
    await storage.datapoints.add(scope, DATASET, [a_datapoint(content=content, created_at=99)], 99)
    await storage.keys.add_api_key(scope, an_api_key("key_1", "org_b", 99))
    await storage.keys.put_provider_key(scope, a_provider_key("pkey_1", "openai", "org_b", b"twin's"))
    await storage.log_writer.append(owner, [a_log("data_owners")])
    await _make_keyed_calls(storage, scope, KeptAnswer(b"twin's", b"twin's"))
    return scope


async def test_twins_see_each_their_own(storage: Storage, owner: Scope, twin: Scope):
    owners = ["name of pr_1", "out of data_1", "of config_1", "hard ones", "owner's"]
    for scope, theirs in ((owner, ["twin's"]), (twin, owners)):
        for seen in (await everything(storage, scope)).values():
            assert not [each for each in theirs if each in repr(seen)]
    links = [await storage.logs.link_by_reference(scope, "mine") for scope in (owner, twin)]
    assert links[0] == links[1] == await storage.logs.link(owner, LOG)
    assert await storage.logs.count(twin, [PROJECT]) == {PROJECT: 1}
    assert (await storage.configs.used(twin, [CONFIG]))[CONFIG].last_used == 99
    assert [
        view.project.name for view in (await storage.feed.load()).organisations[twin.organisation_id].projects.values()
    ] == ["twin's project"]


@pytest.mark.parametrize("name", TOUCHING_NOTHING)
async def test_twins_touch_each_their_own(storage: Storage, owner: Scope, twin: Scope, name: str):
    probe, _ = TOUCHING_NOTHING[name]
    owners, before = await everything(storage, owner), await everything(storage, twin)
    await probe(storage, twin)
    assert await everything(storage, owner) == owners
    assert await everything(storage, twin) != before


async def test_what_is_live_for_a_twin_is_not_live_for_the_owner(storage: Storage, owner: Scope, twin: Scope):
    for scope in (owner, twin):
        await storage.configs.register(scope, a_version("config_2"), None)
    await storage.deployments.deploy(twin, [a_deployment("dep_9", a_target("config_2"))])
    view = await storage.feed.project(owner.organisation_id, PROJECT)
    assert view is not None
    assert set(view.configs) == {"config_1"}
    assert (await storage.feed.load()).organisations[owner.organisation_id].projects[PROJECT] == view


async def test_the_same_configuration_is_a_version_of_each(storage: Storage, owner: Scope, twin: Scope):
    config = ModelConfig("of both")
    for identifier, scope in (("config_o", owner), ("config_t", twin)):
        assert (await storage.configs.register(scope, a_version(identifier, config=config), None)).id == identifier


async def test_feedback_needs_a_log_of_ones_own(storage: Storage, owner: Scope, twin: Scope):
    piece = a_piece("ann_9", "good", log="data_owners")
    with pytest.raises(errors.NotFound):
        await storage.feedback.record(twin, PROJECT, [], [piece])
    await storage.feedback.record(owner, PROJECT, [], [piece])


async def test_deploying_reaches_for_own_environments_and_configurations_only(
    storage: Storage, owner: Scope, stranger: Scope
):
    await storage.projects.create(stranger, a_project())
    for deployment in (a_deployment("dep_9", a_target(), environment="env_b"), a_deployment("dep_9", None)):
        with pytest.raises(errors.NotFound):
            await storage.deployments.deploy(stranger, [deployment])


PICK = st.integers(0, 2)
STEP = st.one_of(
    st.tuples(st.just("project"), PICK, PICK),
    st.tuples(st.just("rename project"), PICK, PICK),
    st.tuples(st.just("environment"), PICK, PICK),
    st.tuples(st.just("rename environment"), PICK, PICK),
    st.tuples(st.just("default"), PICK, PICK),
    st.tuples(st.just("delete environment"), PICK, PICK),
    st.tuples(st.just("register"), PICK, PICK),
    st.tuples(st.just("deploy"), PICK, PICK),
    st.tuples(st.just("clear"), PICK, PICK),
    st.tuples(st.just("log"), PICK, PICK),
    st.tuples(st.just("experiment"), PICK, PICK),
    st.tuples(st.just("add arm"), PICK, PICK),
    st.tuples(st.just("other labels"), PICK, PICK),
    st.tuples(st.just("delete experiment"), PICK, PICK),
    st.tuples(st.just("expose"), PICK, PICK),
    st.tuples(st.just("deploy experiment"), PICK, PICK),
    st.tuples(st.just("exposed log"), PICK, PICK),
    st.tuples(st.just("feedback"), PICK, PICK),
    st.tuples(st.just("unset"), PICK, PICK),
    st.tuples(st.just("dataset"), PICK, PICK),
    st.tuples(st.just("delete dataset"), PICK, PICK),
    st.tuples(st.just("datapoint"), PICK, PICK),
    st.tuples(st.just("change datapoint"), PICK, PICK),
    st.tuples(st.just("remove datapoint"), PICK, PICK),
    st.tuples(st.just("session"), PICK, PICK),
    st.tuples(st.just("api key"), PICK, PICK),
    st.tuples(st.just("revoke"), PICK, PICK),
    st.tuples(st.just("provider key"), PICK, PICK),
    st.tuples(st.just("delete provider key"), PICK, PICK),
)


def a_config(now: int) -> str:
    """What is registered at that time: the same id for both organisations, whose steps of the beginning alternate."""
    return f"config_{now // 2}"


def act(s: Storage, who: Scope, name: str, one: int, two: int, now: int) -> Awaitable[object]:
    """One step of an organisation's life; ids come from a small pool, the same for all organisations."""
    project, environment, log = f"pr_{one}", EnvironmentId(f"env_{two}"), f"data_{two}"
    mood = FeedbackType("mood", FeedbackClass.MULTI_SELECT)
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "project": lambda: s.projects.create(who, a_project(project, f"name {two}", now)),
        "rename project": lambda: s.projects.update(who, a_project(project, f"name {two}", now)),
        "environment": lambda: s.environments.create(who, Environment(environment, f"e{one}", False, now)),
        "rename environment": lambda: s.environments.rename(who, environment, f"e{one}"),
        "default": lambda: s.environments.make_default(who, environment),
        "delete environment": lambda: s.environments.delete(who, environment, now),
        "register": lambda: s.configs.register(
            who,
            a_version(a_config(now), project, ModelConfig(f"m{two}"), now),
            a_deployment(f"dep_{now}", project=project, environment="env_0"),
        ),
        "deploy": lambda: _deploy(s, who, project, environment, now),
        "clear": lambda: s.deployments.deploy(who, [a_deployment(f"dep_{now}", None, project, environment, now)]),
        "log": lambda: s.log_writer.append(
            who, [a_log(log, project, session=f"sesh_{one}", session_reference=f"r{one}", created_at=now)]
        ),
        "dataset": lambda: s.datasets.create(who, a_dataset(f"evts_{one}", f"name {two}", "pr_0", now)),
        "delete dataset": lambda: s.datasets.delete(who, DatasetId(f"evts_{one}")),
        "datapoint": lambda: s.datapoints.add(
            who, DatasetId(f"evts_{one}"), [a_datapoint(f"evtc_{two}", dataset=f"evts_{one}", created_at=now)], now
        ),
        "change datapoint": lambda: s.datapoints.change(
            who, DatapointId(f"evtc_{two}"), lambda _: DatapointContent(b'{"q":"%d"}' % one), now
        ),
        "remove datapoint": lambda: s.datapoints.remove(who, [DatapointId(f"evtc_{two}")], now),
        "experiment": lambda: s.experiments.create(
            who, an_experiment(f"exp_{one}", f"name {two}", *ARMS_OF_ALL, project="pr_0", labels=MOODS, created_at=now)
        ),
        "add arm": lambda: s.experiments.change(
            who, ExperimentId(f"exp_{one}"), lambda each: each.with_arm(a_version(a_config(now - 2 * two), "pr_0"), now)
        ),
        "other labels": lambda: s.experiments.change(
            who, ExperimentId(f"exp_{one}"), lambda each: each.judged_by(MOODS[:two], now)
        ),
        "delete experiment": lambda: s.experiments.delete(who, ExperimentId(f"exp_{one}"), now),
        "expose": lambda: s.experiments.expose(who, a_trial(f"trial_{two}", ARMS_OF_ALL[0], f"exp_{one}", environment)),
        "deploy experiment": lambda: s.deployments.deploy(
            who, [a_deployment(f"dep_{now}", ExperimentTarget(ExperimentId(f"exp_{one}")), "pr_0", environment, now)]
        ),
        "exposed log": lambda: s.log_writer.append(
            who,
            [
                an_exposed_log(
                    log, a_trial(f"trial_{two}", ARMS_OF_ALL[one % 2], f"exp_{one}"), project_id=ProjectId("pr_0")
                )
            ],
        ),
        "feedback": lambda: s.feedback.record(
            who, ProjectId(project), [mood], [a_piece(f"ann_{now}", f"v{one}", "mood", log=log)]
        ),
        "unset": lambda: s.feedback.remove(who, LogId(log), "mood", f"v{one}", None),
        "session": lambda: s.sessions.create(who, a_session(f"sesh_{one}", created_at=now)),
        "api key": lambda: s.keys.add_api_key(who, an_api_key(f"key_{one}", who.organisation_id, now)),
        "revoke": lambda: s.keys.revoke_api_key(who, ApiKeyId(f"key_{one}"), now),
        "provider key": lambda: s.keys.put_provider_key(
            who, a_provider_key(f"pkey_{one}", f"provider {two}", who.organisation_id)
        ),
        "delete provider key": lambda: s.keys.delete_provider_key(who, f"provider {two}"),
    }
    return steps[name]()


async def _deploy(s: Storage, who: Scope, project: str, environment: EnvironmentId, now: int) -> None:
    uses = await s.configs.of_project(who, ProjectId(project))
    target = a_target(uses[-1].version.id) if uses else a_target("config_none")
    await s.deployments.deploy(who, [a_deployment(f"dep_{now}", target, project, environment, now)])


async def outcome(step: Awaitable[object]) -> object:
    """What a step returned, or the kind of its error."""
    try:
        return await step
    except errors.EverloopError as error:
        return type(error), error.message


# What every life begins with, so that the steps after it find something.
BEGINNING = [
    ("project", 0, 0),
    ("environment", 0, 1),
    ("register", 0, 0),
    ("register", 0, 1),
    ("log", 0, 0),
    ("experiment", 0, 0),
    ("exposed log", 0, 1),
    ("feedback", 0, 1),
]
BEGAN = 100
NUMBERS = count()
# What the beginning registers is there for every experiment.
ARMS_OF_ALL = (a_config(BEGAN + 4), a_config(BEGAN + 6))
MOODS = (PositiveLabel("mood", "v0"), PositiveLabel("mood", "v1"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), STEP), max_size=40))
async def test_an_organisation_lives_as_if_it_were_alone(open_named: Opener, steps: list[Any]):
    """The same steps, once interleaved with another organisation's in one database, once in a database of its own."""
    number = next(NUMBERS)
    shared, alone = await open_named(f"shared {number}"), await open_named(f"alone {number}")
    me, neighbour = (Scope(an_organisation(each).id, "me") for each in ("a", "b"))
    for storage, names in ((shared, "ab"), (alone, "a")):
        for each in names:
            await storage.organisations.create(an_organisation(each), an_environment("env_0"))

    beginning = [(mine, step) for step in BEGINNING for mine in (False, True)]
    for now, (mine, (name, one, two)) in enumerate([*beginning, *steps], start=BEGAN):
        in_company = await outcome(act(shared, me if mine else neighbour, name, one, two, now))
        if mine:
            assert in_company == await outcome(act(alone, me, name, one, two, now)), (name, one, two)
    seen = await everything(alone, me)
    assert seen["logs"]
    assert await everything(shared, me) == seen
    await shared.close()
    await alone.close()
