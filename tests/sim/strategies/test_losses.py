"""Rollout, residual, multi-scale and offset penalty: which solutions they prefer."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from sim.evaluation.lines import response_curves, response_lines
from sim.strategies.multi_scale import MultiScale
from sim.strategies.offset_penalty import OffsetPenalty
from sim.strategies.residual import Residual
from sim.strategies.rollout import Rollout
from sim.training.plan import TrainingPlan
from tests.sim.strategies.problems import (
    Outcome,
    batch,
    cohort,
    constant,
    noisy,
    outcome,
    plain,
    rough,
    still,
)


@pytest.mark.slow
def test_a_rollout_finds_a_weak_term_that_noise_hides_from_single_steps():
    single = outcome(noisy(0.02), "residual", data_augmentation_loop=100)
    summed = outcome(noisy(0.02), "rollout", time_step=64, data_augmentation_loop=600)
    assert np.all(single.slopes.mean(axis=1) > 4)
    assert np.all(np.abs(summed.slopes.mean(axis=1) - 1) < 0.6)


def test_rollout_measures_a_wrong_constant_alike_over_any_number_of_steps():
    """Over one step it is the error of the residual; over more it adds up, and so does its unit."""
    node = constant(cohort(1), 0.05)
    short, long = (Rollout().loss(batch(node, time_step=steps)).item() for steps in (1, 8))
    data, starts = batch(node).data, batch(node).starts[0]
    expected = ((0.05 - data.residual[starts]) / data.spread).square().mean()
    assert short == pytest.approx(expected.item(), rel=1e-4)
    assert long == pytest.approx(short, rel=0.5)


def test_rollout_backpropagates_through_all_of_its_steps():
    """A later state depends on the response at an earlier one, and the gradient says so."""
    inputs = batch(constant(cohort(1), 0.05), time_step=8)
    start = inputs.windows[0].clone().requires_grad_()
    inputs.__dict__["windows"] = torch.cat([start[None], inputs.windows[1:]])
    Rollout().loss(inputs).sum().backward()
    assert start.grad is not None
    assert start.grad.any()


def test_residual_finds_in_the_same_steps_what_long_rollouts_leave_half_done():
    values = {"time_step": 64, "data_augmentation_loop": 80}
    rolled = outcome(plain(), "rollout", **values)
    regressed = outcome(plain(), "residual", **values)
    assert np.max(regressed.errors) < 0.5 * np.min(rolled.errors)


def test_residual_is_zero_for_the_true_regulation_and_one_scale_away_without_it():
    untrained = batch(cohort(1))
    data = untrained.data
    typical = (data.residual / data.spread).square().mean()
    assert Residual().loss(untrained).item() == pytest.approx(typical.item(), rel=0.5)
    perfect = batch(cohort(1))
    perfect.__dict__["response"] = _true_response(data.residual, data.concentration[:-1])
    assert Residual().loss(perfect).item() < 1e-9


def _true_response(residual: Tensor, concentration: Tensor) -> Callable[[Tensor], Tensor]:
    """Each metabolite's own straight line; exact for linear regulation under an exact reaction model."""
    away = concentration - concentration.mean(0)
    slope = (away * residual).sum(0) / away.square().sum(0)
    offset = residual.mean(0) - slope * concentration.mean(0)
    return lambda c: slope * c + offset


def test_residual_alone_computes_no_rollout():
    inputs = batch(cohort(1))
    Residual().loss(inputs)
    assert "windows" not in inputs.__dict__


def test_residual_alone_spends_the_euler_steps_on_samples_and_beside_a_rollout_does_not():
    alone = outcome(plain(), "residual", time_step=16, data_augmentation_loop=16)
    beside = outcome(plain(), "residual", "multi_scale", time_step=16, data_augmentation_loop=16)
    assert alone.steps == 80
    assert beside.steps < 20


@pytest.mark.slow
def test_several_scales_find_the_response_more_closely_than_the_longest_alone():
    single, several = rough("rollout", "isolation"), rough("multi_scale", "isolation")
    assert np.max(several.errors) < 0.8 * np.min(single.errors)


def test_several_scales_are_the_mean_of_rollouts_that_end_together():
    node = constant(cohort(1, 2), 0.05)
    inputs = batch(node, time_step=8)
    losses = []
    for length in (8, 4, 2):
        part = batch(node, time_step=length)
        part.__dict__["windows"] = inputs.windows[8 - length :]
        losses.append(Rollout().loss(part))
    torch.testing.assert_close(MultiScale().loss(inputs), torch.stack(losses).mean(dim=0))


def test_several_scales_take_no_more_euler_steps_than_one():
    strategy = MultiScale(MultiScale.Options(scales=5))
    assert strategy.lengths(8) == [8, 4, 2, 1]
    plan = strategy.configure(TrainingPlan(frozenset(), time_step=8, batch_size=2, steps=150))
    assert plan.steps * sum(strategy.lengths(8)) == 150 * 8


def wide_slopes(trained: Outcome) -> np.ndarray:
    """Mean slope of the replicates' responses between 1 and 9 c.u., over the true one."""
    points = np.repeat(np.linspace(1, 9, 50)[:, None], 12, axis=1)
    return response_lines(points, response_curves(trained.node, points)).slope.mean(axis=1) / -0.001


def test_offset_penalty_has_the_slope_carry_the_fit_where_constants_would_do():
    """Metabolites that hardly move: an embedding can hold each one's rate, and the response lie flat."""
    values = {
        "lr_emb_homeo": 0.03,
        "lr_node_homeo": 0.01,
        "embedding_delay": 0.0,
        "embedding_spread": 0.5,
        "data_augmentation_loop": 50,
        "seeds": (1, 2, 3, 4, 5),
    }
    without = wide_slopes(outcome(still(), "residual", **values))
    penalised = wide_slopes(
        outcome(still(), "residual", "offset_penalty", offset_penalty__weight=1.0, **values)
    )
    assert np.max(without) < np.min(penalised)
    assert np.mean(penalised) > np.mean(without) + 0.3


def test_offset_penalty_punishes_a_constant_and_pulls_it_to_zero():
    node = constant(cohort(1, 2), 0.02)
    loss = OffsetPenalty(OffsetPenalty.Options(weight=0.5)).loss(batch(node))
    assert loss.tolist() == pytest.approx([0.5 * (0.02 / node.response_scale) ** 2] * 2, rel=1e-5)
    loss.sum().backward()
    assert (node.parameters["bias_3"].grad > 0).all()


def test_offset_penalty_leaves_a_response_that_is_zero_at_mid_concentration_alone():
    inputs = batch(cohort(1))
    middle = inputs.data.mid_concentration
    inputs.__dict__["response"] = lambda c: -0.01 * (c - middle)
    assert OffsetPenalty().loss(inputs).item() == 0.0
