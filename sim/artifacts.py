"""What trainings left on disk, read back: for evaluators, and for the hand that starts a training.

A strategy has no use for these; the guard refuses them in training code.
"""

from pathlib import Path

from blocks.errors import DataError
from sim.arrays import read_arrays
from sim.node import NodeCohort
from sim.reaction.model import ReactionModel
from sim.training.outcome import REFINED


def load_reaction(path: Path) -> ReactionModel:
    """A fitted reaction model.

    Raises:
        DataError: The file is missing, damaged or of another kind.
    """
    stored = read_arrays(path, what="a reaction model", remedy="fit it again")
    try:
        return ReactionModel.from_arrays(stored)
    except KeyError as error:
        raise DataError(
            f"{path.name}: must hold a reaction model, but has no {error}; fit it again"
        ) from error


def reaction_after(foundation: Path, trained: Path) -> tuple[ReactionModel, bool]:
    """The reaction model that a run ended with, and whether the run has refined it by itself."""
    refined = trained / REFINED
    return (load_reaction(refined), True) if refined.exists() else (load_reaction(foundation), False)


def load_node(path: Path) -> NodeCohort:
    """Trained replicates of MLP_node with their embeddings.

    Raises:
        DataError: The file is missing, damaged or of another kind.
    """
    stored = read_arrays(path, what="trained parameters", remedy="train the slot again")
    try:
        return NodeCohort.from_arrays(stored)
    except KeyError as error:
        raise DataError(
            f"{path.name}: must hold trained parameters, but has no {error}; train the slot again"
        ) from error
