"""What multiple shooting adds to a fit of noisy data, and when it is left alone."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dataset import Observations
from sim.networks.rate_law import RateLaw
from sim.reaction.fit import ReactionFit
from sim.reaction.model import ReactionModel
from sim.reaction.refinement import MET, refine, smoothed, stages
from sim.reaction.settings import FoundationSettings
from tests.sim.reaction.trajectories import Recording, record

NOISY = [(2, 0.01), (5, 0.01), (2, 0.05), (5, 0.05)]


def prepared(recording: Recording, **settings: object) -> ReactionFit:
    frames = np.zeros((*recording.seen.shape, 8))
    frames[:, :, 3], frames[:, :, 6] = recording.seen, np.nan
    observations = Observations(frames, recording.network.stoichiometry, recording.dt, "0" * 64)
    return ReactionFit(observations, FoundationSettings.model_validate(settings))


def silent(_progress: object) -> None:
    pass


@cache
def fitted(seed: int, noise: float, *, shooting: int = 432) -> tuple[Recording, ReactionModel]:
    recording = record(seed=seed, noise=noise)
    return recording, prepared(recording, shooting=shooting).to_the_end(silent)


def line_errors(recording: Recording, model: ReactionModel) -> np.ndarray:
    """Of slope and offset, metabolite by metabolite."""
    truth = recording.network.truth
    decay = truth.decay[truth.types]
    offset = decay * truth.baseline[truth.types]
    return np.stack([model.nuisance_slope + decay, model.nuisance_offset - offset], axis=1)


def log_error(states: np.ndarray, clean: np.ndarray) -> float:
    return float(np.sqrt((np.log(states / clean) ** 2).mean()))


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "noise"), NOISY)
def test_slopes_of_regulation_come_several_times_closer_to_the_truth(seed, noise):
    plain, refined = (
        np.sqrt((line_errors(*found)[:, 0] ** 2).mean())
        for found in (fitted(seed, noise, shooting=0), fitted(seed, noise))
    )
    assert refined < plain / 3


@pytest.mark.parametrize(("seed", "noise"), NOISY)
def test_states_are_far_closer_to_what_happened_than_the_measurement(seed, noise):
    recording, model = fitted(seed, noise)
    assert model.states is not None
    fitted_frames = len(model.states)
    assert fitted_frames == 600 - int(0.1 * 599)
    clean, seen = recording.clean[:fitted_frames], recording.seen[:fitted_frames]
    assert log_error(model.states, clean) < log_error(seen, clean) / 5


@pytest.mark.parametrize(("seed", "noise"), NOISY)
def test_errors_of_slope_and_offset_are_as_large_as_their_covariance_says(seed, noise):
    recording, model = fitted(seed, noise)
    errors, covariance = line_errors(recording, model), model.line_covariance
    assert covariance is not None
    deviation = np.sqrt(np.einsum("mii->mi", covariance))
    for score in (errors / deviation).T:
        assert 0.5 < np.sqrt((score**2).mean()) < 2
    joint = np.einsum("mi,mij,mj->m", errors, np.linalg.inv(covariance), errors) / 2
    assert 0.5 < np.sqrt(joint.mean()) < 2


def test_more_noise_makes_the_covariance_larger():
    little, much = (np.trace(fitted(5, noise)[1].line_covariance.sum(axis=0)) for noise in (0.01, 0.05))
    assert much / little == pytest.approx(25, rel=0.3)


def test_exact_data_and_a_length_of_zero_are_not_refined():
    exact = prepared(record(seed=2)).to_the_end(silent)
    _, plain = fitted(2, 0.01, shooting=0)
    for model in (exact, plain):
        assert model.states is None
        assert model.line_covariance is None
        assert model.breaches.size == 0
    assert plain.noise == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("seed", [1, 2])
def test_where_the_dynamics_are_noisy_no_trajectory_of_the_model_is_taken_for_the_truth(seed):
    recording = record(seed=seed, noise=0.01, process_noise=0.1)
    fit = prepared(recording)
    model, plain = fit.to_the_end(silent), fit.model(fit.best(silent))
    assert model.states is None
    np.testing.assert_array_equal(model.rate_constants, plain.rate_constants)
    np.testing.assert_array_equal(model.nuisance_slope, plain.nuisance_slope)


def test_where_the_dynamics_are_a_little_noisy_windows_stay_short():
    recording = record(seed=1, noise=0.01, process_noise=0.01)
    model = prepared(recording).to_the_end(silent)
    assert model.states is not None
    assert len(model.states) / (model.breaches.size + 1) < 64
    # Nothing that was accepted misses the data by more than their noise allows.
    seen = recording.seen[: len(model.states)]
    assert log_error(model.states, seen) ** 2 < 2 * MET * 0.01**2


def test_states_follow_the_model_everywhere_but_at_the_breaches():
    recording, model = fitted(2, 0.05)
    assert model.states is not None
    reactions = model.rate(model.states[:-1], recording.network.stoichiometry)
    change = reactions + model.nuisance_slope * model.states[:-1] + model.nuisance_offset
    off = np.abs(model.states[:-1] + recording.dt * change - model.states[1:])
    kept = np.ones(len(off), dtype=bool)
    kept[model.breaches] = False
    following = off[kept] / model.states[1:][kept]
    assert np.quantile(following, 0.95) < 1e-9  # the rest is near a clamp, where frames are given


def test_sums_of_substrates_are_not_refined():
    recording = record(
        preset="homeostatic", seed=1, n_metabolites=12, n_reactions=8, n_frames=400, noise=0.01
    )
    assert recording.network.stoichiometry.rate_law is RateLaw.ADDITIVE
    fit = prepared(recording)
    end = fit.best(silent)
    assert refine(fit.fitted, fit.stoichiometry, end, length=64, report=silent) is None
    assert fit.to_the_end(silent).states is None


def test_first_states_are_less_noisy_than_the_measurement():
    for noise in (0.002, 0.01, 0.05):
        recording = record(seed=5, noise=noise)
        states = smoothed(recording.measured)
        assert log_error(states, recording.clean) < 0.8 * log_error(recording.seen, recording.clean)


@given(length=st.integers(1, 5000))
def test_windows_grow_by_doubling_up_to_the_length_that_is_wanted(length):
    lengths = stages(length)
    assert lengths[-1] == max(length, 2)
    assert all(later <= 2 * earlier or later == length for earlier, later in pairwise(lengths))
    assert lengths == sorted(set(lengths))
