"""Record: one log per sample, on disk before the answer leaves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from everloop.domain.attempt import Attempt
from everloop.domain.document import Document
from everloop.domain.generation import PreparedCall, ToolCall, Usage
from everloop.domain.ids import LogId
from everloop.domain.log import Log, LogBody
from everloop.domain.message import answered
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.domain.value import value
from everloop.errors import ProviderFailure, Unavailable
from everloop.ports.logs import LogWriter
from everloop.ports.system import Clock
from everloop.services.metering import Metered, UsageMeter
from everloop.services.prices import PriceService
from everloop.services.resolve import Resolved
from everloop.services.sessions import Links

CANCELLED = "cancelled"
GONE: Final = "The caller went away before the answer was complete."
_encode: Final = msgspec.json.Encoder().encode


@value
class Context:
    """What the samples of a draw share. `started_at` is in Unix milliseconds, `began` on the monotonic clock.

    `indices`, `trials` and `log_ids` have an item for each sample: its place in the whole call, its trial if it is part
    of an experiment, and the id of its log. `attempts` are those of configurations that did not answer before.
    """

    scope: Scope
    resolved: Resolved
    indices: Sequence[int]
    trials: Sequence[Trial | None]
    links: Links
    inputs: Document
    metadata: Document | None
    source: str | None
    source_datapoint_id: str | None
    user: str | None
    save: bool
    prepared: PreparedCall
    log_ids: Sequence[LogId]
    started_at: int
    began: float
    metered: Metered | None = None
    attempts: tuple[Attempt, ...] = ()

    def first(self, count: int) -> "Context":
        """What so many of the samples share."""
        return self._part(slice(count))

    def rest(self, count: int) -> "Context":
        """What the samples after these share."""
        return self._part(slice(count, None)) if count else self

    def _part(self, part: slice) -> "Context":
        return replace(self, indices=self.indices[part], trials=self.trials[part], log_ids=self.log_ids[part])


@value
class Outcome:
    """How one sample ended: with a finish reason, or with an error and what text had come. Latencies in seconds.

    `index` is its place in the draw.
    """

    index: int
    text: str | None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    response: bytes | None = None
    error_kind: str | None = None
    error: str | None = None
    provider_latency: float | None = None
    time_to_first_token: float | None = None
    attempts: int | None = None


def failed(index: int, failure: ProviderFailure, text: str | None = None, usage: Usage | None = None) -> Outcome:
    """The outcome of a sample that the provider did not finish."""
    return Outcome(
        index,
        text,
        usage=usage,
        error_kind=failure.kind.value,
        error=failure.message,
        provider_latency=failure.latency,
        attempts=failure.tries,
    )


def cancelled(index: int, latency: float | None = None) -> Outcome:
    """The outcome of a sample whose caller went away, after the provider had been asked for so long."""
    return Outcome(index, None, error_kind=CANCELLED, error=GONE, provider_latency=latency)


class Recorder:
    """Turns outcomes into logs and hands them to the writer."""

    def __init__(self, *, writer: LogWriter, prices: PriceService, meter: UsageMeter, clock: Clock) -> None:
        self._writer = writer
        self._prices = prices
        self._meter = meter
        self._clock = clock

    def check(self) -> None:
        """Raises `Unavailable` while logs cannot be kept: better no call than one that nobody can account for."""
        self._writer.check()

    def monotonic(self) -> float:
        """The time of `Context.began`, now."""
        return self._clock.monotonic()

    async def record(self, context: Context, outcomes: Sequence[Outcome]) -> None:
        """Returns once the logs are on disk. Raises `Unavailable`."""
        logs = [self._log(context, outcome) for outcome in outcomes]
        if context.metered is None:
            await self._writer.append(context.scope, logs)
        else:
            await self._record_metered(context.scope, context.metered, logs)

    async def _record_metered(self, scope: Scope, metered: Metered, logs: Sequence[Log]) -> None:
        """What has a log counts, once: writing may fail and be tried again, and who waits for it may go away."""
        kept = True
        try:
            await self._writer.append(scope, logs)
        except Unavailable:
            kept = False
            raise
        finally:
            if kept:
                self._meter.spend(metered, logs)

    def _log(self, context: Context, outcome: Outcome) -> Log:
        resolved, links = context.resolved, context.links
        config = resolved.version.config
        usage, trial = outcome.usage, context.trials[outcome.index]
        cost = self._prices.cost(context.scope, config, usage) if usage else None
        return Log(
            id=context.log_ids[outcome.index],
            project_id=resolved.project.id,
            config_id=resolved.version.id,
            created_at=context.started_at,
            updated_at=self._clock.now(),
            environment_id=resolved.environment.id if resolved.environment else None,
            session_id=links.session_id,
            session_reference_id=links.session_reference_id,
            parent_id=links.parent_id,
            parent_reference_id=links.parent_reference_id,
            experiment_id=trial.experiment_id if trial else None,
            trial_id=trial.id if trial else None,
            source=context.source,
            source_datapoint_id=context.source_datapoint_id,
            user=context.user,
            save=context.save,
            sample_index=context.indices[outcome.index],
            finish_reason=outcome.finish_reason,
            error_kind=outcome.error_kind,
            usage=usage,
            prompt_cost=cost.prompt if cost else None,
            output_cost=cost.output if cost else None,
            provider_latency=outcome.provider_latency,
            time_to_first_token=outcome.time_to_first_token,
            duration=self._clock.monotonic() - context.began,
            provider_calls=outcome.attempts,
            arm_id=trial.config_id if trial and trial.config_id != resolved.version.id else None,
            body=_body(context, outcome),
        )


def _body(context: Context, outcome: Outcome) -> LogBody:
    metadata = context.metadata.text if context.metadata else None
    attempts = _attempts(context) if context.attempts else None
    if not context.save:
        return LogBody(metadata=metadata, attempts=attempts)
    body = LogBody(
        inputs=context.inputs.text,
        metadata=metadata,
        output=None if outcome.text is None else outcome.text.strip(),
        raw_output=outcome.text,
        error=outcome.error,
        provider_request=context.prepared.body,
        provider_response=outcome.response,
        attempts=attempts,
    )
    results = context.prepared.request.tool_results
    if results:
        body = replace(body, tools=_encode([each.view() for each in results]))
    return body if context.prepared.request.messages is None else _with_chat(body, context, outcome)


def _attempts(context: Context) -> bytes:
    tried = context.attempts
    return _encode(tried if context.save else [replace(each, error=None) for each in tried])


def _with_chat(body: LogBody, context: Context, outcome: Outcome) -> LogBody:
    """What a log of a chat has besides."""
    asked, text = context.prepared.request, outcome.text
    return replace(
        body,
        messages=_encode(asked.messages),
        output_message=None if text is None else _encode(answered(text, outcome.tool_calls)),
        tool_choice=None if asked.tool_choice is None else _encode(asked.tool_choice),
    )
