"""A house without walls: every port of `services` in memory, and the services wired to them.

    house = await FakeHouse.build()
    await house.deploy("greeter", ModelConfig(model="m", provider="fake", prompt_template="Hi {{name}}"))
    house.provider.answers(generation("Hello"))
    answer = await house.completion.complete(house.scope, CompletionCommand(project=ProjectReference("greeter"), …))

Time stands still unless `house.clock` is moved, ids count up, and the provider says what it was told to say.
"""

from typing import Any

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.log import Log
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.services.api_keys import ApiKeyService
from everloop.services.completion import CompletionService
from everloop.services.configs import ConfigService, Labels
from everloop.services.connections import ConnectionService
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
from everloop.services.limits import LimitService
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
from tests.fake_connections import FakeConnectionStore
from tests.fake_experiments import FakeExperimentStore
from tests.fake_limits import FakeLimitStore, FakePriceStore, FakeUsedStore
from tests.fake_log_stores import FakeFeedbackStore, FakeLogStore, FakeLogWriter, FakeSessionStore
from tests.fake_machine import FakeClock, FakeIds, FakeKeyFile, FakeMetrics, FakePrices, FakeSecretBox
from tests.fake_provider import FakeProvider, FakeProviders
from tests.fake_stores import (
    FakeConfigStore,
    FakeDeploymentStore,
    FakeEnvironmentStore,
    FakeFeed,
    FakeKeyStore,
    FakeOrganisationStore,
    FakeProjectStore,
    Memory,
)
from tests.fake_templates import FakeTemplateEngine
from tests.fake_tools import FakeToolStore


class FakeHouse:
    """One process's services over one `Memory`. Two houses over the same memory are two processes."""

    def __init__(self, memory: Memory | None = None, ids: FakeIds | None = None, max_samples: int = 32) -> None:
        self.memory = memory or Memory()
        self.clock = FakeClock()
        self.ids = ids or FakeIds()
        self.metrics = FakeMetrics()
        self.writer = FakeLogWriter(self.memory)
        self.feed = FakeFeed(self.memory)
        self.provider = FakeProvider()
        self.keyed = FakeProvider(origin="Keyed", needs_key=True)
        self.providers = FakeProviders({"fake": self.provider, "mock": self.provider, "keyed": self.keyed})
        self.session_store = FakeSessionStore(self.memory)
        self.key_file = FakeKeyFile()
        self.scope: Scope
        self._wire(max_samples)

    def _wire(self, max_samples: int) -> None:
        machine: Any = {"clock": self.clock, "ids": self.ids}
        logs, configs, feedback = (
            FakeLogStore(self.memory),
            FakeConfigStore(self.memory),
            FakeFeedbackStore(self.memory),
        )
        keys = FakeKeyStore(self.memory)
        known: Any = {"directory": Directory(self.feed), **machine}
        self.directory: Directory = known["directory"]
        experiments = self.experiment_store = FakeExperimentStore(self.memory)
        catalogue = ExperimentCatalogue(directory=self.directory, experiments=experiments, configs=configs)
        projects = self.projects = ProjectService(
            projects=FakeProjectStore(self.memory),
            configs=configs,
            feedback=feedback,
            logs=logs,
            catalogue=catalogue,
            **known,
        )
        environments = self.environments = EnvironmentService(environments=FakeEnvironmentStore(self.memory), **known)
        self.tools = ToolService(tools=FakeToolStore(self.memory), **known)
        self.rendering = Rendering(FakeTemplateEngine())
        self.configs = ConfigService(
            projects=projects, configs=configs, tools=self.tools, rendering=self.rendering, **known
        )
        self.deployments = DeploymentService(
            projects=projects,
            environments=environments,
            configs=self.configs,
            experiments=experiments,
            deployments=FakeDeploymentStore(self.memory),
            **known,
        )
        self.policies = PolicyService(
            projects=projects,
            environments=environments,
            configs=self.configs,
            deployments=FakeDeploymentStore(self.memory),
            **known,
        )
        self.sessions = SessionService(sessions=self.session_store, logs=logs, reference_key=b"k" * 32, **machine)
        self.feedback = FeedbackService(feedback=feedback, logs=logs, **machine)
        self.logs = LogService(
            projects=projects,
            environments=environments,
            configs=self.configs,
            sessions=self.sessions,
            feedback=self.feedback,
            writer=self.writer,
            logs=logs,
            config_store=configs,
            experiments=experiments,
            feedback_store=feedback,
            **machine,
        )
        self.api_keys = ApiKeyService(keys=keys, **known)
        self.provider_keys = ProviderKeyService(keys=keys, box=FakeSecretBox(), providers=self.providers, **known)
        self.organisations = OrganisationService(organisations=FakeOrganisationStore(self.memory), **known)
        self.resolver = Resolver(projects=projects, environments=environments, directory=self.directory)
        self.sampling = SamplingService(resolver=self.resolver, configs=configs, experiments=experiments, **machine)
        self.experiments = ExperimentService(
            projects=projects,
            environments=environments,
            configs=self.configs,
            catalogue=catalogue,
            experiments=experiments,
            feedback=feedback,
            **known,
        )
        self.experiment_results = ExperimentResultsService(experiments=experiments, environments=environments)
        self.used_store = FakeUsedStore(self.memory)
        self.meter = UsageMeter(directory=self.directory, used=self.used_store, clock=self.clock)
        self.limits = LimitService(limits=FakeLimitStore(self.memory), meter=self.meter, **known)
        self.prices = PriceService(prices=FakePriceStore(self.memory), published=FakePrices(), **known)
        self.drains = Drains()
        self.completion = CompletionService(
            resolver=self.resolver,
            given=GivenConfigs(projects=projects, configs=self.configs),
            sessions=self.sessions,
            preparation=Preparation(provider_keys=self.provider_keys, tools=self.tools, rendering=self.rendering),
            drains=self.drains,
            recorder=Recorder(writer=self.writer, prices=self.prices, meter=self.meter, clock=self.clock),
            meter=self.meter,
            metrics=self.metrics,
            max_samples=max_samples,
            **machine,
        )
        self.connections = ConnectionService(
            connections=FakeConnectionStore(self.memory),
            provider_keys=self.provider_keys,
            providers=self.providers,
            **known,
        )
        self.first_run = FirstRun(
            directory=self.directory,
            organisations=self.organisations,
            api_keys=self.api_keys,
            configs=self.configs,
            completion=self.completion,
            key_file=self.key_file,
            ids=self.ids,
        )

    @classmethod
    async def build(cls, **options: Any) -> "FakeHouse":
        """With one organisation, whose scope is `house.scope`."""
        house = cls(**options)
        await house.organisations.create("first")
        house.scope = await house.organisations.scope(None)
        return house

    async def beside(self) -> "FakeHouse":
        """Another process over the same memory."""
        other = FakeHouse(self.memory, self.ids)
        await other.directory.load()
        other.scope = self.scope
        return other

    async def deploy(self, project: str, config: ModelConfig) -> ConfigVersion:
        """Registers a configuration in a project; the first one goes live."""
        reference = ProjectReference(project)
        registered = await self.configs.register(self.scope, reference, config, Labels())
        return await self.configs.get(self.scope, registered.use.version.id)

    @property
    def kept(self) -> list[Log]:
        """All logs, in the order in which they were written."""
        return [log for _, log in self.memory.logs.values()]
