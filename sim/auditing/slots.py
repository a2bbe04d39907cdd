"""Which slot a strategy is audited in: the strategy with as little beside it as it can be trained with."""

from collections.abc import Mapping
from typing import Final

from blocks.base import Value
from blocks.errors import SpecError
from blocks.slot import SlotSpec
from sim.strategies.base import Strategy
from sim.training.slots import resolve
from sim.training.trainer import planned

STEPS: Final = 12
"""Optimiser steps that an audit compares, at least."""

MOST_PASSES: Final = 10_000
"""Passes over the frames after which a strategy that takes no more steps is let be."""

_VALUES: Final[dict[str, Value]] = {
    "time_step": 4,
    "batch_size": 4,
    "lr_node_homeo": 1e-2,
    "lr_emb_homeo": 1e-2,
    # Otherwise embeddings, and what a strategy does to them, would stand still for the first steps.
    "embedding_delay": 0.0,
}
_SEEDS: Final = (1, 2)
_COMPANY: Final = ((), ("rollout",), ("residual",))


def audit_slot(strategy: str, known: Mapping[str, type[Strategy]]) -> SlotSpec:
    """The strategy alone, where it can be trained so, and else beside a rollout or the residual's regression.

    Args:
        strategy: Its name.
        known: Strategies by name.

    Raises:
        SpecError: It is not known, or cannot be trained with either.
    """
    refusal: SpecError | None = None
    for company in _COMPANY:
        slot = SlotSpec(
            values={**_VALUES, "data_augmentation_loop": 1}, strategies=(strategy, *company), seeds=_SEEDS
        )
        try:
            resolve(slot, known)
        except SpecError as error:
            refusal = refusal or error
            continue
        return slot
    assert refusal is not None
    raise refusal


def long_enough(slot: SlotSpec, known: Mapping[str, type[Strategy]], *, n_frames: int) -> SlotSpec:
    """The slot with as many passes over the frames as `STEPS` steps take.

    It asks the strategies for their plans, so it is for a process behind the fence.

    Args:
        slot: As `audit_slot` gave it.
        known: Strategies by name.
        n_frames: Frames of the audit's data set.
    """
    loops = 1
    while True:
        longer = slot.model_copy(update={"values": {**slot.values, "data_augmentation_loop": loops}})
        if loops > MOST_PASSES or planned(resolve(longer, known), n_frames).steps >= STEPS:
            return longer
        loops += max(1, loops // 4)
