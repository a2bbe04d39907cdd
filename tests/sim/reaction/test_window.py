"""Averages over windows: exact for Euler trajectories, and how much noise they carry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.reaction.window import bump, chosen, noise_of_windows, width_for, windows
from sim.simulate import reaction_rates
from tests.sim.reaction.trajectories import record

EULER = record(seed=3, n_frames=400)


def derivative() -> np.ndarray:
    """The right side of the differential equation at every frame but the last."""
    network, here = EULER.network, EULER.clean[:-1]
    return reaction_rates(network)(here) @ network.stoichiometry.net.T + network.truth.response(here)


@given(width=st.integers(1, 399))
def test_the_integral_form_is_exact_for_euler_steps_whatever_the_window(width):
    """By parts, as noise enters it: no dc/dt is taken of the data."""
    weights = windows(399, width).toarray()
    nothing = np.zeros((len(weights), 1))
    by_parts = (np.hstack([nothing, weights]) - np.hstack([weights, nothing])) @ EULER.clean / EULER.dt
    right = weights @ derivative()
    np.testing.assert_allclose(by_parts, right, rtol=1e-9, atol=1e-10)


@given(width=st.integers(1, 500))
def test_a_bump_is_a_symmetric_average(width):
    weights = bump(width)
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()
    np.testing.assert_allclose(weights, weights[::-1])
    assert weights.argmax() in ((width - 1) // 2, width // 2)


@given(n_changes=st.integers(1, 300), share=st.floats(0, 1))
def test_windows_lie_within_the_stretch_and_every_one_is_an_average(n_changes, share):
    width = max(1, round(share * n_changes))
    weights = windows(n_changes, width)
    assert weights.shape[1] == n_changes
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    covered = np.flatnonzero(np.asarray(weights.sum(axis=0)).ravel())
    assert covered[0] == 0
    assert (np.diff(covered) == 1).all()
    assert covered[-1] >= n_changes - max(1, width // 8)


def test_chosen_frames_are_windows_of_one_frame():
    values = np.random.default_rng(0).normal(size=(20, 3))
    frames = np.array([0, 4, 19])
    np.testing.assert_array_equal(chosen(frames, 20) @ values, values[frames])


@pytest.mark.parametrize("width", [1, 8, 32])
def test_the_noise_of_windows_is_that_of_repeated_measurements(width):
    rng = np.random.default_rng(width)
    stretch, dt = EULER.clean[:80, :4], EULER.dt
    weights = windows(79, width)
    deviation = 0.02 * stretch
    repeated = [
        weights @ (np.diff(stretch + deviation * rng.standard_normal(stretch.shape), axis=0) / dt)
        for _ in range(4000)
    ]
    # 4000 draws tell a standard deviation to 1.1 %, and there are hundreds of windows
    np.testing.assert_allclose(
        np.std(repeated, axis=0), noise_of_windows(weights, deviation, dt), rtol=5 * 0.0112
    )


def test_a_wide_window_carries_less_noise_by_far():
    deviation = np.full((400, 1), 0.01)
    sizes = [noise_of_windows(windows(399, width), deviation, 0.1).mean() for width in (1, 16, 64)]
    # width^-3/2: differences of a smooth bump, and the mean of many frames
    assert sizes[0] / sizes[1] > 15
    assert sizes[1] / sizes[2] == pytest.approx(8, rel=0.1)


@given(noise=st.floats(0, 1), more=st.floats(0, 1), n_changes=st.integers(1, 10_000))
def test_windows_widen_with_noise_and_take_at_most_an_eighth(noise, more, n_changes):
    width = width_for(noise, n_changes)
    assert 1 <= width <= max(1, n_changes // 8)
    assert width <= width_for(min(1.0, noise + more), n_changes)
    assert width_for(0.0, n_changes) == 1


def test_the_noisier_the_data_the_wider_the_windows():
    assert [width_for(noise, 2591) for noise in (0.0, 1e-4, 1e-3, 1e-2, 5e-2)] == [1, 16, 32, 64, 128]
