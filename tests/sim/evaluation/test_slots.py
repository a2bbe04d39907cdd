"""A whole evaluation on a real small data set: simulated, fitted, trained, judged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks.errors import DataError, SpecError
from sim.arrays import write_arrays
from sim.artifacts import load_node, load_reaction
from sim.dataset import Observations, load_observations
from sim.evaluation.foundation import determined, evaluate_reaction, judge_candidates
from sim.evaluation.registry import metric_infos
from sim.evaluation.slots import evaluate_slot, node_metrics
from sim.networks.network import Truth
from sim.networks.settings import DataSettings
from sim.networks.substrates import without_equation
from sim.reaction.fit import fit_reaction
from sim.reaction.model import ReactionModel
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.seal import load_seal
from sim.simulate import simulate_dataset
from sim.training.outcome import TRAINED
from sim.training.trainer import train_slot
from tests.sim.training.tiny import silent, slot

SLOT = slot("residual", lr_emb_homeo=1e-2, data_augmentation_loop=200, batch_size=8, hidden_width=48)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quickstart data set, its reaction model, and a slot trained by residual supervision."""
    root = tmp_path_factory.mktemp("quickstart")
    settings = DataSettings.model_validate({"preset": "quickstart", "seed": 43})
    simulate_dataset(settings, observations=root / "observations", seal=root / "seal.npz")
    observations = load_observations(root / "observations")
    fit_reaction(observations, FoundationSettings(), root / "fitted", silent)
    model = load_reaction(next((root / "fitted").glob("candidate-*.npz")))
    reaction = TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64)
    train_slot(SLOT, observations, reaction, root / "trained", silent)
    return root


@pytest.fixture(scope="module")
def observations(folder: Path) -> Observations:
    return load_observations(folder / "observations")


@pytest.fixture(scope="module")
def model(folder: Path) -> ReactionModel:
    return load_reaction(next((folder / "fitted").glob("candidate-*.npz")))


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return load_seal(folder / "seal.npz")


def test_every_metric_is_given_for_every_replicate_and_residual_supervision_reaches_its_target(
    folder: Path, observations: Observations, model: ReactionModel, truth: Truth
):
    metrics = evaluate_slot(SLOT, observations, model, folder / "trained" / TRAINED, truth)
    assert len(metrics) == 3
    for replicate in metrics:
        assert replicate.keys() == metric_infos(2).keys()
        assert all(value is None or np.isfinite(value) for value in replicate.values())
        assert replicate["slope_recovery"] == pytest.approx(1.0, abs=0.05)
        assert replicate["type_ari"] == 1.0
        assert replicate["heldout_gain"] > 0.99
        assert replicate["heldout_rollout_error"] < 0.1
        assert replicate["rate_constants_R2_identifiable"] > 0.999
        assert replicate["alpha"] == pytest.approx(1.0)


def test_without_truth_the_label_free_metrics_are_the_same_and_no_other_is_given(
    folder: Path, observations: Observations, model: ReactionModel, truth: Truth
):
    open_eyed = evaluate_slot(SLOT, observations, model, folder / "trained" / TRAINED, truth)
    blind = evaluate_slot(SLOT, observations, model, folder / "trained" / TRAINED, None)
    for replicate, known in zip(blind, open_eyed, strict=True):
        for name, info in metric_infos(0).items():
            assert replicate[name] == (None if info.needs_labels else known[name])


def test_a_diverged_replicate_has_no_metric_of_its_own_and_the_others_keep_theirs(
    folder: Path, observations: Observations, model: ReactionModel, truth: Truth, tmp_path: Path
):
    before = evaluate_slot(SLOT, observations, model, folder / "trained" / TRAINED, truth)
    node = load_node(folder / "trained" / TRAINED)
    for value in node.parameters.values():
        value[1] = torch.nan
    write_arrays(tmp_path / TRAINED, node.arrays())
    after = evaluate_slot(SLOT, observations, model, tmp_path / TRAINED, truth)
    assert (after[0], after[2]) == (before[0], before[2])
    of_the_reaction_model = {"alpha", "n_outliers", "rate_constants_R2", "rate_constants_R2_identifiable"}
    assert {name for name, value in after[1].items() if value is not None} == of_the_reaction_model


def test_parameters_of_another_slot_are_refused(
    folder: Path, observations: Observations, model: ReactionModel
):
    other = SLOT.model_copy(update={"seeds": (1, 2)})
    with pytest.raises(DataError, match="must hold 2 replicates of 20 metabolites, but holds 3 x 20"):
        evaluate_slot(other, observations, model, folder / "trained" / TRAINED, None)


def test_the_reaction_model_is_judged_with_and_without_what_cannot_be_determined(
    observations: Observations, model: ReactionModel, truth: Truth
):
    mask = determined(observations)
    assert not mask.all()
    metrics = evaluate_reaction(model, observations, truth)
    assert metrics == evaluate_reaction(model, observations, truth, identifiable=mask)
    assert metrics["rate_constants_R2_identifiable"] > metrics["rate_constants_R2"]
    assert evaluate_reaction(model, observations, None).keys() == {"alpha"}


def test_a_single_candidate_is_chosen_without_truth(folder: Path, observations: Observations, truth: Truth):
    candidates = sorted((folder / "fitted").glob("candidate-*.npz"))
    for seal in (truth, None):
        report = judge_candidates(candidates, observations, target_r2=None, truth=seal)
        assert report.chosen == candidates[0].name
        assert not report.chosen_by_truth
    judged = judge_candidates(candidates, observations, target_r2=None, truth=truth)
    assert "identifiable (2 of 30 rate constants cannot be determined)" in judged.summary


def test_a_target_chooses_the_candidate_nearest_to_it_by_truth(
    observations: Observations, model: ReactionModel, truth: Truth, tmp_path: Path
):
    from dataclasses import replace

    noise = np.random.default_rng(0).standard_normal(len(truth.rate_constants))
    values = {}
    for number, size in enumerate((0.0, 0.05, 0.1, 0.2)):
        rough = replace(model, rate_constants=truth.rate_constants * 10 ** (size * noise))
        write_arrays(tmp_path / f"candidate-{number:03d}.npz", rough.arrays())
        values[f"candidate-{number:03d}.npz"] = evaluate_reaction(rough, observations, truth)[
            "rate_constants_R2"
        ]
    target = 0.73
    report = judge_candidates(sorted(tmp_path.iterdir()), observations, target_r2=target, truth=truth)
    assert "chosen by truth" in report.summary
    assert report.chosen == min(values, key=lambda name: abs(values[name] - target))
    assert report.chosen != "candidate-000.npz"
    assert report.chosen_by_truth


def test_a_target_without_truth_and_no_candidate_at_all_are_refused(
    folder: Path, observations: Observations, truth: Truth
):
    candidates = list((folder / "fitted").glob("candidate-*.npz"))
    with pytest.raises(
        SpecError, match=r"target_r2: must be left out for a data set without truth, but got 0.73"
    ):
        judge_candidates(candidates, observations, target_r2=0.73, truth=None)
    with pytest.raises(DataError, match="the folder holds none"):
        judge_candidates([], observations, target_r2=None, truth=truth)


def test_metabolites_without_an_equation_change_no_metric_of_the_others(
    folder: Path, observations: Observations, model: ReactionModel, truth: Truth
):
    reaction = TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64)
    frames = observations.frames.copy()
    frames[:, 0, 3] = np.nan
    partly = replace(observations, frames=frames)
    blind = without_equation(partly.stoichiometry, partly.unobserved)
    assert 0 < blind.sum() < 0.9 * len(blind)

    def metrics(spoilt: float) -> dict[str, float | None]:
        node = load_node(folder / "trained" / TRAINED)
        node.embedding.data[:, torch.from_numpy(blind)] += spoilt
        (found, *_) = node_metrics(node, partly, reaction, truth, heldout_fraction=0.1)
        return {name: value for name, value in found.items() if not name.startswith("heldout")}

    assert metrics(spoilt=5.0) == metrics(spoilt=0.0)
    assert metrics(0.0)["type_ari"] is not None
    assert metrics(0.0)["slope_ratio_0"] == pytest.approx(1, abs=0.2)
