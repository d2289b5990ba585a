from dataclasses import replace

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.dataset import DatapointContent
from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.idempotency import KeptAnswer
from everloop.domain.log import LogBody
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.isolation.things import DATASET, EXPERIMENT, GONE, PROJECT, TRIAL, make_keyed_calls
from tests.contract.stores.samples import (
    a_connection,
    a_datapoint,
    a_dataset,
    a_deployment,
    a_function,
    a_limit,
    a_log,
    a_piece,
    a_price,
    a_project,
    a_provider_key,
    a_session,
    a_target,
    a_version,
    an_api_key,
    an_environment,
    an_experiment,
    an_organisation,
)


@pytest.fixture
async def owner(storage: Storage, scope: Scope) -> Scope:
    """Organisation a, with something of everything."""
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.projects.create(scope, a_project())
    await storage.projects.create(scope, a_project(GONE))
    await storage.projects.delete(scope, GONE, 12)
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
    await storage.tools.create(scope, a_function(description="owner's"))
    await storage.connections.create(scope, a_connection(), a_provider_key("pkey_2", "mine"))
    await storage.limits.create(scope, a_limit())
    await storage.prices.put(scope, a_price())
    await make_keyed_calls(storage, scope, KeptAnswer(b"owner's", b"owner's"))
    return scope


@pytest.fixture
async def stranger(storage: Storage) -> Scope:
    """Organisation b, with an environment that has an id and a name of its own, and nothing else."""
    await storage.organisations.create(an_organisation("b"), an_environment("env_b", "somewhere"))
    return Scope(an_organisation("b").id, "key_b")


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
    await storage.tools.create(scope, a_function(description="twin's", created_at=99))
    theirs = a_provider_key("pkey_2", "mine", "org_b", b"twin's")
    await storage.connections.create(scope, a_connection(organisation="org_b"), theirs)
    await storage.limits.create(scope, a_limit(amount=99.0))
    await storage.prices.put(scope, a_price(prompt_price=99.0))
    await storage.log_writer.append(owner, [a_log("data_owners")])
    await make_keyed_calls(storage, scope, KeptAnswer(b"twin's", b"twin's"))
    return scope
