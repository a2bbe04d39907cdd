"""Pairs of one subject: samples that agree in all but one hyperparameter, or in all but one strategy.

A new sample is put beside those that it is to be compared with, and what it parts is taken back; neither
depends on how many samples there are. A sample that gains replicates is removed and inserted again.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise, starmap

from blocks.base import Value
from memory.codes import Codes
from memory.comparison import Comparison, Pair, net, ratio_alone
from memory.failures import Fallen
from memory.samples import Sample, merged

TOLD_STEPS = 12
"""Steps of one number that are told by themselves, at most; no heading holds more lines."""


_Rank = tuple[bool, float, str]
"""What values are ordered by: numbers first, then text."""


class _Bucket:
    """Samples that agree in all but one hyperparameter, in the order of its values."""

    __slots__ = ("first", "samples")

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.first = 0

    def place(self, rank: _Rank, name: str) -> int:
        """Where a value stands, or would stand."""
        return bisect_left(self.samples, rank, key=lambda sample: _rank(sample.values[name]))


class Values(ABC):
    """All pairs that differ in one hyperparameter.

    Args:
        name: The hyperparameter.
        owner: The strategy that it is an option of, where that is known: the option of a strategy that is
            off changes nothing, and such pairs say nothing about it.
    """

    def __init__(self, name: str, owner: str) -> None:
        self._name = name
        self._owner = owner
        # By the code of what is left of a sample without the hyperparameter.
        self._buckets: dict[int, _Bucket] = defaultdict(_Bucket)
        self._beside: dict[int, tuple[_Bucket, Value] | None] = {}  # of failed runs, by their numbers

    def insert(self, sample: Sample) -> None:
        """Puts a sample beside those that it is to be compared with."""
        if (bucket := self._bucket(sample)) is None:
            return
        if not bucket.samples:
            bucket.samples.append(sample)
            bucket.first = sample.runs[0]
            return
        if sample.runs[0] < bucket.first:
            # What is told first depends on which bucket is the oldest.
            self._count(bucket, self._all_pairs(bucket.samples), -1)
            bucket.first = sample.runs[0]
            self._count(bucket, self._all_pairs(bucket.samples), 1)
        index = bucket.place(_rank(sample.values[self._name]), self._name)
        self._count(bucket, self._parted(bucket.samples, index), -1)
        bucket.samples.insert(index, sample)
        self._count(bucket, self._pairs_of(bucket.samples, index), 1)

    def remove(self, sample: Sample) -> None:
        """Takes back a sample that was inserted."""
        if (bucket := self._bucket(sample)) is None:
            return
        index = bucket.place(_rank(sample.values[self._name]), self._name)
        self._count(bucket, self._pairs_of(bucket.samples, index), -1)
        del bucket.samples[index]
        self._count(bucket, self._parted(bucket.samples, index), 1)

    def neighbours(self, one: Fallen) -> list[Value]:
        """Values at which a sample came through that differs in this alone: the nearest of them."""
        number = one.run.number
        if number not in self._beside:
            self._beside[number] = self._place_of(one)
        if (place := self._beside[number]) is None or not place[0].samples:
            return []
        bucket, own = place
        index = bucket.place(_rank(own), self._name)
        beside = [sample.values[self._name] for sample in bucket.samples[max(index - 1, 0) : index + 1]]
        # At the very same value other seeds came through: it is not the value then.
        return [] if own in beside else beside

    def _place_of(self, one: Fallen) -> tuple[_Bucket, Value] | None:
        if self._owner and self._owner not in one.strategies:
            return None
        own = one.run.proposal.spec.values.get(self._name)
        if own is None:
            return None
        return self._buckets[one.coded.whole ^ one.coded.values[self._name]], own

    def _bucket(self, sample: Sample) -> _Bucket | None:
        own = sample.coded.values.get(self._name)
        if own is None or (self._owner and self._owner not in sample.strategies):
            return None
        return self._buckets[sample.coded.whole ^ own]

    def _ends_of(self, pair: Pair) -> tuple[Value, Value]:
        return pair.before.values[self._name], pair.after.values[self._name]

    @abstractmethod
    def comparisons(self) -> Iterator[Comparison]:
        """What the pairs say."""

    def whole(self) -> Iterator[Comparison]:
        """The same without single steps: what can be weighed."""
        return self.comparisons()

    @abstractmethod
    def _all_pairs(self, samples: Sequence[Sample]) -> list[Pair]:
        """Pairs among the samples of a bucket."""

    @abstractmethod
    def _pairs_of(self, samples: Sequence[Sample], index: int) -> list[Pair]:
        """Pairs that a sample takes part in."""

    @abstractmethod
    def _parted(self, samples: Sequence[Sample], index: int) -> list[Pair]:
        """Pairs that there are only as long as no sample stands at that place."""

    @abstractmethod
    def _count(self, bucket: _Bucket, pairs: Sequence[Pair], sign: int) -> None:
        """Adds pairs to the comparisons, or takes them back."""


class Named(Values):
    """Values whose order means nothing: each against each."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(name, owner)
        self._found: dict[tuple[Value, Value], Comparison] = {}
        self._first: dict[tuple[Value, Value], int] = {}  # the oldest bucket that has such a pair

    def comparisons(self) -> Iterator[Comparison]:
        """One for each two values."""
        there = [ends for ends, made in self._found.items() if len(made)]
        for ends in sorted(there, key=lambda ends: (self._first[ends], *map(_rank, ends))):
            yield self._found[ends]

    def _all_pairs(self, samples: Sequence[Sample]) -> list[Pair]:
        return list(starmap(Pair, combinations(samples, 2)))

    def _pairs_of(self, samples: Sequence[Sample], index: int) -> list[Pair]:
        sample = samples[index]
        before = [Pair(other, sample) for other in samples[:index]]
        return before + [Pair(sample, other) for other in samples[index + 1 :]]

    def _parted(self, samples: Sequence[Sample], index: int) -> list[Pair]:  # noqa: ARG002
        return []

    def _count(self, bucket: _Bucket, pairs: Sequence[Pair], sign: int) -> None:
        for pair in pairs:
            ends = self._ends_of(pair)
            if ends not in self._found:
                self._found[ends] = Comparison(self._name, *ends, kind="value")
            self._found[ends].count(pair, sign)
            self._first[ends] = min(self._first.get(ends, bucket.first), bucket.first)


class Number(Values):
    """A number: all steps between neighbours together, and those that show something by themselves.

    What helps below an optimum and hurts above it has no direction over the whole range.
    """

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(name, owner)
        self._together = Comparison(name, 0, 0, kind="number")
        self._ends: list[Value] = []  # lowest and highest of all that are in a pair; they only move apart
        self._heard: dict[int, list[tuple[Pair, int]]] = defaultdict(list)  # by the first run of its bucket
        self._steps: list[tuple[float, int, _Rank]] = []  # those that exceed the noise, strongest first
        self._pairs: dict[tuple[int, _Rank], Pair] = {}
        self._told: dict[tuple[int, _Rank], Comparison] = {}  # those of the steps that were told before

    def comparisons(self) -> Iterator[Comparison]:
        """All steps together; and where they show no common direction, the strongest alone."""
        if not len(self._together):
            return
        self._together.before, self._together.after = self._ends
        yield self._together
        if len(self._together) > 1 and not self._together.exceeds_noise():
            self._settle()
            for _, first, rank in self._steps[:TOLD_STEPS]:
                yield self._step(first, rank)

    def whole(self) -> Iterator[Comparison]:
        """All steps together."""
        if len(self._together):
            self._together.before, self._together.after = self._ends
            yield self._together

    def _step(self, first: int, rank: _Rank) -> Comparison:
        key = first, rank
        if key not in self._told:
            pair = self._pairs[key]
            self._told[key] = Comparison(self._name, *self._ends_of(pair), kind="step", pairs=[pair])
        return self._told[key]

    def _all_pairs(self, samples: Sequence[Sample]) -> list[Pair]:
        return list(starmap(Pair, pairwise(samples)))

    def _pairs_of(self, samples: Sequence[Sample], index: int) -> list[Pair]:
        return self._all_pairs(samples[max(index - 1, 0) : index + 2])

    def _parted(self, samples: Sequence[Sample], index: int) -> list[Pair]:
        return [Pair(samples[index - 1], samples[index])] if 0 < index < len(samples) else []

    def _count(self, bucket: _Bucket, pairs: Sequence[Pair], sign: int) -> None:
        for pair in pairs:
            self._together.count(pair, sign)
            self._heard[bucket.first].append((pair, sign))
            if sign > 0:
                low, high = self._ends_of(pair)
                if not self._ends:
                    self._ends = [low, high]
                elif _rank(low) < _rank(self._ends[0]):
                    self._ends[0] = low
                if _rank(high) > _rank(self._ends[1]):
                    self._ends[1] = high

    def _settle(self) -> None:
        """Puts the steps in order that were not heard of when they were asked for last."""
        for first, heard in self._heard.items():
            for pair, sign in net(heard):
                if (ratio := ratio_alone(pair)) is None:
                    continue
                key = first, _rank(pair.before.values[self._name])
                if sign > 0:
                    self._pairs[key] = pair
                    insort(self._steps, (-ratio, *key))
                else:
                    del self._pairs[key]
                    self._told.pop(key, None)
                    del self._steps[bisect_left(self._steps, (-ratio, *key))]
        self._heard.clear()


class Strategy:
    """A strategy off and on, its own options being part of it.

    Samples are found by the code of what is left of them without the strategy and its options.

    Args:
        name: The strategy.
        codes: Those of all strategies.
    """

    def __init__(self, name: str, codes: Codes) -> None:
        self._name = name
        self._codes = codes
        self._off: dict[int, Sample] = {}
        self._without: dict[int, list[Sample]] = {}  # what `_off` is merged from, where it is several
        self._on: dict[int, list[Sample]] = defaultdict(list)
        self._found = Comparison(name, "off", "on", kind="strategy")
        self._both: set[int] = set()  # where there are samples with it and without
        self._apart: dict[int, list[tuple[str, int, int]]] = {}

    def insert(self, sample: Sample) -> None:
        """Puts a sample beside those that it is to be compared with."""
        name, coded = self._name, sample.coded
        where = coded.without.get(name, coded.whole)
        if name in sample.strategies:
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
        where = sample.coded.without.get(self._name, sample.coded.whole)
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
                elif without not in self._off and without_options in self._both:
                    yield name, self._first_pair(without_options), self._first_pair(where)

    def _without_each(self, where: int) -> Iterator[tuple[str, int, int]]:
        """Surroundings without each of their strategies that have a later name, and without its options."""
        off = self._off[where]
        for name in off.strategies:
            if name > self._name:
                left = off.coded.whole ^ off.coded.without[name]
                yield name, where ^ self._codes.of_item(name), where ^ left

    def _first_pair(self, where: int) -> tuple[int, int]:
        return self._off[where].runs[0], min(sample.runs[0] for sample in self._on[where])

    def came_through_otherwise(self, failed: Iterable[Fallen]) -> Iterator[Fallen]:
        """Those beside which a sample came through that has the strategy and they have not, or has it not."""
        name, off, on = self._name, self._off, self._on
        for one in failed:
            there = one.coded.without.get(name, one.coded.whole)
            if there in off if name in one.strategies else on.get(there):
                yield one

    def comparisons(self) -> Iterator[Comparison]:
        if len(self._found):
            yield self._found

    def _pair_again(self, where: int, off: Sample | None) -> None:
        """All runs without the strategy are one sample: where it is another, every pair is."""
        before = self._off.pop(where)
        for on in self._on.get(where, ()):
            self._found.count(Pair(before, on), -1)
        if off is not None:
            self._off[where] = off
            for on in self._on.get(where, ()):
                self._found.count(Pair(off, on))


def _rank(value: Value) -> _Rank:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")


def _first_run(sample: Sample) -> int:
    return sample.runs[0]
