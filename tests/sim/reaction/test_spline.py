"""Splines in log concentration: anchored at c = 1, straight outside, and exact for power laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.reaction.spline import FLOOR, SplineBasis, log_concentration

BASIS = SplineBasis(np.array([-4.0, -2.0, -0.5, 0.3, 1.0, 2.0, 3.5]))
points = st.floats(-12, 12)


@given(st.lists(st.floats(-3, 3), min_size=BASIS.size, max_size=BASIS.size))
def test_every_spline_is_zero_where_the_concentration_is_one(coefficients):
    assert BASIS.values(np.zeros(1)) @ np.array(coefficients) == pytest.approx(0, abs=1e-12)


@given(points, st.floats(-3, 3))
def test_a_power_law_is_a_spline_inside_and_outside_of_the_knots(log_c, order):
    assert BASIS.values(np.array(log_c)) @ (order * BASIS.centres) == pytest.approx(order * log_c, abs=1e-9)
    assert BASIS.slopes(np.array(log_c)) @ (order * BASIS.centres) == pytest.approx(order, abs=1e-9)


@given(points)
def test_slopes_are_the_derivative_of_values(log_c):
    step = 1e-5
    ends = BASIS.values(np.array([log_c - step, log_c + step]))
    # second derivatives are below 10 here, so the central difference errs by far less than the tolerance
    np.testing.assert_allclose((ends[1] - ends[0]) / (2 * step), BASIS.slopes(np.array(log_c)), atol=1e-4)


def test_the_basis_functions_are_independent():
    values = BASIS.values(np.linspace(-4, 3.5, 400))
    assert np.linalg.matrix_rank(values) == BASIS.size == values.shape[1]


def test_knots_stand_where_the_data_are():
    log_c = np.random.default_rng(0).normal(1.0, 1.0, 5000)
    basis = SplineBasis.at_quantiles(log_c, 16)
    inside = np.histogram(log_c, basis.breaks)[0]
    assert inside.size == 15
    assert inside.min() > 0.8 * 5000 / 15


def test_data_without_spread_still_give_a_basis():
    basis = SplineBasis.at_quantiles(np.full(50, 1.2), 16)
    assert np.isfinite(basis.values(np.linspace(-3, 3, 9))).all()


def test_a_concentration_of_zero_has_a_logarithm():
    assert log_concentration(np.zeros(1))[0] == np.log(FLOOR)
