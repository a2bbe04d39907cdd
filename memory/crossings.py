"""Two factors at once, one of them a number: squares of four samples that differ in exactly these two.

The effect of a strategy at a low and at a high value of a hyperparameter, or that of one hyperparameter at a
low and at a high value of another, all else equal: their difference says whether one depends on the other.
Samples that agree in all but the two factors form a table, whose rows are values of the second factor; a pair
that differs in the first factor and stands in two rows makes a square.

What samples agree in is compared by their codes.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64
from numpy import ndarray

from blocks.base import Value
from memory.codes import Codes
from memory.samples import Sample

Square = tuple[int, int, int, int]
"""First runs of samples: at the low row without and with the change, then at the high row."""

_Sides = tuple[Float64[ndarray, " member"], UInt64[ndarray, " member"]]
"""Values of one factor, and codes that are equal for samples which agree in all but that."""

WIDE_ROW = 8
"""Samples of a row up to which each is held against each; else neighbours."""

TABLES = 2
"""Tables below which a dependence is not tried: it would rest on one place."""


class Crossed(NamedTuple):
    """Squares of two factors."""

    subject: str
    """A strategy or a hyperparameter."""
    other: str
    """The hyperparameter that its effect may depend on."""
    low: float
    high: float
    """Ends of the other one over all squares."""
    squares: Int64[ndarray, "square side"]
    groups: Int64[ndarray, " square"]
    """Equal for squares of one table."""


class _Table(NamedTuple):
    """What was made of a table; it stays so until another sample stands in it."""

    n: int
    """Samples."""
    squares: list[Square]
    ends: list[float]
    """Low and high row of each square."""


class _Known(NamedTuple):
    """What was found of a subject; it stays so until another sample is in a pair."""

    members: Int64[ndarray, " member"]
    others: Sequence[str]
    found: list[Crossed]


class Crossings:
    """Samples by numbers and strategies.

    Args:
        codes: Those of all samples.
    """

    def __init__(self, codes: Codes) -> None:
        self._new: list[Sample] = []
        self._codes = codes
        self._first: Int64[ndarray, " sample"] = np.zeros(0, np.int64)
        self._places: Int64[ndarray, " run"] = np.zeros(0, np.int64)  # of samples, by their first runs
        self._whole: UInt64[ndarray, " sample"] = np.zeros(0, np.uint64)
        self._item: dict[str, UInt64[ndarray, " sample"]] = {}  # 0 where the sample has no such value
        self._level: dict[str, Float64[ndarray, " sample"]] = {}  # NaN where it has no such number
        self._on: dict[str, Bool[ndarray, " sample"]] = {}
        self._made: dict[tuple[str, str], dict[int, _Table]] = defaultdict(dict)
        self._known: dict[tuple[str, bool], _Known] = {}

    def add(self, sample: Sample) -> None:
        """Takes in a sample that was not there before."""
        self._new.append(sample)

    def found(self, paired: Mapping[str, Sequence[Int64[ndarray, "pair side"]]]) -> Iterator[Crossed]:
        """All that there are squares of: strategies by numbers, then numbers by numbers, by name.

        Args:
            paired: First runs of the samples that are in a pair, by what the pair differs in.
        """
        self._take_in()
        numbers = sorted(self._level)
        for strategy in sorted(self._on):
            others = [name for name in numbers if not name.startswith(f"{strategy}.")]
            yield from self._of(strategy, others, paired.get(strategy, ()), is_strategy=True)
        for place, subject in enumerate(numbers):
            yield from self._of(subject, numbers[place + 1 :], paired.get(subject, ()), is_strategy=False)

    def _of(
        self,
        subject: str,
        others: Sequence[str],
        pairs: Sequence[Int64[ndarray, "pair side"]],
        *,
        is_strategy: bool,
    ) -> Sequence[Crossed]:
        members = self._members(pairs)
        if len(members) < 4 * TABLES:
            return ()
        known = self._known.get((subject, is_strategy))
        if known is None or known.others != others or not np.array_equal(known.members, members):
            sides = self._of_strategy(subject, members) if is_strategy else self._of_number(subject, members)
            found = list(self._crossed(subject, others, members, *sides))
            known = self._known[subject, is_strategy] = _Known(members, others, found)
        return known.found

    def _of_strategy(self, name: str, members: Int64[ndarray, " member"]) -> _Sides:
        left, on = self._whole[members], self._on[name][members]
        left[on] ^= np.uint64(self._codes.of_item(name))
        for option in (one for one in self._item if one.startswith(f"{name}.")):
            left ^= self._item[option][members]
        return on.astype(np.float64), left

    def _of_number(self, name: str, members: Int64[ndarray, " member"]) -> _Sides:
        return self._level[name][members], self._whole[members] ^ self._item[name][members]

    def _members(self, pairs: Sequence[Int64[ndarray, "pair side"]]) -> Int64[ndarray, " member"]:
        """Places of the samples in pairs, in the order in which they came."""
        there = np.zeros(len(self._first), dtype=bool)
        for some in pairs:
            there[self._places[some]] = True
        return np.flatnonzero(there)

    def _crossed(
        self,
        subject: str,
        others: Sequence[str],
        members: Int64[ndarray, " member"],
        change: Float64[ndarray, " member"],
        left: UInt64[ndarray, " member"],
    ) -> Iterator[Crossed]:
        """Squares of one factor with each of the others.

        Args:
            subject: The one.
            others: The others.
            members: Places of the samples that are in a pair.
            change: The one in these; NaN where a sample says nothing of it.
            left: Equal for samples that agree in all but the one.
        """
        if np.isnan(change).any():
            usable = ~np.isnan(change)
            members, change, left = members[usable], change[usable], left[usable]
        first = self._first[members]
        for other in others:
            rows, keys = self._level[other][members], left ^ self._item[other][members]
            sides = rows, change, first, keys, left
            if np.isnan(rows).any():
                there = (~np.isnan(rows)).nonzero()[0]
                sides = rows[there], change[there], first[there], keys[there], left[there]
            its_rows, its_change, its_first, keys, lines = sides
            squares: list[Square] = []
            groups: list[int] = []
            ends: list[float] = []
            known = self._made[subject, other]
            for key, table in _tables(keys, lines):
                made = known.get(key)
                if made is None or made.n != len(table):
                    made = known[key] = _table(its_rows[table], its_change[table], its_first[table])
                squares += made.squares
                groups += [int(table[0])] * len(made.squares)
                ends += made.ends
            if len(set(groups)) >= TABLES:
                found, tables = np.array(squares, np.int64), np.array(groups, np.int64)
                yield Crossed(subject, other, min(ends), max(ends), found, tables)

    def _take_in(self) -> None:
        new, self._new = self._new, []
        if not new:
            return
        before = len(self._first)
        # Most samples have the same names and one of a few sets of strategies.
        sets = {strategies: place for place, strategies in enumerate({one.strategies: 0 for one in new})}
        of = np.array([sets[one.strategies] for one in new])
        for name in dict.fromkeys([*self._on, *sorted({name for strategies in sets for name in strategies})]):
            on = np.array([name in strategies for strategies in sets])[of]
            self._on[name] = _longer(self._on.get(name), before, on)
        names = dict.fromkeys([tuple(one.values) for one in new])
        coded, valued = [one.coded.values for one in new], [one.values for one in new]
        for name in dict.fromkeys([*self._item, *(name for some in names for name in some)]):
            codes = np.array([its.get(name, 0) for its in coded], np.uint64)
            self._item[name] = _longer(self._item.get(name), before, codes)
            levels = _levels([its.get(name) for its in valued])
            if "." in name:
                # The option of a strategy that is off changes nothing.
                owner = name.partition(".")[0]
                levels[~self._on[owner][before:] if owner in self._on else ...] = math.nan
            if name in self._level or not np.isnan(levels).all():
                self._level[name] = _longer(self._level.get(name), before, levels, fill=math.nan)
        whole = np.array([one.coded.whole for one in new], np.uint64)
        self._whole = np.concatenate([self._whole, whole])
        self._first = np.concatenate([self._first, np.array([one.runs[0] for one in new], np.int64)])
        self._places = np.zeros(int(self._first.max()) + 1, np.int64)
        self._places[self._first] = np.arange(len(self._first))


def _table(
    rows: Float64[ndarray, " member"], change: Float64[ndarray, " member"], first: Int64[ndarray, " member"]
) -> _Table:
    by_row: dict[float, dict[float, int]] = defaultdict(dict)
    for row, value, number in zip(rows.tolist(), change.tolist(), first.tolist(), strict=True):
        # Samples that differ in options of what is off are one place: the oldest stands for it.
        by_row[row].setdefault(value, number)
    made = list(_squares(by_row))
    ends = [end for low, high, _ in made for end in (low, high)]
    return _Table(len(rows), [square for _, _, square in made], ends)


def _longer(column: ndarray | None, before: int, new: ndarray, *, fill: float = 0) -> ndarray:
    """A column with new entries; one that is new itself has `fill` in those before."""
    return np.concatenate([np.full(before, fill, new.dtype) if column is None else column, new])


def _levels(values: Sequence[Value | None]) -> Float64[ndarray, " sample"]:
    """Numbers as they are; NaN for anything else."""
    if not set(map(type, values)) <= _NUMBERS:
        values = [v if isinstance(v, int | float) and not isinstance(v, bool) else None for v in values]
    return np.array(values, dtype=np.float64)


_NUMBERS = {int, float, type(None)}
"""Of what is no number, the last one becomes NaN."""


def _tables(
    keys: UInt64[ndarray, " sample"], lines: UInt64[ndarray, " sample"]
) -> list[tuple[int, Int64[ndarray, " member"]]]:
    """Equal keys and their places, where they lie on two lines or more, in the order of the first of each."""
    if not len(keys):
        return []
    order = keys.argsort(kind="stable")
    ordered, line = keys[order], lines[order]
    begins = np.concatenate(((0,), (ordered[1:] != ordered[:-1]).nonzero()[0] + 1))
    several = (np.minimum.reduceat(line, begins) < np.maximum.reduceat(line, begins)).nonzero()[0]
    if not len(several):
        return []
    ends = np.concatenate((begins[1:], (len(keys),)))
    begins, ends = begins[several], ends[several]
    oldest = order[begins].argsort(kind="stable")
    begins, ends = begins[oldest], ends[oldest]
    found = zip(ordered[begins].tolist(), begins.tolist(), ends.tolist(), strict=True)
    return [(key, order[begin:end]) for key, begin, end in found]


def _squares(table: Mapping[float, Mapping[float, int]]) -> Iterator[tuple[float, float, Square]]:
    """Both rows and the square, for each pair that stands in two rows which follow each other."""
    rows = {row: cells for row, cells in sorted(table.items()) if len(cells) > 1}
    if len(rows) < 2:
        return
    stands: dict[tuple[float, float], list[float]] = defaultdict(list)
    for row, cells in rows.items():
        for pair in _pairs(sorted(cells)):
            stands[pair].append(row)
    for (before, after), there in sorted(stands.items()):
        for low, high in pairwise(there):
            yield low, high, (rows[low][before], rows[low][after], rows[high][before], rows[high][after])


def _pairs(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    return combinations(values, 2) if len(values) <= WIDE_ROW else pairwise(values)
