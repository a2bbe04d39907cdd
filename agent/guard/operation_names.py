"""Names of tensor operations, grouped by what they do to the columns of a frame."""

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHAPE_READS: Final = _names(
    """
    device dim dtype element_size empty_like flags full_like get_device is_complex is_contiguous is_cuda
    is_floating_point is_leaf is_tensor itemsize layout nbytes ndim ndimension new_empty new_full new_ones
    new_zeros numel ones_like rand_like randn_like requires_grad result_type shape size stride strides
    zeros_like
    """
)
"""Say something of the shape or type, never of a value."""

MOVES: Final = _names(
    """
    DoubleTensor FloatTensor Tensor array as_tensor asanyarray asarray ascontiguousarray asfortranarray astype
    bfloat16 bool byte clone contiguous copy cpu cuda data deepcopy detach detach_ double float float32
    float64 from_dlpack from_numpy half int long numpy pin_memory requires_grad_ retain_grad share_memory_
    short tensor to tolist type type_as
    """
)
"""Move a frame whole: other arguments say where to and as what."""

ELEMENTS: Final = _names(
    """
    abs absolute add add_ addcdiv addcmul arctan arctan2 atan atan2 ceil clamp clamp_ clamp_max clamp_min
    clip cos
    div div_ divide dropout eq exp expm1 float_power floor fmax fmin ge gelu greater gt heaviside isclose
    isfinite isinf isnan le leaky_relu lerp less log log10 log1p log2 logical_and logical_not logical_or lt
    masked_fill maximum minimum mod mul mul_ multiply nan_to_num nan_to_num_ ne neg negative nextafter pow
    power
    real reciprocal relu relu_ remainder round rsqrt sigmoid sigmoid_ sign sin softplus sqrt square sub sub_
    subtract tanh tanh_ true_divide trunc where zero_ fill_
    """
)
"""Treat each element alone, with what stands at its place in the other arguments."""

REDUCES: Final = _names(
    """
    all amax amin any argmax argmin average count_nonzero logsumexp max mean median min mode nanmean nanmedian
    nanquantile nanstd nansum nanvar norm percentile prod ptp quantile std sum vector_norm var
    """
)
"""Sum up an axis, or everything."""

PAIRS: Final = _names("max min median mode nanmedian sort topk kthvalue cummax cummin")
"""Give values and indices, as torch has them."""

MIXES: Final = _names(
    """
    argsort cummax cummin cumprod cumsum diff kthvalue log_softmax logcumsumexp nancumsum softmax sort topk
    """
)
"""Make each position of an axis depend on others."""

PRODUCTS: Final = _names("matmul mm bmm mv dot __matmul__ __rmatmul__")
"""Matrix products: sum over the left one's last axis and the right one's last but one."""

USES_ALL: Final = _names(
    """
    addmm allclose array_equal array_repr array_str baddbmm bincount cdist corrcoef cosine_similarity cov
    cross det
    eig eigh eigvalsh equal fft fsum histogram inner inv kron l1_loss layer_norm linear lstsq mse_loss
    normalize
    nonzero outer pca_lowrank pinv pairwise_distance qr renorm slogdet smooth_l1_loss solve svd svdvals
    tensordot
    trace unique unique_consecutive vdot
    """
)
"""Mix all columns whatever their arguments are."""

TURNS: Final = _names(
    """
    H T mH mT moveaxis movedim permute swapaxes swapdims t transpose
    """
)
"""Put the axes into another order."""

SHAPES: Final = _names(
    """
    broadcast_to expand expand_as expand_dims flatten flip ravel repeat reshape roll squeeze tile unflatten
    unfold
    unsqueeze
    view
    """
)
"""Merge, split, repeat or reverse axes."""

PICKS: Final = _names(
    """
    __getitem__ array_split chunk dsplit hsplit index_select item narrow select split take tensor_split unbind
    vsplit
    """
)
"""Take a part."""

JOINS: Final = _names(
    """
    cat concat concatenate row_stack stack vstack
    """
)
"""Put frames together."""

TAKES_IN: Final = _names("append add extend insert update appendleft extendleft setdefault")
"""Methods by which a container takes values in."""

REORDERS: Final = _names("pop popleft popitem remove reverse sort clear rotate fill put itemset resize")
"""Methods that change a list or an array where it stands, but take no frame in."""

WHOLE_NUMBERS: Final = _names(
    "arange randint randperm argsort argmax argmin searchsorted bucketize nonzero long"
)
"""Give whole numbers, whatever they are given."""
