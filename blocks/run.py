"""A run: one slot that was, is being or will be trained, and what came of it."""

import math
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Annotated, Final, Literal

from pydantic import Field

from blocks.base import Frozen
from blocks.slot import Proposal
from blocks.stopping import Curve

Metrics = dict[str, float | None]
"""Metric values of one replicate. A metric that could not be computed is None, never a number."""


class RunState(StrEnum):
    """Life of a run; it only moves forward, save that an interrupted run is planned again."""

    PLANNED = "planned"
    RUNNING = "running"
    TRAINED = "trained"  # parameters are on disk, and their hash is stored: truth may be opened
    DONE = "done"
    STOPPED = "stopped"  # early, since its learning curve said that it is lost; no failure, and not evaluated
    FAILED = "failed"

    def __init__(self, value: str) -> None:
        self.is_final: Final = value in ("done", "stopped", "failed")


class FailureKind(StrEnum):
    """Why a run failed."""

    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out of memory"
    LEAK = "label leak"
    ERROR = "error"


class Failure(Frozen):
    """How a run ended badly; the planner learns from it."""

    kind: FailureKind
    reason: str


class MetricInfo(Frozen):
    """What a problem says of one of its metrics."""

    direction: Literal["maximize", "minimize"]
    needs_labels: Annotated[bool, Field(description="Computed from ground truth, by the evaluator only.")]
    meaning: str
    target: Annotated[float | None, Field(description="The value of a perfect result.")] = None
    label: Annotated[str, Field(description="Short name for narrow tables.")] = ""


class Spread(Frozen):
    """A metric over the replicates of a run."""

    median: float
    sd: Annotated[float | None, Field(description="Sample standard deviation; None for one replicate.")]
    n: int

    def __str__(self) -> str:
        return show_number(self.median) + ("" if self.sd is None else f" ±{show_number(self.sd)}")


class Run(Frozen):
    """A row of the store, as planners, findings and tables read it."""

    number: Annotated[int, Field(ge=1, description="Counts from 1 within its exploration.")]
    block: int
    batch: int
    proposal: Proposal
    identity: str
    state: RunState
    failure: Failure | None = None
    metrics: Annotated[tuple[Metrics, ...], Field(description="One mapping per replicate.")] = ()
    dataset: Annotated[str, Field(description="Hash of the data set that it was trained on.")] = ""
    certified: Annotated[
        bool, Field(description="Whether all of its strategies have a certificate of non-interference.")
    ] = False
    void: Annotated[bool, Field(description="Whether a retraction is in force on it.")] = False
    trained_hash: str | None = None
    train_s: Annotated[float | None, Field(description="Wall-clock time of training, s.")] = None
    trained_steps: Annotated[int | None, Field(description="Optimiser steps that were taken.")] = None
    planned_steps: Annotated[int | None, Field(description="Those of its whole training.")] = None
    curve: Annotated[Curve | None, Field(description="Its progress, where its slot has a rule.")] = None
    stopped: Annotated[str | None, Field(description="Why it was stopped early, in words.")] = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_evidence(self) -> bool:
        """Whether statements, a best run and plans may rest on it, once it has ended."""
        return self.certified and not self.void

    @property
    def compares(self) -> bool:
        """Whether it may stand in comparisons; decided when it was planned, whatever came of it.

        Of runs that end early where they do badly, those that come through were chosen for their value.
        """
        return self.is_evidence and not self.proposal.spec.may_stop

    def values_of(self, metric: str) -> list[float]:
        """The metric in each replicate that has it."""
        found = [value for replicate in self.metrics if (value := replicate.get(metric)) is not None]
        # A sum is finite where all of its parts are, save for the largest ones.
        return found if math.isfinite(sum(found)) else [value for value in found if math.isfinite(value)]

    def spread(self, metric: str) -> Spread | None:
        """Median and standard deviation over replicates; None where no replicate has the metric."""
        return spread_of(self.values_of(metric))


def spread_of(values: list[float]) -> Spread | None:
    """Median, sample standard deviation and count; None for no values."""
    if not values:
        return None
    sd = sample_sd(values) if len(values) > 1 else None
    return Spread(median=median_of(values), sd=sd, n=len(values))


def median_of(values: list[float]) -> float:
    """Median of one finite value or more, however large they are."""
    ordered, half = sorted(values), len(values) // 2
    middle = ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
    if math.isinf(middle):  # the sum of the two in the middle is no float, but their mean is one
        return median([value / 2 for value in values]) * 2
    return middle


def mean_of(values: Sequence[float]) -> float:
    """Mean of one finite value or more, however large they are."""
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def sample_sd(values: Sequence[float]) -> float:
    """Sample standard deviation of two finite values or more; `statistics.stdev` is ten times slower.

    It is at most the largest float.
    """
    try:
        mean = math.fsum(values) / len(values)
        squares = math.fsum([(apart := value - mean) * apart for value in values])
        found = math.sqrt(squares / (len(values) - 1))
    except OverflowError:
        found = math.inf
    if math.isfinite(found) or not all(map(math.isfinite, values)):
        return found
    # Squares of numbers beyond 1e154 are no floats.
    size = max(map(abs, values))
    return min(size * sample_sd([value / size for value in values]), sys.float_info.max)


def best_run(runs: Iterable[Run], objective: str, info: MetricInfo) -> Run | None:
    """The finished run that is evidence with the best median objective on the exploration's own data.

    The older one of two equals. Other networks may be easier, or harder.
    """
    sign = 1 if info.direction == "maximize" else -1
    scored = [
        (sign * median(values), -run.number, run)
        for run in runs
        if run.state is RunState.DONE
        and run.is_evidence
        and not run.proposal.network
        and (values := run.values_of(objective))
    ]
    return max(scored)[2] if scored else None


def show_number(value: float) -> str:
    """Three digits that people can compare down a column: 0.871, 0.004, 14.6, 396, 1.2e5."""
    if value == 0:
        return "0"
    size = abs(value)
    if 0.001 <= size < 100:
        return f"{value:.3f}" if size < 10 else f"{value:.1f}"
    if 100 <= size < 10000:
        return f"{value:.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"
