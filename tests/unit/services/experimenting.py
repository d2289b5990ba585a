"""An experiment in a `FakeHouse`: two arms, each at a provider of its own."""

from dataclasses import dataclass
from typing import Any

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.deployment import ExperimentTarget
from everloop.domain.document import Document
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ExperimentId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.reference import ProjectReference
from everloop.services.command import CompletionCommand
from everloop.services.experiments import NewExperiment
from tests.fake_provider import FakeProvider
from tests.fakes import FakeHouse

GOOD = PositiveLabel("rating", "good")


@dataclass
class Stage:
    """`one` and `two` are the arms; their providers are `house.provider` and `second`."""

    house: FakeHouse
    second: FakeProvider
    one: ConfigVersion
    two: ConfigVersion
    id: ExperimentId

    @classmethod
    async def build(cls) -> "Stage":
        house = await FakeHouse.build()
        second = house.providers.providers["second"] = FakeProvider(origin="Second")
        one = await house.deploy("p", ModelConfig(model="one", provider="fake", prompt_template="Say {{it}}"))
        two = await house.deploy("p", ModelConfig(model="two", provider="second", prompt_template="Tell {{it}}"))
        new = NewExperiment("which", (GOOD,), (one.id, two.id))
        made = await house.experiments.create(house.scope, one.project_id, new)
        return cls(house, second, one, two, made.experiment.id)

    @property
    def project_id(self) -> str:
        return self.one.project_id

    @property
    def experiment(self) -> Experiment:
        return self.house.memory.experiments[self.house.scope.organisation_id, self.id]

    async def deploy(self) -> None:
        await self.house.deployments.deploy(self.house.scope, self.project_id, ExperimentTarget(self.id), None)

    def deployed(self, **changes: Any) -> CompletionCommand:
        return CompletionCommand(project=ProjectReference("p"), inputs=Document({"it": "x"}, b"{}"), **changes)

    def called(self, **changes: Any) -> CompletionCommand:
        inputs = Document({"it": "x"}, b"{}")
        return CompletionCommand(**({"project": None, "experiment_id": self.id, "inputs": inputs} | changes))
