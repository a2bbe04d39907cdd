"""What the benchmark found, as data: every exploration, so that other figures can be worked out from it."""

from statistics import fmean, median
from typing import Annotated, Final

from pydantic import Field

from benchmarks.machine import Machine
from benchmarks.planners.contenders import RUNS
from benchmarks.planners.replay import Moment
from blocks.base import Frozen
from blocks.planning import PlannerSpec

DEFAULT: Final = PlannerSpec().name
"""The contender that is judged: the planner of an exploration that names none."""

SHARE: Final = 0.9
"""Of a landscape's best true value, which has to be reached."""

MOST_OF: Final = {"random": 0.5, "tpe": 1.0}
"""The most runs that the default may need, as a share of another contender's, for the same true value."""


class Ground(Frozen):
    """A landscape in figures."""

    name: str
    slots: int
    trainings: int
    best: float
    noise: float
    explained: Annotated[float, Field(description="R2 of true values at slots left out of the fit.")]
    foundation: str


class Played(Frozen):
    """All explorations of one contender on one landscape."""

    landscape: str
    contender: str
    note: str
    runs: Annotated[int, Field(description="Runs of an exploration; what lies beyond 64 only counts runs.")]
    explorations: tuple[tuple[Moment, ...], ...]
    seconds: Annotated[float, Field(description="Processor time of one exploration, s.")]

    @property
    def ends(self) -> list[Moment]:
        """Where each exploration stands after `RUNS` runs."""
        return [next(m for m in reversed(one) if m.runs <= RUNS) for one in self.explorations]

    @property
    def final(self) -> float:
        """Median true value of what is confirmed best after `RUNS`; where nothing is, it counts as 0."""
        return median(end.confirmed or 0.0 for end in self.ends)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Of the same."""
        ordered = sorted(end.confirmed or 0.0 for end in self.ends)
        return ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]

    def runs_to(self, value: float) -> int | None:
        """Median number of runs until what is confirmed best is truly worth so much; None beyond all."""
        return _median([_first(one, value, "runs") for one in self.explorations])

    def trainings_to(self, value: float) -> int | None:
        """The same in trainings: every replicate counts."""
        return _median([_first(one, value, "trainings") for one in self.explorations])

    def reaching(self, value: float) -> int:
        """Explorations that come to it within `RUNS`."""
        found = [_first(one, value, "runs") for one in self.explorations]
        return sum(count is not None and count <= RUNS for count in found)

    def at(self, runs: int) -> float:
        """Median true value of what is confirmed best after so many runs."""
        return median(
            next((m.confirmed for m in reversed(one) if m.runs <= runs and m.confirmed is not None), 0.0)
            for one in self.explorations
        )

    @property
    def optimism(self) -> float:
        """Mean of reported minus true."""
        found = [
            end.reported - end.confirmed
            for end in self.ends
            if end.reported is not None and end.confirmed is not None
        ]
        return fmean(found) if found else 0.0

    @property
    def optimism_of_the_maximum(self) -> float:
        """The same for the highest run, reported as it is."""
        return fmean(end.maximum - end.maximum_true for end in self.ends)


class Checked(Frozen):
    """A configuration that was reported, trained for real."""

    landscape: str
    replayed: Annotated[float, Field(description="Its true value by the landscape.")]
    trained: Annotated[float, Field(description="Mean of fresh trainings.")]


class Judgement(Frozen):
    """Whether the default needs few enough runs for the same true value as another contender."""

    landscape: str
    against: str
    value: float
    default_runs: int | None
    other_runs: int | None
    most_of: float
    default_limit: int
    """Runs that the default had, where those were too few."""

    other_limit: int
    """The same of the other."""

    @property
    def met(self) -> bool:
        """Who does not get there needs one run more than it had at least."""
        if self.default_runs is None:
            return False
        others = self.other_limit + 1 if self.other_runs is None else self.other_runs
        return self.default_runs <= self.most_of * others


class Report(Frozen):
    """Everything that the table is made of."""

    command: str
    made_at: str
    machine: Machine
    code_version: str
    grounds: tuple[Ground, ...]
    played: tuple[Played, ...]
    checked: tuple[Checked, ...] = ()

    def of(self, landscape: str, contender: str) -> Played | None:
        """One contender on one landscape, where it played."""
        found = (one for one in self.played if (one.landscape, one.contender) == (landscape, contender))
        return next(found, None)

    @property
    def judgements(self) -> list[Judgement]:
        """The default against those that it must beat, at 90 % of the best and at what they end with."""
        found = []
        for ground in self.grounds:
            default = self.of(ground.name, DEFAULT)
            for name, most in MOST_OF.items():
                other = self.of(ground.name, name)
                if default is None or other is None:
                    continue
                found += [
                    Judgement(
                        landscape=ground.name,
                        against=name,
                        value=value,
                        default_runs=default.runs_to(value),
                        other_runs=other.runs_to(value),
                        most_of=most,
                        default_limit=default.runs,
                        other_limit=other.runs,
                    )
                    for value in (SHARE * ground.best, other.final)
                ]
        return found

    @property
    def all_met(self) -> bool:
        """Whether every judgement is met."""
        return all(one.met for one in self.judgements)


def _first(moments: tuple[Moment, ...], value: float, count: str) -> int | None:
    reached = (m for m in moments if m.confirmed is not None and m.confirmed >= value)
    found = next(reached, None)
    return None if found is None else int(getattr(found, count))


def _median(counts: list[int | None]) -> int | None:
    """The middle one, of two the larger; those that are None are the largest of all."""
    ordered = sorted(counts, key=lambda count: float("inf") if count is None else count)
    return ordered[len(ordered) // 2]
