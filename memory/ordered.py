"""A list in order to which much is added and taken from, and which is seldom read.

To put one thing into its place moves all that come after it, and compares it with things that lie far apart
in memory. So what comes and goes is only noted; when the list is read, a few are put into their places one by
one, and many are sorted in together.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

FEW = 32
"""So many are put into their places one by one."""

T = TypeVar("T", bound=Any)


class Ordered(Generic[T]):
    """Things from the lowest to the highest; equal ones may be in it several times."""

    __slots__ = ("_gone", "_items", "_new")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._new: list[T] = []
        self._gone: list[T] = []

    def add(self, item: T) -> None:
        """Takes something in."""
        self._new.append(item)

    def remove(self, item: T) -> None:
        """Takes out something equal, which was added before."""
        self._gone.append(item)

    def __len__(self) -> int:
        return len(self._items) + len(self._new) - len(self._gone)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    @property
    def items(self) -> list[T]:
        """All of them in order; not to be changed."""
        if len(self._new) + len(self._gone) <= FEW:
            for item in self._new:
                insort(self._items, item)
            for item in self._gone:
                del self._items[bisect_left(self._items, item)]
        else:
            self._items += self._new
            self._items.sort()  # of what is in order already, it costs a comparison each
            if self._gone:
                self._items = list(_without(self._items, sorted(self._gone)))
        self._new, self._gone = [], []
        return self._items


def _without(items: Iterable[T], gone: list[T]) -> Iterator[T]:
    """Items without those that are gone, both in order."""
    place = 0
    for item in items:
        if place < len(gone) and item == gone[place]:
            place += 1
        else:
            yield item
