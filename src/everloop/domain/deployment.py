"""What is live: in one project, in one environment, one of two things."""

from everloop.domain.ids import ConfigId, DeploymentId, EnvironmentId, ExperimentId, ProjectId
from everloop.domain.policy import Policy
from everloop.domain.value import value


@value
class ConfigTarget:
    """A model configuration is live."""

    config_id: ConfigId


@value
class ExperimentTarget:
    """An experiment is live: each call gets one of its arms."""

    experiment_id: ExperimentId


Target = ConfigTarget | ExperimentTarget


@value
class Deployment:
    """A row of history: what went live where, when, by whom; a `target` of None says that the place was cleared.

    `policy` is how calls are made there from then on, and None where nobody has said anything about it.

    `ended_at` is when the next row replaced it; None while it is the present state. Times are Unix milliseconds.
    """

    id: DeploymentId
    project_id: ProjectId
    environment_id: EnvironmentId
    target: Target | None
    created_at: int
    created_by: str
    ended_at: int | None = None
    policy: Policy | None = None
