"""What a fit sees of a trajectory: single frames of exact data, averages of noisy ones."""

import numpy as np
import pytest

from tests.sim.reaction.trajectories import measured, record


def test_exact_data_are_fitted_frame_by_frame_in_units_of_their_motion():
    recording = record(seed=1)
    fitted = measured(recording.seen, recording.dt, stride=3)
    samples = fitted.samples()
    assert (fitted.noise, fitted.width) == (0.0, 1)
    np.testing.assert_array_equal(samples.used, np.arange(0, 599, 3))
    change = np.diff(recording.clean, axis=0) / recording.dt
    np.testing.assert_allclose(samples.weight, np.tile(1 / change.std(axis=0), (200, 1)))


def test_noisy_data_are_fitted_in_averages_whose_error_is_one():
    recording = record(seed=1, noise=0.01, n_frames=1200)
    fitted = recording.measured
    assert fitted.width == 64
    samples = fitted.samples()
    exact = samples.windows @ (np.diff(recording.clean, axis=0)[samples.used] / recording.dt)
    error = samples.weight * (samples.averaged(samples.derivative) - exact)
    # The weights come from noisy concentrations and an estimated noise.
    assert np.sqrt((error**2).mean()) == pytest.approx(1, rel=0.05)


def test_an_average_over_a_change_that_is_left_out_has_no_weight():
    fitted = record(seed=2, noise=0.01, n_frames=1200).measured
    excluded = np.zeros((fitted.n_changes, 20), dtype=bool)
    excluded[300, 7] = True
    samples = fitted.samples(excluded=excluded)
    left_out = samples.weight == 0
    assert left_out[:, 7].tolist() == (samples.windows.toarray()[:, 300] > 0).tolist()
    assert left_out[:, 7].sum() >= 4
    assert not np.delete(left_out, 7, axis=1).any()


def test_a_metabolite_that_stands_still_has_no_weight():
    for noise in (0.0, 0.01):
        seen = record(seed=1, noise=noise).seen.copy()
        seen[:, 3] = 2.0
        weight = measured(seen, 0.1).samples().weight
        assert (weight[:, 3] == 0).all()
        assert (np.delete(weight, 3, axis=1) > 0).all()
