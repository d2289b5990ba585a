"""A log: one sample of one call, what was asked, what came back, and what it took."""

from dataclasses import field
from typing import Final

from everloop.domain.generation import Usage
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, LogId, ProjectId, SessionId, TrialId
from everloop.domain.usage import PartialUsage
from everloop.domain.value import value


@value
class LogBody:
    """The wide part. Every `bytes` is one UTF-8 JSON value; `save=false` leaves all but `metadata` empty.

    `attempts` is the list of `domain.attempt.Attempt` that other configurations made before, and None without any.
    """

    inputs: bytes | None = None
    metadata: bytes | None = None
    messages: bytes | None = None
    output: str | None = None
    raw_output: str | None = None
    output_message: bytes | None = None
    error: str | None = None
    stdout: str | None = None
    judgment: bytes | None = None
    tools: bytes | None = None
    tool_choice: bytes | None = None
    provider_request: bytes | None = None
    provider_response: bytes | None = None
    attempts: bytes | None = None


@value
class Log:
    """Times are Unix milliseconds; durations, latencies and `time_to_first_token` are seconds; costs are US dollars.

    `id` carries the time of `created_at`. `config_id` is None only for a log made outside with no configuration.
    `error_kind` is set when the call failed (a word of `errors.FailureKind`, or `cancelled`, or `reported` for an
    error that the caller logged); its text is in the body. `session_reference_id` is the caller's own name of the
    session: the store makes the session on first use. `provider_calls` counts the tries that the call took.
    `environment_id` is where the call was made, None for a log that names none. A log of an experiment has its
    `experiment_id` and its `trial_id`, and then `config_id` is its arm, unless a fallback answered in the arm's place:
    then `arm_id` is the arm, and the experiment counts the log for it.
    """

    id: LogId
    project_id: ProjectId
    config_id: ConfigId | None
    created_at: int
    updated_at: int
    environment_id: EnvironmentId | None = None
    session_id: SessionId | None = None
    session_reference_id: str | None = None
    parent_id: LogId | None = None
    parent_reference_id: str | None = None
    reference_id: str | None = None
    experiment_id: ExperimentId | None = None
    trial_id: TrialId | None = None
    source: str | None = None
    source_datapoint_id: str | None = None
    user: str | None = None
    save: bool = True
    sample_index: int = 0
    finish_reason: str | None = None
    error_kind: str | None = None
    usage: Usage | PartialUsage | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    provider_latency: float | None = None
    time_to_first_token: float | None = None
    duration: float | None = None
    provider_calls: int | None = None
    arm_id: ConfigId | None = None
    body: LogBody = field(default_factory=LogBody)

    @property
    def added_latency(self) -> float | None:
        """What of the duration was not the provider's, in seconds; None when either of them is not known."""
        if self.duration is None or self.provider_latency is None:
            return None
        return max(0.0, self.duration - self.provider_latency)


# What `error_kind` says of an error that the caller told.
REPORTED: Final = "reported"


@value
class LogCompletion:
    """What is told of a log after it was kept; None leaves a field as it is. `duration` is in seconds."""

    output: str | None = None
    error: str | None = None
    duration: float | None = None


@value
class LogLink:
    """What a new log needs to know of its parent, and feedback of its log."""

    id: LogId
    project_id: ProjectId
    session_id: SessionId | None
    session_reference_id: str | None
