"""Which slots a landscape is recorded at: the first block, a space-filling draw, and neighbours of those.

Half of a landscape is a Sobol sequence over the space and the strategies, so that no corner is without a
slot. The rest are neighbours by one or two changes: of the baseline, around which every exploration
begins, of any slot, and of those that did well, where explorations end. A slot depends on its index and on
what is recorded before it, so that an interrupted recording goes on as it would have gone.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random
from statistics import median
from typing import Final

import numpy as np

from agent.planner.base import replicate_seeds, slot_rng
from benchmarks.planners.recorded import Slot
from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec
from blocks.space import PerSlotParameter, value_at

FILLING: Final = 320
"""Slots of the space-filling draw, the first block included."""

KEPT: Final = 0.75
"""Share of the space-filling slots that have a strategy of the baseline on."""

ADDED: Final = 0.5
"""Share of them that have an open strategy on."""

TOP: Final = 0.15
"""Share of the recorded slots that count as having done well."""

Configuration = tuple[dict[str, Value], tuple[str, ...]]


def slot_at(
    spec: ExplorationSpec, index: int, recorded: Sequence[Slot], *, admits: Callable[[SlotSpec], bool]
) -> SlotSpec:
    """The slot to record at an index, with seeds that no other has.

    Args:
        spec: The exploration.
        index: Counted from 0.
        recorded: The slots of all lower indices.
        admits: Whether the problem can train a slot.
    """
    for values, strategies in _candidates(spec, index, recorded):
        slot = SlotSpec(values=values, strategies=strategies, seeds=replicate_seeds(spec, index + 1))
        if admits(slot):
            return slot
    raise AssertionError("neighbours do not end")


def _candidates(spec: ExplorationSpec, index: int, recorded: Sequence[Slot]) -> Iterator[Configuration]:
    opening = _opening(spec)
    if index < len(opening):
        yield opening[index]
    if index < FILLING:
        # Each index has a stretch of the sequence to itself: a combination without a loss is passed over.
        for point in _points(spec)[index * 8 : (index + 1) * 8]:
            yield _at(spec, point, slot=index % spec.block.slots)
    rng = slot_rng(spec, 0, index, 0)
    while True:
        yield _neighbour(spec, recorded, rng)


def _opening(spec: ExplorationSpec) -> list[Configuration]:
    """Block 1 of every exploration."""
    slots, on = range(spec.block.slots), spec.strategies.baseline
    found = [({**spec.baseline, **spec.space.invariants(slot)}, on) for slot in slots]
    for name, values in spec.sweep.items():
        found += [
            ({**spec.baseline, **spec.space.invariants(slot), name: value}, on)
            for slot, value in zip(slots, values, strict=True)
        ]
    return found


@cache
def _sobol(dimensions: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    from scipy.stats import qmc

    return np.asarray(qmc.Sobol(dimensions, seed=seed).random(2 ** math.ceil(math.log2(FILLING * 8))))


def _points(spec: ExplorationSpec) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    strategies = (*spec.strategies.baseline, *spec.strategies.open)
    return _sobol(len(spec.space.tunable) + len(strategies), spec.seed)


def _at(
    spec: ExplorationSpec, point: np.ndarray[tuple[int], np.dtype[np.float64]], *, slot: int
) -> Configuration:
    tunable = spec.space.tunable
    numbers, switches = point[: len(tunable)], point[len(tunable) :]
    values = {**spec.baseline, **spec.space.invariants(slot)}
    for (name, parameter), share in zip(tunable.items(), numbers, strict=True):
        values[name] = value_at(parameter, float(share))
    kept, open_ = spec.strategies.baseline, spec.strategies.open
    bars = (KEPT,) * len(kept) + (ADDED,) * len(open_)
    on = [name for name, bar, share in zip((*kept, *open_), bars, switches, strict=True) if share < bar]
    return values, tuple(on)


def _neighbour(spec: ExplorationSpec, recorded: Sequence[Slot], rng: Random) -> Configuration:
    values, strategies = _source(spec, recorded, rng)
    values = dict(values)
    for _ in range(rng.choice((1, 1, 2))):
        kind = rng.random()
        if kind < 0.55:
            name, parameter = rng.choice(list(spec.space.tunable.items()))
            values[name] = parameter.step(values[name], rng)
        elif kind < 0.85:
            name = rng.choice((*spec.strategies.baseline, *spec.strategies.open))
            strategies = tuple(sorted(set(strategies) ^ {name}))
        else:
            per_slot = [one for one in spec.space.root.values() if isinstance(one, PerSlotParameter)]
            values |= spec.space.invariants(rng.randrange(len(per_slot[0].values))) if per_slot else {}
    return values, strategies


def _source(spec: ExplorationSpec, recorded: Sequence[Slot], rng: Random) -> Configuration:
    kind = rng.random()
    if kind < 0.25:
        return {
            **spec.baseline,
            **spec.space.invariants(rng.randrange(spec.block.slots)),
        }, spec.strategies.baseline
    ranked = sorted(recorded, key=lambda slot: median(slot.objective_or(0.0)), reverse=True)
    among = ranked[: max(1, round(TOP * len(ranked)))] if kind < 0.75 else ranked
    chosen = rng.choice(among)
    return dict(chosen.values), chosen.strategies
