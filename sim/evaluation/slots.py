"""Evaluation of a trained slot: every metric of every replicate, in the evaluator process alone.

Trainers report no metric; all of them are computed here, from the stored parameters. Without a seal the
metrics that need truth are None and the others are there all the same.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float64
from numpy import ndarray

from blocks.errors import DataError
from blocks.slot import SlotSpec
from sim.artifacts import load_node
from sim.dataset import Observations
from sim.evaluation.clusters import clusters_of, embedding_metrics
from sim.evaluation.foundation import evaluate_reaction
from sim.evaluation.heldout import Unseen, heldout_gain, heldout_rollout_error
from sim.evaluation.lines import (
    mean_ratio,
    ratios,
    response_curves,
    response_errors,
    response_lines,
    slope_recovery,
    visited_range,
    wide_range,
)
from sim.evaluation.numbers import Metrics
from sim.evaluation.registry import metric_infos
from sim.networks.network import Truth
from sim.networks.substrates import without_equation
from sim.node import NodeCohort
from sim.reaction.model import ReactionModel
from sim.reaction.table import TabulatedReaction
from sim.training.data import Reaction
from sim.training.slots import hyperparameters_of


def evaluate_slot(
    slot: SlotSpec,
    observations: Observations,
    model: ReactionModel,
    trained: Path,
    truth: Truth | None,
    *,
    identifiable: Bool[ndarray, " reaction"] | None = None,
) -> tuple[Metrics, ...]:
    """All metrics of a slot, one mapping per replicate.

    Args:
        slot: The slot that was trained.
        observations: The data set that it was trained on.
        model: The frozen reaction model that it was trained against.
        trained: File of its parameters.
        truth: The opened seal; None where there is none.
        identifiable: Whether the data determine each rate constant; None to work it out.

    Returns:
        Every metric of `metric_infos`; one that cannot be computed, or whose replicate diverged, is
        None.

    Raises:
        DataError: The file of parameters is unreadable or does not fit the slot.
    """
    node = load_node(trained)
    if node.embedding.shape[:2] != (len(slot.seeds), observations.stoichiometry.n_metabolites):
        raise DataError(
            f"{trained.name}: must hold {len(slot.seeds)} replicates of "
            f"{observations.stoichiometry.n_metabolites} metabolites, but holds "
            f"{' x '.join(map(str, node.embedding.shape[:2]))}; train the slot again"
        )
    shared = evaluate_reaction(model, observations, truth, identifiable=identifiable)
    learned = node_metrics(
        node,
        observations,
        TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64),
        truth,
        heldout_fraction=hyperparameters_of(slot).heldout_fraction,
        model=model,
    )
    names = metric_infos(0 if truth is None else truth.n_types)
    return tuple({name: (own | shared).get(name) for name in names} for own in learned)


def node_metrics(
    node: NodeCohort,
    observations: Observations,
    reaction: Reaction,
    truth: Truth | None,
    *,
    heldout_fraction: float,
    model: ReactionModel | None = None,
) -> list[Metrics]:
    """The metrics of MLP_node and the embeddings; those of a replicate that is not finite are left out.

    They are about the metabolites whose change is accounted for: of one that takes part in a reaction with
    an unobserved substrate, the data say nothing that a response could be told from.

    Args:
        node: The trained cohort.
        observations: The data set.
        reaction: The reaction model, in float64.
        truth: The opened seal; None where there is none.
        heldout_fraction: Share of the frames that was held out.
        model: The fitted model behind `reaction`; see `Unseen.of`.
    """
    unseen = Unseen.of(observations, reaction, heldout_fraction=heldout_fraction, model=model)
    gains, errors = heldout_gain(node, unseen), heldout_rollout_error(node, reaction, unseen)
    judged = ~without_equation(observations.stoichiometry, observations.unobserved)
    if not judged.any():
        return [{} for _ in gains]
    concentration, node = observations.concentration[:, judged], node.of(judged)
    truth = None if truth is None else truth.of(judged)
    visited, wide = visited_range(concentration), wide_range(concentration.shape[1])
    curves, wide_curves = response_curves(node, visited), response_curves(node, wide)
    if truth is not None:
        by_visited = ratios(response_lines(visited, curves), visited, truth)
        by_wide = ratios(response_lines(wide, wide_curves), wide, truth, suffix="_wide")
        missed = response_errors(curves, visited, truth)
    pooled = _pooled_range(concentration)
    pooled_curves = response_curves(node, pooled)
    found: list[Metrics] = []
    for replicate, is_finite in enumerate(node.finite_replicates()):
        metrics: Metrics = {}
        if is_finite:
            metrics["heldout_gain"] = gains[replicate]
            metrics["heldout_rollout_error"] = errors[replicate]
            metrics["response_silhouette"] = clusters_of(pooled_curves[replicate].T)[1]
            embedding = node.embedding[replicate].detach().numpy()
            metrics |= embedding_metrics(embedding, None if truth is None else truth.types)
        if is_finite and truth is not None:
            metrics |= by_visited[replicate] | missed[replicate] | by_wide[replicate]
            n_types = truth.n_types
            metrics["avg_slope_ratio"] = mean_ratio(metrics, n_types, suffix="_wide")
            metrics["avg_slope_ratio_visited"] = mean_ratio(metrics, n_types)
            metrics["slope_recovery"] = slope_recovery(metrics, n_types)
        found.append(metrics)
    return found


def _pooled_range(
    concentration: Float64[ndarray, "frame metabolite"],
) -> Float64[ndarray, "point metabolite"]:
    """Even points over what all metabolites together visit: response curves are compared on one axis."""
    pooled = visited_range(concentration.reshape(-1, 1))
    return np.repeat(pooled, concentration.shape[1], axis=1)
