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
from typing import Any, Final, NamedTuple

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor
from torch._ops import OpOverload

Masks = tuple[Bool[Tensor, "..."], ...]
MaskOf = Callable[[Tensor], Tensor]

aten = torch.ops.aten


class Refused(Exception):  # noqa: N818 - it is caught by `watch`, which says it to people
    """The operation uses a label."""


class Call(NamedTuple):
    """An operation on tensors some of which hold labels."""

    function: OpOverload
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    mask: MaskOf

    @property
    def name(self) -> str:
        """As `aten` has it, without overload, and without the mark of what works in place."""
        return str(self.function.overloadpacket.__name__)

    def argument(self, name: str, default: Any = None) -> Any:
        """An argument by its name in the schema."""
        for place, argument in enumerate(self.function._schema.arguments):
            if argument.name == name:
                if name in self.kwargs:
                    return self.kwargs[name]
                if place < len(self.args):
                    return self.args[place]
                return argument.default_value if argument.has_default_value() else default
        return default

    def with_masks(self, *, keep: Sequence[str] = (), drop: Sequence[str] = ()) -> Any:
        """What the operation makes of the masks.

        Args:
            keep: Arguments that say where, and stay as they are; none of them may be a label.
            drop: Arguments that a mask has no use for.
        """
        args, kwargs = list(self.args), dict(self.kwargs)
        for place, argument in enumerate(self.function._schema.arguments):
            name, given = argument.name, place < len(args)
            if not given and name not in kwargs:
                continue
            value = args[place] if given else kwargs[name]
            if name in drop:
                kwargs.pop(name, None)
                continue
            if name in keep:
                self.refuse_labels(value)
                continue
            value = self._masked(value)
            if given:
                args[place] = value
            else:
                kwargs[name] = value
        return self.function(*args, **kwargs)

    def refuse_labels(self, value: Any) -> None:
        """Raises where a tensor in `value` has a label.

        Raises:
            Refused: It has.
        """
        for tensor in tensors_in(value):
            if bool(self.mask(tensor).any()):
                raise Refused("chooses by it")

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.mask(value)
        if isinstance(value, (list, tuple)):
            return [self._masked(one) for one in value]
        return value


def tensors_in(value: Any) -> list[Shaped[Tensor, "..."]]:
    """The tensors among arguments, at any depth of lists and mappings."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [tensor for one in value for tensor in tensors_in(one)]


def masks_after(call: Call) -> Masks:
    """The masks of what an operation gives: one for each result, or one for all of them, to be broadcast.

    Args:
        call: The operation; what it writes to is not written yet.

    Raises:
        Refused: It uses a label.
    """
    rule = _RULES.get(call.name)
    if rule is None and torch.Tag.pointwise in call.function.tags:
        rule = _elementwise
    if rule is None:
        raise Refused("uses it")
    masks = rule(call)
    return (masks,) if isinstance(masks, Tensor) else tuple(masks)


Rule = Callable[[Call], Any]


def _elementwise(call: Call) -> Tensor:
    masks = [call.mask(one) for one in tensors_in([call.args, call.kwargs])]
    whole = masks[0]
    for mask in masks[1:]:
        whole = whole | mask
    return whole


def _where(call: Call) -> Tensor:
    if call.function is not aten.where.self:
        raise Refused("chooses by it")
    condition, yes, no = call.args
    return torch.where(condition, call.mask(yes), call.mask(no)) | call.mask(condition)


def _masked_fill(call: Call) -> Tensor:
    mask, value = call.argument("mask"), call.argument("value")
    filled = call.mask(value) if isinstance(value, Tensor) else torch.tensor(False)
    return torch.where(mask, filled, call.mask(call.args[0])) | call.mask(mask)


def _moved(*, keep: Sequence[str] = (), drop: Sequence[str] = ()) -> Rule:
    def rule(call: Call) -> Any:
        found = call.with_masks(keep=keep, drop=drop)
        return tuple(found) if isinstance(found, (list, tuple)) else found

    return rule


def _in_place(rule: Rule) -> Rule:
    """The rule of an operation that writes to its first argument, whose own mask must not be written to."""

    def changed(call: Call) -> Any:
        masks: dict[int, Tensor] = {}

        def fresh(tensor: Tensor) -> Tensor:
            if id(tensor) not in masks:
                masks[id(tensor)] = call.mask(tensor).clone()
            return masks[id(tensor)]

        return rule(call._replace(mask=fresh))

    return changed


def _same(call: Call) -> Tensor:
    return call.mask(call.args[0]).clone()


def _padded(call: Call) -> Any:
    return aten.constant_pad_nd(call.mask(call.args[0]), call.args[1], 0)


def _copied(call: Call) -> Tensor:
    source = call.args[1]
    if not isinstance(source, Tensor):
        return torch.tensor(False)
    return call.mask(source)


def _clean(_: Call) -> Tensor:
    return torch.tensor(False)


def _filled(call: Call) -> Tensor:
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


def _reduced(call: Call) -> Tensor:
    return together(
        call.mask(call.args[0]), call.argument("dim"), keepdim=bool(call.argument("keepdim", False))
    )


def _extreme(call: Call) -> Any:
    """`max` and `min`: of two tensors element by element, of one along an axis or over everything."""
    return _elementwise(call) if call.argument("other") is not None else _reduced(call)


def _along(call: Call) -> Tensor:
    """Every result of a lane depends on all of it: sort, softmax and the like."""
    dim = call.argument("dim", -1)
    return together(call.mask(call.args[0]), -1 if dim is None else dim, keepdim=True)


def _running(call: Call) -> Tensor:
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


def _matrix_product(call: Call) -> Tensor:
    left, right = (call.mask(one) for one in call.args[:2])
    if left.ndim == 1 or right.ndim == 1:
        found = product(left[None] if left.ndim == 1 else left, right[:, None] if right.ndim == 1 else right)
        return found.reshape(left.shape[:-1] if right.ndim == 1 else right.shape[1:])
    return product(left, right)


def _sum_with_product(call: Call) -> Tensor:
    added = call.mask(call.args[0])
    inner = _matrix_product(call._replace(args=(call.args[1], call.args[2])))
    if bool((added != inner).any()) and bool(added.any()):
        raise Refused("mixes it with other columns")
    return added | inner


def _refused(reason: str) -> Rule:
    def rule(_: Call) -> Any:
        raise Refused(reason)

    return rule


_INDEX: Final = ("indices", "index", "dim", "mask")

_RULES: Final[dict[str, Rule]] = {
    "where": _where,
    **dict.fromkeys(("masked_fill", "masked_fill_"), _in_place(_masked_fill)),
    **dict.fromkeys(
        ("clone", "_to_copy", "contiguous", "lift_fresh", "lift_fresh_copy", "_conj_physical"), _same
    ),
    **dict.fromkeys(
        (
            *(
                "cat",
                "stack",
                "flip",
                "roll",
                "repeat",
                "rot90",
                "tril",
                "triu",
                "_unsafe_view",
                "alias_copy",
            ),
            *("select_copy", "slice_copy", "view_copy", "permute_copy", "transpose_copy", "expand_copy"),
            *("unbind_copy", "split_copy", "split_with_sizes_copy", "unfold_copy", "as_strided_copy"),
            *("diagonal_copy", "squeeze_copy", "unsqueeze_copy", "t_copy", "detach_copy", "_reshape_copy"),
            *("select_scatter", "slice_scatter", "diagonal_scatter", "as_strided_scatter", "pixel_shuffle"),
            *("channel_shuffle", "im2col", "diag_embed"),
        ),
        _moved(),
    ),
    **dict.fromkeys(("index", "_unsafe_index", "index_select", "take", "masked_select"), _moved(keep=_INDEX)),
    "gather": _moved(keep=_INDEX),
    "repeat_interleave": _moved(keep=("repeats",)),
    **dict.fromkeys(
        ("index_put", "index_put_", "_index_put_impl_", "_unsafe_index_put"),
        _in_place(_moved(keep=_INDEX, drop=("accumulate",))),
    ),
    **dict.fromkeys(
        ("masked_scatter", "masked_scatter_", "index_copy", "index_copy_"), _in_place(_moved(keep=_INDEX))
    ),
    "constant_pad_nd": _padded,
    "copy_": _copied,
    **dict.fromkeys(("fill_", "fill"), _filled),
    **dict.fromkeys(
        (
            *(
                "zero_",
                "normal_",
                "uniform_",
                "random_",
                "exponential_",
                "log_normal_",
                "cauchy_",
                "geometric_",
            ),
            *(
                "zeros_like",
                "ones_like",
                "empty_like",
                "full_like",
                "rand_like",
                "randn_like",
                "randint_like",
            ),
            *("new_empty", "new_zeros", "new_ones", "new_full", "new_empty_strided", "empty_strided"),
            *("is_same_size", "size", "stride", "numel", "dim", "is_contiguous", "_has_same_storage_numel"),
            *("sym_size", "sym_stride", "sym_numel", "sym_storage_offset", "sym_is_contiguous"),
        ),
        _clean,
    ),
    **dict.fromkeys(
        (
            *("sum", "mean", "prod", "nansum", "amax", "amin", "aminmax", "argmax", "argmin", "any", "all"),
            *("std", "var", "std_mean", "var_mean", "norm", "linalg_vector_norm", "logsumexp", "median"),
            *("nanmedian", "mode", "kthvalue", "count_nonzero"),
        ),
        _reduced,
    ),
    **dict.fromkeys(("max", "min"), _extreme),
    **dict.fromkeys(("sort", "argsort", "topk", "_softmax", "_log_softmax"), _along),
    **dict.fromkeys(
        ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "_cummax_helper", "cumsum_", "cumprod_"),
        _running,
    ),
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "vdot", "matmul"), _matrix_product),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _sum_with_product),
    **dict.fromkeys(("_local_scalar_dense", "item"), _refused("takes it out of torch")),
    **dict.fromkeys(
        ("nonzero", "equal", "_unique2", "unique_dim", "bincount", "histc"), _refused("chooses by it")
    ),
}
