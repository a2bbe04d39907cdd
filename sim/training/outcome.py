"""What a training leaves: the names of its files, the text of its history, and how it says that it diverged.

No tensor library is needed for it, so that those who read and merge results do without.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from blocks.errors import DivergenceError

TRAINED: Final = "trained.npz"
"""Parameters of every replicate."""

HISTORY: Final = "history.json"
"""Loss over the steps, when a replicate diverged, the slot with its defaults, and how exact the tabulated
reaction model was that it was trained against."""

REFINED: Final = "reaction.npz"
"""The reaction model as this run refined it, which then replaces the frozen one."""


def history_text(record: Mapping[str, Any]) -> str:
    """The one text of a history: the same record gives the same bytes."""
    return json.dumps(record)


def divergence(
    steps: Iterable[int], total: int, description: Mapping[str, Any], *, frames_read: bool = False
) -> DivergenceError:
    """The error of a slot in which no replicate has a finite loss any more.

    Args:
        steps: At which the replicates diverged.
        total: Optimiser steps of the training.
        description: The slot with its defaults, as plain values.
        frames_read: Whether a strategy had asked for whole frames.
    """
    settings, last = description["hyperparameters"], max(steps)
    return DivergenceError(
        f"loss is not finite at step {last} of {total} (time_step {settings['time_step']}, "
        f"lr_node_homeo {settings['lr_node_homeo']:g}): lower lr_node_homeo",
        step=last,
        frames_read=frames_read,
    )
