"""Everything that is alive in one process, and how it is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TypedDict

from everloop.api.services import Services
from everloop.app.providers import providers_of
from everloop.app.world import World
from everloop.jobs.retention import Retention
from everloop.providers.registry import ProviderRegistry
from everloop.security.key_file import KeyFile
from everloop.security.random_ids import RandomIds
from everloop.security.secret_box import AesGcmSecretBox
from everloop.security.secret_key import Purpose, derive, load_or_create
from everloop.services.api_keys import ApiKeyService
from everloop.services.completion import CompletionService
from everloop.services.configs import ConfigService
from everloop.services.connections import ConnectionService
from everloop.services.datapoints import DatapointService
from everloop.services.datasets import DatasetService
from everloop.services.deployments import DeploymentService
from everloop.services.directory import Directory
from everloop.services.draining import Drains
from everloop.services.environments import EnvironmentService
from everloop.services.experiment_details import ExperimentCatalogue
from everloop.services.experiment_results import ExperimentResultsService
from everloop.services.experiments import ExperimentService
from everloop.services.feedback import FeedbackService
from everloop.services.first_run import FirstRun
from everloop.services.given import GivenConfigs
from everloop.services.idempotency import IdempotencyService
from everloop.services.importing.datasets import DatasetImport
from everloop.services.importing.feedback import FeedbackImport
from everloop.services.importing.importing import ImportService
from everloop.services.importing.logs import LogImport
from everloop.services.importing.prompts import PromptImport
from everloop.services.limits import LimitService
from everloop.services.live_models import LiveModelService
from everloop.services.logs import LogService
from everloop.services.metering import UsageMeter
from everloop.services.organisations import OrganisationService
from everloop.services.policies import PolicyService
from everloop.services.preparation import Preparation
from everloop.services.prices import PriceService
from everloop.services.projects import ProjectService
from everloop.services.provider_keys import ProviderKeyService
from everloop.services.record import Recorder
from everloop.services.rendering import Rendering
from everloop.services.resolve import Resolver
from everloop.services.sampling import SamplingService
from everloop.services.sessions import SessionService
from everloop.services.tools import ToolService
from everloop.settings import Settings
from everloop.storage.opening import Storage, open_storage
from everloop.telemetry.clock import SystemClock


class _Common(TypedDict):
    clock: SystemClock
    ids: RandomIds


class House:
    """Everything that is alive in one process; each service is built when it is first asked for."""

    def __init__(self, settings: Settings, storage: Storage, providers: ProviderRegistry, world: World) -> None:
        self.settings = settings
        self.storage = storage
        self.providers = providers
        self.world = world
        self._secret = settings.secret_key or load_or_create(settings.data_dir)
        self.retention = retention_of(settings, storage, world)
        self._common: _Common = {"clock": world.clock, "ids": world.ids}

    @cached_property
    def directory(self) -> Directory:
        """The snapshot's holder."""
        return Directory(self.storage.feed)

    @cached_property
    def projects(self) -> ProjectService:
        """Projects."""
        stores = self.storage
        return ProjectService(
            directory=self.directory,
            projects=stores.projects,
            configs=stores.configs,
            feedback=stores.feedback,
            logs=stores.logs,
            catalogue=self.catalogue,
            **self._common,
        )

    @cached_property
    def catalogue(self) -> ExperimentCatalogue:
        """Experiments as lists and pages show them."""
        return ExperimentCatalogue(
            directory=self.directory, experiments=self.storage.experiments, configs=self.storage.configs
        )

    @cached_property
    def environments(self) -> EnvironmentService:
        """Environments."""
        return EnvironmentService(directory=self.directory, environments=self.storage.environments, **self._common)

    @cached_property
    def configs(self) -> ConfigService:
        """Model configurations."""
        return ConfigService(
            directory=self.directory,
            projects=self.projects,
            tools=self.tools,
            rendering=self.rendering,
            configs=self.storage.configs,
            **self._common,
        )

    @cached_property
    def deployments(self) -> DeploymentService:
        """Deployments."""
        return DeploymentService(
            directory=self.directory,
            projects=self.projects,
            environments=self.environments,
            configs=self.configs,
            experiments=self.storage.experiments,
            deployments=self.storage.deployments,
            **self._common,
        )

    @cached_property
    def policies(self) -> PolicyService:
        """How the calls of places are made."""
        return PolicyService(
            directory=self.directory,
            projects=self.projects,
            environments=self.environments,
            configs=self.configs,
            deployments=self.storage.deployments,
            **self._common,
        )

    @cached_property
    def sessions(self) -> SessionService:
        """Sessions."""
        return SessionService(
            sessions=self.storage.sessions,
            logs=self.storage.logs,
            reference_key=derive(self._secret, Purpose.SESSION_IDS),
            **self._common,
        )

    @cached_property
    def feedback(self) -> FeedbackService:
        """Feedback."""
        return FeedbackService(feedback=self.storage.feedback, logs=self.storage.logs, **self._common)

    @cached_property
    def logs(self) -> LogService:
        """Logs."""
        return LogService(
            projects=self.projects,
            environments=self.environments,
            configs=self.configs,
            sessions=self.sessions,
            feedback=self.feedback,
            writer=self.storage.log_writer,
            logs=self.storage.logs,
            config_store=self.storage.configs,
            experiments=self.storage.experiments,
            feedback_store=self.storage.feedback,
            **self._common,
        )

    @cached_property
    def datasets(self) -> DatasetService:
        """Datasets."""
        return DatasetService(projects=self.projects, datasets=self.storage.datasets, **self._common)

    @cached_property
    def datapoints(self) -> DatapointService:
        """Datapoints."""
        stores = self.storage
        return DatapointService(datasets=self.datasets, datapoints=stores.datapoints, logs=stores.logs, **self._common)

    @cached_property
    def api_keys(self) -> ApiKeyService:
        """API keys."""
        return ApiKeyService(directory=self.directory, keys=self.storage.keys, **self._common)

    @cached_property
    def provider_keys(self) -> ProviderKeyService:
        """Providers' keys."""
        return ProviderKeyService(
            directory=self.directory,
            keys=self.storage.keys,
            box=AesGcmSecretBox(derive(self._secret, Purpose.PROVIDER_KEYS)),
            providers=self.providers,
            **self._common,
        )

    @cached_property
    def connections(self) -> ConnectionService:
        """Connections."""
        return ConnectionService(
            directory=self.directory,
            connections=self.storage.connections,
            provider_keys=self.provider_keys,
            providers=self.providers,
            **self._common,
        )

    @cached_property
    def tools(self) -> ToolService:
        """Tools of organisations."""
        return ToolService(directory=self.directory, tools=self.storage.tools, **self._common)

    @cached_property
    def meter(self) -> UsageMeter:
        """What limited keys and projects use."""
        return UsageMeter(directory=self.directory, used=self.storage.used, clock=self.world.clock)

    @cached_property
    def limits(self) -> LimitService:
        """Limits of keys and projects."""
        return LimitService(directory=self.directory, limits=self.storage.limits, meter=self.meter, **self._common)

    @cached_property
    def prices(self) -> PriceService:
        """What tokens cost."""
        return PriceService(
            directory=self.directory, prices=self.storage.prices, published=self.world.prices, **self._common
        )

    @cached_property
    def rendering(self) -> Rendering:
        """What fills templates."""
        return Rendering(self.world.templates)

    @cached_property
    def resolver(self) -> Resolver:
        """From what a call names to what answers it."""
        return Resolver(directory=self.directory, projects=self.projects, environments=self.environments)

    @cached_property
    def drains(self) -> Drains:
        """Calls that go on without their callers."""
        return Drains()

    @cached_property
    def completion(self) -> CompletionService:
        """The heart."""
        clock = self.world.clock
        return CompletionService(
            resolver=self.resolver,
            given=GivenConfigs(projects=self.projects, configs=self.configs),
            sessions=self.sessions,
            preparation=Preparation(provider_keys=self.provider_keys, tools=self.tools, rendering=self.rendering),
            drains=self.drains,
            recorder=Recorder(writer=self.storage.log_writer, prices=self.prices, meter=self.meter, clock=clock),
            meter=self.meter,
            metrics=self.world.metrics,
            max_samples=self.settings.max_samples,
            **self._common,
        )

    @cached_property
    def idempotency(self) -> IdempotencyService:
        """Calls with an Idempotency-Key."""
        return IdempotencyService(store=self.storage.idempotency, **self._common)

    @cached_property
    def sampling(self) -> SamplingService:
        """Configurations for callers who generate elsewhere."""
        return SamplingService(
            resolver=self.resolver,
            configs=self.storage.configs,
            experiments=self.storage.experiments,
            **self._common,
        )

    @cached_property
    def experiments(self) -> ExperimentService:
        """Experiments."""
        return ExperimentService(
            directory=self.directory,
            projects=self.projects,
            environments=self.environments,
            configs=self.configs,
            catalogue=self.catalogue,
            experiments=self.storage.experiments,
            feedback=self.storage.feedback,
            **self._common,
        )

    @cached_property
    def experiment_results(self) -> ExperimentResultsService:
        """What came of experiments."""
        return ExperimentResultsService(experiments=self.storage.experiments, environments=self.environments)

    @cached_property
    def organisations(self) -> OrganisationService:
        """Organisations."""
        return OrganisationService(directory=self.directory, organisations=self.storage.organisations, **self._common)

    @cached_property
    def importing(self) -> ImportService:
        """Imports."""
        stores = self.storage
        prompts = PromptImport(
            directory=self.directory,
            projects=stores.projects,
            configs=stores.configs,
            environments=stores.environments,
            history=stores.deployments,
            deployments=self.deployments,
            ids=self.world.ids,
        )
        logs = LogImport(
            prompts=prompts,
            feedback=FeedbackImport(feedback=stores.feedback),
            writer=stores.log_writer,
            logs=stores.logs,
        )
        datasets = DatasetImport(projects=self.projects, datasets=stores.datasets, datapoints=stores.datapoints)
        return ImportService(prompts=prompts, logs=logs, datasets=datasets)

    @cached_property
    def first_run(self) -> FirstRun:
        """The first start."""
        return FirstRun(
            directory=self.directory,
            organisations=self.organisations,
            api_keys=self.api_keys,
            configs=self.configs,
            completion=self.completion,
            key_file=KeyFile(self.settings.data_dir),
            ids=self.world.ids,
        )

    @cached_property
    def services(self) -> Services:
        """What the routes call."""
        return Services(
            directory=self.directory,
            completion=self.completion,
            models=LiveModelService(self.directory),
            projects=self.projects,
            configs=self.configs,
            deployments=self.deployments,
            policies=self.policies,
            experiments=self.experiments,
            experiment_results=self.experiment_results,
            sampling=self.sampling,
            environments=self.environments,
            sessions=self.sessions,
            logs=self.logs,
            feedback=self.feedback,
            datasets=self.datasets,
            datapoints=self.datapoints,
            api_keys=self.api_keys,
            provider_keys=self.provider_keys,
            tools=self.tools,
            limits=self.limits,
            prices=self.prices,
            connections=self.connections,
            health=self.storage.health,
            metrics=self.world.metrics,
        )


def retention_of(settings: Settings, storage: Storage, world: World) -> Retention | None:
    """What deletes old logs, if the operator wants that."""
    if settings.log_retention_days is None:
        return None
    return Retention(storage.old_logs, world.clock, settings.log_retention_days)


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Opens the database and reads the snapshot; closes everything in the end, the log writer last."""
    world = World()
    providers = providers_of(settings, world)
    storage = await open_storage(settings.database_url, world.clock, world.metrics)
    try:
        house = House(settings, storage, providers, world)
        await house.directory.load()
        yield house
    finally:
        await providers.close()
        await world.templates.close()
        await storage.close()
