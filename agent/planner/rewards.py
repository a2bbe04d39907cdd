"""What nodes of the search tree are worth, as arrays: rewards, scores, and which of them come first.

What orders the nodes asks for few of them, so that the rest is not put in order.
Source: the PUCT rule of the public MetabolismGraph study (FACTS: section 6), with ranks.
"""

import math
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

Positions = Int[np.ndarray, " some"]
NodeArray = Float[np.ndarray, " node"] | Int[np.ndarray, " node"] | Bool[np.ndarray, " node"]
Real = TypeVar("Real", float, Float[np.ndarray, " node"])

REACH = 3.0

FEW = 64
"""So many ties are put in order with the others."""


def first(limit: int, *keys: NodeArray) -> Positions:
    """The positions that come first by several keys, in order, without ordering the rest.

    Args:
        limit: How many are wanted, at least 1.
        keys: One-dimensional, of one length; the first one decides, ties go to the next, then to the lower
            position.
    """
    n = len(keys[0])
    if limit >= n:
        return np.lexsort(keys[::-1])
    bar = keys[0].min() if limit == 1 else np.partition(keys[0], limit - 1)[limit - 1]
    near = np.flatnonzero(keys[0] <= bar)
    if len(near) == 1:
        return near
    if len(near) <= limit + FEW:
        order: Positions = near[np.lexsort([key[near] for key in keys[::-1]])][:limit]
        return order
    below, ties = np.flatnonzero(keys[0] < bar), np.flatnonzero(keys[0] == bar)
    ordered = below[np.lexsort([key[below] for key in keys[::-1]])]
    wanted = limit - len(below)
    # Ties of the last key keep their positions.
    resolved = first(wanted, *(key[ties] for key in keys[1:])) if len(keys) > 1 else np.arange(wanted)
    return np.concatenate((ordered, ties[resolved]))


def level_rewards(scores: Float[np.ndarray, " score"]) -> Float[np.ndarray, " score"]:
    """Place of each score between the worst (see `floor_of`) and the best, 0 to 1; 1 where all are equal.

    Args:
        scores: Higher is better; at least one.
    """
    low, best = floor_of(scores), float(scores.max())
    return (np.maximum(scores, low) - low) / (best - low) if best > low else np.ones(len(scores))


def floor_of(scores: Float[np.ndarray, " score"]) -> float:
    """The worst score, or what counts as that: `REACH` times as far below the median as the best is above it.

    Some objectives have no lower bound, and one abyss would make all the others look alike.

    Args:
        scores: Higher is better; at least one.
    """
    n, ordered = len(scores), np.sort(scores)
    low, middle, high = float(ordered[0]), float(ordered[(n - 1) // 2]), float(ordered[-1])
    middle = (middle + float(ordered[n // 2])) / 2
    return max(low, middle - REACH * (high - middle))


def ucb_score(reward: Real, *, visits: Real, total: int, exploration_constant: float) -> Real:
    """Upper confidence bound of a node; falls as the node is visited, rises with all visits."""
    return reward + exploration_constant * math.sqrt(total) / (1 + visits)


def rank_rewards(
    scores: Float[np.ndarray, " score"], ordered: Float[np.ndarray, " score"]
) -> Float[np.ndarray, " score"]:
    """Share of the other scores that are worse, ties counting half; 1 for an only score.

    Args:
        scores: Higher is better.
        ordered: The same, from low to high.
    """
    others = len(ordered) - 1
    if others < 1:
        return np.ones(len(scores))
    worse, not_better = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    return (worse + 0.5 * (not_better - worse - 1)) / others
