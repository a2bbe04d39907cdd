"""Label-free yardsticks: 1 for the true response, 0 for none, and blind to frames that were trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.evaluation.heldout import Unseen, heldout_gain, heldout_rollout_error
from sim.node import NodeCohort
from sim.response import BoundNode
from tests.sim.strategies.problems import exact_model, noisy, plain
from tests.sim.training.tiny import N_METABOLITES, line_response, simulated


def straight(slope: torch.Tensor, offset: torch.Tensor) -> NodeCohort:
    """A cohort of one whose response is the given line."""

    class Straight(NodeCohort):
        def bound(self) -> BoundNode:
            return line_response(slope, offset)

    node = NodeCohort.create(N_METABOLITES, (1,), concentration_scale=1.0, response_scale=1.0)
    return Straight(node.parameters, concentration_scale=1.0, response_scale=1.0)


def true_line() -> tuple[torch.Tensor, torch.Tensor]:
    _, truth, _ = simulated(10)
    decay = torch.from_numpy(truth.decay[truth.types])
    return -decay, decay * torch.from_numpy(truth.baseline[truth.types])


def judged(node: NodeCohort, *, n_frames: int = 400) -> tuple[float | None, float | None]:
    observations, _, reaction = simulated(n_frames)
    unseen = Unseen.of(observations, reaction, heldout_fraction=0.1)
    return heldout_gain(node, unseen)[0], heldout_rollout_error(node, reaction, unseen)[0]


def test_the_true_response_explains_everything():
    assert judged(straight(*true_line())) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-6))


def test_no_response_explains_nothing():
    slope, offset = true_line()
    assert judged(straight(0 * slope, 0 * offset)) == (pytest.approx(0.0), pytest.approx(1.0))


def test_half_of_the_response_explains_three_quarters():
    slope, offset = true_line()
    gain, error = judged(straight(slope / 2, offset / 2))
    assert gain == pytest.approx(0.75)
    assert error == pytest.approx(0.5, abs=0.02)


def test_the_opposite_response_is_worse_than_none():
    slope, offset = true_line()
    gain, error = judged(straight(-slope, -offset))
    assert gain == pytest.approx(-3.0)
    assert error == pytest.approx(2.0, abs=0.1)


def test_a_held_out_part_shorter_than_a_rollout_has_no_rollout_error():
    gain, error = judged(straight(*true_line()), n_frames=100)
    assert gain == pytest.approx(1.0)
    assert error is None


def test_a_response_that_is_not_finite_is_a_missing_metric():
    slope, offset = true_line()
    assert judged(straight(slope * np.nan, offset)) == (None, None)


def test_the_scale_comes_from_the_training_frames_and_the_rest_from_the_others():
    observations, _, reaction = simulated(400)
    unseen = Unseen.of(observations, reaction, heldout_fraction=0.1)
    changed = observations.frames.copy()
    changed[360:, :, 3] *= 2
    other = Unseen.of(replace(observations, frames=changed), reaction, heldout_fraction=0.1)
    assert torch.equal(unseen.concentration, torch.from_numpy(observations.concentration[360:]))
    assert torch.equal(unseen.spread, other.spread)
    assert not torch.equal(unseen.residual, other.residual)


def test_on_noisy_data_the_true_response_gains_in_averages_and_next_to_nothing_in_single_changes():
    problem = noisy(0.01, 6000)
    node = straight(*true_line())
    averaged, single = (
        Unseen.of(problem.observations, problem.reaction, heldout_fraction=0.1, model=model)
        for model in (exact_model(problem, noise=0.01), None)
    )
    assert (averaged.width, single.width) == (64, 1)
    assert heldout_gain(node, averaged)[0] > 0.15
    assert abs(heldout_gain(node, single)[0]) < 0.01
    slope, offset = true_line()
    assert heldout_gain(straight(-slope, -offset), averaged)[0] < -0.15
    assert heldout_gain(straight(0 * slope, 0 * offset), averaged)[0] == pytest.approx(0.0)


def test_averages_leave_exact_data_as_they_are():
    problem = plain(400)
    known = Unseen.of(
        problem.observations, problem.reaction, heldout_fraction=0.1, model=exact_model(problem)
    )
    assert known.width == 1
    assert heldout_gain(straight(*true_line()), known)[0] == pytest.approx(1.0)
