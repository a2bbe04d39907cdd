"""The tabulated reaction against the plain one: values, gradients, and what lies outside of the grid."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from blocks.errors import DataError
from sim.arrays import write_arrays
from sim.artifacts import load_reaction
from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.reaction.mlp import SubstrateMlp, fit_mlp
from sim.reaction.model import ReactionModel, response_grid
from sim.reaction.spline import SplineBasis
from sim.reaction.table import TabulatedReaction

ORDERS = np.array([1.0, 2.0])


def bent_model(n_exponents: int = 2) -> tuple[ReactionModel, np.ndarray]:
    """Responses that are no power laws, so that a wrong derivative shows."""
    rng = np.random.default_rng(1)
    observed = rng.uniform(np.log(0.01), np.log(50), 3000)
    basis = SplineBasis.at_quantiles(observed, 12)
    coefficients = ORDERS[:n_exponents, None] * basis.centres + rng.normal(0, 0.1, (n_exponents, basis.size))
    grid = response_grid(observed)
    log_f = coefficients @ basis.values(grid).T
    model = ReactionModel(
        exponents=ORDERS[:n_exponents],
        breaks=basis.breaks,
        coefficients=coefficients,
        grid=grid,
        log_f=log_f,
        rate_constants=10 ** rng.uniform(-2, -1, 6),
        nuisance_slope=np.zeros(5),
        nuisance_offset=np.zeros(5),
        noise=0.0,
        states=None,
        breaches=np.zeros(0, dtype=np.int64),
        line_covariance=None,
        mlp=fit_mlp(grid[::16], log_f[:, ::16], ORDERS[:n_exponents]),
        mlp_deviation=0.0,
        iterations=3,
        residual_rms=0.1,
        heldout_rms=None,
    )
    return model, observed


def stoichiometry(rate_law: RateLaw, n_exponents: int = 2) -> Stoichiometry:
    rng = np.random.default_rng(2)
    net, exponents = np.zeros((5, 6)), np.zeros((5, 6))
    for reaction in range(6):
        n_substrates = 1 + reaction % 3
        members = rng.choice(5, n_substrates + 1, replace=False)
        net[members, reaction] = [-1.0] * n_substrates + [float(n_substrates)]
        exponents[members[:-1], reaction] = rng.choice(ORDERS[:n_exponents], n_substrates)
    return Stoichiometry(net, exponents, rate_law)


@pytest.mark.parametrize("rate_law", list(RateLaw))
@pytest.mark.parametrize("n_exponents", [1, 2])
def test_the_table_gives_the_rates_of_the_spline(rate_law, n_exponents):
    model, _ = bent_model(n_exponents)
    shape = stoichiometry(rate_law, n_exponents)
    table = TabulatedReaction(model, shape, dtype=torch.float64)
    c = np.exp(np.random.default_rng(3).uniform(np.log(1e-3), np.log(300), (7, 4, 5)))
    np.testing.assert_allclose(
        table.rate(torch.from_numpy(c)).numpy(), model.rate(c, shape), rtol=1e-6, atol=1e-7
    )
    assert table.tolerance < 1e-6


@pytest.mark.parametrize("rate_law", list(RateLaw))
def test_its_gradient_is_that_of_its_values(rate_law):
    table = TabulatedReaction(bent_model()[0], stoichiometry(rate_law), dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    c = (torch.rand(3, 2, 5, generator=generator, dtype=torch.float64) * 20 + 0.05).requires_grad_()
    assert torch.autograd.gradcheck(table.rate, (c,))


@pytest.mark.parametrize("rate_law", list(RateLaw))
def test_its_gradient_is_that_of_the_spline(rate_law):
    model, _ = bent_model()
    shape = stoichiometry(rate_law)
    table = TabulatedReaction(model, shape, dtype=torch.float64)
    c = np.random.default_rng(4).uniform(0.1, 20, 5)
    tensor = torch.from_numpy(c).requires_grad_()
    (gradient,) = torch.autograd.grad(table.rate(tensor)[2], tensor)
    step = 1e-5
    expected = [
        (model.rate(c + step * unit, shape)[2] - model.rate(c - step * unit, shape)[2]) / (2 * step)
        for unit in np.eye(5)
    ]
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_outside_of_the_grid_responses_go_on_as_power_laws():
    model, _ = bent_model(1)
    table = TabulatedReaction(model, stoichiometry(RateLaw.MASS_ACTION, 1), dtype=torch.float64)
    far = torch.exp(torch.tensor([model.grid[-1] + 1, model.grid[-1] + 6], dtype=torch.float64))
    logs, slopes = table.log_response(far[None])
    local_order = slopes()[0] / table.spacing
    assert local_order[0] == pytest.approx(local_order[1].item(), rel=1e-9)
    assert (logs[0, 1] - logs[0, 0]).item() == pytest.approx(5 * local_order[0].item(), rel=1e-9)


def test_a_concentration_of_zero_gives_a_finite_rate_and_no_gradient():
    table = TabulatedReaction(bent_model()[0], stoichiometry(RateLaw.MASS_ACTION), dtype=torch.float64)
    c = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0], dtype=torch.float64, requires_grad=True)
    rate = table.rate(c)
    (gradient,) = torch.autograd.grad(rate.square().sum(), c)
    assert torch.isfinite(rate).all()
    assert gradient[0] == 0
    assert gradient[1:].abs().min() > 0


def test_single_precision_states_its_own_tolerance():
    model, _ = bent_model()
    shape = stoichiometry(RateLaw.MASS_ACTION)
    double, single = (
        TabulatedReaction(model, shape, dtype=dtype) for dtype in (torch.float64, torch.float32)
    )
    assert double.tolerance < single.tolerance < 1e-4
    c = np.random.default_rng(5).uniform(0.1, 20, (50, 5))
    rates = single.rate(torch.from_numpy(c).float()).numpy()
    scale = np.abs(model.fluxes(c, shape)) @ np.abs(shape.net).T
    assert (np.abs(rates - model.rate(c, shape)) / scale).max() < 4 * single.tolerance + 1e-6


def test_a_model_comes_back_from_its_file_as_it_was(tmp_path):
    model, _ = bent_model()
    write_arrays(tmp_path / "model.npz", model.arrays())
    back = load_reaction(tmp_path / "model.npz")
    for name in ("exponents", "breaks", "coefficients", "grid", "log_f", "rate_constants"):
        np.testing.assert_array_equal(getattr(back, name), getattr(model, name))
    assert (back.iterations, back.residual_rms, back.heldout_rms) == (3, 0.1, None)
    assert (back.noise, back.states, back.breaches.tolist(), back.line_covariance) == (0.0, None, [], None)
    np.testing.assert_array_equal(back.mlp.hidden, model.mlp.hidden)
    (tmp_path / "other.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"other\.npz: must hold a reaction model"):
        load_reaction(tmp_path / "other.npz")


def test_states_and_covariance_of_a_refined_model_come_back_as_well(tmp_path):
    rng = np.random.default_rng(6)
    found = {
        "noise": 0.01,
        "states": rng.uniform(0.1, 9, (40, 5)),
        "breaches": np.array([9, 19, 29]),
        "line_covariance": rng.normal(size=(5, 2, 2)),
    }
    write_arrays(tmp_path / "model.npz", replace(bent_model()[0], **found).arrays())
    back = load_reaction(tmp_path / "model.npz")
    for name, value in found.items():
        np.testing.assert_array_equal(getattr(back, name), value)


def test_mlp_sub_takes_the_shape_of_the_spline_and_is_one_at_one():
    model, observed = bent_model()
    inside = np.linspace(observed.min(), observed.max(), 200)
    for position, order in enumerate(ORDERS):
        difference = model.mlp.log_response(inside, order) - model.log_response(inside, position)
        assert np.sqrt(np.square(difference).mean()) < 0.05
        assert model.mlp.response(1.0, order) == 1.0
    assert model.alpha == 1.0


def test_an_untrained_mlp_sub_is_one_at_one_as_well():
    rng = np.random.default_rng(0)
    mlp = SubstrateMlp(rng.normal(size=(16, 2)), rng.normal(size=16), rng.normal(size=16), rng.normal(size=2))
    assert mlp.response(1.0, 1.0) == 1.0
    assert mlp.response(3.0, 1.0) != 1.0
