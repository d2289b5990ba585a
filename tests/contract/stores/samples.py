"""Values with nothing in them that a test does not ask for."""

from dataclasses import dataclass, field, replace
from typing import Any

from everloop.domain.config import ConfigVersion, LoggedConfig, LoggedType, LoggedVersion, ModelConfig, fingerprint
from everloop.domain.connection import OwnConnection
from everloop.domain.dataset import Datapoint, DatapointContent, Dataset
from everloop.domain.deployment import ConfigTarget, Deployment, Target
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.feedback import Feedback, Value
from everloop.domain.ids import (
    ApiKeyId,
    ConfigId,
    ConnectionId,
    DatapointId,
    DatasetId,
    DeploymentId,
    EnvironmentId,
    ExperimentId,
    FeedbackId,
    LimitId,
    LogId,
    OrganisationId,
    Prefix,
    PriceId,
    ProjectId,
    ProviderKeyId,
    SessionId,
    ToolId,
    TrialId,
    time_ordered,
)
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.limit import Limit, Measure, Period, Subject, SubjectKind
from everloop.domain.log import Log, LogBody
from everloop.domain.organisation import Organisation
from everloop.domain.organisation_tool import OrganisationTool, ToolKind
from everloop.domain.outcome import PositiveLabel
from everloop.domain.page import PageRequest
from everloop.domain.price import Price
from everloop.domain.project import Project
from everloop.domain.session import Session
from everloop.domain.trial import Trial
from everloop.ports.system import Switch

ALL = PageRequest(0, 1_000)


class StillClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.milliseconds = 1_700_000_000_000
        self._latest = 0.0

    def now(self) -> int:
        return self.milliseconds

    def monotonic(self) -> float:
        self._latest = max(self._latest, self.milliseconds / 1_000)  # tests may set the time back
        return self._latest


@dataclass
class Tally:
    """Metrics that remember the sizes of commits."""

    commits: list[int] = field(default_factory=list)

    def commit(self, seconds: float, rows: int) -> None:
        assert seconds >= 0
        self.commits.append(rows)

    def request(self, route: str, status: int, seconds: float) -> None: ...

    def provider_call(self, provider: str, outcome: str, seconds: float) -> None: ...

    def watch(self, provider: str, circuit: Switch) -> None: ...

    def added_latency(self, seconds: float) -> None: ...

    def render(self) -> tuple[bytes, str]:
        return b"", "text/plain"


def an_organisation(name: str, created_at: int = 1) -> Organisation:
    return Organisation(OrganisationId(f"org_{name}"), name, created_at)


def an_environment(
    identifier: str = "env_a", name: str = "production", *, is_default: bool = True, created_at: int = 1
) -> Environment:
    return Environment(EnvironmentId(identifier), name, is_default, created_at)


def a_project(identifier: str = "pr_1", name: str | None = None, created_at: int = 10) -> Project:
    return Project(ProjectId(identifier), name or f"name of {identifier}", created_at, created_at)


def a_version(
    identifier: str = "config_1", project: str = "pr_1", config: ModelConfig | None = None, created_at: int = 20
) -> ConfigVersion:
    config = config or ModelConfig("gpt", prompt_template=f"of {identifier}")
    return ConfigVersion(ConfigId(identifier), ProjectId(project), config, fingerprint(config), created_at)


def a_logged_version(
    identifier: str = "config_1", project: str = "pr_1", config: LoggedConfig | None = None
) -> LoggedVersion:
    config = config or LoggedConfig(LoggedType.GENERIC, {"name": f"of {identifier}"})
    return LoggedVersion(ConfigId(identifier), ProjectId(project), config, fingerprint(config), 20)


def a_target(config: str = "config_1") -> ConfigTarget:
    return ConfigTarget(ConfigId(config))


def a_deployment(
    identifier: str = "dep_1",
    target: Target | None = None,
    project: str = "pr_1",
    environment: str = "env_a",
    created_at: int = 30,
) -> Deployment:
    place = (ProjectId(project), EnvironmentId(environment))
    return Deployment(DeploymentId(identifier), *place, target, created_at, "key_a")


def an_experiment(
    identifier: str = "exp_1",
    name: str = "which",
    *arms: str,
    project: str = "pr_1",
    labels: tuple[PositiveLabel, ...] = (PositiveLabel("rating", "good"),),
    created_at: int = 25,
) -> Experiment:
    """With `config_1` and `config_2` as its arms, unless others are named."""
    experiment = Experiment(
        ExperimentId(identifier), ProjectId(project), name, f"salt of {identifier}", labels, created_at, created_at
    )
    for arm in arms or ("config_1", "config_2"):
        experiment = experiment.with_arm(a_version(arm, project), created_at)
    return experiment


def a_trial(
    identifier: str = "trial_1", config: str = "config_1", experiment: str = "exp_1", environment: str = "env_a"
) -> Trial:
    place = (ExperimentId(experiment), ConfigId(config), EnvironmentId(environment))
    return Trial(TrialId(identifier), *place, 45)


def an_exposed_log(identifier: str = "data_1", trial: Trial | None = None, **changes: Any) -> Log:
    """A log of a trial, which the log makes when it is the first one."""
    trial = trial or a_trial()
    return replace(
        a_log(identifier, config=trial.config_id, created_at=trial.created_at),
        experiment_id=trial.experiment_id,
        trial_id=trial.id,
        environment_id=trial.environment_id,
        **changes,
    )


def a_log_id(number: int, milliseconds: int = 1_700_000_000_000) -> LogId:
    return LogId(time_ordered(Prefix.LOG, milliseconds, number))


def a_log(
    identifier: str = "data_1",
    project: str = "pr_1",
    *,
    created_at: int = 40,
    config: str | None = "config_1",
    session: str | None = None,
    session_reference: str | None = None,
    reference: str | None = None,
    body: LogBody | None = None,
) -> Log:
    return Log(
        id=LogId(identifier),
        project_id=ProjectId(project),
        config_id=None if config is None else ConfigId(config),
        created_at=created_at,
        updated_at=created_at + 1,
        environment_id=EnvironmentId("env_a"),
        session_id=None if session is None else SessionId(session),
        session_reference_id=session_reference,
        reference_id=reference,
        body=body or LogBody(inputs=b'{"a": 1}', output=f"out of {identifier}"),
    )


def a_dataset(
    identifier: str = "evts_1", name: str = "hard ones", project: str = "pr_1", created_at: int = 60
) -> Dataset:
    return Dataset(DatasetId(identifier), ProjectId(project), name, f"of {name}", created_at, created_at)


def a_datapoint(
    identifier: str = "evtc_1",
    content: DatapointContent | None = None,
    dataset: str = "evts_1",
    source: str | None = None,
    created_at: int = 61,
) -> Datapoint:
    content = content or DatapointContent(b'{"q":"%s"}' % identifier.encode(), b"[]", b'{"output":1}')
    log_id = None if source is None else LogId(source)
    return Datapoint(DatapointId(identifier), DatasetId(dataset), content, created_at, created_at, log_id)


def a_session(identifier: str = "sesh_1", reference: str | None = None, created_at: int = 35) -> Session:
    return Session(SessionId(identifier), created_at, reference)


def a_piece(
    identifier: str,
    value: Value,
    type_name: str = "rating",
    *,
    log: str = "data_1",
    user: str | None = None,
    created_at: int = 50,
) -> Feedback:
    return Feedback(FeedbackId(identifier), LogId(log), type_name, value, created_at, user)


def a_function(
    identifier: str = "oc_1", name: str = "get_weather", description: str | None = None, created_at: int = 8
) -> OrganisationTool:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    return OrganisationTool(
        ToolId(identifier), ToolKind.FUNCTION, name, created_at, created_at, description, parameters, strict=True
    )


def a_snippet_tool(
    identifier: str = "oc_2", name: str = "snippet", texts: dict[str, str] | None = None, created_at: int = 9
) -> OrganisationTool:
    texts = {"greeting": "Good day"} if texts is None else texts
    return OrganisationTool(ToolId(identifier), ToolKind.SNIPPETS, name, created_at, created_at, snippets=texts)


def an_api_key(identifier: str = "key_1", organisation: str = "org_a", created_at: int = 5) -> ApiKey:
    digest = f"{organisation} {identifier}".encode().ljust(32, b"\x00")
    return ApiKey(ApiKeyId(identifier), OrganisationId(organisation), "laptop", digest, "wxyz", created_at)


def a_provider_key(
    identifier: str = "pkey_1", provider: str = "openai", organisation: str = "org_a", sealed: bytes = b"\x00\xff"
) -> ProviderKey:
    return ProviderKey(ProviderKeyId(identifier), OrganisationId(organisation), provider, sealed, "abcd", 6, 7)


def a_connection(identifier: str = "conn_1", name: str = "mine", organisation: str = "org_a") -> OwnConnection:
    owner, url = OrganisationId(organisation), "https://llm.example.com/v1"
    return OwnConnection(ConnectionId(identifier), owner, name, "openai", url, True, (), "key_1", 8, 9)


def of_project(identifier: str = "pr_1") -> Subject:
    return Subject(SubjectKind.PROJECT, ProjectId(identifier))


def of_key(identifier: str = "key_1") -> Subject:
    return Subject(SubjectKind.API_KEY, ApiKeyId(identifier))


def a_limit(
    identifier: str = "lim_1",
    subject: Subject | None = None,
    measure: Measure = Measure.REQUESTS,
    period: Period = Period.MINUTE,
    amount: float = 10.0,
    created_at: int = 70,
) -> Limit:
    return Limit(LimitId(identifier), subject or of_project(), measure, period, amount, created_at, created_at)


def a_price(
    identifier: str = "price_1", model: str = "m", prompt_price: float = 2.0, provider: str = "mock", at: int = 80
) -> Price:
    return Price(PriceId(identifier), provider, model, prompt_price, 2 * prompt_price, at, at)
