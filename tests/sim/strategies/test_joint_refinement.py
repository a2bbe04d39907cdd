"""Joint refinement: regulation is found from a poor reaction model on, and the better one is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks.identity import file_hash, folder_hash
from blocks.run import Metrics
from sim.arrays import write_arrays
from sim.artifacts import load_reaction
from sim.dataset import Observations, Recorded, load_observations
from sim.evaluation.foundation import evaluate_reaction
from sim.problem import MetabolicProblem
from sim.reaction.fit import ReactionFit
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.seal import load_seal
from sim.strategies.joint_refinement import JointRefinement
from sim.training.outcome import REFINED
from sim.training.trainer import train_slot
from tests.sim.training.tiny import silent, slot

POOR = 7
"""The early stop of `CANDIDATES` that is frozen: R2 about 0.73, the study's regime."""

CANDIDATES = 12
ALONE = ("residual", "fitted_embeddings")
VALUES = {"data_augmentation_loop": 100, "batch_size": 8, "hidden_width": 32}


class Site:
    """The quickstart data set, a frozen model that was stopped early, and what slots make of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.observations, self.seal = root, root / "observations", root / "seal.npz"
        self.problem, self.foundation = MetabolicProblem(), root / "frozen.npz"
        self.problem.provide_data({"preset": "quickstart", "seed": 43}, self.observations, self.seal)
        settings = FoundationSettings(target_r2=0.73, candidates=CANDIDATES)
        fit = ReactionFit(load_observations(self.observations), settings)
        write_arrays(self.foundation, fit.model(list(fit.early_stops(silent))[POOR]).arrays())
        self.before = file_hash(self.foundation)
        self.metrics: dict[str, tuple[Metrics, ...]] = {}
        for name, strategies in (("alone", ALONE), ("refined", (*ALONE, "joint_refinement"))):
            spec = slot(*strategies, **VALUES)
            self.problem.train(spec, self.observations, self.foundation, root / name, silent)
            self.metrics[name] = self.problem.evaluate(
                spec, self.observations, self.foundation, root / name, self.seal
            )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("quickstart"))


def recorded_of(observations: Observations) -> Recorded:
    """What the trainer hands to a strategy."""
    return Recorded(
        observations.concentration, observations.unobserved, observations.stoichiometry, observations.dt
    )


def slopes(metrics: tuple[Metrics, ...]) -> np.ndarray:
    return np.array([[one["slope_ratio_0"], one["slope_ratio_1"]] for one in metrics])


@pytest.mark.slow
def test_slopes_are_right_from_a_poor_model_on_and_far_off_without_it(site: Site):
    assert np.all(np.abs(slopes(site.metrics["refined"]) - 1) < 0.1)
    assert [one["type_ari"] for one in site.metrics["refined"]] == [1.0, 1.0, 1.0]
    assert np.all(np.abs(slopes(site.metrics["alone"]) - 1).max(axis=1) > 0.5)
    assert max(one["type_ari"] for one in site.metrics["alone"]) < 0.3


def test_the_run_is_judged_with_the_model_that_it_refined(site: Site):
    observations, truth = load_observations(site.observations), load_seal(site.seal)
    for name, path in (("alone", site.foundation), ("refined", site.root / "refined" / REFINED)):
        expected = evaluate_reaction(load_reaction(path), observations, truth)
        for replicate in site.metrics[name]:
            assert {key: replicate[key] for key in expected} == expected
    key = "rate_constants_R2_identifiable"
    assert site.metrics["alone"][0][key] == pytest.approx(0.73, abs=0.05)
    assert site.metrics["refined"][0][key] > 0.9999
    # Held-out frames are what the frozen model cannot tell about, and the refined one can.
    gains = {name: [one["heldout_gain"] for one in found] for name, found in site.metrics.items()}
    assert min(gains["refined"]) > 0.99 > 0.5 > max(gains["alone"])


def test_only_a_run_that_refines_writes_a_model_and_the_frozen_one_stays_as_it_was(site: Site):
    assert (site.root / "refined" / REFINED).exists()
    assert not (site.root / "alone" / REFINED).exists()
    assert file_hash(site.foundation) == site.before


def test_labels_have_no_part_in_it(site: Site, tmp_path: Path):
    """What concentrations and structure alone give is what training on labelled frames gives."""
    observations = load_observations(site.observations)
    frames = np.array(observations.frames)
    frames[:, :, 6] = 1.0
    model = load_reaction(site.foundation)
    recorded = recorded_of(observations)
    one = JointRefinement().refine(model, recorded, silent)
    labelled = replace(observations, frames=frames)
    spec = slot("residual", "joint_refinement", data_augmentation_loop=1)
    reaction = TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64)
    train_slot(spec, labelled, reaction, tmp_path, silent, model=model)
    other = load_reaction(tmp_path / REFINED)
    np.testing.assert_array_equal(one.rate_constants, other.rate_constants)
    np.testing.assert_array_equal(one.coefficients, other.coefficients)


def test_it_stops_after_the_steps_that_it_is_allowed(site: Site):
    observations = load_observations(site.observations)
    model = load_reaction(site.foundation)
    errors = [
        JointRefinement(JointRefinement.Options(max_iterations=limit))
        .refine(model, recorded_of(observations), silent)
        .residual_rms
        for limit in (1, 40)
    ]
    assert model.residual_rms > errors[0] > errors[1]


def test_parts_of_a_slot_refine_alike_and_make_the_files_of_an_undivided_training(site: Site, tmp_path: Path):
    spec = slot(*ALONE, "joint_refinement", **VALUES)
    parts = [tmp_path / "1", tmp_path / "2"]
    for one, out in zip(spec.parts(2), parts, strict=True):
        site.problem.train(one, site.observations, site.foundation, out, silent, part=True)
    merged = tmp_path / "merged"
    merged.mkdir()
    site.problem.merge(spec, parts, merged)
    assert folder_hash(merged) == folder_hash(site.root / "refined")
    assert (merged / REFINED).exists()
