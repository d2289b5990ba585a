"""The three scenarios, each on servers of its own: steady streams, as many tokens as go through, a thousand open."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.calls import Kind
from bench.client import send_for
from bench.durability import read_rows
from bench.load import percentile
from bench.processes import Launch, Server, free_port, serving
from bench.streams.client import Stream, listen
from bench.targets import Side, bare, everloop
from bench.upstream import TEXT, WORDS

STREAMED = Kind("streamed", "short")


@dataclass(frozen=True, slots=True)
class Pace:
    """How a scenario goes. `interval` is in seconds, 0 for at once; `tokens` a stream, whole answers of the upstream.

    `streams` are open together; they begin spread over `apart` seconds. With no interval they begin anew as soon as
    they end, for `seconds`.
    """

    name: str
    streams: int
    interval: float
    tokens: int
    apart: float
    seconds: float
    rounds: int

    @property
    def text(self) -> str:
        """Return what a stream must say."""
        return TEXT * (self.tokens // len(WORDS))


@dataclass(frozen=True, slots=True)
class Heard:
    """One side in one round. Gaps are milliseconds, of whole streams only; memory is peak bytes."""

    round: int
    side: str
    complete: int
    of: int
    seconds: float
    tokens_per_second: float
    gap_p50_ms: float
    gap_p99_ms: float
    gap_longest_ms: float
    cpu_seconds: float
    memory_before: int
    memory_after: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario's figures, and how many logs Everloop holds for how many streams that it was asked for."""

    pace: Pace
    heard: Sequence[Heard]
    rows: int
    asked: int

    def failures(self) -> list[str]:
        """Name what did not arrive whole or is not on disk."""
        broken = [
            f"{self.pace.name}, round {each.round}, {each.side}: {each.complete} of {each.of} streams whole"
            for each in self.heard
            if each.complete < each.of
        ]
        lost = [f"{self.pace.name}: {self.rows} logs for {self.asked} streams"] if self.rows != self.asked else []
        return broken + lost


def run(work: Path, pace: Pace) -> Outcome:
    """Run the rounds of a scenario, both sides in turn, then kill Everloop and count its logs."""
    heard = []
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream(work, pace))
        sides = [stack.enter_context(start(_made(work / name), upstream)) for name, start in SIDES.items()]
        for number in range(1, pace.rounds + 1):
            for side in sides:
                heard.append(_hear(side, pace, number))
                sys.stderr.write(f"{msgspec.json.encode(heard[-1]).decode()}\n")
        product = sides[-1]
        product.server.kill()
        rows = len(read_rows(product).ids)
    return Outcome(pace, heard, rows, sum(each.of for each in heard if each.side == product.name))


SIDES = {"bare": bare, "everloop": everloop}


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory


@contextmanager
def _upstream(work: Path, pace: Pace) -> Iterator[Server]:
    """Run the paced model server."""
    port = free_port()
    work.mkdir(parents=True)
    command = [sys.executable, "-m", "bench.streams.upstream", "--port", str(port)]
    command += ["--interval", str(pace.interval), "--tokens", str(pace.tokens)]
    with serving(Launch("paced upstream", command, port, "/", work / "upstream.log")) as server:
        yield server


def _hear(side: Side, pace: Pace, number: int) -> Heard:
    before = side.server.usage()
    streams, seconds = _steady(side, pace) if pace.interval else _fast(side, pace)
    after = side.server.usage()
    whole = [each for each in streams if _is_whole(side, pace, each)]
    gaps = sorted(each.longest_gap * 1000 for each in whole)
    return Heard(
        round=number,
        side=side.name,
        complete=len(whole),
        of=len(streams),
        seconds=seconds,
        tokens_per_second=len(whole) * pace.tokens / seconds,
        gap_p50_ms=percentile(gaps, 50),
        gap_p99_ms=percentile(gaps, 99),
        gap_longest_ms=max(gaps, default=0.0),
        cpu_seconds=after.cpu_seconds - before.cpu_seconds,
        memory_before=before.peak_rss_bytes,
        memory_after=after.peak_rss_bytes,
    )


def _steady(side: Side, pace: Pace) -> tuple[list[Stream], float]:
    seconds = pace.interval * pace.tokens
    return listen(side.calls[STREAMED], pace.streams, pace.apart, seconds), seconds + pace.apart


def _fast(side: Side, pace: Pace) -> tuple[list[Stream], float]:
    """Begin each stream anew as soon as it ends; gaps mean nothing then and are left out."""
    burst = send_for(pace.seconds, [side.calls[STREAMED]], pace.streams, keep_bodies=True)
    streams = [Stream(each.status, each.complete, body=each.body) for each in burst.answers]
    return streams, burst.seconds


def _is_whole(side: Side, pace: Pace, stream: Stream) -> bool:
    if not stream.complete or stream.status != 200:
        return False
    try:
        return side.reader.streamed_text(stream.body) == pace.text
    except (msgspec.MsgspecError, IndexError):
        return False
