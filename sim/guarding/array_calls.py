"""NumPy's functions and methods, by what they do to labels: move them, ask for a shape, put them together."""

from typing import Final

import numpy as np

MOVES: Final = frozenset(
    getattr(np, name)
    for name in (
        *("transpose", "moveaxis", "rollaxis", "swapaxes", "reshape", "ravel", "squeeze", "expand_dims"),
        *("copy", "append"),
        *("take", "compress", "delete", "split", "array_split", "hsplit", "vsplit", "dsplit", "concatenate"),
        *("stack", "vstack", "hstack", "dstack", "column_stack", "flip", "fliplr", "flipud", "roll", "rot90"),
        *("tile", "repeat", "broadcast_to", "atleast_1d", "atleast_2d", "atleast_3d", "diagonal"),
        *("take_along_axis", "extract", "insert", "resize", "tril", "triu"),
    )
)
"""What comes out is made of the same elements; applied to the mask, it says which of them are labels."""

SHAPES: Final = frozenset((np.shape, np.ndim, np.size))
"""They ask for nothing but the shape."""

LIKE: Final = frozenset((np.zeros_like, np.ones_like, np.empty_like, np.full_like))
"""They make an array of the same shape, of other elements."""

REDUCTIONS: Final = frozenset(
    getattr(np, name)
    for name in (
        *("sum", "mean", "prod", "std", "var", "amax", "amin", "max", "min", "median", "argmax", "argmin"),
        *("any", "all", "ptp", "nansum", "nanmean", "nanstd", "nanvar", "nanmax", "nanmin", "nanmedian"),
    )
)
"""They put elements together: labels with labels only."""

METHODS: Final = frozenset(
    (
        *("transpose", "reshape", "ravel", "flatten", "copy", "swapaxes", "squeeze", "take", "repeat"),
        *("diagonal", "compress"),
    )
)
"""Methods that move elements."""

FACTS: Final = frozenset(("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides"))
"""Attributes that say nothing of elements."""
