"""The mode above autograd: the calls by which numbers leave torch, and those by which they come back.

A frame may leave whole, as an array or as lists that know their labels (arrays.py). Memory itself, pickles
and texts are refused where a label is in them, and so are single numbers. What has no label leaves as a copy,
so that no view of it can be grown back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from sim.guarding.arrays import OUT, LabelArray, from_lists, picked
from sim.guarding.watch import Watch, unwatched
from sim.kernels.gate import gates

NUMBERS: Final = frozenset(
    (
        *(
            "item",
            "tolist",
            "numpy",
            "__array__",
            "__bool__",
            "__int__",
            "__float__",
            "__index__",
            "__complex__",
        ),
        *("__repr__", "__str__", "__format__", "__reduce__", "__reduce_ex__", "__dlpack__", "is_nonzero"),
        *("map_", "apply_", "map2_", "share_memory_", "__deepcopy__", "tofile"),
    )
)
"""Closed where a number that would leave is a label."""

MEMORY: Final = frozenset(
    (
        *("data_ptr", "const_data_ptr", "mutable_data_ptr", "storage", "untyped_storage", "_typed_storage"),
        *("__cuda_array_interface__", "__array_interface__", "set_", "resize_"),
    )
)
"""Closed where a label is anywhere in the memory."""

COPIED: Final = frozenset(("numpy", "__array__", "__reduce__", "__reduce_ex__", "__dlpack__"))
"""What else would hand out memory with labels beside the numbers that are meant."""

BACK: Final = frozenset(("tensor", "as_tensor", "asarray", "from_numpy"))


class Exits(TorchFunctionMode):
    """Sees all calls of torch that are made inside."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = _name(func)
        if name in BACK and args and (made := self._back(func, args, kwargs)) is not None:
            return made
        if name in NUMBERS or name in MEMORY:
            first = args[0] if args else None
            if isinstance(first, Tensor) and self._watch.shadows.holds(first):
                return self._leave(func, name, first, args, kwargs)
        return func(*args, **kwargs)

    def _leave(
        self, func: Any, name: str, tensor: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        watch = self._watch
        if name in MEMORY:
            raise watch.leak(tensor, "opens the memory that it is in")
        if name == "__deepcopy__":
            return tensor.detach().clone().requires_grad_(tensor.requires_grad)
        if not watch.has_label(tensor):
            return func(tensor.clone(), *args[1:], **kwargs) if name in COPIED else func(*args, **kwargs)
        if name not in ("numpy", "tolist"):
            raise watch.leak(tensor, OUT)
        with unwatched():
            values, mask = tensor.detach().numpy().copy(), watch.shadows.mask(tensor).numpy().copy()
            place = watch.shadows.place(tensor)
        array = LabelArray(values, mask, watch.leak_with, place)
        return array if name == "numpy" else array.tolist()

    def _back(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
        return back(self._watch, func, args, kwargs)


def back(
    watch: Watch, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Tensor | None:
    """A tensor of what left torch as a whole, marked again; None where it has no label."""
    found = from_lists(args[0])
    if found is None:
        return None
    values, mask = found
    made: Tensor = func(np.asarray(values), *args[1:], **kwargs)
    with unwatched():
        watch.shadows.write(made, torch.from_numpy(np.array(mask, dtype=bool)), picked(args[0]))
    return made


@contextmanager
def closed_exits(watch: Watch) -> Iterator[None]:
    """Makes the functions that take arrays from torch, and give them back, know of labels; kernels take none.

    They are put back afterwards. Whoever has imported one by its own name meets a closed exit instead.
    """

    def taking(plain: Callable[..., Any]) -> Callable[..., Any]:
        def take(value: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(value, Tensor) and watch.has_label(value):
                value = value.detach().numpy()
            if isinstance(value, LabelArray):
                dtype = args[0] if args else kwargs.get("dtype")
                return value if dtype is None else value.astype(dtype)
            if (found := from_lists(value)) is not None:
                array = plain(found[0], *args, **kwargs)
                return LabelArray(array, np.array(found[1]), watch.leak_with, picked(value))
            return plain(value, *args, **kwargs)

        return take

    def giving(plain: Callable[..., Any]) -> Callable[..., Any]:
        def give(*args: Any, **kwargs: Any) -> Any:
            made = back(watch, plain, args, kwargs) if args else None
            return plain(*args, **kwargs) if made is None else made

        return give

    def to_kernel(tensor: Tensor) -> None:
        watch.refuse(tensor, OUT)

    names = ("asarray", "array", "asanyarray", "ascontiguousarray")
    before: list[tuple[Any, str, Any]] = [(np, name, getattr(np, name)) for name in names]
    before.append((torch, "from_numpy", torch.from_numpy))
    try:
        for module, name, plain in before:
            setattr(module, name, giving(plain) if module is torch else taking(plain))
        gates.append(to_kernel)
        yield
    finally:
        gates[:] = [gate for gate in gates if gate is not to_kernel]
        for module, name, plain in before:
            setattr(module, name, plain)


def _name(func: Any) -> str:
    name = getattr(func, "__name__", "")
    return getattr(func.__self__, "__name__", "") if name in ("__get__", "__set__") else name
