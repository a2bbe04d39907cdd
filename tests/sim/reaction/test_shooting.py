"""Multiple shooting: what its search reaches, its linear algebra, and which frames it looks at."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.reaction.clamps import around_clamps
from sim.reaction.dynamics import Dynamics, Parameters
from sim.reaction.elimination import EASE, Curvature, solve
from sim.reaction.shooting import Shooting
from tests.sim.reaction.trajectories import Recording, basis_of, record, true_parameters

RECORDING = record(seed=3, n_frames=301, noise=0.02)


def prepared(recording: Recording, length: int) -> tuple[Shooting, Parameters]:
    """The search, and the parameters that are true."""
    basis = basis_of(recording.clean)
    dynamics = Dynamics(recording.network.stoichiometry, basis, recording.dt)
    noise = 0.02
    return Shooting(recording.seen, dynamics, noise=noise, length=length), true_parameters(
        recording.network, basis
    )


def test_the_true_start_and_parameters_fly_along_the_trajectory_without_noise():
    shooting, parameters = prepared(RECORDING, 50)
    flight = shooting.fly(shooting.begin(RECORDING.clean, parameters))
    np.testing.assert_allclose(shooting.trajectory(flight), RECORDING.clean, rtol=1e-7)
    # chi squared over 6000 values
    assert flight.cost / shooting.n_values == pytest.approx(1, abs=0.05)


def test_the_search_meets_the_data_to_within_their_noise():
    shooting, parameters = prepared(RECORDING, 50)
    rng = np.random.default_rng(1)
    off = replace(
        parameters,
        rate_constants=parameters.rate_constants * rng.uniform(0.97, 1.03, 30),
        coefficients=parameters.coefficients * 1.01,
        slope=parameters.slope + 0.01,
    )
    shot = shooting.begin(RECORDING.seen, off)
    before = shooting.fly(shot).cost / shooting.n_values
    *_, last = shooting.improve(shot, max_steps=12, tolerance=1e-4)
    after = last.flight.cost / shooting.n_values
    assert before > 5
    # Less than 1 by what is fitted: 6 starts of 20, and the parameters.
    n_unknowns = 6 * 20 + parameters.size
    assert after == pytest.approx(1 - n_unknowns / shooting.n_values, abs=0.05)
    found = shooting.trajectory(last.flight)
    error = np.log(found / RECORDING.clean).std() / np.log(RECORDING.seen / RECORDING.clean).std()
    assert error < 0.35


def test_data_without_scatter_are_met_exactly():
    recording = RECORDING._replace(seen=RECORDING.clean)
    shooting, parameters = prepared(recording, 50)
    # The search takes the mean logarithm of 1 + noise into account, which data without scatter do not have.
    shooting.logs = np.log(shooting.observed)
    off = replace(parameters, slope=parameters.slope + 0.005)
    *_, last = shooting.improve(shooting.begin(RECORDING.clean, off), max_steps=12, tolerance=1e-9)
    assert last.flight.cost / shooting.n_values < 1e-6
    np.testing.assert_allclose(last.shot.parameters.slope, parameters.slope, atol=2e-4)


def test_relative_noise_does_not_pull_the_states_down():
    """The mean logarithm of 1 + noise lies below 0, by 0.005 for 10 %."""
    recording = record(seed=3, n_frames=2000, noise=0.1)
    dynamics = Dynamics(recording.network.stoichiometry, basis_of(recording.clean), recording.dt)
    shooting = Shooting(recording.seen, dynamics, noise=0.1, length=1999)
    assert (shooting.logs[:, 0] - np.log(recording.clean)).mean() == pytest.approx(0, abs=0.0015)


def test_every_accepted_step_lowers_the_cost():
    shooting, parameters = prepared(RECORDING, 30)
    off = replace(parameters, rate_constants=parameters.rate_constants * 1.05)
    costs = [
        improved.flight.cost
        for improved in shooting.improve(shooting.begin(RECORDING.seen, off), max_steps=6, tolerance=1e-6)
    ]
    assert len(costs) >= 2
    assert all(later < earlier for earlier, later in pairwise(costs))


def test_a_start_that_runs_away_is_not_improved():
    shooting, parameters = prepared(RECORDING, 300)
    wild = replace(parameters, slope=parameters.slope + 1e3)
    assert list(shooting.improve(shooting.begin(RECORDING.seen, wild), max_steps=3, tolerance=1e-3)) == []


@settings(max_examples=25)
@given(n_changes=st.integers(20, 300), length=st.integers(2, 300))
def test_every_frame_counts_once_whatever_the_length_of_windows(n_changes, length):
    part = RECORDING._replace(seen=RECORDING.seen[: n_changes + 1], clean=RECORDING.clean[: n_changes + 1])
    shooting, parameters = prepared(part, length)
    forced = around_clamps(part.seen)
    assert shooting.n_values == (~forced).sum()
    flight = shooting.fly(shooting.begin(part.clean, parameters))
    states = shooting.trajectory(flight)
    assert states.shape == part.seen.shape
    np.testing.assert_allclose(states[~forced], part.clean[~forced], rtol=0.05)
    assert (np.diff(shooting.first) <= shooting.length).all()
    # Between windows, and nowhere else, the states take no step of the model.
    broken = replace(parameters, offset=parameters.offset + 0.2)
    states = shooting.trajectory(shooting.fly(shooting.begin(part.clean, broken)))
    steps = shooting.dynamics.step(states[:-1], broken)
    off = np.abs(steps - states[1:]).max(axis=1) > 1e-9
    if not forced.any():
        assert np.flatnonzero(off).tolist() == shooting.boundaries.tolist()


@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
def test_a_step_solves_the_dense_normal_equations(damping):
    rng = np.random.default_rng(0)
    n_windows, m, p = 4, 3, 5
    jacobians = rng.normal(size=(n_windows, 40, m + p))
    errors = rng.normal(size=(n_windows, 40))
    squares = np.einsum("wti,wtj->wij", jacobians, jacobians)
    pulls = np.einsum("wti,wt->wi", jacobians, errors)
    curvature = Curvature(
        starts=squares[:, :m, :m],
        mixed=squares[:, :m, m:],
        shared=squares[:, m:, m:].sum(axis=0),
        pull_starts=pulls[:, :m],
        pull_shared=pulls[:, m:].sum(axis=0),
    )
    whole = np.zeros((n_windows, 40, n_windows * m + p))
    for window in range(n_windows):
        whole[window, :, window * m : (window + 1) * m] = jacobians[window, :, :m]
        whole[window, :, n_windows * m :] = jacobians[window, :, m:]
    flat = whole.reshape(-1, n_windows * m + p)
    normal = flat.T @ flat
    eased = np.concatenate([np.full(n_windows * m, damping), np.full(p, EASE * damping)])
    dense = np.linalg.solve(normal + np.diag(eased * np.diagonal(normal)), flat.T @ errors.ravel())
    step = solve(curvature, damping)
    np.testing.assert_allclose(step.starts.ravel(), dense[: n_windows * m], rtol=1e-8)
    np.testing.assert_allclose(step.shared, dense[n_windows * m :], rtol=1e-8)
    if damping == 0:
        covariance = np.linalg.inv(normal)[n_windows * m :, n_windows * m :]
        np.testing.assert_allclose(np.linalg.inv(step.reduced), covariance, rtol=1e-8)


def test_what_no_frame_shows_stays_where_it_is():
    curvature = Curvature(
        starts=np.array([[[2.0, 0.0], [0.0, 0.0]]]),
        mixed=np.zeros((1, 2, 2)),
        shared=np.array([[4.0, 0.0], [0.0, 0.0]]),
        pull_starts=np.array([[1.0, 0.0]]),
        pull_shared=np.array([1.0, 0.0]),
    )
    step = solve(curvature, 0.0)
    np.testing.assert_allclose(step.starts, [[0.5, 0.0]])
    np.testing.assert_allclose(step.shared, [0.25, 0.0])


def test_frames_around_a_clamp_and_a_crash_are_given_and_others_are_not():
    observed = np.tile(np.linspace(1.0, 2.0, 60)[:, None], (1, 3))
    observed[20, 1] = 0.0
    observed[40:, 2] *= 0.3
    near = around_clamps(observed)
    assert not near[:, 0].any()
    assert np.flatnonzero(near[:, 1]).tolist() == list(range(17, 31))
    assert np.flatnonzero(near[:, 2]).tolist() == list(range(37, 51))


def test_at_given_frames_the_flight_is_what_was_measured():
    seen = RECORDING.seen.copy()
    seen[100, 4] = 0.0
    shooting, parameters = prepared(RECORDING._replace(seen=seen), 50)
    flight = shooting.fly(shooting.begin(RECORDING.clean, parameters))
    near = around_clamps(seen)
    assert near[97:111, 4].all()
    states = shooting.trajectory(flight)
    inner = np.setdiff1d(np.arange(98, 111), shooting.first)
    np.testing.assert_array_equal(states[inner, 4], seen[inner, 4])
    assert shooting.n_values == (~near).sum()
