"""How labels travel through an operation: element by element, on the shapes at hand.

- What moves elements (clone, cast, cat, index, gather, flip, ...) moves their marks: it is run on the masks.
- What works element by element (arithmetic, comparisons, functions) marks a result where an argument is.
- What brings elements together (a sum, a maximum, a running sum, a sort, a matrix product) marks a result of
  labels alone, so that the mean over time of whole frames still has a clean column 3; a result of labels
  and of anything else is a use, and refused there and then.
- What chooses by a label (an index, a mask, a number of elements, a number of Python's) is refused.
- What is made like a tensor by its shape alone is clean. Any other operation on a label is refused.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from sim.guarding.calls import Call, Refused, tensors_in

aten = torch.ops.aten

Rule = Callable[[Call], Any]


def elementwise(call: Call) -> Tensor:
    """A result is a label where an argument is."""
    masks = [call.mask(one) for one in tensors_in([call.args, call.kwargs])]
    whole = masks[0]
    for mask in masks[1:]:
        whole = whole | mask
    return whole


def where(call: Call) -> Tensor:
    """The marks of what is chosen, and of what it is chosen by."""
    if call.function is not aten.where.self:
        raise Refused("chooses by it")
    condition, yes, no = call.args
    return torch.where(condition, call.mask(yes), call.mask(no)) | call.mask(condition)


def masked_fill(call: Call) -> Tensor:
    """The marks of the value where it is filled in, and of what is filled."""
    mask, value = call.argument("mask"), call.argument("value")
    filled = call.mask(value) if isinstance(value, Tensor) else torch.tensor(False)
    return torch.where(mask, filled, call.mask(call.args[0])) | call.mask(mask)


def moved(*, keep: Sequence[str] = (), drop: Sequence[str] = ()) -> Rule:
    """The rule of what moves elements: run on the masks, as `Call.with_masks` has it."""

    def rule(call: Call) -> Any:
        found = call.with_masks(keep=keep, drop=drop)
        return tuple(found) if isinstance(found, (list, tuple)) else found

    return rule


def in_place(rule: Rule) -> Rule:
    """The rule of an operation that writes to its first argument, whose own mask must not be written to."""

    def changed(call: Call) -> Any:
        masks: dict[int, Tensor] = {}

        def fresh(tensor: Tensor) -> Tensor:
            if id(tensor) not in masks:
                masks[id(tensor)] = call.mask(tensor).clone()
            return masks[id(tensor)]

        return rule(call._replace(mask=fresh))

    return changed


def same(call: Call) -> Tensor:
    """The marks of its first argument."""
    return call.mask(call.args[0]).clone()


def padded(call: Call) -> Any:
    """The marks of what is padded; the padding has none."""
    return aten.constant_pad_nd(call.mask(call.args[0]), call.args[1], 0)


def copied(call: Call) -> Tensor:
    """The marks of what is copied into a tensor."""
    source = call.args[1]
    if not isinstance(source, Tensor):
        return torch.tensor(False)
    return call.mask(source)


def clean(_: Call) -> Tensor:
    """No marks: made by a shape alone."""
    return torch.tensor(False)


def filled(call: Call) -> Tensor:
    """By a number, or by a tensor of one."""
    value = call.argument("value")
    return call.mask(value).reshape(()) if isinstance(value, Tensor) else torch.tensor(False)


def together(mask: Tensor, dim: Any, *, keepdim: bool) -> Tensor:
    """Where elements along axes are brought together: True where all are labels, False where none is.

    Raises:
        Refused: A result is of labels and of others.
    """
    dims = [dim] if isinstance(dim, int) else list(dim or range(mask.ndim))
    if mask.ndim == 0:
        return mask
    some, every = mask, mask
    for one in sorted((one % mask.ndim for one in dims), reverse=True):
        some, every = some.any(dim=one, keepdim=keepdim), every.all(dim=one, keepdim=keepdim)
    if bool((some & ~every).any()):
        raise Refused("mixes it with other columns")
    return some


def reduced(call: Call) -> Tensor:
    """Sums, means, extremes and the like along axes, or over everything."""
    return together(
        call.mask(call.args[0]), call.argument("dim"), keepdim=bool(call.argument("keepdim", False))
    )


def extreme(call: Call) -> Any:
    """`max` and `min`: of two tensors element by element, of one along an axis or over everything."""
    return elementwise(call) if call.argument("other") is not None else reduced(call)


def along(call: Call) -> Tensor:
    """Every result of a lane depends on all of it: sort, softmax and the like."""
    dim = call.argument("dim", -1)
    return together(call.mask(call.args[0]), -1 if dim is None else dim, keepdim=True)


def running(call: Call) -> Tensor:
    """Running sums and the like: an element depends on all before it."""
    mask, dim = call.mask(call.args[0]), call.argument("dim")
    if mask.ndim == 0:
        return mask
    some = mask.long().cummax(dim).values.bool()
    every = mask.long().cummin(dim).values.bool()
    if bool((some & ~every).any()):
        raise Refused("mixes it with other columns")
    return some


def product(left: Tensor, right: Tensor) -> Tensor:
    """The mask of a matrix product: of labels alone, or of none.

    Raises:
        Refused: An entry sums terms with labels and terms without.
    """
    clean = (~left).double() @ (~right).double()
    terms = left.shape[-1]
    if bool(((clean > 0) & (clean < terms)).any()):
        raise Refused("mixes it with other columns")
    return clean < terms


def matrix_product(call: Call) -> Tensor:
    """Products of matrices and vectors."""
    left, right = (call.mask(one) for one in call.args[:2])
    if left.ndim == 1 or right.ndim == 1:
        found = product(left[None] if left.ndim == 1 else left, right[:, None] if right.ndim == 1 else right)
        return found.reshape(left.shape[:-1] if right.ndim == 1 else right.shape[1:])
    return product(left, right)


def sum_with_product(call: Call) -> Tensor:
    """A tensor added to a product of matrices."""
    added = call.mask(call.args[0])
    inner = matrix_product(call._replace(args=(call.args[1], call.args[2])))
    if bool((added != inner).any()) and bool(added.any()):
        raise Refused("mixes it with other columns")
    return added | inner


def refused(reason: str) -> Rule:
    """The rule of what uses a label however it is called."""

    def rule(_: Call) -> Any:
        raise Refused(reason)

    return rule
