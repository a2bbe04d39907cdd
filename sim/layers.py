"""The layers of MLP_node, forward and back: by kernels on a CPU, by tensor operations elsewhere.

The two differ in where the work is done and not in what is computed. Layers are handed on instead of freed,
since fresh memory costs more than using it.
"""

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from sim.kernels.gate import memory_of, no_type_check
from sim.weights import Kind, Piece, Stack

_TANH_BACKWARD: Final = torch.ops.aten.tanh_backward.grad_input
_NOTHING: Final = np.empty((0, 0))


class Layer(NamedTuple):
    """Room for a layer."""

    values: Float[Tensor, "row unit"]
    memory: Float[ndarray, "row unit"]
    """The same, for kernels; empty where none works on it."""


class Layers(NamedTuple):
    """Both hidden layers of a piece, or of a stack."""

    first: Layer
    second: Layer


@no_type_check
def forward(
    piece: Piece, rows: Float[Tensor, "metabolite window"], *, out: Float[Tensor, "metabolite window"]
) -> Layers:
    """Writes the response of a piece by tensor operations, and returns the layers behind it.

    Args:
        piece: Detached weights.
        rows: Concentrations in the weights' dtype, c.u.
        out: To write to, c.u. per t.u.
    """
    one, layers = piece.weights, shelf.take(piece.kind)
    first, second = layers.first.values, layers.second.values
    torch.addcmul(one.share[:, None], rows.unsqueeze(-1), one.input, out=first.view(*rows.shape, -1)).tanh_()
    torch.addmm(one.bias, first, one.hidden, out=second).tanh_()
    torch.addmv(one.offset, second, one.output, out=out.view(-1))
    if one.slope is not None:
        out.addcmul_(rows, one.slope[:, None])
    return layers


@no_type_check
def forward_compiled(
    stack: Stack,
    rows: Float[ndarray, "replicate metabolite window"],
    *,
    out: Float[ndarray, "replicate metabolite window"],
) -> Layers:
    """Adds the response of all replicates by a kernel, and returns the layers behind it.

    Args:
        stack: Detached weights.
        rows: Concentrations, c.u.
        out: To add to, c.u. per t.u.
    """
    from sim.kernels.layers import respond

    layers = shelf.take(stack.kind)
    respond(rows, layers.first.memory, layers.second.memory, out, stack.at_once, *stack.memory.weights)
    return layers


@no_type_check
def backward(
    piece: Piece,
    gradient: Piece,
    layers: Layers,
    rows: Float[Tensor, "metabolite window"],
    pull: Float[Tensor, "metabolite window"],
    *,
    out: Float[Tensor, "metabolite window"],
) -> None:
    """By tensor operations: adds to the weights' gradients, and writes that of the concentration.

    The layers are used up.

    Args:
        piece: Detached weights.
        gradient: A piece like that, to add to.
        layers: From `forward`.
        rows: As for `forward`.
        pull: Gradient with respect to the response.
        out: To write to.
    """
    one, to, scratch = piece.weights, gradient.weights, shelf.take(piece.kind)
    flat, first, second, lower = pull.view(-1), *(one.values for one in (*layers, scratch.first))
    to.output.addmv_(second.T, flat)
    to.offset.add_(flat.sum())
    upper = _TANH_BACKWARD(torch.outer(flat, one.output), second, grad_input=second)
    torch.mm(upper, one.hidden.T, out=lower)
    to.hidden.addmm_(first.T, upper)
    to.bias.add_(upper.sum(dim=0))
    _TANH_BACKWARD(lower, first, grad_input=lower)
    to.input.addmv_(lower.T, rows.view(-1))
    to.share.add_(lower.view(*pull.shape, -1).sum(dim=1))
    torch.mv(lower, one.input, out=out.view(-1))
    if one.slope is not None and to.slope is not None:
        to.slope.add_((pull * rows).sum(dim=1))
        out.addcmul_(pull, one.slope[:, None])
    shelf.put(piece.kind, scratch, layers)


@no_type_check
def backward_compiled(
    stack: Stack,
    gradient: Stack,
    layers: Layers,
    rows: Float[ndarray, "replicate metabolite window"],
    pull: Float[ndarray, "replicate metabolite window"],
    *,
    out: Float[ndarray, "replicate metabolite window"],
) -> None:
    """By a kernel: adds to the weights' gradients, and to that of the concentration.

    The layers are used up.

    Args:
        stack: Detached weights.
        gradient: A stack like that, to add to.
        layers: From `forward_compiled`.
        rows: As for `forward_compiled`.
        pull: Gradient with respect to the response.
        out: To add to.
    """
    from sim.kernels.layers import respond_back

    memory, to = stack.memory, gradient.memory
    respond_back(
        pull,
        rows,
        layers.first.memory,
        layers.second.memory,
        out,
        stack.at_once,
        memory.input,
        memory.turned,
        memory.output,
        memory.slope,
        *to.weights,
    )
    shelf.put(stack.kind, layers)


class _Shelf:
    """Layers that nobody needs any more, for the next ones."""

    def __init__(self) -> None:
        self._free: defaultdict[Kind, list[Layers]] = defaultdict(list)

    @no_type_check
    def take(self, kind: Kind) -> Layers:
        """Layers of that kind, whatever they hold."""
        free = self._free[kind]
        return free.pop() if free else Layers(_layer(kind), _layer(kind))

    @no_type_check
    def put(self, kind: Kind, *layers: Layers) -> None:
        """Takes layers back, which nobody may use any more."""
        self._free[kind].extend(layers)


@no_type_check
def _layer(kind: Kind) -> Layer:
    compiled, rows, units, dtype, device = kind
    values = torch.empty(rows, units, dtype=dtype, device=device)
    return Layer(values, memory_of(values) if compiled else _NOTHING)


shelf: Final = _Shelf()
