"""What the benchmark writes: rows of plain numbers, the judgement of each, and the machine they come from.

A number that could not be computed is None. A judgement compares the median over replicates of one
network with one target.
"""

from collections.abc import Mapping
from statistics import median
from typing import Any, Literal

from pydantic import Field

from benchmarks.machine import Machine
from benchmarks.targets import Target
from blocks.base import Frozen
from blocks.run import Metrics

FORMAT = 1


class Figure(Frozen):
    """A metric over the replicates of a run."""

    median: float
    worst: float
    """The replicate that is farthest from a perfect result."""

    n: int
    """Replicates that have it."""


class Judgement(Frozen):
    """A target and what came of it in one network."""

    target: Target
    values: dict[str, float | None]
    """Metric (one per type, where the target is about each) to its median over replicates."""

    met: bool

    @property
    def worst(self) -> float | None:
        """The value that is farthest out of, or nearest to the edge of, what is wanted; None if missing."""
        known = [value for value in self.values.values() if value is not None]
        if len(known) < len(self.values) or not known:
            return None
        low, high = self.target.low, self.target.high
        if low is not None and high is not None:
            return max(known, key=lambda value: abs(value - (low + high) / 2))
        return min(known) if low is not None else max(known)


class Guard(Frozen):
    """What the guard said of the training code that the run was trained with."""

    verdict: str
    files: int
    code_hash: str
    check: int

    @property
    def clean(self) -> bool:
        """Whether no training code reads a label."""
        return self.verdict == "clean"


class Oracle(Frozen):
    """Least squares with the rate law known."""

    window: int
    metrics: Metrics
    note: str = ""


class Row(Frozen):
    """One run of one network under one condition."""

    condition: str
    variant: str = ""
    seed: int
    exploration: str
    workspace: str
    run: int | None = None
    values: dict[str, Any] = Field(default_factory=dict)
    strategies: tuple[str, ...] = ()
    state: Literal["done", "failed", "skipped"]
    note: str = ""
    """Why it failed or was skipped."""

    n_types: int = 0
    guard: Guard | None = None
    foundation_chosen_by_truth: bool | None = None
    metrics: dict[str, Figure] = Field(default_factory=dict)
    replicates: tuple[Metrics, ...] = ()
    phase1_s: float | None = None
    phase2_s: float | None = None
    nuisance: Metrics = Field(default_factory=dict)
    """Slopes and offsets of the reaction model's own affine nuisance, and their clusters against types."""

    oracle: Oracle | None = None
    judgements: tuple[Judgement, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether every target was met; None where there is none to judge."""
        if not self.judgements:
            return None
        return all(judgement.met for judgement in self.judgements)

    def value(self, metric: str) -> float | None:
        """The median over replicates, or the one figure of the network."""
        if metric in ("phase1_s", "phase2_s"):
            return self.phase1_s if metric == "phase1_s" else self.phase2_s
        figure = self.metrics.get(metric)
        return None if figure is None else figure.median


class Report(Frozen):
    """Everything of one invocation."""

    format: int = FORMAT
    command: str
    made_at: str
    quick: bool
    machine: Machine
    code_version: str
    rows: tuple[Row, ...]

    @property
    def all_met(self) -> bool:
        """Whether every run came to its end and every target was met in every network."""
        return all(row.state == "done" and row.met is not False for row in self.rows)


def figures_of(replicates: tuple[Metrics, ...], perfect: Mapping[str, float | None]) -> dict[str, Figure]:
    """Median and worst replicate of every metric; one that no replicate has is left out.

    Args:
        replicates: One mapping per replicate.
        perfect: The value of a perfect result by metric.
    """
    found: dict[str, Figure] = {}
    for name in {name: None for replicate in replicates for name in replicate}:
        values = [value for replicate in replicates if (value := replicate.get(name)) is not None]
        if values:
            aim = perfect.get(name)
            worst = max(values, key=lambda value, aim=aim: abs(value - (aim or 0.0)))  # type: ignore[misc]
            found[name] = Figure(median=median(values), worst=worst, n=len(values))
    return found


def judge(row: Row, targets: tuple[Target, ...]) -> tuple[Judgement, ...]:
    """Compares a row with targets; a failed run meets none of them.

    Args:
        row: The measured row.
        targets: What must be reached.
    """
    found = []
    for target in targets:
        names = (
            [target.metric.replace("<type>", str(kind)) for kind in range(row.n_types)]
            if "<type>" in target.metric
            else [target.metric]
        )
        values = {name: row.value(name) if row.state == "done" else None for name in names}
        met = bool(values) and all(target.met_by(value) for value in values.values())
        found.append(Judgement(target=target, values=values, met=met))
    return tuple(found)
