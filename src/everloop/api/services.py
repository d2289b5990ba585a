"""The use cases that the routes call, handed over in one piece by `app`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from everloop.domain.scope import Scope
from everloop.ports.feed import Health
from everloop.ports.system import Metrics
from everloop.services.api_keys import ApiKeyService
from everloop.services.completion import CompletionService
from everloop.services.configs import ConfigService
from everloop.services.connections import ConnectionService
from everloop.services.datapoints import DatapointService
from everloop.services.datasets import DatasetService
from everloop.services.deployments import DeploymentService
from everloop.services.directory import Directory
from everloop.services.environments import EnvironmentService
from everloop.services.experiment_results import ExperimentResultsService
from everloop.services.experiments import ExperimentService
from everloop.services.feedback import FeedbackService
from everloop.services.limits import LimitService
from everloop.services.live_models import LiveModelService
from everloop.services.logs import LogService
from everloop.services.policies import PolicyService
from everloop.services.prices import PriceService
from everloop.services.projects import ProjectService
from everloop.services.provider_keys import ProviderKeyService
from everloop.services.sampling import SamplingService
from everloop.services.sessions import SessionService
from everloop.services.tools import ToolService

SCOPE_KEY = "everloop.scope"


@dataclass(frozen=True, slots=True)
class Services:
    """One of each."""

    directory: Directory
    completion: CompletionService
    models: LiveModelService
    projects: ProjectService
    configs: ConfigService
    deployments: DeploymentService
    policies: PolicyService
    experiments: ExperimentService
    experiment_results: ExperimentResultsService
    sampling: SamplingService
    environments: EnvironmentService
    sessions: SessionService
    logs: LogService
    feedback: FeedbackService
    datasets: DatasetService
    datapoints: DatapointService
    api_keys: ApiKeyService
    provider_keys: ProviderKeyService
    tools: ToolService
    limits: LimitService
    prices: PriceService
    connections: ConnectionService
    health: Health
    metrics: Metrics


async def services_of(request: Request) -> Services:
    """The services, as a route's dependency (async, since FastAPI sends others through a thread)."""
    services: Services = request.app.state.services
    return services


async def scope_of(request: Request) -> Scope:
    """Who is asking, as a route's dependency; `edge.py` has put it there."""
    scope: Scope = request.scope[SCOPE_KEY]
    return scope


# As a route's parameters.
Caller = Annotated[Scope, Depends(scope_of)]
Use = Annotated[Services, Depends(services_of)]
