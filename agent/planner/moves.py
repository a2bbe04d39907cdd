"""Moves in the search space: each changes one thing, so that every child isolates one effect.

A move is the child's values and strategies together with the parent that it really differs from by
one change: when the chosen node lives in another slot's invariants, its twin under this slot's
invariants is the parent, and where no twin was run, running it is the move.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from blocks.base import Value
from blocks.constraints import Narrowed
from blocks.exploration import ExplorationSpec
from blocks.guidance import Guidance
from blocks.run import Run
from blocks.slot import SlotSpec, show_value
from blocks.space import LinearParameter, LogParameter
from memory.past import Configuration, Past


class Move(NamedTuple):
    """What a child does differently."""

    parent: int
    values: dict[str, Value]
    strategies: tuple[str, ...]
    change: str

    @property
    def leads_to(self) -> Configuration:
        """The configuration of the child."""
        return tuple(sorted(self.values.items())), tuple(sorted(self.strategies))


def at_home(run: Run, narrowed: Narrowed, slot: int, past: Past, guidance: Guidance) -> Run | Move:
    """The run's twin under the slot's invariants and all constraints, or the move that makes one."""
    source = run.proposal.spec
    values, strategies = guidance.brought(narrowed, source.values, source.strategies, slot=slot)
    if values == source.values and strategies == source.strategies:
        return run
    twin = past.first_of((tuple(sorted(values.items())), strategies))
    if twin is not None:
        return twin
    changes = [
        f"{name} {show_value(source.values.get(name))} -> {show_value(value)}"
        for name, value in values.items()
        if source.values.get(name) != value
    ]
    changes += [f"without {name}" for name in source.strategies if name not in strategies]
    changes += [f"with {name}" for name in strategies if name not in source.strategies]
    return Move(run.number, values, strategies, ", ".join(changes))


def is_open(name: str, source: SlotSpec) -> bool:
    """Whether a hyperparameter changes anything: the option of a strategy that is off does not."""
    return "." not in name or name.split(".")[0] in source.strategies


def to_value(run: Run, name: str, after: Value) -> Move:
    """One hyperparameter at another value."""
    source = run.proposal.spec
    change = f"{name} {show_value(source.values[name])} -> {show_value(after)}"
    return Move(run.number, {**source.values, name: after}, source.strategies, change)


def steps(
    run: Run, spec: ExplorationSpec, rng: Random, *, names: Sequence[str] | None = None
) -> Iterator[Move]:
    """Endless numeric neighbours of a run; options of strategies that are off are not touched."""
    source = run.proposal.spec
    tunable = spec.space.tunable
    open_names = [name for name in (tunable if names is None else names) if is_open(name, source)]
    while open_names:
        name = rng.choice(open_names)
        yield to_value(run, name, tunable[name].step(source.values[name], rng))


def leads(before: Value, after: Value, name: str, spec: ExplorationSpec, rng: Random, *, within: int) -> bool:
    """Whether the first `steps` of one hyperparameter lead from one value to another, whichever run has it.

    Args:
        before: The value.
        after: The other one.
        name: The hyperparameter.
        spec: The exploration.
        rng: As for `steps`.
        within: So many steps.
    """
    parameter = spec.space.tunable[name]
    if not parameter.contains(after):
        return False
    for _ in range(within):
        rng.choice([name])  # as `steps` does
        if isinstance(parameter, LogParameter | LinearParameter):
            found = parameter.leads(before, after, rng)
        else:
            found = parameter.step(before, rng) == after
        if found:
            return True
    return False


def toggles(run: Run, names: Sequence[str]) -> Iterator[Move]:
    """Each named strategy turned on where it is off, and off where it is on."""
    source = run.proposal.spec
    for name in names:
        on = name in source.strategies
        strategies = tuple(s for s in source.strategies if s != name) if on else (*source.strategies, name)
        yield Move(run.number, dict(source.values), strategies, f"{'without' if on else 'with'} {name}")
