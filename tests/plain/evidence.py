"""Comparisons that isolate one change, and the noise that they are held against.

Replicates of equal slots are pooled; a slot with fewer than two finite values of the objective is no
evidence. Two slots are a pair where they differ in one hyperparameter or in one strategy (whose own
options count as part of it) and were trained on the same data.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, stdev
from typing import NamedTuple

from scipy.special import stdtrit  # Student's t quantile; scipy.stats takes a second to import

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import Run, RunState
from blocks.space import CategoricalParameter, PerSlotParameter

CONFIDENCE = 0.95

MEDIAN_NOISE = math.sqrt(math.pi / 2)
"""Standard error of a median over that of a mean, for Gaussian values: medians are what we compare."""


@dataclass(frozen=True, eq=False)
class Sample:
    """All replicates of one slot specification on one data set."""

    values: Mapping[str, Value]
    strategies: frozenset[str]
    dataset: str
    runs: tuple[int, ...]
    objective: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.objective)

    @property
    def error(self) -> float:
        """Squared standard error of the median."""
        return MEDIAN_NOISE**2 * _squares(self.objective) / (self.degrees * len(self.objective))

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the spread."""
        return len(self.objective) - 1


class Noise(NamedTuple):
    """Spread of the objective between replicates: of the usual slot, and of the extremes.

    One slot that nearly diverges spreads a thousand times more than the rest; a pooled spread would
    be its spread alone.
    """

    sd: float  # of the median slot
    smallest: float  # of the quietest slot, and of the loudest
    largest: float
    n_replicates: int
    n_slots: int
    runs: tuple[int, ...]


class Pair(NamedTuple):
    """Two samples that differ in one thing."""

    before: Sample
    after: Sample

    @property
    def difference(self) -> float:
        return self.after.median - self.before.median


class Comparison(NamedTuple):
    """Pairs that make the same change: from `before` to `after`, or from lower to higher."""

    subject: str
    before: Value
    after: Value
    pairs: tuple[Pair, ...]
    pooled: bool = False  # steps of a number between several values, counted together

    @property
    def effect(self) -> float:
        """Mean difference of the objective, `after` minus `before`."""
        return sum(pair.difference for pair in self.pairs) / len(self.pairs)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % t interval of the mean difference; None below three pairs."""
        if len(self.pairs) < 3:
            return None
        spread = stdev(pair.difference for pair in self.pairs) / math.sqrt(len(self.pairs))
        half = float(stdtrit(len(self.pairs) - 1, 0.5 + CONFIDENCE / 2)) * spread
        return self.effect - half, self.effect + half

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """Replicates on either side of each pair."""
        return tuple((len(pair.before.objective), len(pair.after.objective)) for pair in self.pairs)

    @property
    def runs(self) -> tuple[int, ...]:
        """Numbers of the runs that take part."""
        return tuple(sorted({number for pair in self.pairs for side in pair for number in side.runs}))

    @property
    def n_replicates(self) -> int:
        """Replicates that take part, each counted once."""
        samples = {id(side): side for pair in self.pairs for side in pair}
        return sum(len(sample.objective) for sample in samples.values())

    @property
    def threshold(self) -> float:
        """The mean difference that the noise of these very slots stays below in 95 of 100 cases.

        Each slot has its own spread (Welch 1947, doi:10.1093/biomet/34.1-2.28): a quiet pair is not
        drowned by a loud one elsewhere, and few replicates make for a wide threshold.
        """
        sides = [side for pair in self.pairs for side in pair]
        total = sum(side.error for side in sides)
        if total == 0:
            return 0.0
        degrees = total**2 / sum(side.error**2 / side.degrees for side in sides)
        quantile = float(stdtrit(degrees, 0.5 + CONFIDENCE / 2))
        return quantile * math.sqrt(total) / len(self.pairs)

    def exceeds_noise(self) -> bool:
        """Whether the effect is more than replicates show by themselves, and its interval excludes 0."""
        interval = self.interval
        # Equal numbers differ in their last digits once they have been averaged.
        rounding = 1e-9 * max(abs(side.median) for pair in self.pairs for side in pair)
        if interval is None:
            # Two pairs are too few for an interval; at least they must not contradict each other.
            one_sided = len({pair.difference > 0 for pair in self.pairs}) == 1
        else:
            one_sided = interval[0] > 0 or interval[1] < 0
        return one_sided and abs(self.effect) > max(self.threshold, rounding)


def distinct(runs: Sequence[Run]) -> list[Run]:
    """Runs without those that reuse the result of an earlier one: the same evidence counts once."""
    return list({run.identity: run for run in reversed(runs)}.values())[::-1]


def samples_of(runs: Sequence[Run], objective: str) -> tuple[list[Sample], list[int]]:
    """Done runs pooled by what was trained.

    Returns:
        Samples with at least two finite values of the objective, in order of their first run; and the
        numbers of the done runs that are left out.
    """
    pooled: dict[object, list[Run]] = defaultdict(list)
    for run in distinct([run for run in runs if run.state is RunState.DONE]):
        spec = run.proposal.spec
        pooled[run.dataset, spec.strategies, frozenset(spec.values.items())].append(run)
    samples, left_out = [], []
    for group in pooled.values():
        values = [value for run in group for value in run.values_of(objective)]
        if len(values) < 2:
            left_out += [run.number for run in group]
            continue
        spec = group[0].proposal.spec
        samples.append(
            Sample(
                values=spec.values,
                strategies=frozenset(spec.strategies),
                dataset=group[0].dataset,
                runs=tuple(run.number for run in group),
                objective=tuple(values),
            )
        )
    return samples, sorted(left_out)


def noise_of(samples: Sequence[Sample]) -> Noise | None:
    """The noise floor; None without samples."""
    if not samples:
        return None
    spreads = [math.sqrt(_squares(sample.objective) / sample.degrees) for sample in samples]
    return Noise(
        sd=median(spreads),
        smallest=min(spreads),
        largest=max(spreads),
        n_replicates=sum(len(sample.objective) for sample in samples),
        n_slots=len(samples),
        runs=tuple(sorted(number for sample in samples for number in sample.runs)),
    )


def _squares(values: Sequence[float]) -> float:
    """Sum of squared deviations from the mean; statistics.variance is exact, and a hundred times slower."""
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)


def comparisons(spec: ExplorationSpec, samples: Sequence[Sample]) -> list[Comparison]:
    """Everything that isolated pairs say, grouped by the change that they make.

    Values that are named (per slot, categorical) are compared two by two; of a number, neighbours in the
    same surroundings are compared, lower with higher, so that no run is counted for several steps.
    """
    strategies = sorted({name for sample in samples for name in sample.strategies})
    parameters = sorted({name for sample in samples for name in sample.values})
    found = [_of_strategy(name, samples) for name in strategies]
    for name in parameters:
        if _is_named(spec, name):
            found += _of_named(name, _buckets(name, samples, strategies))
        else:
            found += _of_number(name, _buckets(name, samples, strategies))
    return [comparison for comparison in found if comparison is not None]


def _is_named(spec: ExplorationSpec, name: str) -> bool:
    return name not in spec.space or isinstance(spec.space[name], PerSlotParameter | CategoricalParameter)


def _buckets(name: str, samples: Sequence[Sample], strategies: Sequence[str]) -> list[list[Sample]]:
    """Samples that agree in all but the parameter, each bucket in the order of its values."""
    owner = name.split(".")[0] if "." in name else ""
    found: dict[object, list[Sample]] = defaultdict(list)
    for sample in samples:
        # The option of a strategy that is off changes nothing: such pairs say nothing about it.
        if name in sample.values and (owner not in strategies or owner in sample.strategies):
            rest = frozenset((key, value) for key, value in sample.values.items() if key != name)
            found[sample.dataset, sample.strategies, rest].append(sample)
    return [sorted(bucket, key=lambda s: _rank(s.values[name])) for bucket in found.values()]


def _rank(value: Value) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")


def _of_named(name: str, buckets: Sequence[Sequence[Sample]]) -> list[Comparison | None]:
    pairs: dict[tuple[Value, Value], list[Pair]] = defaultdict(list)
    for bucket in buckets:
        for index, before in enumerate(bucket):
            for after in bucket[index + 1 :]:
                pairs[before.values[name], after.values[name]].append(Pair(before, after))
    return [Comparison(name, before, after, tuple(group)) for (before, after), group in pairs.items()]


def _of_number(name: str, buckets: Sequence[Sequence[Sample]]) -> list[Comparison | None]:
    """All steps together; and where they show no common direction, those that show something alone.

    What helps below an optimum and hurts above it has no direction over the whole range.
    """
    pairs = [Pair(before, after) for bucket in buckets for before, after in pairwise(bucket)]
    if not pairs:
        return []
    ends = [side.values[name] for pair in pairs for side in pair]
    together = Comparison(name, min(ends, key=_rank), max(ends, key=_rank), tuple(pairs), pooled=True)
    if together.exceeds_noise() or len(pairs) == 1:
        return [together]
    alone = [Comparison(name, pair.before.values[name], pair.after.values[name], (pair,)) for pair in pairs]
    return [together, *(step for step in alone if step.exceeds_noise())]


def _of_strategy(name: str, samples: Sequence[Sample]) -> Comparison | None:
    found: dict[object, tuple[list[Sample], list[Sample]]] = defaultdict(lambda: ([], []))
    for sample in samples:
        rest = frozenset(item for item in sample.values.items() if not item[0].startswith(f"{name}."))
        found[sample.dataset, sample.strategies - {name}, rest][name in sample.strategies].append(sample)
    pairs = []
    for without, group in found.values():
        if without and group:
            off = _merged(without)
            pairs += [Pair(off, on) for on in group]
    return Comparison(name, "off", "on", tuple(pairs)) if pairs else None


def _merged(samples: Sequence[Sample]) -> Sample:
    """Samples that differ only in options of a strategy that is off: one and the same training."""
    first = samples[0]
    if len(samples) == 1:
        return first
    return Sample(
        values=first.values,
        strategies=first.strategies,
        dataset=first.dataset,
        runs=tuple(number for sample in samples for number in sample.runs),
        objective=tuple(value for sample in samples for value in sample.objective),
    )
