"""What slots were trained as, as codes of 64 bits: slots that agree in all but one thing are found by them.

The code of a slot is the exclusive or of one code per item: its data set, its strategies, its values. So what
is left of it without an item is one operation away, and a number; to take an item out of a set, and to find
the rest of the set again, takes ten times as long (Zobrist 1970, doi:10.3233/ICG-1990-13203). Among a million
different codes two are equal by chance once in 37 million times.
"""

from collections.abc import Mapping
from functools import reduce
from operator import xor
from random import Random
from typing import NamedTuple

from blocks.base import Value


class Coded(NamedTuple):
    """The codes of a slot."""

    whole: int
    """Data set, strategies and values."""
    strategies: frozenset[str]
    values: dict[str, int]
    """Of each value by itself."""
    options: dict[str, int]
    """Of all options of a strategy together, be it on or off, by its name; only where there are any."""


class Codes:
    """Codes of items, drawn when an item is first seen; equal items have equal codes."""

    def __init__(self) -> None:
        self._random = Random(0)
        self._known: dict[object, int] = {}
        self._together: dict[tuple[str, ...], tuple[int, frozenset[str]]] = {}

    def of(self, dataset: str, strategies: tuple[str, ...], values: Mapping[str, Value]) -> Coded:
        """The codes of what was trained.

        Args:
            dataset: Hash of the data set.
            strategies: Names of those that were on, each once.
            values: Hyperparameters by name.
        """
        known = self._known
        together = self._together.get(strategies)
        if together is None:
            all_on = reduce(xor, map(self.of_item, strategies), 0)
            together = self._together[strategies] = all_on, frozenset(strategies)
        whole = self.of_item(("", dataset)) ^ together[0]
        own: dict[str, int] = {}
        options: dict[str, int] = {}
        for item in values.items():
            name = item[0]
            code = known.get(item)
            own[name] = code = self.of_item(item) if code is None else code
            whole ^= code
            if "." in name:
                owner = name.partition(".")[0]
                options[owner] = options.get(owner, 0) ^ code
        return Coded(whole, together[1], own, options)

    def of_item(self, item: object) -> int:
        """The code of a strategy, by its name; or of a value, by a pair of its name and itself."""
        code = self._known.get(item)
        if code is None:
            code = self._known[item] = self._random.getrandbits(64)
        return code
