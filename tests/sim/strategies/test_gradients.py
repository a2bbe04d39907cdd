"""Isolation, clipping and accumulation: what they do to gradients, and what that is good for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.strategies.accumulation import Accumulation
from sim.strategies.clipping import Clipping
from sim.strategies.multi_scale import MultiScale
from sim.strategies.multiple_shooting import STATES, MultipleShooting
from sim.strategies.rollout import Rollout
from sim.training.plan import TrainingPlan
from tests.sim.strategies.problems import batch, cohort, fast, gradient_norms, noisy, outcome, plain, rough

ROLLING = [Rollout, MultiScale, MultipleShooting]


def norm_of(strategy: type, *, time_step: int, isolated: bool) -> float:
    inputs = batch(cohort(1), fast(4.0), time_step=time_step, windows=30)
    states = torch.zeros(1, 359 // time_step + 1, inputs.data.concentration.shape[1], dtype=torch.float64)
    strategy().loss(replace(inputs, isolated=isolated, latents={STATES: states})).sum().backward()
    return float(gradient_norms(inputs.node))


@pytest.mark.parametrize("strategy", ROLLING)
def test_isolation_keeps_the_gradient_of_long_rollouts_from_exploding(strategy: type):
    """Relative to short ones: with the reaction's Jacobian by orders of magnitude."""
    growth = [
        norm_of(strategy, time_step=64, isolated=isolated) / norm_of(strategy, time_step=4, isolated=isolated)
        for isolated in (False, True)
    ]
    assert growth[0] > 1e4
    assert growth[1] < 1e-3 * growth[0]


@pytest.mark.parametrize("strategy", ROLLING)
def test_isolation_leaves_the_loss_as_it_is(strategy: type):
    inputs = batch(cohort(1), fast(4.0), time_step=8)
    inputs = replace(inputs, latents={STATES: torch.zeros(1, 45, 12, dtype=torch.float64)})
    losses = [
        strategy().loss(replace(inputs, isolated=isolated, generators=(torch.Generator().manual_seed(0),)))
        for isolated in (False, True)
    ]
    assert torch.equal(*losses)


@pytest.mark.slow
def test_isolation_finds_the_response_where_exploding_gradients_hide_it():
    assert np.max(rough("rollout", "isolation").errors) < 0.7 * np.min(rough("rollout").errors)


@pytest.mark.slow
def test_clipping_finds_more_of_the_response_where_single_rollouts_explode():
    assert np.max(rough("rollout", "clipping").errors) < 0.8 * np.min(rough("rollout").errors)


def test_clipping_bounds_each_replicate_by_its_own_norm():
    node = cohort(1, 2)
    for scale, value in enumerate(node.parameters.values(), start=1):
        value.grad = torch.full_like(value, 0.001 * scale)
        value.grad[1] *= 1000
    before = {name: value.grad.clone() for name, value in node.parameters.items()}
    small, large = gradient_norms(node)
    Clipping(Clipping.Options(max_norm=1.0)).gradients(node)
    assert small < 1 < large
    assert gradient_norms(node).tolist() == pytest.approx([float(small), 1.0], rel=1e-5)
    for name, value in node.parameters.items():
        assert torch.equal(value.grad[0], before[name][0])
        torch.testing.assert_close(value.grad[1], before[name][1] / large)


def test_clipping_leaves_a_gradient_of_zero_alone():
    node = cohort(1)
    for value in node.parameters.values():
        value.grad = torch.zeros_like(value)
    Clipping().gradients(node)
    assert all(torch.equal(value.grad, torch.zeros_like(value)) for value in node.parameters.values())


def test_accumulation_averages_out_the_noise_that_single_samples_leave_in_the_response():
    values = {
        "batch_size": 1,
        "residual__samples": 1,
        "data_augmentation_loop": 5,
        "lr_node_homeo": 0.1,
        "cooldown": 0.0,
        "seeds": (1, 2, 3, 4, 5),
    }
    problem = noisy(0.0005, 400)
    single = outcome(problem, "residual", **values)
    averaged = outcome(problem, "residual", "accumulation", accumulation__micro_batches=16, **values)
    assert averaged.steps == single.steps
    assert np.median(averaged.errors) < 0.4 * np.median(single.errors)


def test_one_pass_over_all_micro_batches_is_their_mean():
    plan = TrainingPlan(frozenset(), time_step=4, batch_size=2, steps=10)
    assert Accumulation(Accumulation.Options(micro_batches=4)).configure(plan).micro_batches == 4
    inputs = batch(cohort(1, 2))
    parts = [replace(inputs, starts=inputs.starts[:, part]) for part in (slice(0, 4), slice(4, 8))]
    mean = torch.stack([Rollout().loss(part) for part in parts]).mean(0)
    torch.testing.assert_close(Rollout().loss(inputs), mean)


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 2**30], ids=["one by one", "in one pass"])
def test_micro_batches_are_trained_on_however_they_are_passed(most: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sim.training.trainer.TAPE_BYTES", most)
    trained = outcome(plain(), "rollout", "accumulation", data_augmentation_loop=16)
    assert np.all(trained.losses[-1] < 0.5 * trained.losses[0])
