"""What slots were trained as, as codes of 64 bits: slots that agree in all but one thing are found by them.

The code of a slot is the exclusive or of one code per item: its data set, its strategies, its values. So what
is left of it without an item is one operation away, and a number; to take an item out of a set, and to find
the rest of the set again, takes ten times as long (Zobrist 1970, doi:10.3233/ICG-1990-13203). Among a million
different codes two are equal by chance once in 37 million times.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import NamedTuple

from blocks.base import Value


class Coded(NamedTuple):
    """The codes of a slot."""

    whole: int
    """Data set, strategies and values."""
    values: dict[str, int]
    """Of each value by itself."""
    without: dict[str, int]
    """What is left without a strategy and its options, by the strategy; one that is off may have options.
    Without one that is not here, it is the whole."""


class Codes:
    """Codes of items, drawn when an item is first seen; equal items have equal codes."""

    def __init__(self) -> None:
        self._random = Random(0)
        self._known: dict[object, int] = {}
        self._owners: dict[str, str] = {}

    def of(self, dataset: str, strategies: Iterable[str], values: Mapping[str, Value]) -> Coded:
        """The codes of what was trained.

        Args:
            dataset: Hash of the data set.
            strategies: Names of those that were on, each once.
            values: Hyperparameters by name.
        """
        known, owners = self._known, self._owners
        whole = self.of_item(("", dataset))
        items: dict[str, int] = {}
        parts: dict[str, int] = {}
        for name in strategies:
            code = known.get(name)
            parts[name] = code = self.of_item(name) if code is None else code
            whole ^= code
        for item in values.items():
            code = known.get(item)
            name = item[0]
            items[name] = code = self.of_item(item) if code is None else code
            whole ^= code
            owner = owners.get(name)
            if owner is None:
                owner = owners[name] = name.partition(".")[0] if "." in name else ""
            if owner:
                parts[owner] = parts.get(owner, 0) ^ code
        return Coded(whole, items, {name: whole ^ code for name, code in parts.items()})

    def of_item(self, item: object) -> int:
        """The code of a strategy, by its name; or of a value, by a pair of its name and itself."""
        code = self._known.get(item)
        if code is None:
            code = self._known[item] = self._random.getrandbits(64)
        return code
