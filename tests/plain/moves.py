"""Moves in the search space: each changes one thing, so that every child isolates one effect.

A move is the child's values and strategies together with the parent that it really differs from by
one change: when the chosen node lives in another slot's invariants, its twin under this slot's
invariants is the parent, and where no twin was run, running it is the move.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import Run
from blocks.slot import SlotSpec, show_value


class Move(NamedTuple):
    """What a child does differently."""

    parent: int
    values: dict[str, Value]
    strategies: tuple[str, ...]
    change: str


def configuration(spec: SlotSpec) -> tuple[object, ...]:
    """A slot without its seeds: two runs of one configuration are replicates of each other."""
    return (tuple(sorted(spec.values.items())), spec.strategies)


def tried(history: Sequence[Run]) -> set[tuple[object, ...]]:
    """Every configuration that the history holds."""
    return {configuration(run.proposal.spec) for run in history}


def is_new(move: Move, seen: set[tuple[object, ...]]) -> bool:
    """Whether no run has this configuration yet."""
    return (tuple(sorted(move.values.items())), tuple(sorted(move.strategies))) not in seen


def at_home(run: Run, spec: ExplorationSpec, slot: int, history: Sequence[Run]) -> Run | Move:
    """The run's twin under the slot's invariants, or the move that makes one."""
    invariants = spec.space.invariants(slot)
    source = run.proposal.spec
    values = {**source.values, **invariants}
    if values == source.values:
        return run
    wanted = (tuple(sorted(values.items())), source.strategies)
    for other in history:
        if configuration(other.proposal.spec) == wanted:
            return other
    changes = [
        f"{name} {show_value(source.values.get(name))} -> {show_value(value)}"
        for name, value in invariants.items()
        if source.values.get(name) != value
    ]
    return Move(run.number, values, source.strategies, ", ".join(changes))


def steps(
    run: Run, spec: ExplorationSpec, rng: Random, *, names: Sequence[str] | None = None
) -> Iterator[Move]:
    """Endless numeric neighbours of a run; options of strategies that are off are not touched."""
    source = run.proposal.spec
    open_names = [
        name
        for name in (names if names is not None else list(spec.space.tunable))
        if "." not in name or name.split(".")[0] in source.strategies
    ]
    while open_names:
        name = rng.choice(open_names)
        before = source.values[name]
        after = spec.space.tunable[name].step(before, rng)
        yield Move(
            run.number,
            {**source.values, name: after},
            source.strategies,
            f"{name} {show_value(before)} -> {show_value(after)}",
        )


def toggles(run: Run, names: Sequence[str]) -> Iterator[Move]:
    """Each named strategy turned on where it is off, and off where it is on."""
    source = run.proposal.spec
    for name in names:
        on = name in source.strategies
        strategies = tuple(s for s in source.strategies if s != name) if on else (*source.strategies, name)
        yield Move(run.number, dict(source.values), strategies, f"{'without' if on else 'with'} {name}")
