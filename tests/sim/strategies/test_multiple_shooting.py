"""Multiple shooting: start states are fitted, so that noise in a start does not pull the slope away."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.strategies.multiple_shooting import STATES, MultipleShooting
from sim.training.plan import TrainingPlan
from tests.sim.strategies.problems import Problem, batch, cohort, generators, noisy, outcome, plain
from tests.sim.training.tiny import line_response


def shooting(problem: Problem, *, time_step: int = 8, full: int | None = None, windows: int = 30):
    """A batch with the strategy's own latents, at their start."""
    inputs = batch(cohort(1), problem, time_step=time_step, windows=windows)
    plan = TrainingPlan(frozenset(), time_step=full or time_step, batch_size=windows, steps=10)
    latents = MultipleShooting().latents(plan, inputs.data, generators(1))
    return replace(
        inputs,
        full_time_step=full or time_step,
        latents={name: one.value.requires_grad_() for name, one in latents.items()},
    )


@pytest.mark.slow
def test_the_response_is_nearer_the_truth_than_rollouts_from_noisy_frames_bring_it():
    values = {"time_step": 16, "data_augmentation_loop": 300, "batch_size": 8}
    observed = outcome(noisy(0.02), "rollout", **values)
    fitted = outcome(noisy(0.02), "multiple_shooting", **values)
    assert np.min(observed.errors) > 1.0
    assert np.max(fitted.errors) < 0.6
    assert np.min(observed.slopes.mean(axis=1)) > np.max(fitted.slopes.mean(axis=1)) + 0.5


def test_fitted_start_states_are_nearer_the_true_ones_than_the_observed_frames():
    problem = noisy(0.02)
    inputs = shooting(problem, windows=200)
    slope, offset = true_lines(problem)
    inputs.__dict__["response"] = line_response(slope, offset)
    states = inputs.latents[STATES]
    optimiser = torch.optim.Adam([states], lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        MultipleShooting().loss(inputs).sum().backward()
        optimiser.step()
    data = inputs.data
    cuts = torch.arange(states.shape[1]) * 8
    observed = data.concentration[cuts]
    fitted = observed + data.spread * data.dt * states.detach()[0]
    clean = torch.from_numpy(problem.clean)[cuts]
    unit = data.spread * data.dt
    assert ((fitted - clean) / unit).square().mean() < 0.3 * ((observed - clean) / unit).square().mean()


def test_a_perfect_model_of_clean_data_costs_nothing():
    inputs = shooting(plain())
    slope, offset = true_lines(plain())
    inputs.__dict__["response"] = line_response(slope, offset)
    assert MultipleShooting().loss(inputs).item() < 1e-12


def true_lines(problem: Problem) -> tuple[torch.Tensor, torch.Tensor]:
    truth = problem.truth
    decay, baseline = truth.decay[truth.types], truth.baseline[truth.types]
    return -torch.from_numpy(decay), torch.from_numpy(decay * baseline)


def test_a_gap_between_windows_costs_by_the_weight_of_continuity():
    losses = []
    for continuity in (0.0, 1.0, 3.0):
        strategy = MultipleShooting(MultipleShooting.Options(continuity=continuity))
        losses.append(strategy.loss(shooting(plain())).item())
    assert losses[2] - losses[0] == pytest.approx(3 * (losses[1] - losses[0]))
    assert losses[1] > losses[0]


def test_windows_are_each_for_themselves_while_a_curriculum_keeps_rollouts_short():
    losses = []
    for continuity in (0.0, 100.0):
        strategy = MultipleShooting(MultipleShooting.Options(continuity=continuity))
        losses.append(strategy.loss(shooting(plain(), time_step=2, full=8)).item())
    assert losses[0] == losses[1]


def test_start_states_belong_to_the_cuts_of_the_training_frames():
    data = plain().data
    plan = TrainingPlan(frozenset(), time_step=7, batch_size=4, steps=10)
    latents = MultipleShooting().latents(plan, data, generators(1, 2, 3))
    assert latents[STATES].value.shape == (3, (len(data.concentration) - 1) // 7 + 1, 12)


@pytest.mark.parametrize("strategies", [("curriculum",), ("isolation",), ("clipping", "warm_up")])
def test_it_trains_together_with_what_acts_on_rollouts_and_steps(strategies: tuple[str, ...]):
    trained = outcome(plain(), "multiple_shooting", *strategies, data_augmentation_loop=40)
    assert np.all(np.isfinite(trained.losses))
    assert np.all(trained.errors < 0.7)  # 1 without any response
