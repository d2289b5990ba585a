"""What a person changes of an experiment in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from everloop.domain.config import ConfigVersion
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.value import value


@value
class ArmChange:
    """New values for one arm; None leaves one as it is. A configuration that is no arm yet becomes one."""

    weight: float | None = None
    active: bool | None = None


@value
class ExperimentChange:
    """New values for an experiment; what is None stays. `arms` is by configuration; new ones are added in its order."""

    name: str | None = None
    positive_labels: tuple[PositiveLabel, ...] | None = None
    control: str | None = None
    arms: Mapping[str, ArmChange] = field(default_factory=dict)

    def strangers(self, experiment: Experiment) -> list[str]:
        """The configurations that it makes arms. One that shall only be paused has to be an arm already."""
        known = {arm.config_id for arm in experiment.arms}
        return [each for each, arm in self.arms.items() if ConfigId(each) not in known and arm.active is not False]

    def applied(self, experiment: Experiment, versions: Sequence[ConfigVersion], at: int) -> Experiment:
        """The changed experiment; `versions` are those of the strangers, of which some may be arms by now.

        Raises what the rules of `domain.experiment` say.
        """
        if self.name is not None:
            experiment = experiment.renamed(self.name, at)
        if self.positive_labels is not None:
            experiment = experiment.judged_by(self.positive_labels, at)
        known = {arm.config_id for arm in experiment.arms}
        for version in versions:
            if version.id not in known:
                experiment = experiment.with_arm(version, at)
        experiment = self._with_arms(experiment, at)
        return experiment if self.control is None else experiment.controlled_by(ConfigId(self.control), at)

    def _with_arms(self, experiment: Experiment, at: int) -> Experiment:
        """Arms are taken up before others lose their weight or pause, so that there is always one to give."""
        arms = {ConfigId(config_id): arm for config_id, arm in self.arms.items()}
        resumed = [config_id for config_id, arm in arms.items() if arm.active is True]
        paused = [config_id for config_id, arm in arms.items() if arm.active is False]
        weights = {config_id: arm.weight for config_id, arm in arms.items() if arm.weight is not None}
        if resumed:
            experiment = experiment.resumed(resumed, at)
        if weights:
            experiment = experiment.weighted(weights, at)
        return experiment.paused(paused, at) if paused else experiment
