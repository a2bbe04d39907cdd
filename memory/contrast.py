"""Runs side by side: what differs between them, what came of it, and whether that is more than noise."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from blocks.run import MetricInfo, Run

CONFIDENCE = 0.95

ROUNDING = 1e-9
"""Equal numbers may differ by so much of their size."""


class Difference(NamedTuple):
    """A metric of one run less that of another."""

    mean: float
    interval: tuple[float, float] | None
    """95 % interval by Welch's t test (1947, doi:10.1093/biomet/34.1-2.28); None with a single replicate."""

    p: float | None
    """Probability of so large a difference between replicates of equal runs; None with a single replicate."""

    @property
    def exceeds_noise(self) -> bool | None:
        """Whether replicates alone would seldom differ so much; None where they cannot tell."""
        return None if self.p is None else self.p < 1 - CONFIDENCE


class Contrast(NamedTuple):
    """Several runs, the first of which the others are held against."""

    runs: Sequence[Run]
    settings: dict[str, tuple[Any, ...]]
    """What they do not share: a value per run, None where a run has none."""

    shared: dict[str, Any]
    """Hyperparameters that all of them have alike."""

    differences: dict[str, tuple[Difference | None, ...]]
    """Of each metric: a difference for every run after the first; None where one of both has no value."""


def contrast(runs: Sequence[Run], *, metrics: Mapping[str, MetricInfo]) -> Contrast:
    """Holds runs against the first of them.

    Args:
        runs: Two or more.
        metrics: What the problem says of its metrics; those that no run has are left out.
    """
    settings = [_settings(run) for run in runs]
    names = list(dict.fromkeys(name for one in settings for name in one))
    values = {name: tuple(one.get(name) for one in settings) for name in names}
    first, *others = runs
    return Contrast(
        runs=runs,
        settings={name: row for name, row in values.items() if any(value != row[0] for value in row)},
        shared={name: row[0] for name, row in values.items() if all(value == row[0] for value in row)},
        differences={
            name: tuple(_difference(first.values_of(name), other.values_of(name)) for other in others)
            for name in metrics
            if any(run.values_of(name) for run in runs)
        },
    )


def _settings(run: Run) -> dict[str, Any]:
    spec = run.proposal.spec
    return {
        **dict(sorted(spec.values.items())),
        **dict.fromkeys((f"strategy {name}" for name in spec.strategies), True),
        "replicates": len(spec.seeds),
        "data set": run.dataset[:12],
    }


def _difference(before: Sequence[float], after: Sequence[float]) -> Difference | None:
    if not before or not after:
        return None
    mean = sum(after) / len(after) - sum(before) / len(before)
    if len(before) < 2 or len(after) < 2:
        return Difference(mean, None, None)
    from scipy.stats import ttest_ind  # takes a second to import, and only this needs it

    rounding = ROUNDING * max(map(abs, (*before, *after)))
    if all(max(side) - min(side) <= rounding for side in (before, after)):
        # Without any spread there is no test: they are equal, or they are not.
        return Difference(mean, (mean, mean), 1.0 if abs(mean) <= rounding else 0.0)
    with warnings.catch_warnings():
        # One side without spread is no reason to doubt the test: the other side's noise decides.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = ttest_ind(after, before, equal_var=False)
        interval = found.confidence_interval(CONFIDENCE)
    return Difference(mean, (float(interval.low), float(interval.high)), float(found.pvalue))
