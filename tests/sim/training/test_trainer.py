"""A whole training: reproducible, replicate by replicate, and honest about divergence."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from blocks.errors import DataError, DivergenceError
from blocks.problem import Progress
from sim.node import PARAMETERS, NodeCohort
from sim.training.data import Reaction, training_data
from sim.training.outcome import HISTORY, TRAINED
from sim.training.slots import resolve
from sim.training.trainer import _passes, planned, train_cohort, train_slot
from tests.sim.training.tiny import silent, simulated, slot, tiny_data

EVERYTHING = (
    "accumulation",
    "amplification",
    "clipping",
    "offset_penalty",
    "reinitialisation",
    "residual",
    "rollout",
)


def trained(spec, n_frames: int = 400) -> NodeCohort:
    data, reaction = tiny_data(n_frames)
    return train_cohort(resolve(spec), data, reaction, silent, n_frames=n_frames)[0]


def test_the_same_slot_gives_the_same_file(tmp_path: Path):
    observations, _, reaction = simulated()
    for folder in ("one", "other"):
        train_slot(slot(*EVERYTHING), observations, reaction, tmp_path / folder, silent)
    assert (tmp_path / "one" / TRAINED).read_bytes() == (tmp_path / "other" / TRAINED).read_bytes()


def test_other_seeds_give_other_parameters():
    one, other = trained(slot("rollout", seeds=(1,))), trained(slot("rollout", seeds=(2,)))
    assert not torch.equal(one.parameters["output"], other.parameters["output"])


def test_a_cohort_of_three_is_three_cohorts_of_one():
    together = trained(slot(*EVERYTHING, seeds=(1, 2, 3)))
    for replicate, seed in enumerate((1, 2, 3)):
        alone = trained(slot(*EVERYTHING, seeds=(seed,)))
        for name in PARAMETERS:
            torch.testing.assert_close(
                together.parameters[name][replicate], alone.parameters[name][0], rtol=1e-4, atol=1e-6
            )


@pytest.mark.parametrize("strategy", ["rollout", "residual"])
def test_training_brings_the_loss_down(strategy: str):
    data, reaction = tiny_data()
    spec = slot(strategy, data_augmentation_loop=8)
    _, history = train_cohort(resolve(spec), data, reaction, silent, n_frames=400)
    assert np.all(np.array(history.losses[-1]) < 0.5 * np.array(history.losses[0]))


def test_labels_in_the_frames_make_no_difference(tmp_path: Path):
    for folder, label in (("sealed", np.nan), ("open", 1.0)):
        observations, _, reaction = simulated(label=label)
        train_slot(slot(*EVERYTHING), observations, reaction, tmp_path / folder, silent)
    assert (tmp_path / "sealed" / TRAINED).read_bytes() == (tmp_path / "open" / TRAINED).read_bytes()


def test_held_out_frames_make_no_difference(tmp_path: Path):
    for folder, factor in (("as_seen", 1.0), ("otherwise", 2.0)):
        observations, _, reaction = simulated()
        observations.frames[360:, :, 3] *= factor
        train_slot(slot(*EVERYTHING), observations, reaction, tmp_path / folder, silent)
    assert (tmp_path / "as_seen" / TRAINED).read_bytes() == (tmp_path / "otherwise" / TRAINED).read_bytes()


def test_the_history_is_short_plain_json(tmp_path: Path):
    observations, _, reaction = simulated()
    train_slot(slot("rollout", data_augmentation_loop=20), observations, reaction, tmp_path, silent)
    history = json.loads((tmp_path / HISTORY).read_text())
    assert history["steps"][-1] == history["total"] == 100
    assert [len(curve) for curve in history["loss"]] == [100, 100, 100]
    assert history["diverged_at"] == [None, None, None]
    assert history["reaction_tolerance"] == 0.0  # this reaction is exact


def test_the_history_says_how_exact_the_tabulated_reaction_was(tmp_path: Path):
    observations, _, reaction = simulated()
    reaction.tolerance = 3e-9
    train_slot(slot("residual"), observations, reaction, tmp_path, silent)
    assert json.loads((tmp_path / HISTORY).read_text())["reaction_tolerance"] == 3e-9


def test_progress_is_reported_up_to_the_last_step():
    data, reaction = tiny_data()
    seen: list[Progress] = []
    train_cohort(resolve(slot("rollout")), data, reaction, seen.append, n_frames=400)
    assert [progress.step for progress in seen] == sorted({progress.step for progress in seen})
    assert seen[-1].step == seen[-1].total
    assert all(np.isfinite(progress.loss) for progress in seen)


def test_divergence_of_all_replicates_names_step_and_remedy():
    data, reaction = tiny_data()

    class Exploding(Reaction):
        def rate(self, concentration: Tensor) -> Tensor:
            return reaction.rate(concentration) * 1e200

    spec = slot("rollout", time_step=8, lr_node_homeo=0.5)
    with pytest.raises(
        DivergenceError,
        match=r"loss is not finite at step 1 of \d+ \(time_step 8, lr_node_homeo 0.5\): lower lr_node_homeo",
    ):
        train_cohort(resolve(spec), data, Exploding(), silent, n_frames=400)


def test_one_diverged_replicate_becomes_nan_and_leaves_the_others_alone():
    data, reaction = tiny_data()

    class Poisonous(Reaction):
        """Not finite for the first replicate of a cohort of three."""

        def rate(self, concentration: Tensor) -> Tensor:
            change = reaction.rate(concentration)
            if len(concentration) == 3:
                poison = torch.zeros(3, 1, 1, dtype=change.dtype)
                poison[0] = torch.nan
                change = change + poison
            return change

    three, history = train_cohort(
        resolve(slot("rollout", "clipping", seeds=(9, 1, 2))), data, Poisonous(), silent, n_frames=400
    )
    two = trained(slot("rollout", "clipping", seeds=(1, 2)))
    assert history.alive == [False, True, True]
    assert three.finite_replicates() == [False, True, True]
    for name in PARAMETERS:
        assert three.parameters[name][0].isnan().all()
        torch.testing.assert_close(three.parameters[name][1:], two.parameters[name], rtol=1e-4, atol=1e-6)


def test_a_time_step_beyond_the_frames_is_refused(tmp_path: Path):
    observations, _, reaction = simulated(20)
    with pytest.raises(DataError, match=r"time_step must be below .* but 64 is not below 18"):
        train_slot(slot("rollout", time_step=64), observations, reaction, tmp_path, silent)


def test_a_reaction_model_that_is_not_finite_on_the_data_is_refused():
    observations, _, reaction = simulated()
    observations.frames[5, 2, 3] = np.inf
    with pytest.raises(DataError, match="finite on every training frame"):
        training_data(observations, reaction, heldout_fraction=0.1)


@pytest.mark.slow
def test_residual_supervision_finds_both_slopes_and_the_types_without_a_label():
    from sim.evaluation.clusters import embedding_metrics
    from sim.evaluation.lines import ratios, response_curves, response_lines, visited_range

    observations, truth, reaction = simulated(600)
    data = training_data(observations, reaction, heldout_fraction=0.1)
    spec = slot(
        "residual",
        lr_emb_homeo=1e-2,
        data_augmentation_loop=200,
        hidden_width=32,
        residual__samples=8,
        batch_size=2,
    )
    node, _ = train_cohort(resolve(spec), data, reaction, silent, n_frames=600)
    points = visited_range(observations.concentration)
    for metrics in ratios(response_lines(points, response_curves(node, points)), points, truth):
        assert metrics["slope_ratio_0"] == pytest.approx(1.0, abs=0.1)
        assert metrics["slope_ratio_1"] == pytest.approx(1.0, abs=0.1)
    embeddings = node.embedding.detach().numpy()
    found = [embedding_metrics(embedding, truth.types)["type_ari"] for embedding in embeddings]
    assert np.median(found) == 1.0


def test_embeddings_stay_where_they_start_as_long_as_they_are_held():
    data, reaction = tiny_data()
    start = NodeCohort.create(
        12, (1, 2, 3), concentration_scale=1.0, response_scale=1.0, hidden_width=16
    ).embedding
    for delay, moves in ((0.99, False), (0.5, True)):
        spec = slot("residual", embedding_delay=delay)
        node, _ = train_cohort(resolve(spec), data, reaction, silent, n_frames=400)
        assert node.parameters["output"].any()
        assert torch.equal(node.embedding, start) is not moves


def test_step_sizes_fall_to_nothing_in_the_cooldown():
    data, reaction = tiny_data()
    scatter = []
    for cooldown in (0.0, 0.5):
        spec = slot("residual", cooldown=cooldown, data_augmentation_loop=40, lr_node_homeo=0.05)
        _, history = train_cohort(resolve(spec), data, reaction, silent, n_frames=400)
        scatter.append(np.std(np.log(history.losses[-20:])))
    assert scatter[1] < scatter[0]


@pytest.mark.parametrize(("batch_size", "passes"), [(8, [8]), (16, [16]), (32, [16, 16]), (25, [13, 12])])
def test_windows_are_taken_in_as_few_passes_as_memory_allows(batch_size: int, passes: list[int]):
    node = NodeCohort.create(100, (1, 2), concentration_scale=1.0, response_scale=1.0)
    plan = planned(resolve(slot("rollout", time_step=64, batch_size=batch_size)), 2880)
    assert _passes(batch_size, plan, node) == passes
    without_rollout = planned(resolve(slot("residual", time_step=64, batch_size=batch_size)), 2880)
    assert _passes(batch_size, without_rollout, node) == [batch_size]
