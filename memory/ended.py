"""A run that has ended, with what the views of a past ask of it.

Each view is fed every run, and several ask the same: what it was, and what came of it. That is worked out
once.
"""

from collections.abc import Sequence
from functools import cache
from statistics import median

from blocks.base import Value
from blocks.run import Run, RunState
from blocks.slot import SlotSpec

Configuration = tuple[tuple[tuple[str, Value], ...], tuple[str, ...]]
"""A slot without its seeds: two runs of one configuration are replicates of each other."""


def configuration(spec: SlotSpec) -> Configuration:
    """Values by name, and strategies."""
    values = spec.values
    names = _in_order(tuple(values))
    return tuple(zip(names, map(values.__getitem__, names), strict=True)), spec.strategies


@cache
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Most slots have the same names."""
    return tuple(sorted(names))


class Ended:
    """One run.

    Args:
        run: It has ended.
        known_as: Its configuration, where that is known.
    """

    __slots__ = ("_median", "_metric", "_values", "configuration", "counts", "run")

    def __init__(self, run: Run, known_as: Configuration | None = None) -> None:
        self.run = run
        self.configuration = configuration(run.proposal.spec) if known_as is None else known_as
        self.counts = run.state is RunState.DONE and run.is_evidence
        """Whether what came of it counts."""

        self._metric: str | None = None  # the one that was asked about last; most views have the same
        self._values: Sequence[float] = ()
        self._median: float | None = None

    def values_of(self, metric: str) -> Sequence[float]:
        """The metric in each replicate that has it."""
        if self._metric != metric:
            self._metric, self._values, self._median = metric, self.run.values_of(metric), None
        return self._values

    def median_of(self, metric: str) -> float:
        """Their median; of at least one."""
        if self._median is None or self._metric != metric:
            self._median = median(self.values_of(metric))
        return self._median
