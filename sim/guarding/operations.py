"""Which rule an operation of torch follows, by the name that `aten` has for it.

An operation without a rule that works element by element marks a result where an argument is marked; any
other one that meets a label is refused.
"""

from typing import Final

import torch
from torch import Tensor

from sim.guarding import rules
from sim.guarding.calls import Call, Masks, Refused

_INDEX: Final = ("indices", "index", "dim", "mask")

_RULES: Final[dict[str, rules.Rule]] = {
    "where": rules.where,
    **dict.fromkeys(("masked_fill", "masked_fill_"), rules.in_place(rules.masked_fill)),
    **dict.fromkeys(
        ("clone", "_to_copy", "contiguous", "lift_fresh", "lift_fresh_copy", "_conj_physical"), rules.same
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
        rules.moved(),
    ),
    **dict.fromkeys(
        ("index", "_unsafe_index", "index_select", "take", "masked_select"), rules.moved(keep=_INDEX)
    ),
    "gather": rules.moved(keep=_INDEX),
    "repeat_interleave": rules.moved(keep=("repeats",)),
    **dict.fromkeys(
        ("index_put", "index_put_", "_index_put_impl_", "_unsafe_index_put"),
        rules.in_place(rules.moved(keep=_INDEX, drop=("accumulate",))),
    ),
    **dict.fromkeys(
        ("masked_scatter", "masked_scatter_", "index_copy", "index_copy_"),
        rules.in_place(rules.moved(keep=_INDEX)),
    ),
    "constant_pad_nd": rules.padded,
    "copy_": rules.copied,
    **dict.fromkeys(("fill_", "fill"), rules.filled),
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
        rules.clean,
    ),
    **dict.fromkeys(
        (
            *("sum", "mean", "prod", "nansum", "amax", "amin", "aminmax", "argmax", "argmin", "any", "all"),
            *("std", "var", "std_mean", "var_mean", "norm", "linalg_vector_norm", "logsumexp", "median"),
            *("nanmedian", "mode", "kthvalue", "count_nonzero"),
        ),
        rules.reduced,
    ),
    **dict.fromkeys(("max", "min"), rules.extreme),
    **dict.fromkeys(("sort", "argsort", "topk", "_softmax", "_log_softmax"), rules.along),
    **dict.fromkeys(
        ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "_cummax_helper", "cumsum_", "cumprod_"),
        rules.running,
    ),
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "vdot", "matmul"), rules.matrix_product),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), rules.sum_with_product),
    **dict.fromkeys(("_local_scalar_dense", "item"), rules.refused("takes it out of torch")),
    **dict.fromkeys(
        ("nonzero", "equal", "_unique2", "unique_dim", "bincount", "histc"), rules.refused("chooses by it")
    ),
}


def masks_after(call: Call) -> Masks:
    """The masks of what an operation gives: one for each result, or one for all of them, to be broadcast.

    Args:
        call: The operation; what it writes to is not written yet.

    Raises:
        Refused: It uses a label.
    """
    rule = _RULES.get(call.name)
    if rule is None and torch.Tag.pointwise in call.function.tags:
        rule = rules.elementwise
    if rule is None:
        raise Refused("uses it")
    masks = rule(call)
    return (masks,) if isinstance(masks, Tensor) else tuple(masks)
