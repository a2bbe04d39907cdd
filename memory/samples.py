"""Replicates of equal slots, pooled: what comparisons are made of, and the noise they are held against.

A slot with fewer than two finite values of the objective is no evidence, and a run that reuses the result
of an earlier one is no evidence of its own.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from blocks.base import Value
from blocks.run import Run, RunState, mean_of
from memory.codes import Coded, Codes
from memory.ended import Ended

MEDIAN_NOISE = math.sqrt(math.pi / 2)
"""Standard error of a median over that of a mean, for Gaussian values: medians are what we compare."""

Item = tuple[str, Value]


@dataclass(eq=False, slots=True)
class Sample:
    """All replicates of one slot specification on one data set; once made, it stays as it is."""

    values: Mapping[str, Value]
    coded: Coded
    """All that tells it from other samples."""

    strategies: frozenset[str]
    dataset: str
    runs: tuple[int, ...]
    objective: tuple[float, ...]
    degrees: int = field(init=False)
    """Degrees of freedom of the spread."""

    median: float = field(init=False)
    squares: float = field(init=False)
    """Sum of squared deviations from the mean."""

    error: float = field(init=False)
    """Squared standard error of the median."""

    spread: float = field(init=False)
    """Its share in the denominator of Welch's degrees of freedom."""

    def __post_init__(self) -> None:
        n = len(self.objective)
        self.degrees = n - 1
        self.median = median(self.objective)
        self.squares = _squares(self.objective)
        self.error = MEDIAN_NOISE**2 * self.squares / ((n - 1) * n)
        self.spread = min(self.error * self.error / (n - 1), sys.float_info.max)


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


class Samples:
    """Done runs pooled by what was trained, one run after the other.

    Args:
        objective: The metric that is compared.
        codes: Those that are used beside; default: of its own.
    """

    def __init__(self, objective: str, codes: Codes | None = None) -> None:
        self._objective = objective
        self._codes = Codes() if codes is None else codes
        self._pools: dict[int, tuple[list[Run], list[float]]] = {}
        self._samples: dict[int, Sample] = {}
        self._identities: set[str] = set()

    def __iter__(self) -> Iterator[Sample]:
        """Samples with at least two finite values of the objective, in order of their first run."""
        return (self._samples[key] for key in self._pools if key in self._samples)

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def by_code(self) -> Mapping[int, Sample]:
        """The same by their whole codes; it grows."""
        return self._samples

    @property
    def left_out(self) -> list[int]:
        """Numbers of the done runs that are in no sample."""
        pools = self._pools.items()
        return sorted(run.number for key, (runs, _) in pools if key not in self._samples for run in runs)

    def add(self, ended: Ended) -> None:
        """Pools a run that has ended."""
        self.take(ended.run, ended.values_of(self._objective))

    def take(self, run: Run, its_values: Sequence[float]) -> tuple[Sample | None, Sample | None]:
        """Pools a run that has ended, and says what that changed.

        Args:
            run: The run.
            its_values: The objective in its replicates.

        Returns:
            The sample that there was of such runs, and the one that there is now; both None, or the same
            one, where the run says nothing new.
        """
        if run.state is not RunState.DONE or not run.is_evidence or run.identity in self._identities:
            return None, None
        self._identities.add(run.identity)
        spec = run.proposal.spec
        coded = self._codes.of(run.dataset, spec.strategies, spec.values)
        key = coded.whole
        runs, values = self._pools.setdefault(key, ([], []))
        runs.append(run)
        values += its_values
        before = self._samples.get(key)
        if len(values) < 2:
            return before, before
        first = runs[0].proposal.spec
        after = self._samples[key] = Sample(
            values=first.values,
            coded=coded,
            strategies=coded.strategies,
            dataset=run.dataset,
            runs=tuple([run.number for run in runs]),
            objective=tuple(values),
        )
        return before, after


def distinct(runs: Iterable[Run]) -> list[Run]:
    """Runs without those that reuse the result of an earlier one: the same evidence counts once."""
    first: dict[str, Run] = {}
    for run in runs:
        first.setdefault(run.identity, run)
    return list(first.values())


def merged(samples: Sequence[Sample]) -> Sample:
    """Samples that differ only in options of a strategy that is off: one and the same training."""
    first = samples[0]
    if len(samples) == 1:
        return first
    return Sample(
        values=first.values,
        coded=first.coded,
        strategies=first.strategies,
        dataset=first.dataset,
        runs=tuple(number for sample in samples for number in sample.runs),
        objective=tuple(value for sample in samples for value in sample.objective),
    )


def noise_of(samples: Iterable[Sample]) -> Noise | None:
    """The noise floor; None without samples."""
    found = list(samples)
    if not found:
        return None
    spreads = [math.sqrt(sample.squares / sample.degrees) for sample in found]
    return Noise(
        sd=median(spreads),
        smallest=min(spreads),
        largest=max(spreads),
        n_replicates=sum(len(sample.objective) for sample in found),
        n_slots=len(found),
        runs=tuple(sorted(number for sample in found for number in sample.runs)),
    )


def _squares(values: Sequence[float]) -> float:
    """Sum of squared deviations from the mean; statistics.variance is exact, and a hundred times slower."""
    mean = mean_of(values)
    try:
        total = math.fsum([(value - mean) * (value - mean) for value in values])
    except OverflowError:
        total = math.inf
    return min(total, sys.float_info.max)
