"""Slots as points of a space in which distance means something, for planners that fit a model.

A number is its place in its range, on its own scale; a named value is one of several coordinates; a
strategy is 0 or 1. The option of a strategy that is off is set to that of the baseline: it does nothing.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.space import CategoricalParameter, PerSlotParameter, share_of

Points = Float64[np.ndarray, "point coordinate"]

Rows = Float64[np.ndarray, "row column"]
"""Slots before they are encoded: a place in its range for each number, the index of each named value, 0 or 1
for each strategy."""

HALF = 0.5**0.5
"""Two different names are as far apart as off and on."""


class Encoding:
    """The coordinates of an exploration's slots. Two that give the same coordinates are equal.

    Args:
        spec: The exploration.
    """

    def __init__(self, spec: ExplorationSpec) -> None:
        self.spec = spec
        self.strategies = (*spec.strategies.baseline, *spec.strategies.open)
        self.groups: list[tuple[str, int]] = []
        """Parameter or strategy, and how many coordinates it has, in their order."""
        self._known: dict[tuple[str, Value, bool], tuple[float, ...]] = {}
        owners = ((name, self.owner_of(name)) for name in spec.space.names())
        self._owners = [(name, owner if owner in self.strategies else None) for name, owner in owners]
        for name, parameter in spec.space.root.items():
            named = isinstance(parameter, CategoricalParameter) or not _is_scale(parameter)
            self.groups.append((name, len(_names(parameter)) if named else 1))
        self.groups += [(name, 1) for name in self.strategies]
        self._key = (tuple(spec.space.root.items()), tuple(spec.baseline.items()), self.strategies)
        self._hash = hash(self._key)

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Encoding) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def points(self, slots: Sequence[tuple[Mapping[str, Value], Sequence[str]]]) -> Points:
        """One row per slot, from its values and strategies."""
        return np.array([self.point(values, strategies) for values, strategies in slots], dtype=np.float64)

    def point(self, values: Mapping[str, Value], strategies: Sequence[str]) -> list[float]:
        """The row of one slot."""
        row: list[float] = []
        for name, owner in self._owners:
            idle = owner is not None and owner not in strategies
            row += self.coordinates(name, self.spec.baseline[name] if idle else values[name])
        return row + [float(name in strategies) for name in self.strategies]

    def owner_of(self, name: str) -> str:
        """The strategy that a parameter is an option of; empty where it is none."""
        return name.split(".")[0] if "." in name else ""

    def coordinates(self, name: str, value: Value) -> tuple[float, ...]:
        """Those of one parameter's value."""
        key = (name, value, isinstance(value, bool))
        if key not in self._known:
            parameter = self.spec.space[name]
            if isinstance(parameter, PerSlotParameter):
                found = _of_invariant(parameter, value)
            elif isinstance(parameter, CategoricalParameter):
                found = tuple(HALF * (value == choice) for choice in parameter.choices)
            else:
                found = (share_of(parameter, value),)
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[key] = found
        return self._known[key]


class RowEncoding:
    """The coordinates of rows in one slot of a batch, made as `Encoding.points` makes them of slots.

    Args:
        encoding: The coordinates.
        slot: The slot, whose invariants are in no row.
    """

    def __init__(self, encoding: Encoding, slot: int) -> None:
        space, strategies = encoding.spec.space, encoding.strategies
        fixed, tunable = space.invariants(slot), list(space.tunable)
        self._copied: list[tuple[int, int]] = []  # coordinate and column
        self._named: list[tuple[int, int, int]] = []  # and the index of the name
        self._fixed: list[tuple[int, float]] = []
        self._idle: list[tuple[int, int, float]] = []  # column of the strategy, and what holds without it
        self._width = 0
        for name in space.names():
            parameter, begin = space[name], self._width
            if name in fixed:
                self._fixed += enumerate(encoding.coordinates(name, fixed[name]), begin)
                self._width += len(encoding.coordinates(name, fixed[name]))
            elif isinstance(parameter, CategoricalParameter):
                column = tunable.index(name)
                self._named += [(begin + place, column, place) for place in range(len(parameter.choices))]
                self._width += len(parameter.choices)
            else:
                self._copied.append((begin, tunable.index(name)))
                self._width += 1
            owner = encoding.owner_of(name)
            if owner in strategies:
                on = len(tunable) + strategies.index(owner)
                idle = encoding.coordinates(name, encoding.spec.baseline[name])
                self._idle += [(begin + place, on, value) for place, value in enumerate(idle)]
        self._copied += [(self._width + place, len(tunable) + place) for place in range(len(strategies))]
        self._width += len(strategies)
        self._is_plain = self._copied == [(place, place) for place in range(self._width)] and not self._idle

    def points(self, rows: Rows) -> Points:
        """One point per row; the rows themselves where they are points already."""
        if self._is_plain:
            return rows
        found = np.empty((len(rows), self._width))
        for into, column in self._copied:
            found[:, into] = rows[:, column]
        for into, column, place in self._named:
            found[:, into] = HALF * (rows[:, column] == place)
        for into, value in self._fixed:
            found[:, into] = value
        for into, column, value in self._idle:
            found[rows[:, column] <= 0, into] = value
        return found


_LATEST: list[Encoding] = []
"""That of the exploration that was asked about last, since it is asked about again and again."""


def encoding_of(spec: ExplorationSpec) -> Encoding:
    """The encoding of an exploration, made once where the same one is asked about."""
    for known in _LATEST:
        if known.spec is spec:
            return known
    found = Encoding(spec)
    _LATEST[:] = [found]
    return found


def _names(parameter: object) -> tuple[Value, ...]:
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices
    return tuple(dict.fromkeys(parameter.values)) if isinstance(parameter, PerSlotParameter) else ()


def _is_scale(parameter: object) -> bool:
    """Whether the values of an invariant are numbers, so that 16 lies between 4 and 64."""
    if not isinstance(parameter, PerSlotParameter):
        return True
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in parameter.values)


def _of_invariant(parameter: PerSlotParameter, value: Value) -> tuple[float, ...]:
    known = _names(parameter)
    if not _is_scale(parameter):
        return tuple(HALF * (value == one) for one in known)
    ordered = sorted(float(one) for one in known)
    # A value of before a constraint lies between those of now, or at an end.
    place = min(bisect_left(ordered, float(value)), len(ordered) - 1)
    return (place / max(len(ordered) - 1, 1),)
