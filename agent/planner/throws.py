"""What chance decides of the neighbours of runs, thrown for all of them before any is made.

None of it depends on the runs. So what is thrown in several goes is worked out at once.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64

from blocks.space import STEP

STEPS: Final = 16
"""Neighbours of a run by a number or a named value; as likely as any strategy is each of them."""


class Throws(NamedTuple):
    """What was thrown for changes, one for each."""

    keys: Float64[np.ndarray, "change column"]
    """The highest one says which number or named value is moved."""

    steps: Float64[np.ndarray, " change"]
    """By how much of its range, of a number."""

    others: Float64[np.ndarray, " change"]
    """Where to, of a named value."""

    switches: Float64[np.ndarray, " change"]
    """The index of the strategy that is toggled instead, where there is such a one."""

    def part(self, begin: int, end: int) -> "Throws":
        """Those of some changes."""
        return Throws(*(thrown[begin:end] for thrown in self))


def throw(numbers: Sequence[int], dice: np.random.Generator, *, n_columns: int, n_switches: int) -> Throws:
    """Throws for changes.

    Args:
        numbers: So many changes in each go; those of the first toggle nothing.
        dice: Random numbers.
        n_columns: Numbers and named values that may be moved.
        n_switches: Strategies that may be toggled.
    """
    n, begin = sum(numbers), 0
    keys, (steps, down, others) = np.empty((n, n_columns)), np.empty((3, n))
    switches = np.full(n, np.inf)
    for number in numbers:
        here = slice(begin, begin + number)
        if n_columns:
            dice.random(out=keys[here])
            dice.standard_normal(out=steps[here])
            dice.random(out=down[here])
            dice.random(out=others[here])
        if begin:
            dice.random(out=switches[here])
        begin += number
    size = np.maximum(np.abs(steps * STEP), STEP / 5)
    switches *= n_switches + STEPS
    return Throws(keys, np.where(down >= 0.5, -size, size), others, switches)
