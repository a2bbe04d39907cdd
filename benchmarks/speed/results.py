"""What the benchmark writes: figures with the contenders behind them, and the machine they come from.

Absolute times say little on a shared machine; where a target is a ratio, both sides were measured side by
side, alternating, in this very run, and both medians are kept.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from benchmarks.machine import Machine
from benchmarks.targets import Target
from blocks.base import Frozen

FORMAT = 1


class Timing(Frozen):
    """One contender: the median of its repetitions, and how far they lay apart."""

    seconds: float
    """Median, s per unit of work."""

    low: float
    high: float
    repeats: int
    threads: int | None = None
    """Its best number of threads; None where it has no choice."""


class Figure(Frozen):
    """One line of the table."""

    section: str
    what: str
    """What was measured, in words."""

    value: float | None
    """In `unit`; None where it could not be measured."""

    unit: str = ""
    target: Target | None = None
    """None: reported, not judged."""

    timings: dict[str, Timing] = Field(default_factory=dict)
    """The contenders behind the value, by name."""

    details: dict[str, Any] = Field(default_factory=dict)
    """Plain numbers that the value was worked out from."""

    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.target is None else self.target.met_by(self.value)


class Report(Frozen):
    """Everything of one invocation."""

    format: int = FORMAT
    command: str
    made_at: str
    quick: bool
    machine: Machine
    code_version: str
    figures: tuple[Figure, ...]

    @property
    def all_met(self) -> bool:
        """Whether every target was met."""
        return all(figure.met is not False for figure in self.figures)


def ratio_of(timings: Mapping[str, Timing], slow: str, fast: str) -> float:
    """How many times longer one contender takes than another."""
    return timings[slow].seconds / timings[fast].seconds
