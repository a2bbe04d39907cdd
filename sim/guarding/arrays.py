"""Frames that have left torch: an array that knows which of its elements are labels.

NumPy has no modes, so what is handed out while code is watched is this. It moves, is cut and joined as arrays
are, and becomes a plain array as soon as no label is left in it; whatever else is done to it is refused.
Nothing of it can be read as memory.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

import numpy as np
from numpy import ndarray

from blocks.errors import LabelLeakError
from sim.guarding.array_calls import FACTS, LIKE, METHODS, MOVES, REDUCTIONS, SHAPES
from sim.guarding.numbers import USES, LabelNumber, Leak
from sim.guarding.places import Place, users_place

OUT: Final = "takes it out of torch"
MIXES: Final = "mixes it with other columns"


class LabelArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array some of whose elements are labels.

    Args:
        values: The numbers.
        mask: Which of them are labels, in the same shape.
        leak: Makes the error.
        place: Where they were picked, if nothing else is among them.
    """

    def __init__(self, values: ndarray, mask: ndarray, leak: Leak, place: Place | None = None) -> None:
        self._values, self._mask, self._make_leak, self._place = values, mask, leak, place

    def _leak(self, did: str) -> LabelLeakError:
        return self._make_leak(did, self._place)

    def __getitem__(self, index: Any) -> Any:
        self._refuse_labels_in(index)
        return self._pair(self._values[index], self._mask[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._refuse_labels_in(index)
        values, mask = _parts(value)
        self._values[index], self._mask[index] = values, mask

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and not name.startswith("__array_"):
            raise AttributeError(name)
        if name in FACTS:
            return getattr(self._values, name)
        if name == "T":
            return self.transpose()
        if name in METHODS:
            return lambda *args, **kwargs: self._both(lambda one: getattr(one, name)(*args, **kwargs))
        function: Any = getattr(np, name, None)
        if function in REDUCTIONS:
            return lambda *args, **kwargs: function(self, *args, **kwargs)
        raise self._leak(OUT)

    def astype(self, dtype: Any, **_: Any) -> Any:
        """A cast, of whole frames or parts of them."""
        return self._pair(self._values.astype(dtype), self._mask.copy())

    def tolist(self) -> Any:
        """Nested lists; labels in them are numbers that nobody may use."""
        return _nested(self._values.tolist(), self._mask.tolist(), self._make_leak, self._place)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise self._leak(OUT)

    __float__ = __int__ = __bool__ = __index__ = __complex__ = __repr__ = __str__ = __format__ = __array__
    __reduce__ = __reduce_ex__ = __hash__ = __contains__ = __array__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        pairs = [_parts(one) for one in inputs]
        if method == "reduce":
            values, mask = pairs[0]
            kept = {name: kwargs[name] for name in ("axis", "keepdims") if name in kwargs}
            reduced = self._together(mask, kept.get("axis", 0), keepdims=bool(kept.get("keepdims", False)))
            return self._pair(ufunc.reduce(values, **kept), reduced)
        if method != "__call__" or kwargs.get("out") is not None:
            raise self._leak(USES)
        result = ufunc(*(values for values, _ in pairs), **kwargs)
        if isinstance(result, tuple):
            raise self._leak(USES)
        mask = np.zeros((), dtype=bool)
        for _, one in pairs:
            mask = mask | one
        return self._pair(result, np.broadcast_to(mask, np.shape(result)))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in SHAPES:
            return func(*_map(args, 0), **_map(kwargs, 0))
        if func in LIKE:
            return func(self._values, *args[1:], **kwargs)
        if func in MOVES:
            values, mask = func(*_map(args, 0), **_map(kwargs, 0)), func(*_map(args, 1), **_map(kwargs, 1))
            if isinstance(values, (list, tuple)):
                return [self._pair(*one) for one in zip(values, mask, strict=True)]
            return self._pair(values, mask)
        if func in REDUCTIONS and not _map(args[1:], 1):
            return self._reduced(func, args, kwargs)
        if func in REDUCTIONS:
            axis = args[1] if len(args) > 1 else None
            return self._reduced(func, args[:1], {"axis": axis, **kwargs})
        raise self._leak(USES)

    def _reduced(self, func: Any, args: Any, kwargs: Any) -> Any:
        values, mask = _parts(args[0])
        kept = {name: kwargs[name] for name in ("axis", "keepdims") if name in kwargs}
        reduced = self._together(mask, kept.get("axis"), keepdims=bool(kept.get("keepdims", False)))
        return self._pair(func(values, **kwargs), reduced)

    def _together(self, mask: ndarray, axis: Any, *, keepdims: bool) -> ndarray:
        some, every = mask.any(axis=axis, keepdims=keepdims), mask.all(axis=axis, keepdims=keepdims)
        if np.any(some & ~every):
            raise self._leak(MIXES)
        return np.asarray(some)

    def _both(self, function: Callable[[ndarray], Any]) -> Any:
        return self._pair(function(self._values), function(self._mask))

    def _pair(self, values: Any, mask: Any) -> Any:
        """What is left of them: a plain array or number, where no label is."""
        if not np.any(mask):
            return values.copy() if isinstance(values, ndarray) else values
        place = self._place or (users_place() if np.all(mask) else None)
        if not isinstance(values, ndarray):
            return LabelNumber(float(values), self._make_leak, place)
        return LabelArray(values, np.array(mask, dtype=bool), self._make_leak, place)

    def _refuse_labels_in(self, index: Any) -> None:
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, (LabelArray, LabelNumber)) for part in parts):
            raise self._leak("chooses by it")


def from_lists(value: Any) -> tuple[Any, Any] | None:
    """Values and mask of nested lists that have labels in them; None where they have none."""
    if isinstance(value, (LabelArray, LabelNumber)):
        return _parts(value)
    if not isinstance(value, (list, tuple)):
        return None
    found = [from_lists(one) for one in value]
    if not any(found):
        return None
    pairs = [one or _parts(plain) for one, plain in zip(found, value, strict=True)]
    return np.stack([one for one, _ in pairs]), np.stack([one for _, one in pairs])


def picked(value: Any) -> Place | None:
    """Where the labels in nested lists were picked; None where nobody has."""
    if isinstance(value, LabelArray):
        return value._place
    if isinstance(value, LabelNumber):
        return value.place
    found = [picked(one) for one in value] if isinstance(value, (list, tuple)) else []
    return next((place for place in found if place), None)


def _nested(values: Any, mask: Any, leak: Leak, place: Place | None) -> Any:
    if isinstance(values, list):
        return [_nested(*pair, leak, place) for pair in zip(values, mask, strict=True)]
    return LabelNumber(values, leak, place) if mask else values


def _parts(value: Any) -> tuple[Any, Any]:
    if isinstance(value, LabelArray):
        return value._values, value._mask
    if isinstance(value, LabelNumber):
        return np.asarray(value.value), np.asarray(True)
    return value, np.zeros(np.shape(value), dtype=bool)


def _map(value: Any, part: int) -> Any:
    """Arguments with values (0) or masks (1) in place of arrays with labels; plain arrays as they are.

    A plain array among those that are joined has no label in it; one that says where says it to both.
    """
    if isinstance(value, LabelArray):
        return _parts(value)[part]
    if isinstance(value, dict):
        return {name: _map(one, part) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        joined = any(isinstance(one, LabelArray) for one in value) and isinstance(value, list)
        found = [
            np.zeros(np.shape(one), dtype=bool)
            if part and joined and isinstance(one, ndarray)
            else _map(one, part)
            for one in value
        ]
        return type(value)(found)
    return value
