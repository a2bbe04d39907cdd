"""Averages over windows show a response that noise hides from differences of neighbouring frames."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.strategies.weak_form import WeakForm
from sim.training.plan import TrainingPlan
from tests.sim.strategies.problems import batch, cohort, constant, noisy, outcome, plain

BUDGET = {"residual": 100, "weak_form": 400}
"""Passes over the data that give both the same optimiser steps: a window costs four times a sample."""


@pytest.mark.slow
def test_on_noisy_data_the_response_is_several_times_nearer_the_truth_than_by_residuals_alone():
    single = outcome(noisy(0.02), "residual", data_augmentation_loop=BUDGET["residual"])
    averaged = outcome(noisy(0.02), "weak_form", weak_form__width=64, data_augmentation_loop=100)
    assert np.max(averaged.errors) < 0.2 * np.min(single.errors)
    assert np.all(np.abs(averaged.slopes.mean(axis=1) - 1) < 0.5)


@pytest.mark.slow
def test_on_exact_data_it_is_as_good_as_residuals():
    trained = {
        name: outcome(plain(600), name, "fitted_embeddings", data_augmentation_loop=loops)
        for name, loops in BUDGET.items()
    }
    assert trained["weak_form"].steps == trained["residual"].steps
    assert np.max(trained["weak_form"].errors) < 0.05
    assert np.max(np.abs(trained["weak_form"].slopes - 1)) < 0.02
    assert np.median(trained["weak_form"].errors) < 1.6 * np.median(trained["residual"].errors)


def test_the_true_response_costs_nothing_on_exact_data():
    """A weighted sum of Euler steps is exact, whatever the window; sampled thinly, nearly so."""
    problem = plain()
    truth = problem.truth
    decay, baseline = (torch.from_numpy(one[truth.types]) for one in (truth.decay, truth.baseline))
    inputs = batch(cohort(1), problem)
    inputs.__dict__["response"] = lambda c: -decay * (c - baseline)
    whole = WeakForm(WeakForm.Options(width=32, samples=32)).loss(inputs).item()
    thin = WeakForm(WeakForm.Options(width=32, samples=16)).loss(inputs).item()
    wrong = WeakForm(WeakForm.Options(width=32, samples=32)).loss(batch(constant(cohort(1), 0.05), problem))
    assert whole < 1e-12
    assert thin < 1e-2
    assert wrong.item() > 1.0


def test_the_wider_the_window_the_less_of_the_noise_is_left():
    left = []
    for width in (2, 8, 32, 128):
        exact, measured = (one.data.averaged(width) for one in (plain(600), noisy(0.02)))
        left.append(float((measured.residual - exact.residual).square().mean().sqrt()))
    assert np.all(np.array(left[1:]) < 0.4 * np.array(left[:-1]))


def test_a_window_with_a_change_that_is_not_trusted_carries_no_weight():
    problem = plain()
    data = problem.data
    spoilt = data.residual.clone()
    spoilt[100, 4] = 1e6
    trusted = torch.ones_like(spoilt, dtype=torch.bool)
    trusted[100, 4] = False
    inputs = batch(constant(cohort(1), 0.01), problem, windows=200)
    forgiven = replace(data, residual=spoilt, trusted=trusted, _averages={})
    assert WeakForm().loss(replace(inputs, data=forgiven)).item() == pytest.approx(
        WeakForm().loss(batch(constant(cohort(1), 0.01), problem, windows=200)).item(), rel=0.05
    )


def test_alone_it_spends_the_euler_steps_on_frames_and_beside_a_rollout_does_not():
    plan = TrainingPlan(frozenset(), time_step=64, batch_size=2, steps=100)
    strategy = WeakForm(WeakForm.Options(samples=16))
    assert strategy.configure(plan).steps == 400
    assert strategy.configure(replace(plan, rolls_out=True)).steps == 100


def test_a_width_beyond_the_data_is_that_of_the_data():
    problem = plain(40)
    wide = WeakForm(WeakForm.Options(width=4096))
    assert torch.isfinite(wide.loss(batch(constant(cohort(1), 0.01), problem, windows=2))).all()


def test_weight_multiplies_the_loss():
    losses = [
        WeakForm(WeakForm.Options(weight=weight)).loss(batch(constant(cohort(1), 0.01))).item()
        for weight in (1.0, 3.0)
    ]
    assert losses[1] == pytest.approx(3 * losses[0])
