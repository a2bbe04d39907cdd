"""What a planner is: a pure function from the stored history to the next proposals.

`propose` may depend on the spec, the history and the seed in the spec, and on nothing else. So a
resumed exploration goes on exactly as an uninterrupted one would.
"""

import hashlib
from collections.abc import Mapping, Sequence
from math import isfinite
from random import Random
from typing import Protocol, runtime_checkable

from blocks.base import Value, made
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, SlotSpec


@runtime_checkable
class Planner(Protocol):
    """Proposes the slots of a batch."""

    def propose(
        self,
        spec: ExplorationSpec,
        history: Sequence[Run],
        *,
        block: int,
        batch: int,
        metrics: Mapping[str, MetricInfo],
        guidance: Guidance = NO_GUIDANCE,
    ) -> list[Proposal]:
        """The slots of one batch.

        Args:
            spec: The exploration.
            history: Every run before this batch, in the order of their numbers.
            block: Number of the block, from 1.
            batch: Number of the batch within its block, from 1.
            metrics: What the problem says of its metrics.
            guidance: Constraints, which no proposal may break, and prior knowledge, as of this batch.
        """


def replicate_seeds(spec: ExplorationSpec, number: int, n: int | None = None) -> tuple[int, ...]:
    """Seeds of a run's replicates: fresh for every run, so that no run owes its result to a lucky one.

    Args:
        spec: The exploration.
        number: Number of the run.
        n: How many; default: the spec's.
    """
    return tuple(_hashed(spec.seed, number, replicate) for replicate in range(n or spec.replicates))


def slot_rng(spec: ExplorationSpec, block: int, batch: int, slot: int) -> Random:
    """The random numbers that a slot's planning may use."""
    return Random(_hashed(spec.seed, "plan", block, batch, slot))


def slot_spec(
    spec: ExplorationSpec, values: Mapping[str, Value], strategies: Sequence[str], *, slot: int, number: int
) -> SlotSpec:
    """A slot with its invariants in force and the seeds of run `number`."""
    seeds = replicate_seeds(spec, number)
    chosen = {**values, **spec.space.invariants(slot)}
    if len(set(seeds)) < len(seeds) or not all(map(_is_value, chosen.values())):
        return SlotSpec(values=chosen, strategies=tuple(strategies), seeds=seeds)  # which says what is wrong
    return made(
        SlotSpec,
        {"values": chosen, "strategies": tuple(sorted(set(strategies))), "seeds": seeds, "stop": None},
    )


def _is_value(value: object) -> bool:
    """Whether a hyperparameter may have a value as it is."""
    kind = type(value)
    return (kind is float and isfinite(value)) or kind is int or kind is str or kind is bool  # type: ignore[arg-type]


def _hashed(*parts: object) -> int:
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
