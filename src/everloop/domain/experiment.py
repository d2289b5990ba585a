"""An experiment: configurations of one project that share its traffic, and what may be done to them."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Final

from everloop.domain.assignment import SALT_BYTES
from everloop.domain.config import ConfigVersion, Endpoint
from everloop.domain.ids import ConfigId, ExperimentId, ProjectId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.value import value
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound

# Beyond these a share could not be told from none or from all, and quotients of weights would leave the floats.
LIGHTEST: Final = 1e-6
HEAVIEST: Final = 1e6
# Each call weighs every arm.
MOST_ARMS: Final = 100


class ExperimentStatus(StrEnum):
    """Where it stands; the first two are v4's own words."""

    INITIALIZED = "Initialized"
    IN_PROGRESS = "In progress"
    CONCLUDED = "Concluded"


@value
class Arm:
    """One configuration in an experiment. `weight` is relative to those of the other active arms.

    `added_at` is in Unix milliseconds. An arm that is not active gets no units, and keeps its results.
    """

    config_id: ConfigId
    endpoint: Endpoint
    added_at: int
    weight: float = 1.0
    active: bool = True

    def __post_init__(self) -> None:
        """Raises `InvalidFields` for a weight that is no share: negative, not finite, or out of all proportion."""
        if self.weight != 0 and not LIGHTEST <= self.weight <= HEAVIEST:
            message = f"The weight of {self.config_id} must be 0, or from {LIGHTEST:f} to {HEAVIEST:.0f}."
            raise InvalidFields.one(("body", "weight"), message)


@value
class Experiment:
    """Its arms in the order they were added, and what counts as success. Times are Unix milliseconds.

    `control` is the arm that the others are compared with: the first one added, until another is named. `salt` makes
    its assignment independent of other experiments'. `winner` is what was promoted; None when it was just stopped.
    Every method answers with a changed experiment, or raises and leaves this one as it is.
    """

    id: ExperimentId
    project_id: ProjectId
    name: str
    salt: str
    positive_labels: tuple[PositiveLabel, ...]
    created_at: int
    updated_at: int
    arms: tuple[Arm, ...] = ()
    control: ConfigId | None = None
    status: ExperimentStatus = ExperimentStatus.INITIALIZED
    winner: ConfigId | None = None
    concluded_at: int | None = None
    # The arms that can be drawn, and their weights: made once, since every call asks for it.
    drawn: tuple[tuple[ConfigId, float], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raises `ValueError` when the salt, which is our own making, is too long for the hash."""
        if len(self.salt.encode()) > SALT_BYTES:
            raise ValueError(f"The salt of an experiment is at most {SALT_BYTES} bytes.")
        drawn = tuple((arm.config_id, arm.weight) for arm in self.arms if arm.active and arm.weight > 0)
        object.__setattr__(self, "drawn", drawn)

    @property
    def weights(self) -> Mapping[ConfigId, float]:
        """The active arms and their weights."""
        return {arm.config_id: arm.weight for arm in self.arms if arm.active}

    @property
    def endpoint(self) -> Endpoint | None:
        """How its arms are called: all in the same way. None while it has none."""
        return self.arms[0].endpoint if self.arms else None

    @property
    def successor(self) -> ConfigId | None:
        """What answers once it is concluded, for callers who still ask for it: the winner, or else the control."""
        if self.status is not ExperimentStatus.CONCLUDED:
            return None
        return self.winner or self.control

    def arm(self, config_id: ConfigId) -> Arm:
        """The arm of that configuration. Raises `NotFound` for a stranger."""
        for arm in self.arms:
            if arm.config_id == config_id:
                return arm
        raise NotFound(f"Experiment {self.name!r} has no arm with the config {config_id}.")

    def with_arm(self, version: ConfigVersion, at: int, weight: float = 1.0) -> "Experiment":
        """One arm more. Raises `Conflict` when it is there already, `BadRequest`, `NotFound`, `InvalidFields`."""
        self._require_open()
        if len(self.arms) == MOST_ARMS:
            raise BadRequest(f"Experiment {self.name!r} has {MOST_ARMS} arms, which is as many as there can be.")
        if version.project_id != self.project_id:
            raise NotFound(f"The project of experiment {self.name!r} has no config {version.id}.")
        if any(arm.config_id == version.id for arm in self.arms):
            raise Conflict(f"Experiment {self.name!r} has the config {version.id} already.")
        endpoint = version.config.endpoint
        if self.endpoint not in {None, endpoint}:
            raise BadRequest(
                f"Config {version.id} is for {endpoint.value} calls and the other arms of experiment {self.name!r} are"
                f" for {self.arms[0].endpoint.value} calls: one experiment cannot mix them."
            )
        arms = (*self.arms, Arm(version.id, endpoint, at, weight))
        return replace(self, arms=arms, control=self.control or version.id, updated_at=at)

    def weighted(self, weights: Mapping[ConfigId, float], at: int) -> "Experiment":
        """New weights for some arms. Raises `NotFound`, `InvalidFields`; `BadRequest` when no active one is above 0."""
        return self._changed((replace(self.arm(each), weight=weight) for each, weight in weights.items()), at)

    def paused(self, config_ids: Iterable[ConfigId], at: int) -> "Experiment":
        """These arms get no more units. Raises `NotFound`; `BadRequest` when no arm would be left to get any."""
        return self._changed((replace(self.arm(each), active=False) for each in config_ids), at)

    def resumed(self, config_ids: Iterable[ConfigId], at: int) -> "Experiment":
        """These arms get units again. Raises `NotFound`, `BadRequest`."""
        return self._changed((replace(self.arm(each), active=True) for each in config_ids), at)

    def controlled_by(self, config_id: ConfigId, at: int) -> "Experiment":
        """Another arm as the control. Raises `NotFound`, `BadRequest`."""
        self._require_open()
        return replace(self, control=self.arm(config_id).config_id, updated_at=at)

    def renamed(self, name: str, at: int) -> "Experiment":
        """The same under another name; a concluded one too."""
        return replace(self, name=name, updated_at=at)

    def judged_by(self, labels: Iterable[PositiveLabel], at: int) -> "Experiment":
        """Other labels that count as success. Raises `BadRequest`."""
        self._require_open()
        return replace(self, positive_labels=tuple(dict.fromkeys(labels)), updated_at=at)

    def started(self, at: int) -> "Experiment":
        """In progress, as its deployment makes it. Raises `BadRequest` with fewer than two arms to choose from."""
        self._require_open()
        if len(self.drawn) < 2:
            raise BadRequest(
                f"Experiment {self.name!r} needs at least two active arms with a weight above 0 to be deployed."
            )
        return replace(self, status=ExperimentStatus.IN_PROGRESS, updated_at=at)

    def promoted(self, config_id: ConfigId, at: int) -> "Experiment":
        """Concluded with a winner. Raises `NotFound` when it is no arm, `BadRequest`."""
        return replace(self.stopped(at), winner=self.arm(config_id).config_id)

    def stopped(self, at: int) -> "Experiment":
        """Concluded without a winner. Raises `BadRequest` when it is concluded already."""
        self._require_open()
        return replace(self, status=ExperimentStatus.CONCLUDED, updated_at=at, concluded_at=at)

    def _changed(self, changes: Iterable[Arm], at: int) -> "Experiment":
        self._require_open()
        changed = {arm.config_id: arm for arm in changes}
        after = replace(self, arms=tuple(changed.get(arm.config_id, arm) for arm in self.arms), updated_at=at)
        if not after.drawn:
            raise BadRequest(f"Experiment {self.name!r} would be left without an active arm of a weight above 0.")
        return after

    def _require_open(self) -> None:
        if self.status is ExperimentStatus.CONCLUDED:
            raise BadRequest(f"Experiment {self.name!r} is concluded: its results stay, and it cannot change any more.")
