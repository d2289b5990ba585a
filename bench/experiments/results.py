"""What came of the simulation, and whether it may stand."""

from dataclasses import dataclass
from statistics import median, quantiles

from bench.experiments.course import Course
from bench.experiments.plan import POWER, Share, fixed_horizon, share
from bench.experiments.world import World
from everloop.domain.evidence import ERROR, Verdict


@dataclass(frozen=True, slots=True)
class Equal:
    """A world without a difference. `looks` and `units` are those of the median experiment."""

    world: World
    looks: float
    units: float
    false: Share
    missed: Share


@dataclass(frozen=True, slots=True)
class Contrast:
    """The false verdicts of the wrong ways, in the same experiments."""

    world: World
    by_call: Share
    naive: Share


@dataclass(frozen=True, slots=True)
class Lift:
    """A world with a difference; units are rated ones, of both arms. A figure is None when too few got so far."""

    world: World
    fixed: float
    median: float | None
    as_sure: float | None
    wrong: Share
    none: Share


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    date: str
    command: str
    seed: str
    python: str
    seconds: float
    equal: list[Equal]
    contrast: Contrast
    lifts: list[Lift]

    @property
    def failures(self) -> list[str]:
        """Return everything that was promised and did not come true."""
        found = [
            f"{each.world.name}: {each.false.count} false verdicts in {each.false.of} experiments"
            for each in self.equal
            if each.false.value > ERROR
        ]
        ways = {"calls as the sample": self.contrast.by_call, "a repeated z test": self.contrast.naive}
        found += [f"{way} did not break {ERROR:.0%}" for way, false in ways.items() if false.low <= ERROR]
        return found


def of_equal(world: World, courses: list[Course]) -> Equal:
    """Sum up a world without a difference."""
    return Equal(
        world,
        median(course.looks for course in courses),
        median(course.units for course in courses),
        share(sum(course.by_unit is not None for course in courses), len(courses)),
        share(sum(course.missed for course in courses), len(courses)),
    )


def of_contrast(world: World, courses: list[Course]) -> Contrast:
    """Sum up what the wrong ways said."""
    return Contrast(
        world,
        share(sum(course.by_call is not None for course in courses), len(courses)),
        share(sum(course.naive is not None for course in courses), len(courses)),
    )


def of_lift(world: World, courses: list[Course]) -> Lift:
    """Sum up a world with a difference, beside the test that looks once."""
    verdicts = [course.by_unit for course in courses]
    wrong = sum(found is not None and found.verdict is not Verdict.BETTER for found in verdicts)
    none = sum(found is None for found in verdicts)
    # Those without a verdict in the end come after all others, wherever they would have got one.
    units = sorted(found.units if found else world.units + 1 for found in verdicts)
    middle, sure = median(units), quantiles(units, n=100)[round(POWER * 100) - 1]
    return Lift(
        world,
        fixed_horizon(world),
        middle if middle <= world.units else None,
        sure if sure <= world.units else None,
        share(wrong, len(courses)),
        share(none, len(courses)),
    )
