"""What an import finds elsewhere, in our own values: prompts, logs, datasets, and what has no place here.

Ids and times are those of where it came from. `place` says where something stands, for the person who reads the report.
"""

from everloop.domain.config import ConfigVersion
from everloop.domain.dataset import Datapoint, Dataset
from everloop.domain.deployment import Deployment
from everloop.domain.environment import Environment
from everloop.domain.feedback import Feedback, FeedbackType
from everloop.domain.ids import ConfigId
from everloop.domain.log import Log
from everloop.domain.page import Page
from everloop.domain.project import Project
from everloop.domain.value import value


@value
class LeftOut:
    """Something that has no place here, and why; no error of anybody."""

    what: str
    why: str
    count: int = 1


@value
class Problem:
    """Something that should have been taken over and could not be."""

    place: str
    message: str


Remark = LeftOut | Problem


@value
class ImportedDeployment:
    """What was live in an environment."""

    place: str
    config_id: ConfigId
    environment: Environment


@value
class ImportedPrompt:
    """A project, its versions from the oldest on, and what was live."""

    place: str
    project: Project
    versions: tuple[ConfigVersion, ...]
    deployments: tuple[ImportedDeployment, ...]
    remarks: tuple[Remark, ...] = ()


@value
class Judgment:
    """Feedback, and the type that it is of with all its labels."""

    type: FeedbackType
    pieces: tuple[Feedback, ...]


@value
class ImportedLog:
    """A log of a project. `version` is the configuration that made it, as the log tells it.

    `environment` is a name; the log's own `environment_id` is not set. `size` is how many bytes tell of it there.
    """

    place: str
    log: Log
    version: ConfigVersion | None
    environment: str | None
    judgments: tuple[Judgment, ...] = ()
    remarks: tuple[Remark, ...] = ()
    size: int = 0


@value
class ImportedDataset:
    """A dataset, without a project."""

    place: str
    dataset: Dataset
    remarks: tuple[Remark, ...] = ()


@value
class DatasetState:
    """All datapoints of one version of a dataset. `created_at` is in Unix milliseconds."""

    place: str
    created_at: int
    datapoints: tuple[Datapoint, ...]
    remarks: tuple[Remark, ...] = ()


def same_log(one: Log, other: Log) -> bool:
    """Whether two logs of one id are the same call. What may be said of a log later on is not looked at."""
    return (one.project_id, one.created_at, one.body.inputs, one.body.messages) == (
        other.project_id,
        other.created_at,
        other.body.inputs,
        other.body.messages,
    )


def place_taken(history: Page[Deployment], environment: Environment) -> Deployment | None:
    """What is live, or was last, in an environment."""
    there = [each for each in history.items if each.environment_id == environment.id]
    return there[0] if there else None
