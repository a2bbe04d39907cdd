"""Changes that are no steps of the rate law have no weight in losses, averages, scales and held-out gain."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.evaluation.heldout import Unseen, heldout_gain
from sim.strategies.residual import Residual
from sim.training.averages import line_deviation, residual_spread
from sim.training.data import TrainingData, training_data, trusted_changes
from tests.sim.evaluation.test_heldout import straight, true_line
from tests.sim.strategies.problems import Problem, batch, cohort, exact_model, limited, noisy, plain

PACE = 12.0


def true_response(problem: Problem):
    truth = problem.truth
    decay, baseline = (torch.from_numpy(one[truth.types]) for one in (truth.decay, truth.baseline))
    return lambda c: -decay * (c - baseline)


def spoilt(problem: Problem) -> torch.Tensor:
    """Changes of the training frames that regulation and reactions do not explain: something ran out."""
    data = problem.data
    return (data.residual - true_response(problem)(data.concentration[:-1])).abs() > 1e-9


def of_true_response(problem: Problem, data: TrainingData) -> float:
    inputs = replace(batch(cohort(1), problem, windows=80), data=data)
    inputs.__dict__["response"] = true_response(problem)
    return Residual().loss(inputs).item()


def test_changes_of_which_a_substrate_ran_out_carry_no_weight_and_the_others_do():
    problem = limited(PACE)
    data = training_data(
        problem.observations, problem.reaction, heldout_fraction=0.1, model=exact_model(problem)
    )
    assert 0.005 < spoilt(problem).double().mean() < 0.6
    assert data.trusted is not None
    assert not (data.trusted & spoilt(problem)).any()
    assert data.trusted.double().mean() > 0.3
    assert torch.equal(data.weight, data.trusted.double())
    exact = plain()
    trusting = training_data(
        exact.observations, exact.reaction, heldout_fraction=0.1, model=exact_model(exact)
    )
    assert trusting.trusted is None


def test_the_residual_loss_forgives_what_ran_out():
    problem = limited(PACE)
    known = training_data(
        problem.observations, problem.reaction, heldout_fraction=0.1, model=exact_model(problem)
    )
    assert of_true_response(problem, known) < 1e-9
    assert of_true_response(problem, problem.data) > 0.1


def test_held_out_gain_forgives_what_ran_out():
    problem = limited(PACE)
    node = straight(*true_line())
    gains = [
        heldout_gain(
            node, Unseen.of(problem.observations, problem.reaction, heldout_fraction=0.5, model=model)
        )[0]
        for model in (exact_model(problem), None)
    ]
    assert gains[0] == pytest.approx(1.0)
    assert gains[1] < 0.5


def test_a_model_by_which_nearly_everything_runs_out_is_too_far_off_to_tell():
    """Else nothing would be left to train on, and no one would be told."""
    problem = plain()
    model = exact_model(problem)
    hopeless = replace(model, rate_constants=1e4 * model.rate_constants)
    trusted = trusted_changes(
        problem.observations.concentration, hopeless, problem.observations, states=False
    )
    assert trusted.all()


def refined() -> tuple[Problem, np.ndarray]:
    """Noisy data, and states without noise in two windows that do not meet: change 100 is no step."""
    problem = noisy(0.01, 650)
    return problem, np.concatenate([problem.clean[:101], problem.clean[151:]])


def test_changes_where_two_windows_of_a_refined_model_meet_carry_no_weight():
    problem, states = refined()
    model = replace(
        exact_model(problem, noise=0.01),
        states=states,
        breaches=np.array([100]),
        line_covariance=np.tile(1e-12 * np.eye(2), (12, 1, 1)),
    )
    data = training_data(problem.observations, problem.reaction, heldout_fraction=0.1, model=model)
    np.testing.assert_array_equal(data.concentration, states[:585])
    expected = torch.ones(584, 12, dtype=torch.bool)
    expected[100] = False
    assert torch.equal(data.trusted, expected)
    unaware = training_data(
        problem.observations,
        problem.reaction,
        heldout_fraction=0.1,
        model=replace(model, breaches=np.zeros(0, dtype=np.int64)),
    )
    assert unaware.trusted is None
    assert (unaware.spread / data.spread).median() > 10
    assert of_true_response(problem, data) < 1e-9
    inputs = replace(batch(cohort(1), problem, windows=80), data=unaware)
    assert Residual().loss(inputs).item() < 0.1  # beside the jump, regulation has no weight


def test_breaches_belong_to_the_states_and_say_nothing_of_measured_frames():
    problem, states = refined()
    model = replace(exact_model(problem, noise=0.01), states=states, breaches=np.array([100]))
    measured = problem.observations.concentration
    assert trusted_changes(measured, model, problem.observations, states=False).all()
    assert not trusted_changes(states, model, problem.observations, states=True)[100].any()


def test_an_uncertain_line_widens_the_scale_of_its_metabolite_alone():
    data = plain().data
    covariance = torch.zeros(12, 2, 2, dtype=torch.float64)
    covariance[5] = torch.tensor([[1e-4, -4e-4], [-4e-4, 1e-2]])
    wide = TrainingData(data.concentration, data.residual, data.dt, line_covariance=covariance)
    others = torch.arange(12) != 5
    torch.testing.assert_close(wide.spread[others], data.spread[others])
    drawn = np.random.default_rng(0).multivariate_normal([0, 0], covariance[5].numpy(), size=20_000)
    lines = drawn[:, :1] * data.concentration[:, 5].numpy() + drawn[:, 1:]
    deviation = line_deviation(data.concentration, covariance)[5]
    assert deviation.item() == pytest.approx(np.sqrt((lines**2).mean()), rel=0.02)
    torch.testing.assert_close(wide.spread[5], torch.hypot(data.spread[5], deviation))


def test_an_average_with_a_change_that_is_not_trusted_has_no_weight():
    data = plain().data
    trusted = torch.ones_like(data.residual, dtype=torch.bool)
    trusted[50, 3] = False
    averages = TrainingData(data.concentration, data.residual, data.dt, trusted).averaged(8)
    expected = torch.ones_like(averages.residual)
    expected[43:51, 3] = 0.0
    assert torch.equal(averages.weight, expected)


def test_a_metabolite_without_any_trusted_change_has_no_weight_and_moves_no_other_scale():
    residual = torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = torch.ones_like(residual)
    weight[:, 2] = 0.0
    spread = residual_spread(residual, weight=weight)
    assert torch.isinf(spread[2])
    assert torch.equal(spread[[0, 1, 3]], residual_spread(residual)[[0, 1, 3]])
