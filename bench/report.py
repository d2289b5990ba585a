"""Results in three forms: Markdown to read, a chart to see, JSON to compute with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.calls import MODES, PROMPT_TEXTS, Kind
from bench.chart import Bar, Panel, svg
from bench.durability import AfterKill, AfterRounds
from bench.figures import Interval, Measured, Plan
from bench.machine import Machine
from bench.pages import free_stem, keep, method
from bench.tables import (
    EVERLOOP,
    SIZES,
    cpu_us,
    experiment_table,
    first_event_table,
    label,
    load_table,
    of_kind,
    sides_of,
    spread,
    table,
)
from bench.upstream import WORDS

NO_LOGS = (
    "The passthrough and other gateways keep no log of a call here: LiteLLM would want PostgreSQL for that, Portkey's "
    "gateway has none. Everloop's answer leaves only after its log is on disk."
)
QUIET = 0.2  # cores: above this, others' work is worth a warning


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run. `cold_starts` are seconds by side.

    `peers` are the versions of other gateways, `absent` says why one was not measured.
    """

    date: str
    command: str
    client: str
    plan: Plan
    machine: Machine
    measured: Measured
    cold_starts: Mapping[str, Sequence[float]]
    after_rounds: Sequence[AfterRounds]
    after_kill: Sequence[AfterKill]
    peers: Mapping[str, str]
    absent: Mapping[str, str]
    seconds: float

    @property
    def failures(self) -> list[str]:
        """Return everything that makes this run void."""
        rounds = [failure for each in self.after_rounds for failure in each.failures()]
        kills = [failure for each in self.after_kill for failure in each.failures()]
        return [*self.measured.failures(), *rounds, *kills]

    @property
    def middle(self) -> int:
        """Return the number of connections that the overview is about."""
        return sorted(self.plan.connections)[len(self.plan.connections) // 2]


def write(results: Results, directory: Path, name: str) -> Path:
    """Write `name`.md, .svg and .json, numbered when a run of that name is there already; return the Markdown file."""
    stem = free_stem(directory, name)
    (directory / f"{stem}.svg").write_text(_chart(results), encoding="utf-8")
    return keep(results, markdown(results, f"{stem}.svg"), directory, stem)


def markdown(results: Results, chart: str) -> str:
    """Return the page; `chart` is the name of the picture beside it."""
    measured, plan = results.measured, results.plan
    parts = [
        f"# Deployed completion against the bare proxy, {results.date}",
        *_verdict(results),
        _overview(results, chart),
        *(load_table(measured, Kind(mode, "short"), plan.connections) for mode in MODES),
        *(load_table(measured, Kind(mode, "long"), plan.long_connections) for mode in MODES if plan.long_connections),
        experiment_table(measured, plan),
        first_event_table(measured.checks, plan),
        _machine_use(measured.intervals),
        _durability(results),
        _method(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


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
        "Ratio = requests a second over the bare proxy's, paired within each round. Figures are the median over "
        f"{results.plan.rounds} rounds, with lowest and highest in brackets. Aim for Everloop: 0.6, durable logging on."
    )
    return parts


def _overview(results: Results, chart: str) -> str:
    columns = [
        "side",
        "plain requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/request",
        "streamed requests/s",
        "peak memory MiB",
        "cold start s",
        "logs on disk after SIGKILL, per acknowledged answer",
    ]
    rows = [_overview_row(results, side) for side in sides_of(results.measured)]
    notes = [f"{label(name)} was not measured: {why}." for name, why in results.absent.items()]
    notes += [f"Not Everloop's, so it voids nothing: {complaint}." for complaint in results.measured.peer_failures()]
    return "\n\n".join(
        [
            f"## All sides at {results.middle} connections, {SIZES['short']}",
            f"![Requests a second and processor time of all sides]({chart})",
            table(columns, rows),
            NO_LOGS,
            *notes,
        ]
    )


def _overview_row(results: Results, side: str) -> list[str]:
    plain, streamed = (of_kind(results.measured, Kind(mode, "short"), results.middle, side) for mode in MODES)
    peak = max((each.server_peak_rss_bytes for each in results.measured.intervals if each.side == side), default=0)
    kills = [each for each in results.after_kill if each.side == side]
    return [
        label(side),
        spread([each.load.per_second for each in plain], 0),
        spread([each.load.p50_ms for each in plain], 2),
        spread([each.load.p99_ms for each in plain], 2),
        spread([cpu_us(each) for each in plain], 0),
        spread([each.load.per_second for each in streamed], 0),
        f"{peak / 2**20:.0f}",
        spread(results.cold_starts.get(side, ()), 2) if side in results.cold_starts else "as Everloop",
        _kept(kills[0]) if kills else "as Everloop" if side.startswith(EVERLOOP) else "none kept",
    ]


def _kept(kill: AfterKill) -> str:
    told = kill.first_burst_acknowledged + kill.second_burst_acknowledged
    return f"{(told - kill.missing) / max(told, 1):.2f} ({told - kill.missing:,} of {told:,})"


def _chart(results: Results) -> str:
    panels = []
    for mode in MODES:
        of = {
            side: of_kind(results.measured, Kind(mode, "short"), results.middle, side)
            for side in sides_of(results.measured)
        }
        speed = [Bar(label(side), [each.load.per_second for each in of[side]], _ours(side)) for side in of]
        panels.append(Panel(f"{mode.capitalize()}, {results.middle} connections: requests a second", speed))
        price = [Bar(label(side), [cpu_us(each) for each in of[side]], _ours(side)) for side in of]
        panels.append(Panel(f"{mode.capitalize()}: processor time of the server for each request, µs", price))
    return svg(panels)


def _ours(side: str) -> bool:
    return side.startswith(EVERLOOP)


def _machine_use(intervals: Sequence[Interval]) -> str:
    busiest = max(each.machine_cpu_seconds / each.window_seconds for each in intervals)
    others = _disturbance(intervals)
    upstream = max(each.upstream_cpu_seconds / each.window_seconds for each in intervals)
    return (
        "## The machine\n\n"
        f"The upstream used at most {upstream:.0%} of one core, everything together {busiest:.2f} cores in the "
        f"busiest interval. Everything that is not part of the interval, idle sides included, used {others:.0%} of one "
        "core (median over the intervals; kernel work that belongs to no process included)."
    )


def _disturbance(intervals: Sequence[Interval]) -> float:
    """Return what others took of the machine, in cores, in the median interval."""
    return max(median(each.other_cpu_seconds / each.window_seconds for each in intervals), 0.0)


def _durability(results: Results) -> str:
    rows = [*map(_rounds_row, results.after_rounds), *map(_kill_row, results.after_kill)]
    columns = ["side", "when", "acknowledged", "rows by SQL", "missing", "doubled", "trials", "integrity_check"]
    return (
        "## Acknowledged means on disk\n\n" + table(columns, rows) + "\n\nTrials: with an experiment every log must "
        "have one, the arms' sums must count every log, and there must be one for every user, or for every call of "
        "nobody's. Anything else voids the run."
    )


def _rounds_row(rounds: AfterRounds) -> list[str]:
    return [
        label(rounds.side),
        "SIGKILL after the rounds",
        f"{rounds.answers:,} (and {rounds.upstream_calls - rounds.answers:,} whose caller hung up)",
        f"{rounds.rows:,}",
        str(max(rounds.upstream_calls - rounds.rows, 0)),
        str(max(rounds.rows - rounds.upstream_calls - rounds.hung_up_at_most, 0)),
        f"{rounds.exposure.trials:,}" if rounds.exposure else "",
        rounds.integrity,
    ]


def _kill_row(kill: AfterKill) -> list[str]:
    return [
        label(kill.side),
        f"SIGKILL {kill.killed_after_seconds} s into a second burst, {kill.cut} requests under way",
        f"{kill.first_burst_acknowledged:,} + {kill.second_burst_acknowledged:,}",
        f"{kill.rows:,}",
        str(kill.missing),
        str(kill.doubled),
        f"{kill.exposure.trials:,}" if kill.exposure else "",
        kill.integrity,
    ]


def _method(results: Results) -> str:
    plan = results.plan
    peers = ", ".join(f"{label(name)} {version}" for name, version in results.peers.items())
    load = (
        f"Load: {results.client}; {plan.rounds} rounds of {plan.seconds} s for each side, mode, prompt and number of "
        f"connections, sides in turn; prompts of {len(PROMPT_TEXTS['short']):,} and {len(PROMPT_TEXTS['long']):,} "
        f"characters, answer of {len(WORDS)} words"
    )
    return method(
        results,
        load,
        "Everloop: defaults (SQLite, one worker), log level warning, key authentication",
        *([f"Others: {peers}, one worker, settings in `bench/README.md`"] if peers else []),
    )
