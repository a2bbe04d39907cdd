"""What a response is computed from: the weights of MLP_node, of all replicates or of a piece of one.

A piece is some metabolites of one replicate at all windows, few enough for what one layer leaves to be in the
cache when the next one takes it; kernels go through it by smaller blocks still.
No operation spans two replicates: company changes no bit of any.
"""

from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from sim.kernels.gate import memory_of, no_type_check

ROWS_AT_ONCE: Final = 1024
"""Rows of a layer that are worked on together: two layers of 64 units then fit into 1 MiB of cache."""

CACHE_LINE: Final = 64  # bytes; memory of a tensor of its own begins at a multiple of it

COMPILED: Final = (torch.float32, torch.float64)
"""What kernels compute in."""


class NodeWeights(NamedTuple):
    """Weights of a stack, scales included; or of a piece, without the replicate axis."""

    share: Float[Tensor, "*replicate metabolite unit"]
    """What embedding and bias put into the first layer."""

    input: Float[Tensor, "*replicate unit"]
    """Per c.u."""

    hidden: Float[Tensor, "*replicate unit unit"]
    bias: Float[Tensor, "*replicate unit"]
    output: Float[Tensor, "*replicate unit"]
    """c.u. per t.u."""

    offset: Float[Tensor, "*replicate"]
    """c.u. per t.u.; of a piece, one number."""

    slope: Float[Tensor, "*replicate metabolite"] | None = None
    """Of the skip connection, 1 per t.u.; None where there is none."""

    def zeros(self) -> "NodeWeights":
        """Of the same shapes, to add gradients to; aligned as well."""
        return NodeWeights(*(None if one is None else _room_like(one).zero_() for one in self))  # type: ignore[arg-type]

    def aligned(self) -> "NodeWeights":
        """The same, each replicate's share of a stack beginning where it would if it were alone.

        Matrix products round according to where their operands lie within a cache line.
        """
        return NodeWeights(*(None if one is None else _room_like(one).copy_(one) for one in self))  # type: ignore[arg-type]

    def pieces(self, n_windows: int, *, compiled: bool | None = None) -> list["Piece"]:
        """The stack cut up, replicate by replicate; pieces are views of it.

        Args:
            n_windows: At how many concentrations each metabolite is evaluated.
            compiled: Whether kernels work on them; default: on a CPU.
        """
        if compiled is None:
            compiled = self.hidden.device.type == "cpu" and self.hidden.dtype in COMPILED
        at_once = max(1, ROWS_AT_ONCE // max(1, n_windows))
        found = []
        parts = [[None] * len(self.share) if stack is None else stack.unbind() for stack in self]
        stack = (NodeWeights(*replicate) for replicate in zip(*parts, strict=True))
        for number, one in enumerate(stack):
            for begin in range(0, len(one.share), at_once):
                metabolites = slice(begin, begin + at_once)
                slope = None if one.slope is None else one.slope[metabolites]
                part = one._replace(share=one.share[metabolites], offset=one.offset.view(1), slope=slope)
                rows = len(part.share) * n_windows
                kind = Kind(compiled, rows, part.hidden.shape[0], part.hidden.dtype, part.hidden.device)
                found.append(Piece(part, _memory(part) if compiled else _NONE, (number, metabolites), kind))
        return found


class Memory(NamedTuple):
    """The same numbers, as kernels take them."""

    share: Float[ndarray, "metabolite unit"]
    input: Float[ndarray, " unit"]
    hidden: Float[ndarray, "unit unit"]
    bias: Float[ndarray, "1 unit"]
    output: Float[ndarray, " unit"]
    offset: Float[ndarray, " 1"]
    slope: Float[ndarray, " metabolite"]
    """Empty where there is no skip connection."""

    turned: Float[ndarray, "unit unit"]
    """`hidden` with rows for columns."""

    @property
    def weights(self) -> tuple[ndarray, ...]:
        """What kernels take in this order, and give gradients for."""
        return self[:7]


_NONE: Final = Memory(*(np.empty(0) for _ in Memory._fields))


class Kind(NamedTuple):
    """What layers must have in common to stand in for one another."""

    compiled: bool
    """Whether kernels work on them."""

    rows: int
    units: int
    dtype: torch.dtype
    device: torch.device


class Piece(NamedTuple):
    """Some metabolites of one replicate."""

    weights: NodeWeights
    memory: Memory
    """Empty where no kernel works on them."""

    place: tuple[int, slice]
    """Which replicate, and which metabolites."""

    kind: Kind
    """Of its layers."""


@no_type_check
def _memory(part: NodeWeights) -> Memory:
    share, weight, hidden, bias, output, offset = (memory_of(one) for one in part[:6])
    slope = np.empty(0, share.dtype) if part.slope is None else memory_of(part.slope)
    turned = np.ascontiguousarray(hidden.T)
    return Memory(share, weight, hidden, bias[None], output, offset, slope, turned)


def _room_like(stack: Float[Tensor, "replicate ..."]) -> Float[Tensor, "replicate ..."]:
    """Room for such a stack in which each replicate's share begins at a cache line."""
    size, line = stack[0].numel(), CACHE_LINE // stack.element_size()
    if stack.dim() == 1 or size % line == 0:
        return stack.new_empty(stack.shape)
    room: Tensor = stack.new_empty(len(stack), size + line - size % line)
    return room[:, :size].view(stack.shape)
