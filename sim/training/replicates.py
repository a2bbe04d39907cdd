"""Sums over all of a replicate, with the same bits whatever its company.

A reduction that keeps one axis adds up in an order that depends on the size of that axis, and so do a matrix
product and an optimiser's step over a whole stack. A replicate that is to end with the same bits alone, in
company, and in another process is therefore reduced by itself: one after the other, over memory of its own.
"""

from collections.abc import Callable, Iterable
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor


def mean_of_each(values: Float[Tensor, "*axes"], *, axis: int = 0) -> Float[Tensor, " replicate"]:
    """Mean over everything but the axis of the replicates.

    Args:
        values: One axis is that of the replicates.
        axis: Which one.
    """
    return for_each(torch.mean, values, axis=axis)


def sum_of_each(values: Float[Tensor, "*axes"], *, axis: int = 0) -> Float[Tensor, " replicate"]:
    """Sum over everything but the axis of the replicates.

    Args:
        values: One axis is that of the replicates.
        axis: Which one.
    """
    return for_each(torch.sum, values, axis=axis)


def for_each(
    function: Callable[[Tensor], Tensor], values: Float[Tensor, "*axes"], *, axis: int = 0
) -> Float[Tensor, "replicate ..."]:
    """The function of each replicate by itself, stacked.

    Args:
        function: Takes what there is of one replicate, contiguous.
        values: One axis is that of the replicates.
        axis: Which one.
    """
    return torch.stack([function(one.contiguous()) for one in values.unbind(axis)])


def added_up(terms: Iterable[Float[Tensor, " replicate"]]) -> Float[Tensor, " replicate"]:
    """The terms one after the other, from the first to the last; at least one."""
    return reduce(torch.add, terms)
