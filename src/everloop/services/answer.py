"""The answer of a call, whole or as it comes."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from everloop.domain.generation import Sample, ToolCall, Usage
from everloop.domain.ids import ConfigId, LogId, ProjectId, SessionId
from everloop.domain.message import Message
from everloop.domain.template_tool import ToolResult
from everloop.domain.usage import total
from everloop.domain.value import value
from everloop.services.generate import Drawn, Generated
from everloop.services.record import Context, Outcome, failed
from everloop.services.sample import Chunk


@value
class AnsweredSample:
    """One sample as the caller gets it; `messages` are what a chat's model was given, and None for a completion."""

    log_id: LogId
    index: int
    config_id: ConfigId
    output: str
    raw_output: str
    finish_reason: str | None
    tool_calls: tuple[ToolCall, ...] = ()
    messages: tuple[Message, ...] | None = None
    tool_results: tuple[ToolResult, ...] = ()


@value
class Answer:
    """The whole answer; its logs are on disk. Requests and responses are JSON texts without keys.

    Samples of an experiment may have been asked for in several ways; `provider_request` is the first of them.
    """

    project_id: ProjectId
    session_id: SessionId | None
    samples: tuple[AnsweredSample, ...]
    usage: Usage
    provider_request: bytes
    provider_responses: tuple[bytes, ...]


@value
class StreamedAnswer:
    """An answer as it comes: `chunks` raises what goes wrong before the first of them.

    `log_ids` and `config_ids` have the log and the configuration of each sample.
    """

    project_id: ProjectId
    session_id: SessionId | None
    log_ids: Sequence[LogId]
    config_ids: Sequence[ConfigId]
    chunks: AsyncGenerator[Chunk, None]


def finished(drawn: Drawn, latency: float | None = None, attempts: int | None = None) -> Outcome:
    """How a sample ended that the provider finished; the numbers are None when the rest of the call is not known."""
    return Outcome(
        index=drawn.sample.index,
        text=drawn.sample.text,
        tool_calls=drawn.sample.tool_calls,
        finish_reason=drawn.sample.finish_reason,
        usage=drawn.usage,
        response=drawn.response,
        provider_latency=latency,
        attempts=attempts,
    )


def outcomes_of(wanted: int, generated: Generated) -> list[Outcome]:
    """How each of the samples ended; those that never came have failed."""
    outcomes = [finished(each, generated.latency, generated.attempts) for each in generated.drawn]
    if generated.failure is not None:
        lost = replace(failed(0, generated.failure), attempts=generated.attempts)
        if generated.attempts:
            lost = replace(lost, provider_latency=generated.latency)
        outcomes += [replace(lost, index=index) for index in range(len(outcomes), wanted)]
    return outcomes


def answer_of(contexts: Sequence[Context], generated: Sequence[Generated]) -> Answer:
    """The draws of one call put together, in the order of their samples."""
    first = contexts[0]
    answered = [
        _answered(context, each.sample)
        for context, part in zip(contexts, generated, strict=True)
        for each in part.drawn
    ]
    if len(contexts) > 1:
        answered.sort(key=lambda each: each.index)
    return Answer(
        project_id=first.resolved.project.id,
        session_id=first.links.session_id,
        samples=tuple(answered),
        usage=total([each.usage for part in generated for each in part.drawn]),
        provider_request=first.prepared.body,
        provider_responses=tuple(response for part in generated for response in part.responses),
    )


def _answered(context: Context, sample: Sample) -> AnsweredSample:
    return AnsweredSample(
        context.log_ids[sample.index],
        context.indices[sample.index],
        context.resolved.version.id,
        sample.text.strip(),
        sample.text,
        sample.finish_reason,
        sample.tool_calls,
        context.prepared.request.messages,
        context.prepared.request.tool_results,
    )
