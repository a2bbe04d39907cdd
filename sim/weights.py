"""What a response is computed from: the weights of MLP_node, of all replicates or of a piece of one.

Kernels take the whole stack, and go through it replicate by replicate and by small blocks of rows. Tensor
operations take it piece by piece: a piece is some metabolites of one replicate at all windows, few enough for
what one layer leaves to be in the cache when the next one takes it.
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

    @property
    def for_kernels(self) -> bool:
        """Whether kernels compute with weights like these: on a CPU."""
        return self.hidden.device.type == "cpu" and self.hidden.dtype in COMPILED

    def zeros(self, *, compiled: bool) -> "NodeWeights":
        """Of the same shapes, to add gradients to; laid out as `copied` does it."""
        return NodeWeights(*(None if one is None else _room_like(one, compiled).zero_() for one in self))  # type: ignore[arg-type]

    def copied(self, *, compiled: bool) -> "NodeWeights":
        """The same, to compute with.

        Args:
            compiled: Whether kernels do it, which take a stack without gaps. Otherwise each replicate's share
                begins where it would if it were alone: matrix products of a library round according to where
                their operands lie within a cache line.
        """
        return NodeWeights(*(None if one is None else _room_like(one, compiled).copy_(one) for one in self))  # type: ignore[arg-type]

    def parts(self, n_windows: int, *, compiled: bool) -> "Parts":
        """What is worked on at once, as views of the stack.

        Args:
            n_windows: At how many concentrations each metabolite is evaluated.
            compiled: Whether kernels work on them; the stack is then one that `copied` or `zeros` made for
                them.
        """
        at_once = max(1, ROWS_AT_ONCE // max(1, n_windows))
        if compiled:
            n_replicates, n_metabolites, units = self.share.shape
            rows = n_replicates * n_metabolites * n_windows
            kind = Kind(True, rows, units, self.hidden.dtype, self.hidden.device)
            return Stack(_memory(self), max(1, at_once * n_windows), kind)
        found = []
        parts = [[None] * len(self.share) if stack is None else stack.unbind() for stack in self]
        stack = (NodeWeights(*replicate) for replicate in zip(*parts, strict=True))
        for number, one in enumerate(stack):
            for begin in range(0, len(one.share), at_once):
                metabolites = slice(begin, begin + at_once)
                slope = None if one.slope is None else one.slope[metabolites]
                part = one._replace(share=one.share[metabolites], offset=one.offset.view(1), slope=slope)
                rows = len(part.share) * n_windows
                kind = Kind(False, rows, part.hidden.shape[0], part.hidden.dtype, part.hidden.device)
                found.append(Piece(part, (number, metabolites), kind))
        return found


class Memory(NamedTuple):
    """The numbers of a stack, as kernels take them."""

    share: Float[ndarray, "replicate*metabolite unit"]
    input: Float[ndarray, "replicate unit"]
    hidden: Float[ndarray, "replicate unit unit"]
    bias: Float[ndarray, "replicate 1 unit"]
    output: Float[ndarray, "replicate unit"]
    offset: Float[ndarray, "replicate 1"]
    slope: Float[ndarray, " replicate*metabolite"]
    """Empty where there is no skip connection."""

    turned: Float[ndarray, "replicate unit unit"]
    """`hidden` with rows for columns."""

    @property
    def weights(self) -> tuple[ndarray, ...]:
        """What kernels take in this order, and give gradients for."""
        return self[:7]


class Kind(NamedTuple):
    """What layers must have in common to stand in for one another."""

    compiled: bool
    """Whether kernels work on them."""

    rows: int
    units: int
    dtype: torch.dtype
    device: torch.device


class Stack(NamedTuple):
    """All replicates, for kernels."""

    memory: Memory

    at_once: int
    """Rows from one beginning of blocks to the next; a whole number of metabolites."""

    kind: Kind
    """Of its layers."""


class Piece(NamedTuple):
    """Some metabolites of one replicate, for tensor operations."""

    weights: NodeWeights

    place: tuple[int, slice]
    """Which replicate, and which metabolites."""

    kind: Kind
    """Of its layers."""


Parts = Stack | list[Piece]
"""What is worked on at once: by kernels, or by tensor operations one after the other."""


@no_type_check
def _memory(stack: NodeWeights) -> Memory:
    share, weight, hidden, bias, output, offset = (memory_of(one) for one in stack[:6])
    slope = np.empty(0, share.dtype) if stack.slope is None else memory_of(stack.slope).reshape(-1)
    turned = np.ascontiguousarray(hidden.transpose(0, 2, 1))
    flat = share.reshape(-1, share.shape[-1])
    return Memory(flat, weight, hidden, bias[:, None], output, offset[:, None], slope, turned)


def _room_like(stack: Float[Tensor, "replicate ..."], compiled: bool) -> Float[Tensor, "replicate ..."]:
    """Room for such a stack: without gaps, or with each replicate's share beginning at a cache line."""
    size, line = stack[0].numel(), CACHE_LINE // stack.element_size()
    if compiled or stack.dim() == 1 or size % line == 0:
        return stack.new_empty(stack.shape)
    room: Tensor = stack.new_empty(len(stack), size + line - size % line)
    return room[:, :size].view(stack.shape)
