"""All pictures of one run, for the evaluator process: what it is given of the truth, it may draw.

The replicate that is shown is chosen without truth: the one whose held-out gain is the median. A picture
that cannot be drawn costs no other; what failed is said at the end.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from blocks.errors import DataError
from blocks.slot import SlotSpec
from sim.artifacts import load_node
from sim.dataset import Observations
from sim.evaluation.heldout import Unseen, heldout_gain
from sim.evaluation.lines import response_curves, visited_range
from sim.identifiability import verdict_on
from sim.networks.network import Truth
from sim.networks.substrates import anchored_rate_constants
from sim.node import NodeCohort
from sim.pictures.embedding import draw_embedding
from sim.pictures.groups import grouped
from sim.pictures.loss import draw_loss, read_history
from sim.pictures.rate_constants import draw_against_truth, draw_in_order
from sim.pictures.responses import draw_responses, true_curves
from sim.pictures.style import house_style, nothing_to_draw, save
from sim.reaction.model import ReactionModel
from sim.reaction.table import TabulatedReaction
from sim.training.outcome import HISTORY, TRAINED
from sim.training.slots import hyperparameters_of

RESPONSES: Final = "responses.png"
EMBEDDING: Final = "embedding.png"
RATE_CONSTANTS: Final = "rate_constants.png"
LOSS: Final = "loss.png"


class Shown(NamedTuple):
    """The replicate that a picture shows."""

    replicate: int
    text: str


def illustrate_run(
    slot: SlotSpec,
    observations: Observations,
    model: ReactionModel,
    trained: Path,
    truth: Truth | None,
    out: Path,
    *,
    refined: bool = False,
) -> None:
    """Draws all pictures of a run into a folder.

    Args:
        slot: The slot that was trained.
        observations: The data set that it was trained on.
        model: The reaction model to draw.
        trained: Folder of its parameters and its history.
        truth: The opened seal; None where there is none, and then none is drawn.
        out: Folder to write into; made if need be.
        refined: Whether the run has refined the reaction model by itself.

    Raises:
        DataError: Some picture could not be drawn; the others are there.
    """
    out.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with house_style():
        for name, draw in pictures_of(slot, observations, model, trained, truth, refined=refined).items():
            try:
                figure = draw()
                if figure is not None:
                    save(figure, out / name)
            except Exception as error:
                (out / name).unlink(missing_ok=True)  # half a picture is none
                failed.append(f"{name} ({type(error).__name__}: {error})")
    if failed:
        raise DataError(
            f"every picture should be drawn, but {'; '.join(failed)} could not; the other ones are there"
        )


def pictures_of(
    slot: SlotSpec,
    observations: Observations,
    model: ReactionModel,
    trained: Path,
    truth: Truth | None,
    *,
    refined: bool = False,
) -> Mapping[str, Callable[[], Figure | None]]:
    """What draws each picture, by the name of its file; None comes of it where there is nothing to draw.

    Args:
        slot: The slot that was trained.
        observations: The data set that it was trained on.
        model: The reaction model to draw.
        trained: Folder of its parameters and its history.
        truth: The opened seal; None where there is none.
        refined: Whether the run has refined the reaction model by itself.
    """
    node = load_node(trained / TRAINED)
    reaction = TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64)
    shown = shown_replicate(slot, node, observations, reaction, model=model)
    return {
        RESPONSES: lambda: _responses(node, observations, shown, truth),
        EMBEDDING: lambda: _embedding(node, shown, truth),
        RATE_CONSTANTS: lambda: _rate_constants(model, observations, truth, refined=refined),
        LOSS: lambda: _loss(trained / HISTORY, slot),
    }


def shown_replicate(
    slot: SlotSpec,
    node: NodeCohort,
    observations: Observations,
    reaction: TabulatedReaction,
    *,
    model: ReactionModel,
) -> Shown | None:
    """The replicate with the median held-out gain (the lower of two), None where none is finite."""
    fraction = hyperparameters_of(slot).heldout_fraction
    unseen = Unseen.of(observations, reaction, heldout_fraction=fraction, model=model)
    gains = heldout_gain(node, unseen)
    alive = [replicate for replicate, whole in enumerate(node.finite_replicates()) if whole]
    if not alive:
        return None
    known = sorted((gain, one) for one in alive if (gain := gains[one]) is not None)
    gain, replicate = known[(len(known) - 1) // 2] if known else (None, alive[0])
    by = "held-out gain unknown" if gain is None else f"median held-out gain of {len(known)}, {gain:.3g}"
    lost = node.n_replicates - len(alive)
    text = f"rep {replicate} (seed {slot.seeds[replicate]}): {by}"
    return Shown(replicate, text + (f" · {lost} diverged" if lost else ""))


def _responses(
    node: NodeCohort, observations: Observations, shown: Shown | None, truth: Truth | None
) -> Figure:
    if shown is None:
        return nothing_to_draw("Learned response of every metabolite", "every replicate diverged")
    points = visited_range(observations.concentration)
    alive = node.finite_replicates()
    return draw_responses(
        points,
        response_curves(node, points),
        shown=shown.replicate,
        others=[one for one, whole in enumerate(alive) if whole and one != shown.replicate],
        groups=grouped(node.embedding[shown.replicate].detach().numpy(), truth),
        true=[] if truth is None else true_curves(points, truth),
        which=shown.text,
    )


def _embedding(node: NodeCohort, shown: Shown | None, truth: Truth | None) -> Figure:
    if shown is None:
        return nothing_to_draw("Embeddings", "every replicate diverged")
    embedding = node.embedding[shown.replicate].detach().numpy()
    return draw_embedding(embedding, groups=grouped(embedding, truth), which=shown.text)


def _rate_constants(
    model: ReactionModel, observations: Observations, truth: Truth | None, *, refined: bool
) -> Figure:
    stoichiometry = observations.stoichiometry
    verdict = verdict_on(observations, states=model.states)
    said = "refined by this run" if refined else "frozen reaction model"
    if truth is None:
        return draw_in_order(model.rate_constants, verdict.causes, model=said)
    true = anchored_rate_constants(truth.rate_constants, stoichiometry, substrate=truth.substrate)
    return draw_against_truth(model.rate_constants, np.asarray(true), verdict.causes, model=said)


def _loss(path: Path, slot: SlotSpec) -> Figure | None:
    history = read_history(path)
    return None if history is None else draw_loss(history, slot.seeds)
