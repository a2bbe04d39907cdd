"""Early stop: where a training looks at its progress, below which values it is lost, and its learning curve.

A rule is part of its slot and is written down before the run begins, so it rests on what was stored by then
and on nothing that runs beside it. Progress is what the problem measures without labels, higher being better,
and comparable whatever strategies are on.
"""

import math
from statistics import median
from typing import Annotated

from pydantic import Field, model_validator

from blocks.base import Frozen

Reached = tuple[float | None, ...]
"""Progress of each replicate; None of one that is not finite any more."""


class StopRule(Frozen):
    """Where progress is measured, and the values below which a run is lost."""

    shares: Annotated[
        tuple[float, ...],
        Field(min_length=1, description="Shares of the training after which it is looked at."),
    ]
    limits: Annotated[
        tuple[float, ...],
        Field(
            description="One per share: a run whose median replicate is below ends there; empty: none does."
        ),
    ] = ()
    why: Annotated[str, Field(description="What the limits rest on, in words; decides nothing.")] = ""

    @model_validator(mode="after")
    def _fits(self) -> "StopRule":
        rising = all(low < high for low, high in zip((0.0, *self.shares), (*self.shares, 1.0), strict=True))
        if not rising:
            raise ValueError(f"shares: must rise from above 0 to below 1, but got {list(self.shares)}")
        if len(self.limits) not in (0, len(self.shares)):
            raise ValueError(f"limits: must be one per share, or none, but got {len(self.limits)}")
        return self

    def steps(self, total: int) -> tuple[int, ...]:
        """After which steps of a training of `total` it is looked at, one per share."""
        return tuple(max(1, math.ceil(share * total)) for share in self.shares)

    def loses(self, place: int, reached: Reached) -> bool:
        """Whether a run that has reached so much at the look of that place is lost."""
        middle = middle_of(reached)
        return bool(self.limits) and middle is not None and middle < self.limits[place]


class Curve(Frozen):
    """A learning curve: progress at each look of the rule that was reached, and at the end."""

    measure: Annotated[str, Field(description="What was measured, in words: `held-out gain`.")]
    steps: tuple[int, ...]
    reached: tuple[Reached, ...]

    @property
    def middles(self) -> tuple[float | None, ...]:
        """Of the median replicate."""
        return tuple(map(middle_of, self.reached))


class Course(Frozen):
    """How far a training went."""

    steps: Annotated[int, Field(ge=0, description="Optimiser steps that were taken.")]
    planned: Annotated[int, Field(ge=0, description="Steps of the whole training.")]
    curve: Annotated[Curve | None, Field(description="Where the slot has a rule.")] = None

    @property
    def stopped(self) -> bool:
        """Whether it ended before its time."""
        return self.steps < self.planned


def why_stopped(rule: StopRule | None, course: Course) -> str:
    """Why a run was stopped, in a line: at which step, and what it had reached of what it was to reach."""
    said = f"stopped early at step {course.steps} of {course.planned}"
    curve = course.curve
    if rule is None or curve is None or not curve.reached:
        return said
    middle, limits = curve.middles[-1], rule.limits[: len(curve.reached)]
    if middle is None or not limits:
        return said
    below = [limit for step, limit in zip(curve.steps, limits, strict=True) if step == course.steps]
    limit = max(below)
    digits = next((n for n in range(3, 9) if f"{middle:.{n}g}" != f"{limit:.{n}g}"), 9)
    return f"{said}: {curve.measure} {middle:.{digits}g} < {limit:.{digits}g}, {rule.why}"


def middle_of(reached: Reached) -> float | None:
    """The median replicate of those that are finite."""
    finite = [value for value in reached if value is not None]
    return median(finite) if finite else None
