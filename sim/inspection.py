"""A data set seen before anything is trained on it: what cannot work is refused, what is odd is said.

Labels are not among what is looked at.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from blocks.errors import DataError
from blocks.exploration import ExplorationSpec
from blocks.space import CategoricalParameter, PerSlotParameter
from sim.dataset import Observations, load_observations
from sim.networks.substrates import without_equation
from sim.training.data import training_frames
from sim.training.hyperparameters import Hyperparameters

NAMED: Final = 8
"""How many metabolites or reactions a note names."""


def inspect_data(spec: ExplorationSpec, observations: Path) -> tuple[str, ...]:
    """What people should know of a data set before an exploration trains on it.

    Args:
        spec: The exploration.
        observations: Folder of the data set.

    Returns:
        A line for each oddity.

    Raises:
        DataError: The data set is malformed, or too short for the exploration.
    """
    loaded = load_observations(observations)
    check_length(spec, len(loaded.frames))
    return notes_on(loaded)


def check_length(spec: ExplorationSpec, n_frames: int) -> None:
    """The longest rollout must fit into the training frames.

    Args:
        spec: The exploration.
        n_frames: Frames of the data set.

    Raises:
        DataError: It does not.
    """
    default = Hyperparameters.model_fields["heldout_fraction"].default
    kept = training_frames(n_frames, float(spec.baseline.get("heldout_fraction", default)))
    longest = _longest(spec)
    if longest >= kept:
        raise DataError(
            f"time_step: must be below the number of training frames ({kept} of {n_frames}), but goes up to "
            f"{longest}; lower it in the exploration, or use a longer data set"
        )


def notes_on(observations: Observations) -> tuple[str, ...]:
    """A line for metabolites that never move, for unobserved ones, and for reactions that change nothing.

    Args:
        observations: The data set.
    """
    concentration = observations.concentration
    still = np.flatnonzero((concentration == concentration[0]).all(axis=0) & ~observations.unobserved)
    empty = np.flatnonzero(~observations.stoichiometry.net.any(axis=0))
    notes = []
    if still.size:
        notes.append(
            f"{_counted(still, concentration.shape[1], 'metabolite')}: never moves, so that "
            "the data say nothing of its regulation"
        )
    unobserved = np.flatnonzero(observations.unobserved)
    if unobserved.size:
        n_metabolites = concentration.shape[1]
        blind = int(without_equation(observations.stoichiometry, observations.unobserved).sum())
        notes.append(
            f"{_counted(unobserved, n_metabolites, 'metabolite')}: NaN in every frame, so not observed; "
            "nothing is fitted to these, nor to those that react with them "
            f"({blind} of {n_metabolites} in all)"
        )
    if empty.size:
        notes.append(
            f"{_counted(empty, observations.stoichiometry.n_reactions, 'reaction')}: has no entry "
            "in S, so that the fit leaves it out and its rate constant stays undetermined"
        )
    return tuple(notes)


def _longest(spec: ExplorationSpec) -> int:
    """The highest time_step that a slot may have."""
    values: list[object] = [spec.baseline.get("time_step", 0)]
    parameter = spec.space.root.get("time_step")
    if isinstance(parameter, PerSlotParameter):
        values += parameter.values
    elif isinstance(parameter, CategoricalParameter):
        values += parameter.choices
    elif parameter is not None:
        values.append(parameter.high)
    return max(int(value) for value in values if isinstance(value, int | float))


def _counted(found: Sequence[int] | np.ndarray, total: int, noun: str) -> str:
    """`metabolites 3, 7 (2 of 20)`."""
    named = ", ".join(str(int(one)) for one in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{noun}{'' if len(found) == 1 else 's'} {named}{more} ({len(found)} of {total})"
