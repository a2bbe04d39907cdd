"""The loss of each replicate over the steps of a training, and when one left the finite numbers."""

import math
from statistics import median
from typing import Any

from jaxtyping import Float
from torch import Tensor

MAX_POINTS = 200
"""Points of a stored loss curve."""


class History:
    """Loss curves while they grow."""

    def __init__(self, total: int) -> None:
        """Starts an empty history of a training with `total` steps."""
        self.total = total
        self.steps: list[int] = []
        self.losses: list[list[float]] = []
        self.diverged_at: dict[int, int] = {}
        """Replicate index to the first step whose loss was not finite."""

    def add(self, step: int, losses: Float[Tensor, "recent replicate"]) -> None:
        """Adds the steps since the last call.

        Args:
            step: Number of the last of them, counted from 1.
            losses: One row per step.
        """
        rows = losses.tolist()
        first = step - len(rows) + 1
        for offset, row in enumerate(rows):
            for replicate, loss in enumerate(row):
                if not math.isfinite(loss):
                    self.diverged_at.setdefault(replicate, first + offset)
        self.steps.append(step)
        self.losses.append([sum(column) / len(rows) for column in zip(*rows, strict=True)])

    @property
    def alive(self) -> list[bool]:
        """For each replicate, whether all of its losses were finite so far."""
        return [replicate not in self.diverged_at for replicate in range(len(self.losses[-1]))]

    @property
    def latest(self) -> float:
        """Median of the latest loss over the replicates that are alive; infinite if none is."""
        latest = [loss for loss, alive in zip(self.losses[-1], self.alive, strict=True) if alive]
        return median(latest) if latest else math.inf

    def thinned(self) -> dict[str, Any]:
        """At most 200 points, the last one among them, in a form that JSON can hold.

        Returns:
            `total`, `steps`, `loss` (one list per replicate, None where it was not finite) and
            `diverged_at` (one step or None per replicate).
        """
        stride = math.ceil(len(self.steps) / MAX_POINTS)
        kept = list(range(len(self.steps) - 1, -1, -stride))[::-1]
        columns = zip(*(self.losses[index] for index in kept), strict=True)
        return {
            "total": self.total,
            "steps": [self.steps[index] for index in kept],
            "loss": [[loss if math.isfinite(loss) else None for loss in column] for column in columns],
            "diverged_at": [self.diverged_at.get(replicate) for replicate in range(len(self.losses[-1]))],
        }
