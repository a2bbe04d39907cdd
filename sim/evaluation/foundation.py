"""Evaluation of reaction models: how many rate constants are right, and which candidate to use."""

from collections.abc import Sequence
from pathlib import Path

from jaxtyping import Bool
from numpy import ndarray

from blocks.errors import DataError, SpecError
from blocks.problem import FoundationReport
from blocks.run import show_number
from sim.artifacts import load_reaction
from sim.dataset import Observations
from sim.evaluation.numbers import Metrics, finite
from sim.evaluation.rate_constants import rate_constant_metrics
from sim.identifiability import determined
from sim.networks.network import Truth
from sim.networks.substrates import anchored_rate_constants
from sim.reaction.model import ReactionModel


def evaluate_reaction(
    model: ReactionModel,
    observations: Observations,
    truth: Truth | None,
    *,
    identifiable: Bool[ndarray, " reaction"] | None = None,
) -> Metrics:
    """alpha, and with the truth at hand R2 of the rate constants and the number of outliers.

    Args:
        model: The fitted reaction model.
        observations: The data set that it was fitted to.
        truth: The opened seal; None where there is none.
        identifiable: Whether the data determine each rate constant; None to work it out.
    """
    metrics: Metrics = {"alpha": finite(model.alpha)}
    if truth is None:
        return metrics
    if identifiable is None:
        identifiable = determined(observations, states=model.states)
    true = anchored_rate_constants(
        truth.rate_constants, observations.stoichiometry, substrate=truth.substrate
    )
    return metrics | rate_constant_metrics(model.rate_constants, true, identifiable)


def judge_candidates(
    candidates: Sequence[Path],
    observations: Observations,
    *,
    target_r2: float | None,
    truth: Truth | None,
) -> FoundationReport:
    """The reaction model that slots are to use, and what it is worth.

    Without a target it is the one with the smallest residual on held-out frames, by no truth. With a
    target it is the one whose R2 of log10 k is nearest; that choice reads the truth, and says so.

    Args:
        candidates: Files of reaction models.
        observations: The data set that they were fitted to.
        target_r2: R2 that is asked for.
        truth: The opened seal; None where there is none.

    Raises:
        DataError: There is no candidate.
        SpecError: A target is set, but there is no truth to compare with.
    """
    if not candidates:
        raise DataError("a fitted reaction model must be there, but the folder holds none; fit it again")
    models = {path.name: load_reaction(path) for path in candidates}
    states = next(iter(models.values())).states
    identifiable = determined(observations, states=states)
    metrics = {
        name: evaluate_reaction(model, observations, truth, identifiable=identifiable)
        for name, model in models.items()
    }
    if target_r2 is None:
        chosen = min(models, key=lambda name: _residual(models[name]))
    elif truth is None:
        raise SpecError(
            f"foundation.target_r2: must be left out for a data set without truth, but got {target_r2:g}"
        )
    else:
        chosen = min(models, key=lambda name: _distance(metrics[name], target_r2))
    return FoundationReport(
        chosen=chosen,
        chosen_by_truth=target_r2 is not None,
        metrics=metrics[chosen],
        summary=_summary(models[chosen], metrics[chosen], identifiable)
        + ("" if target_r2 is None else f", stopped early near R2 {target_r2:g}: chosen by truth"),
    )


def _residual(model: ReactionModel) -> float:
    return model.residual_rms if model.heldout_rms is None else model.heldout_rms


def _distance(metrics: Metrics, target_r2: float) -> float:
    value = metrics["rate_constants_R2"]
    return float("inf") if value is None else abs(value - target_r2)


def _summary(model: ReactionModel, metrics: Metrics, identifiable: Bool[ndarray, " reaction"]) -> str:
    """`R2 0.99997 identifiable (16 of 256 rate constants cannot be determined)`."""
    value = metrics.get("rate_constants_R2_identifiable")
    if value is None:
        shown = f"residual {show_number(_residual(model))} of dc/dt"
    else:
        # Five digits, and never rounded up to a perfect 1.
        shown = f"R2 {min(value, 0.99999):.5f} identifiable" if value < 1 else "R2 1 identifiable"
    undetermined = int((~identifiable).sum())
    return f"{shown} ({undetermined} of {len(identifiable)} rate constants cannot be determined)"
