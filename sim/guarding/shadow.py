"""Which numbers in memory are labels: a mask beside every storage that holds some, and who picked them.

The mask belongs to the storage, not to a tensor. So every view has the right mask, whatever made it, by the
same sizes, strides and offset that it has itself; and what is overwritten is clean again.
"""

from typing import Any

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor, UntypedStorage
from torch.multiprocessing.reductions import StorageWeakRef

from sim.guarding.places import Place

Geometry = tuple[int, tuple[int, ...], tuple[int, ...]]


class _Shadow:
    """The mask of one storage."""

    def __init__(self, storage: UntypedStorage, itemsize: int) -> None:
        self.reference: Any = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
        self.itemsize = itemsize
        self.mask = torch.zeros(storage.nbytes() // itemsize, dtype=torch.bool)
        self.places: dict[Geometry | None, Place] = {}
        """Where a view was picked that holds labels alone; under None, where the whole storage was."""

    def by_items_of(self, itemsize: int) -> Bool[Tensor, " item"]:
        """The mask in items of another size; an item is a label where any byte of it is."""
        if itemsize == self.itemsize:
            return self.mask
        in_bytes = self.mask.repeat_interleave(self.itemsize)
        whole = len(in_bytes) // itemsize * itemsize
        return in_bytes[:whole].view(-1, itemsize).any(dim=1)


class Shadows:
    """The masks of all storages that hold labels."""

    def __init__(self) -> None:
        self._shadows: dict[int, _Shadow] = {}

    def holds(self, tensor: Shaped[Tensor, "..."]) -> bool:
        """Whether the tensor's memory has labels anywhere, in what it shows or beside it."""
        return self._of(tensor) is not None

    def mask(self, tensor: Shaped[Tensor, "..."]) -> Bool[Tensor, "..."]:
        """Which elements of a tensor are labels, or come from some."""
        shadow = self._of(tensor)
        if shadow is None:
            return torch.zeros((), dtype=torch.bool).expand(tensor.shape)
        items = shadow.by_items_of(tensor.element_size())
        return items.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())

    def write(
        self, tensor: Shaped[Tensor, "..."], mask: Bool[Tensor, "..."], place: Place | None = None
    ) -> None:
        """Notes which elements of a tensor are labels now.

        Args:
            tensor: What was made or written to.
            mask: Broadcasts to its shape.
            place: Where its labels were picked, if it holds nothing else.
        """
        shadow = self._of(tensor)
        if shadow is None:
            if not bool(mask.any()):
                return
            storage = tensor.untyped_storage()
            shadow = _Shadow(storage, tensor.element_size())
            self._forget_the_dead()
            self._shadows[storage._cdata] = shadow
        elif shadow.itemsize != tensor.element_size():
            shadow.mask, shadow.itemsize = (
                shadow.by_items_of(tensor.element_size()).clone(),
                tensor.element_size(),
            )
        view = shadow.mask.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
        view.copy_(mask.expand(tensor.shape))
        if place is not None:
            shadow.places[_geometry(tensor)] = place
            shadow.places.setdefault(None, place)

    def pick(self, tensor: Shaped[Tensor, "..."], place: Place) -> None:
        """Notes where a view was made that holds labels alone."""
        shadow = self._of(tensor)
        if shadow is not None:
            shadow.places.setdefault(_geometry(tensor), place)

    def place(self, tensor: Shaped[Tensor, "..."]) -> Place | None:
        """Where the labels in a tensor were picked; None where nobody has picked them yet."""
        shadow = self._of(tensor)
        if shadow is None or not shadow.places:
            return None
        return shadow.places.get(_geometry(tensor), shadow.places.get(None))

    def _of(self, tensor: Tensor) -> _Shadow | None:
        if not self._shadows or tensor.layout is not torch.strided:
            return None
        shadow = self._shadows.get(tensor.untyped_storage()._cdata)
        if shadow is not None and len(shadow.mask) * shadow.itemsize > tensor.untyped_storage().nbytes():
            return None  # it was given back, and is empty
        return shadow

    def _forget_the_dead(self) -> None:
        # A weak reference keeps the storage's address from being given to another one.
        for key in [key for key, one in self._shadows.items() if one.reference.expired()]:
            del self._shadows[key]


def _geometry(tensor: Tensor) -> Geometry:
    return int(tensor.storage_offset()), tuple(tensor.size()), tuple(tensor.stride())
