"""Results in two forms: Markdown to read, JSON to compute with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from bench.durability import AfterKill, AfterRounds
from bench.machine import Machine
from bench.measure import MODES, Checked, Interval, Measured, Plan
from bench.targets import PROMPT
from bench.upstream import WORDS

BARE, EVERLOOP = "bare", "everloop"
QUIET = 0.2  # cores: above this, others' work is worth a warning


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    date: str
    command: str
    client: str
    plan: Plan
    machine: Machine
    measured: Measured
    after_rounds: AfterRounds
    after_kill: AfterKill
    seconds: float

    @property
    def failures(self) -> list[str]:
        """Return everything that makes this run void."""
        return [*self.measured.failures(), *self.after_rounds.failures(), *self.after_kill.failures()]


def write(results: Results, directory: Path, name: str) -> Path:
    """Write `name`.md and `name`.json, numbered when a run of that name is there already; return the Markdown file."""
    directory.mkdir(parents=True, exist_ok=True)
    number = 1
    stem = name
    while (directory / f"{stem}.json").exists():
        number += 1
        stem = f"{name}-{number}"
    document = {"failures": results.failures, **msgspec.to_builtins(results)}
    (directory / f"{stem}.json").write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    page = directory / f"{stem}.md"
    page.write_text(markdown(results))
    return page


def markdown(results: Results) -> str:
    """Return the page."""
    parts = [
        f"# Deployed completion against the bare proxy, {results.date}",
        *_verdict(results),
        *(_mode_table(results, mode) for mode in MODES),
        _first_event_table(results.measured.checks, results.plan),
        _resources(results.measured.intervals),
        _durability(results.after_rounds, results.after_kill),
        _method(results),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(results: Results) -> list[str]:
    parts = []
    if results.failures:
        parts.append("**This run is void:**\n" + "\n".join(f"- {failure}" for failure in results.failures))
    if results.machine.disk_is_memory:
        parts.append(
            "**The data directory was in memory: commits cost nothing here, so the figures flatter Everloop.**"
        )
    others = _disturbance(results.measured.intervals)
    if others > QUIET:
        parts.append(f"**Other work took {others:.0%} of one core meanwhile: read the figures with care.**")
    parts.append(
        "Ratio = Everloop's requests a second over the bare proxy's, paired within each round. Figures are the median "
        f"over {results.plan.rounds} rounds, with lowest and highest in brackets. Aim: 0.6, durable logging on."
    )
    return parts


def _mode_table(results: Results, mode: str) -> str:
    rows = [_mode_row(results.measured.intervals, mode, connections) for connections in results.plan.connections]
    columns = [
        "connections",
        "bare requests/s",
        "Everloop requests/s",
        "ratio",
        "bare p50 ms",
        "Everloop p50 ms",
        "bare p99 ms",
        "Everloop p99 ms",
        "bare CPU µs/request",
        "Everloop CPU µs/request",
        "errors",
    ]
    return f"## {mode.capitalize()}\n\n" + _table(columns, rows)


def _mode_row(intervals: list[Interval], mode: str, connections: int) -> list[str]:
    mine = [each for each in intervals if (each.mode, each.connections) == (mode, connections)]
    pairs = [[each for each in mine if each.side == side] for side in (BARE, EVERLOOP)]

    def both(figure: Callable[[Interval], float], digits: int) -> list[str]:
        return [_spread([figure(each) for each in side], digits) for side in pairs]

    ratios = [
        theirs.load.per_second / ours.load.per_second for ours, theirs in zip(*pairs, strict=True) if ours.load.answers
    ]
    return [
        str(connections),
        *both(lambda each: each.load.per_second, 0),
        _spread(ratios, 2),
        *both(lambda each: each.load.p50_ms, 2),
        *both(lambda each: each.load.p99_ms, 2),
        *both(lambda each: each.server_cpu_seconds * 1e6 / max(each.load.answers, 1), 0),
        str(sum(each.load.errors for each in mine)),
    ]


def _first_event_table(checks: list[Checked], plan: Plan) -> str:
    rows = []
    for connections in plan.connections:
        row = [str(connections)]
        for figure in ("first_p50_ms", "first_p99_ms"):
            for side in (BARE, EVERLOOP):
                mine = [
                    getattr(check, figure)
                    for check in checks
                    if (check.mode, check.connections, check.side) == ("streamed", connections, side)
                ]
                row.append(_spread(mine, 2))
        rows.append(row)
    columns = ["connections", "bare p50 ms", "Everloop p50 ms", "bare p99 ms", "Everloop p99 ms"]
    answers = sum(check.answers for check in checks)
    return (
        "## Time to the first event of a stream\n\nBy the built-in client, in intervals of their own after the others. "
        f"In these it also compared the text of every answer, plain and streamed: {answers:,} answers, "
        f"{sum(check.errors for check in checks)} errors.\n\n" + _table(columns, rows)
    )


def _resources(intervals: list[Interval]) -> str:
    peaks = {
        side: max((each.server_peak_rss_bytes for each in intervals if each.side == side), default=0) / 2**20
        for side in (BARE, EVERLOOP)
    }
    busiest = max(each.machine_cpu_seconds / each.window_seconds for each in intervals)
    others = _disturbance(intervals)
    upstream = max(each.upstream_cpu_seconds / each.window_seconds for each in intervals)
    return (
        "## Memory and the machine\n\n"
        f"Peak resident memory: bare {peaks[BARE]:.0f} MiB, Everloop {peaks[EVERLOOP]:.0f} MiB. "
        f"The upstream used at most {upstream:.0%} of one core, everything together {busiest:.2f} cores in the "
        f"busiest interval. Everything that is not part of the benchmark used {others:.0%} of one core (median "
        "over the intervals; kernel work that belongs to no process included)."
    )


def _disturbance(intervals: list[Interval]) -> float:
    """Return what others took of the machine, in cores, in the median interval."""
    return max(median(each.other_cpu_seconds / each.window_seconds for each in intervals), 0.0)


def _durability(rounds: AfterRounds, kill: AfterKill) -> str:
    rows = [
        [
            "SIGKILL after the rounds",
            f"{rounds.answers:,} (and {rounds.upstream_calls - rounds.answers:,} whose caller hung up)",
            f"{rounds.rows:,}",
            str(max(rounds.upstream_calls - rounds.rows, 0)),
            str(max(rounds.rows - rounds.upstream_calls - rounds.hung_up_at_most, 0)),
            rounds.integrity,
        ],
        [
            f"SIGKILL {kill.killed_after_seconds} s into a second burst, {kill.cut} requests under way",
            f"{kill.first_burst_acknowledged:,} + {kill.second_burst_acknowledged:,}",
            f"{kill.rows:,}",
            str(kill.missing),
            str(kill.doubled),
            kill.integrity,
        ],
    ]
    columns = ["when", "acknowledged", "rows by SQL", "missing", "doubled", "integrity_check"]
    return "## Acknowledged means on disk\n\n" + _table(columns, rows)


def _method(results: Results) -> str:
    machine, plan = results.machine, results.plan
    packages = ", ".join(f"{name} {found}" for name, found in machine.packages.items())
    changed = f" with uncommitted changes in {', '.join(machine.uncommitted)}" if machine.uncommitted else ""
    load = (
        f"Load: {results.client}; {plan.rounds} rounds of {plan.seconds} s for each side, mode and number of "
        f"connections, sides in turn; prompt of {len(PROMPT)} characters, answer of {len(WORDS)} words"
    )
    facts = [
        f"Command: `{results.command}` ({results.seconds:.0f} s in all)",
        f"Revision {machine.revision}{changed}; passthrough.py SHA-256 {machine.passthrough_sha256}",
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {machine.kernel}; nothing pinned",
        f"Python {machine.python}, SQLite {machine.sqlite}, {packages}",
        load,
        f"Logs on {machine.file_system}; appending 4 KiB and forcing it to disk takes {machine.sync_ms} ms (median)",
        "Everloop: defaults (SQLite, one worker), log level warning, key authentication, one deployed configuration",
    ]
    return "## Method\n\n" + "\n".join(f"- {fact}" for fact in facts) + "\n\nWhat each word means: `bench/README.md`."


def _spread(values: list[float], digits: int) -> str:
    if not values:
        return "none"
    if len(values) == 1:
        return f"**{values[0]:,.{digits}f}**"
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"**{middle}** ({low} to {high})"


def _table(columns: list[str], rows: Iterable[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
