"""The mode below autograd: marks of labels travel through every operation on memory."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from sim.guarding.calls import Call, Refused, tensors_in
from sim.guarding.operations import masks_after
from sim.guarding.places import users_place
from sim.guarding.watch import Watch


class Flow(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees all that is computed inside, gradients included."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing here is compiled; to guard against it, torch would load its compiler, for seconds.
        return False

    def __init__(self, watch: Watch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._watch, self._shadows = watch, watch.shadows

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        marked = [one for one in tensors_in([args, kwargs]) if self._shadows.holds(one)]
        if not marked:
            return func(*args, **kwargs)
        labels = [one for one in marked if bool(self._shadows.mask(one).any())]
        if not labels:
            result = func(*args, **kwargs)
            for view in tensors_in(result):  # a view may be grown beyond what it was made from
                if self._shadows.holds(view) and view.numel() and self._all(view):
                    self._shadows.pick(view, users_place())
            return result
        call = Call(func, args, kwargs, self._shadows.mask)
        try:
            if _writes(func):
                masks = masks_after(call)
                result = func(*args, **kwargs)
                made = tensors_in(result)
            else:
                result = func(*args, **kwargs)
                made = self._not_views(labels, tensors_in(result))
                if not made and tensors_in(result):
                    return result
                masks = masks_after(call)
        except Refused as refused:
            raise self._watch.leak(labels[0], str(refused)) from None
        if len(masks) == 1:
            masks *= len(made)
        for tensor, mask in zip(made, masks, strict=True):
            self._note(tensor, mask, labels)
        return result

    def _not_views(self, labels: list[Tensor], made: list[Tensor]) -> list[Tensor]:
        """Results with memory of their own; where a view has labels alone, that is noted."""
        memory = {_memory(one): one for one in labels}
        fresh = [one for one in made if _memory(one) not in memory]
        for view in made:
            whole = memory.get(_memory(view))
            if whole is None or not view.numel() or not self._all(view):
                continue
            self._shadows.pick(view, self._shadows.place(whole) or users_place())
        return fresh

    def _note(self, tensor: Tensor, mask: Tensor, labels: list[Tensor]) -> None:
        mask = mask.expand(tensor.shape)
        if bool(mask.any()):
            place = next((place for one in labels if (place := self._shadows.place(one))), None)
            if place is None and bool(mask.all()):
                place = users_place()
            self._shadows.write(tensor, mask, place)
        elif self._shadows.holds(tensor):
            self._shadows.write(tensor, mask)

    def _all(self, tensor: Tensor) -> bool:
        return bool(self._shadows.mask(tensor).all())


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata) if tensor.layout is torch.strided else id(tensor)


def _writes(function: Any) -> bool:
    return any(one.alias_info is not None and one.alias_info.is_write for one in function._schema.arguments)
