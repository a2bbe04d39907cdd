"""Pairs of one hyperparameter: samples that agree in all else.

A new sample is put beside those that it is to be compared with, and what it parts is taken back; neither
depends on how many samples there are. A sample that gains replicates is removed and inserted again.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, starmap

from blocks.base import Value
from blocks.run import Run
from memory.comparison import Comparison, Pair, net, ratio_alone
from memory.failures import Fallen
from memory.samples import Sample

TOLD_STEPS = 12
"""Steps of one number that are told by themselves, at most; no heading holds more lines."""


_Rank = tuple[bool, float, str]
"""What values are ordered by: numbers first, then text."""


class _Bucket:
    """Samples that agree in all but one hyperparameter, in the order of its values."""

    __slots__ = ("first", "samples")

    def __init__(self, sample: Sample) -> None:
        self.samples = [sample]
        self.first = sample.runs[0]

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
        # By the code of what is left of a sample without the hyperparameter. Most stand alone.
        self._places: dict[int, Sample | _Bucket] = {}
        self._n_failed = 0  # failed runs that were asked about
        self._failed: list[tuple[int, Value, Run]] = []  # with the hyperparameter, by the same code

    def insert(self, sample: Sample) -> None:
        """Puts a sample beside those that it is to be compared with."""
        if (key := self._key(sample)) is None:
            return
        bucket = self._places.setdefault(key, sample)
        if bucket is sample:
            return
        if isinstance(bucket, Sample):
            bucket = self._places[key] = _Bucket(bucket)
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
        if (key := self._key(sample)) is None:
            return
        bucket = self._places[key]
        if isinstance(bucket, Sample):
            del self._places[key]
            return
        index = bucket.place(_rank(sample.values[self._name]), self._name)
        self._count(bucket, self._pairs_of(bucket.samples, index), -1)
        del bucket.samples[index]
        self._count(bucket, self._parted(bucket.samples, index), 1)

    def beside(self, failed: Sequence[Fallen]) -> Iterator[tuple[Value, Value, Run]]:
        """Each with the nearest values at which a sample came through that differs in this alone.

        Args:
            failed: Runs that failed; those of the last time first.

        Yields:
            What failed, what came through, and the run that failed.
        """
        for one in failed[self._n_failed :]:
            if (key := self._key(one)) is not None:
                self._failed.append((key, one.run.proposal.spec.values[self._name], one.run))
        self._n_failed = len(failed)
        name, places = self._name, self._places
        for key, own, run in self._failed:
            near = places.get(key)
            if near is None:
                continue
            if isinstance(near, Sample):
                values = [near.values[name]]
            else:
                index = near.place(_rank(own), name)
                values = [sample.values[name] for sample in near.samples[max(index - 1, 0) : index + 1]]
            if own not in values:  # else other seeds came through at the very same value: it is not the value
                for value in values:
                    yield own, value, run

    def _key(self, sample: Sample | Fallen) -> int | None:
        coded = sample.coded
        own = coded.values.get(self._name)
        if own is None or (self._owner and self._owner not in sample.strategies):
            return None
        return coded.whole ^ own

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


def _rank(value: Value) -> _Rank:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")
