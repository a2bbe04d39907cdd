"""Candidates for a slot, made and encoded as arrays: neighbours of good runs, and draws from the whole space.

A candidate is a row: a place in its range for each number, the index of each named value, 0 or 1 for each
strategy. So some hundred candidates cost no more than a few as objects would; the one that is chosen is
decoded. All obey the constraints and the invariants of their slot.
"""

from collections.abc import Sequence
from functools import cache, partial
from random import Random
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from agent.planner.encoding import Encoding, Points, RowEncoding, Rows
from agent.planner.throws import STEPS, Throws, throw
from agent.planner.whole_space import Draw, constants, switches
from blocks.base import Value
from blocks.constraints import Narrowed
from blocks.guidance import Guidance
from blocks.slot import SlotSpec
from blocks.space import CategoricalParameter, IntParameter, Tunable, share_of, value_at

PAIRS: Final = 24
"""Neighbours of a run by two changes."""

DRAWN: Final = 120
"""Candidates drawn from the whole space."""

MOST_KNOWN: Final = 1_000
"""Rows of slots that are kept."""


class Nearby(NamedTuple):
    """The candidates of a slot."""

    rows: Rows
    origin: Int[np.ndarray, " row"]
    """Which source a row was made from; the last one stands for draws."""

    sources: list["_Source"]
    points: Points


Cells = Float64[np.ndarray, " cell"]
"""All columns of all rows, one row after the other."""

_Source = tuple[dict[str, Value], Float64[np.ndarray, " column"]]
"""The values of a slot, and its row."""


class _Layout(NamedTuple):
    """Which source each row is made from, of so many sources, and where its columns begin among all cells."""

    origin: Int[np.ndarray, " row"]
    """Draws have no source: theirs is one after the last."""

    copied: Int[np.ndarray, " row"]
    """That of all rows but the draws, which come last."""

    once: Int[np.ndarray, " changed"]
    """First cells of what is changed: of the rows for a single change, then of those for two."""

    twice: Int[np.ndarray, " changed"]
    """Of the latter."""

    switched: Int[np.ndarray, " row"]
    """Cells of the strategies that rows are made for."""


class Surroundings:
    """The space around runs, for the slots of one block and of those that turn on the same strategies.

    Args:
        encoding: Of the exploration under its constraints.
        narrowed: The same exploration.
        guidance: The constraints.
        block: The block that is planned: in the first one no open strategy is turned on.
    """

    def __init__(self, encoding: Encoding, narrowed: Narrowed, guidance: Guidance, block: int) -> None:
        self._encoding, self._narrowed, self._guidance = encoding, narrowed, guidance
        self._spec = narrowed.spec
        self._tunable: dict[str, Tunable] = self._spec.space.tunable
        self._names = encoding.strategies
        self._n = len(self._tunable)
        self._allowed = switches(self._spec, block)
        self._switches = [
            self._n + place
            for place, name in enumerate(self._names)
            if name in self._allowed and name not in narrowed.on | narrowed.off
        ]
        self._on = [self._n + place for place, name in enumerate(self._names) if name in narrowed.on]
        self._off = [self._n + place for place, name in enumerate(self._names) if name in narrowed.off]
        self._columns = np.array(self._switches, dtype=np.int64)
        self._named = [
            (column, len(parameter.choices))
            for column, parameter in enumerate(self._tunable.values())
            if isinstance(parameter, CategoricalParameter)
        ]
        self._whole = [
            (column, parameter)
            for column, parameter in enumerate(self._tunable.values())
            if isinstance(parameter, IntParameter)
        ]
        self._owned = [
            (column, self._n + self._names.index(owner) if owner in self._names else None)
            for column, name in enumerate(self._tunable)
            if (owner := encoding.owner_of(name))
        ]
        self._known: dict[tuple[int, int], tuple[SlotSpec, _Source]] = {}
        self._layout = cache(self._layout_of)
        self._blank = cache(self._blank_of)
        self._coordinates = cache(partial(RowEncoding, encoding))

    def hold(self, narrowed: Narrowed, guidance: Guidance, block: int) -> bool:
        """Whether they are those of a block under such constraints."""
        same = narrowed.spec is self._spec and narrowed == self._narrowed
        opens = switches(self._spec, block) == self._allowed
        return same and opens and (guidance is self._guidance or guidance == self._guidance)

    def candidates(self, slots: Sequence[SlotSpec], slot: int, rng: Random) -> Nearby:
        """Neighbours of some slots by one change or two, and draws.

        Args:
            slots: Those of good runs.
            slot: The slot of the batch; its invariants hold.
            rng: Its random numbers.
        """
        sources = [self._source(one, slot) for one in slots]
        dice = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
        base, layout = np.array([row for _, row in sources]), self._layout(len(sources))
        rows = np.empty((len(layout.origin), base.shape[1]))
        base.take(layout.copied, axis=0, out=rows[:-DRAWN], mode="clip")
        cells, n_single, n_all = rows.reshape(-1), STEPS * len(sources), len(layout.once)
        numbers = (n_single, n_all - n_single, n_all - n_single)
        thrown = throw(numbers, dice, n_columns=self._n, n_switches=len(self._switches))
        self._change(cells, layout.once, thrown.part(0, n_all))
        self._change(cells, layout.twice, thrown.part(n_all, len(thrown.steps)))
        cells[layout.switched] = 1.0 - cells[layout.switched]
        self._draw(rows[-DRAWN:], dice)
        if self._on or self._off:
            rows[:, self._on], rows[:, self._off] = 1.0, 0.0
        self._round(rows)
        points = self._coordinates(slot).points(rows)
        return Nearby(rows, layout.origin, [*sources, self._blank(slot)], points)

    def decoded(self, nearby: Nearby, place: int) -> Draw:
        """Values and strategies of a candidate; what was not moved is as it was."""
        row: list[float] = nearby.rows[place].tolist()
        values, before = nearby.sources[nearby.origin[place]]
        found = dict(values)
        for (name, parameter), share, was in zip(self._tunable.items(), row, before.tolist(), strict=False):
            if share != was:
                found[name] = _value(parameter, share)
        on = [name for name, share in zip(self._names, row[self._n :], strict=True) if share]
        return found, tuple(sorted(on))

    def _layout_of(self, n_sources: int) -> _Layout:
        places, n_switches = np.arange(n_sources), len(self._switches)
        copied = np.concatenate([np.repeat(places, n) for n in (1, STEPS, n_switches, PAIRS)])
        begins = (self._n + len(self._names)) * np.arange(len(copied))
        _, single, toggled, double = np.split(
            begins, np.cumsum([n_sources, n_sources * STEPS, n_sources * n_switches])
        )
        return _Layout(
            origin=np.concatenate((copied, np.full(DRAWN, n_sources))),
            copied=copied,
            once=np.concatenate((single, double)),
            twice=double,
            switched=toggled + np.tile(self._columns, n_sources),
        )

    def _blank_of(self, slot: int) -> _Source:
        """What a draw has that is not drawn."""
        values = {**constants(self._spec), **self._spec.space.invariants(slot)}
        return values, np.full(self._n + len(self._names), np.nan)

    def _source(self, slot: SlotSpec, place: int) -> _Source:
        # The same runs are the best ones for many batches.
        known = self._known.get((id(slot), place))
        if known is None:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            # With the slot itself, so that no other comes to have its id.
            known = self._known[id(slot), place] = slot, self._source_of(slot, place)
        return known[1]

    def _source_of(self, slot: SlotSpec, place: int) -> _Source:
        values, strategies = self._guidance.brought(self._narrowed, slot.values, slot.strategies, slot=place)
        shares = [_share(parameter, values[name]) for name, parameter in self._tunable.items()]
        return values, np.array(shares + [float(name in strategies) for name in self._names])

    def _change(self, cells: Cells, begins: Int[np.ndarray, " change"], thrown: Throws) -> None:
        """Makes one change to each of some rows, to a number, to a named value or to a strategy.

        A number moves by a Gaussian step that is reflected at the ends.
        """
        toggles = thrown.switches < len(self._switches)
        if self._n:
            keys, still = thrown.keys, toggles
            for column, owner in self._owned:
                # The option of a strategy that is off changes nothing.
                keys[:, column] = (
                    -1.0 if owner is None else np.where(cells[begins + owner] > 0, keys[:, column], -1.0)
                )
            chosen = keys.argmax(axis=1)
            if self._owned:
                still = toggles | (keys.max(axis=1) < 0)
            at = begins + chosen
            before = cells.take(at)
            moved = thrown.steps + before
            np.abs(moved, out=moved)
            moved %= 2.0
            np.minimum(moved, 2.0 - moved, out=moved)
            for column, n_choices in self._named:
                here = chosen == column
                by = 1.0 + np.floor(thrown.others[here] * (n_choices - 1))
                moved[here] = (before[here] + by) % n_choices
            cells[at] = np.where(still, before, moved)
        switched = begins[toggles] + self._columns[thrown.switches[toggles].astype(np.int64)]
        cells[switched] = 1.0 - cells[switched]

    def _draw(self, rows: Rows, dice: np.random.Generator) -> None:
        """Takes every value from its range, and turns every strategy on or off with even chances."""
        rows[:, : self._n], rows[:, self._n :] = dice.random((len(rows), self._n)), 0.0
        for column, n_choices in self._named:
            rows[:, column] = np.floor(rows[:, column] * n_choices)
        rows[:, self._columns] = dice.random((len(rows), len(self._switches))) < 0.5

    def _round(self, rows: Rows) -> None:
        """Whole numbers are where whole numbers are."""
        for column, parameter in self._whole:
            low, high = float(parameter.low), float(parameter.high)
            if parameter.log:
                whole = np.rint(low * (high / low) ** rows[:, column])
                rows[:, column] = np.log(whole / low) / np.log(high / low)
            else:
                rows[:, column] = np.rint(rows[:, column] * (high - low)) / (high - low)


def _share(parameter: Tunable, value: Value) -> float:
    if isinstance(parameter, CategoricalParameter):
        return float(parameter.choices.index(value)) if value in parameter.choices else 0.0
    return min(max(share_of(parameter, value), 0.0), 1.0)


def _value(parameter: Tunable, share: float) -> Value:
    return (
        parameter.choices[int(share)]
        if isinstance(parameter, CategoricalParameter)
        else value_at(parameter, share)
    )
