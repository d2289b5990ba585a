"""The tables of a page."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from bench.calls import MODES, Kind
from bench.figures import Checked, Interval, Measured, Plan

BARE, EVERLOOP, EXPERIMENT, TRIALS = "bare", "everloop", "everloop-experiment", "everloop-trials"
LABELS = {
    BARE: "bare",
    EVERLOOP: "Everloop",
    EXPERIMENT: "Everloop, experiment",
    TRIALS: "Everloop, new trials",
    "everloop-workers": "Everloop, two workers",
    "litellm": "LiteLLM",
    "portkey": "Portkey",
}
SIZES = {"short": "prompts of 1 KB", "long": "prompts of 100 KB"}

Figure = Callable[[Interval], float]


def label(side: str) -> str:
    """Return how a page calls a side."""
    return LABELS.get(side, side)


def sides_of(measured: Measured) -> list[str]:
    """Return the sides that took part, in their order."""
    return list(measured.answers)


def of_kind(measured: Measured, kind: Kind, connections: int, side: str) -> list[Interval]:
    """Return one side's intervals of a kind, a round each, in order."""
    wanted = (*kind, connections, side)
    return [each for each in measured.intervals if (each.mode, each.prompt, each.connections, each.side) == wanted]


def ratios(ours: Sequence[Interval], theirs: Sequence[Interval]) -> list[float]:
    """Return our requests a second over theirs, paired within each round."""
    return [
        mine.load.per_second / other.load.per_second
        for mine, other in zip(ours, theirs, strict=True)
        if other.load.answers
    ]


def cpu_us(interval: Interval) -> float:
    """Return the processor time of the server for one request, in microseconds."""
    return interval.server_cpu_seconds * 1e6 / max(interval.load.answers, 1)


def load_table(measured: Measured, kind: Kind, connections: Sequence[int]) -> str:
    """Return everything about one kind of call."""
    columns = ["connections", "side", "requests/s", "ratio", "p50 ms", "p99 ms", "CPU µs/request", "errors"]
    rows = []
    for several in connections:
        bare = of_kind(measured, kind, several, BARE)
        for side in sides_of(measured):
            mine = of_kind(measured, kind, several, side)
            if mine:
                rows.append([str(several), label(side), *_load_figures(mine, bare)])
    return f"## {kind.mode.capitalize()}, {SIZES[kind.prompt]}\n\n" + table(columns, rows)


def _load_figures(mine: list[Interval], bare: list[Interval]) -> list[str]:
    figures: list[tuple[Figure, int]] = [
        (lambda each: each.load.p50_ms, 2),
        (lambda each: each.load.p99_ms, 2),
        (cpu_us, 0),
    ]
    return [
        spread([each.load.per_second for each in mine], 0),
        spread(ratios(mine, bare), 2),
        *(spread([figure(each) for each in mine], digits) for figure, digits in figures),
        str(sum(each.load.errors for each in mine)),
    ]


def experiment_table(measured: Measured, plan: Plan) -> str:
    """Return what a running experiment costs, "" when none was measured."""
    beside = [side for side in (EXPERIMENT, TRIALS) if side in measured.answers]
    if not beside:
        return ""
    rows = []
    for mode in MODES:
        for connections in plan.connections:
            of = {side: of_kind(measured, Kind(mode, "short"), connections, side) for side in (BARE, EVERLOOP, *beside)}
            row = [mode, str(connections), *(spread(ratios(of[side], of[BARE]), 2) for side in (EVERLOOP, *beside))]
            rows.append(row + [spread(ratios(of[side], of[EVERLOOP]), 2) for side in beside])
    columns = ["mode", "connections", *(f"{label(side)}: bare" for side in (EVERLOOP, *beside))]
    columns += [f"{label(side)}: Everloop" for side in beside]
    return (
        "## What a running experiment costs\n\nRequests a second over those of another side, paired within each round. "
        "Everloop has one configuration live; the experiment has two arms, and each of the 1,000 users of all sides "
        "stays with one; with new trials each call is nobody's and draws an arm anew.\n\n" + table(columns, rows)
    )


def first_event_table(checks: Sequence[Checked], plan: Plan) -> str:
    """Return the times to the first event of a stream."""
    rows = []
    for prompt, several in (("short", plan.connections), ("long", plan.long_connections)):
        for connections in several:
            for side in dict.fromkeys(check.side for check in checks):
                wanted = ("streamed", prompt, connections, side)
                mine = [each for each in checks if (each.mode, each.prompt, each.connections, each.side) == wanted]
                times = ([each.first_p50_ms for each in mine], [each.first_p99_ms for each in mine])
                if mine:
                    rows.append([SIZES[prompt], str(connections), label(side), *(spread(each, 2) for each in times)])
    answers = sum(check.answers for check in checks)
    return (
        "## Time to the first event of a stream\n\nBy the built-in client, in intervals of their own after the others. "
        f"In these it also compared the text of every answer, plain and streamed: {answers:,} answers, "
        f"{sum(check.errors for check in checks)} errors.\n\n"
        + table(["prompt", "connections", "side", "p50 ms", "p99 ms"], rows)
    )


def spread(values: Sequence[float], digits: int) -> str:
    """Return median, lowest and highest."""
    if not values:
        return "none"
    if len(values) == 1:
        return f"**{values[0]:,.{digits}f}**"
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"**{middle}** ({low} to {high})"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
