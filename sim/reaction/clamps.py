"""Frames near which a metabolite was used up: the model is given there what was measured."""

from typing import Final

from jaxtyping import Bool, Float64
from numpy import ndarray

from sim.reaction.spline import FLOOR

CRASH: Final = 0.5  # share of its content that is left after a step
APPROACH: Final = 3  # frames before a clamp that are left out, and after it
RECOVERY: Final = 10


def around_clamps(
    observed: Float64[ndarray, "frame metabolite"],
) -> Bool[ndarray, "frame metabolite"]:
    """Frames near one in which next to nothing was left of a metabolite.

    Where a step takes half of what there is, or all, a hair decides between little and nothing, and on
    how a metabolite grows back: the model is given what was measured instead.
    """
    empty = observed <= FLOOR
    empty[1:] |= observed[1:] < CRASH * observed[:-1]
    near = empty.copy()
    for shift in range(1, RECOVERY + 1):
        near[shift:] |= empty[:-shift]
        if shift <= APPROACH:
            near[:-shift] |= empty[shift:]
    return near
