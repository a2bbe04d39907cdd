"""Two strategies at once: one in place of the other, and whether they do more together than apart.

Samples that agree in all but two strategies stand in the four fields of a square: neither, one, the other,
both. One in place of the other is a pair of them; all four make a difference of differences.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from memory.samples import Sample

Fields = list[int | None]
"""First runs of the oldest sample in each field: neither, the first, the second, both."""


class Squares:
    """Squares of every two strategies that were ever on."""

    def __init__(self) -> None:
        self._known: list[str] = []
        self._found: dict[tuple[str, str], dict[object, Fields]] = defaultdict(dict)

    def open(self, name: str, samples: Iterator[Sample]) -> None:
        """A strategy is on for the first time: samples before it were without it."""
        others, self._known = self._known, sorted([*self._known, name])
        for sample in samples:
            for other in others:
                self._insert(sample, *sorted((name, other)))

    def insert(self, sample: Sample) -> None:
        """Puts a new sample into its squares."""
        for first, second in combinations(self._known, 2):
            self._insert(sample, first, second)

    def _insert(self, sample: Sample, first: str, second: str) -> None:
        field = (first in sample.strategies) + 2 * (second in sample.strategies)
        own = [item for item in sample.options if item[0].split(".")[0] in (first, second)]
        rest = sample.items.difference(own) if own else sample.items
        where = sample.dataset, sample.strategies - {first, second}, rest
        fields = self._found[first, second].setdefault(where, [None] * 4)
        if fields[field] is None:
            fields[field] = sample.runs[0]

    def instead(self) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
        """Pairs with the first strategy, and with the second in its place."""
        for (first, second), squares in sorted(self._found.items()):
            found = [(f[1], f[2]) for f in squares.values() if f[1] is not None and f[2] is not None]
            if found:
                yield first, second, found

    def together(self) -> Iterator[tuple[str, str, list[tuple[int, int, int, int]]]]:
        """Full squares."""
        for (first, second), squares in sorted(self._found.items()):
            found = [(f[0], f[1], f[2], f[3]) for f in squares.values() if None not in f]
            if found:
                yield first, second, found  # type: ignore[misc]  # none of the four is None
