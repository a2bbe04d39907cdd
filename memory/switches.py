"""Pairs of one strategy: samples that agree in all but that it is off or on; its own options are part of it.

Samples are found by their codes. The code of the other side of a pair is one operation away, so a strategy
without options keeps no samples of its own. One with options does: what is off has several codes then.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from memory.codes import Codes
from memory.comparison import Comparison, Pair
from memory.failures import Fallen
from memory.samples import Sample, merged


class Strategy:
    """A strategy off and on, that has no options.

    Args:
        name: The strategy.
        codes: Those of all samples.
        samples: All samples by their whole codes, those included that are inserted; it grows.
    """

    def __init__(self, name: str, codes: Codes, samples: Mapping[int, Sample]) -> None:
        self._name = name
        self.code = codes.of_item(name)
        self._codes = codes
        self._samples = samples
        self._found = Comparison(name, "off", "on", kind="strategy")
        # By the code of what is left of a sample without the strategy and its options.
        self._both: set[int] = set()  # where there are samples with it and without
        self._apart: dict[int, list[tuple[str, int, int]]] = {}
        self._failed: list[tuple[int, Fallen]] = []  # by the same code

    def insert(self, sample: Sample) -> None:
        """Puts a sample beside those that it is to be compared with."""
        other = self._samples.get(sample.coded.whole ^ self.code)
        if other is not None:
            off, on = (other, sample) if self._name in sample.strategies else (sample, other)
            self._both.add(off.coded.whole)
            self._found.count(Pair(off, on))

    def remove(self, sample: Sample) -> None:
        """Takes back a sample that was inserted."""
        other = self._samples.get(sample.coded.whole ^ self.code)
        if other is not None:
            off, on = (other, sample) if self._name in sample.strategies else (sample, other)
            self._both.discard(off.coded.whole)
            self._found.count(Pair(off, on), -1)

    def keys(self) -> Iterable[tuple[int, int]]:
        """First runs of both sides of each pair, in no order."""
        return self._found.keys()

    def twice(self) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
        """Pairs that are there without and with a second strategy, one with a later name than this one has.

        It gives that name, and first runs of both pairs.
        """
        for where in self._both:
            apart = self._apart.get(where)
            if apart is None:
                apart = self._apart[where] = list(self._without_each(where))
            for name, without, without_options in apart:
                if without in self._both:
                    yield name, self._first_pair(without), self._first_pair(where)
                elif without_options in self._both and self._off_at(without) is None:
                    yield name, self._first_pair(without_options), self._first_pair(where)

    def came_through_otherwise(self, failed: Sequence[Fallen]) -> Iterator[Fallen]:
        """Those beside which a sample came through that has the strategy and they have not, or has it not.

        Args:
            failed: Runs that failed; those of the last time first.
        """
        for one in failed[len(self._failed) :]:
            self._failed.append((one.coded.whole ^ one.coded.options.get(self._name, 0), one))
        return self._otherwise()

    def _otherwise(self) -> Iterator[Fallen]:
        code, samples = self.code, self._samples
        return (one for there, one in self._failed if there ^ code in samples)

    def comparisons(self) -> Iterator[Comparison]:
        """What the pairs say."""
        if len(self._found):
            yield self._found

    def _without_each(self, where: int) -> Iterator[tuple[str, int, int]]:
        """Surroundings without each of their strategies that have a later name, and without its options."""
        off = self._off_at(where)
        assert off is not None  # there is a pair
        for name in off.strategies:
            if name > self._name:
                without = where ^ self._codes.of_item(name)
                yield name, without, without ^ off.coded.options.get(name, 0)

    def _off_at(self, where: int) -> Sample | None:
        return self._samples.get(where)

    def _first_pair(self, where: int) -> tuple[int, int]:
        return self._samples[where].runs[0], self._samples[where ^ self.code].runs[0]


class StrategyWithOptions(Strategy):
    """One that has options: with them at other values, what is off is the same, and what is on another."""

    def __init__(self, name: str, codes: Codes, samples: Mapping[int, Sample]) -> None:
        super().__init__(name, codes, samples)
        self._off: dict[int, Sample] = {}
        self._without: dict[int, list[Sample]] = {}  # what `_off` is merged from, where it is several
        self._on: dict[int, list[Sample]] = defaultdict(list)

    def insert(self, sample: Sample) -> None:
        """Puts a sample beside those that it is to be compared with."""
        where = self._where(sample)
        if self._name in sample.strategies:
            self._on[where].append(sample)
            if where in self._off:
                self._both.add(where)
                self._found.count(Pair(self._off[where], sample))
        elif where not in self._off:
            self._off[where] = sample
            for with_it in self._on.get(where, ()):
                self._both.add(where)
                self._found.count(Pair(sample, with_it))
        else:
            without = self._without.setdefault(where, [self._off[where]])
            insort(without, sample, key=_first_run)
            self._pair_again(where, merged(without))

    def remove(self, sample: Sample) -> None:
        """Takes back a sample that was inserted."""
        where = self._where(sample)
        if self._name in sample.strategies:
            self._on[where].remove(sample)
            if where in self._off:
                self._found.count(Pair(self._off[where], sample), -1)
        else:
            without = self._without.get(where, [sample])
            without.remove(sample)
            self._pair_again(where, merged(without) if without else None)
            if not without:
                self._without.pop(where, None)
        if where not in self._off or not self._on.get(where):
            self._both.discard(where)

    def _otherwise(self) -> Iterator[Fallen]:
        name, code, off, on = self._name, self.code, self._off, self._on
        for there, one in self._failed:
            if there ^ code in off if name in one.strategies else on.get(there):
                yield one

    def _where(self, sample: Sample) -> int:
        where = sample.coded.whole ^ sample.coded.options.get(self._name, 0)
        return where ^ self.code if self._name in sample.strategies else where

    def _off_at(self, where: int) -> Sample | None:
        return self._off.get(where)

    def _first_pair(self, where: int) -> tuple[int, int]:
        return self._off[where].runs[0], min(sample.runs[0] for sample in self._on[where])

    def _pair_again(self, where: int, off: Sample | None) -> None:
        """All runs without the strategy are one sample: where it is another, every pair is."""
        before = self._off.pop(where)
        for on in self._on.get(where, ()):
            self._found.count(Pair(before, on), -1)
        if off is not None:
            self._off[where] = off
            for on in self._on.get(where, ()):
                self._found.count(Pair(off, on))


def _first_run(sample: Sample) -> int:
    return sample.runs[0]
