"""The results in two forms: Markdown to read, JSON to compute with."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from bench.experiments.plan import POWER, Share
from bench.experiments.results import Equal, Lift, Results
from everloop.domain.evidence import ERROR


def write(results: Results, directory: Path) -> Path:
    """Write both, numbered when there is a page of the day already; return the Markdown file."""
    directory.mkdir(parents=True, exist_ok=True)
    number, stem = 1, f"{results.date}-experiments"
    while (directory / f"{stem}.json").exists():
        number += 1
        stem = f"{results.date}-experiments-{number}"
    document = {"failures": results.failures, **msgspec.to_builtins(results)}
    (directory / f"{stem}.json").write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    page = directory / f"{stem}.md"
    page.write_text(markdown(results), encoding="utf-8")
    return page


def markdown(results: Results) -> str:
    """Return the page."""
    void = "".join(f"**Broken promise: {failure}.**\n\n" for failure in results.failures)
    return (
        f"# Verdicts on experiments, {results.date}\n\n{void}"
        "The product's own verdict, asked after every single rating.\n\n"
        f"## No true difference: false verdicts, promised at most {ERROR:.0%}\n\n{_equal_table(results.equal)}\n\n"
        "Wrong ways to judge, in the same experiments as the first row: they show that this simulation can fail.\n\n"
        f"{_contrast_table(results)}\n\n"
        f"## A true difference: rated units to a verdict\n\n{_lift_table(results.lifts)}\n\n"
        f"## Method\n\n- Command: `{results.command}` ({results.seconds:.0f} s)\n- Seed {results.seed!r}, Python"
        f" {results.python}\n- In brackets: counts, and 95 % Wilson intervals. What it all means:"
        " `bench/experiments/README.md`.\n"
    )


def _equal_table(worlds: list[Equal]) -> str:
    columns = [
        "world",
        "looks",
        "rated units",
        "experiments with any false verdict",
        "control's interval lost its rate",
    ]
    return _table(
        columns,
        (
            [each.world.name, f"{each.looks:,.0f}", f"{each.units:,.0f}", _share(each.false), _share(each.missed)]
            for each in worlds
        ),
    )


def _contrast_table(results: Results) -> str:
    rows = [
        ["every call taken as a unit of its own", _share(results.contrast.by_call)],
        ["an ordinary z test at every look, from 30 units an arm", _share(results.contrast.naive)],
    ]
    return _table(["way", "experiments with any false verdict"], rows)


def _lift_table(lifts: list[Lift]) -> str:
    columns = [
        "difference",
        f"one look at the end, power {POWER:.0%}: units",
        "half of the experiments have a verdict at",
        f"{POWER:.0%} of them at",
        "verdict for the wrong arm",
        "none in the end",
    ]
    return _table(
        columns,
        (
            [
                f"{each.world.name} (from {each.world.rates[0]:.0%})",
                f"{each.fixed:,.0f}",
                _units(each.median, each.fixed),
                _units(each.as_sure, each.fixed),
                _share(each.wrong),
                _share(each.none),
            ]
            for each in lifts
        ),
    )


def _units(units: float | None, fixed: float) -> str:
    return "not within the run" if units is None else f"{units:,.0f} ({units / fixed:.2f} of the one look)"


def _share(part: Share) -> str:
    return f"**{part.value:.1%}** ({part.count} of {part.of:,}; {part.low:.1%} to {part.high:.1%})"


def _table(columns: list[str], rows: Iterable[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
