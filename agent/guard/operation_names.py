"""Names of tensor operations, grouped by what they do to the columns of a frame."""

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHAPE_READS: Final = _names(
    """
    device dim dtype element_size empty_like flags full_like get_device grad_fn is_complex is_contiguous
    is_cuda is_floating_point is_leaf is_tensor itemsize layout names nbytes ndim ndimension ndindex
    new_empty new_ones new_zeros numel ones_like rand_like randn_like requires_grad result_type shape
    size stride strides type zeros_like
    """
)
"""Say something of the shape or type, never of a value."""

KEEPS: Final = _names(
    """
    DoubleTensor FloatTensor Tensor abs add add_ array as_tensor asanyarray asarray ascontiguousarray
    asfarray astype bfloat16 bool ceil clamp clamp_ clip clone contiguous copy cos cpu cuda data
    deepcopy detach detach_ div div_ divide double eq exp float floor from_numpy ge gt half int isfinite
    isinf isnan le log log1p logical_not long lt mul mul_ multiply nan_to_num nan_to_num_ ne neg numpy
    pin_memory pow real reciprocal relu requires_grad_ retain_grad round share_memory_ sigmoid sign sin
    sqrt square sub sub_ subtract tanh tensor to tolist type type_as
    """
)
"""Move a frame, or treat each of its elements alone."""

REDUCES: Final = _names(
    """
    all amax amin aminmax any argmax argmin average count_nonzero logsumexp max mean median min mode
    nanmean nanmedian nanquantile nanstd nansum nanvar norm percentile prod ptp quantile std sum
    trapezoid trapz var
    """
)
"""Sum up an axis, or everything."""

MIXES: Final = _names(
    """
    argsort cummax cummin cumprod cumsum diff fft gather gradient kthvalue log_softmax logcumsumexp
    softmax sort take_along_dim topk unfold unique
    """
)
"""Make each position of an axis depend on others."""

TURNS: Final = _names(
    """
    H T mH mT moveaxis movedim permute swapaxes swapdims t transpose
    """
)
"""Put the axes into another order."""

SHAPES: Final = _names(
    """
    expand_dims flatten flip ravel reshape squeeze unsqueeze view
    """
)
"""Merge, split or reverse axes."""

PICKS: Final = _names(
    """
    __getitem__ chunk index_select item narrow select split take unbind
    """
)
"""Take a part."""

JOINS: Final = _names(
    """
    cat concat concatenate row_stack stack vstack
    """
)
"""Put frames together."""
