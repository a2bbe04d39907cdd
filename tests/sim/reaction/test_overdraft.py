"""Which changes a substrate that ran out has touched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.reaction.overdraft import LADDER, Caution, overdrawn, spoilt
from sim.simulate import reaction_rates
from tests.sim.reaction.trajectories import Recording, record

RANDOM = {
    "topology": "random", "exponents": (1, 2), "max_substrates": 4, "flux_limit": True, "n_metabolites": 30,
    "n_reactions": 40, "log10_k": (-1.5, -0.5),
}  # fmt: skip


def touched(recording: Recording) -> np.ndarray:
    """What the simulator's limiter did: every metabolite of a reaction that lacked a substrate."""
    net = recording.network.stoichiometry.net
    flux = reaction_rates(recording.network)(recording.clean[:-1])
    consumption = np.maximum(-net, 0)
    lacking = flux @ consumption.T > recording.clean[:-1] / recording.dt
    expected = np.zeros_like(lacking)
    for change in range(len(lacking)):
        for reaction in range(net.shape[1]):
            if lacking[change, consumption[:, reaction] > 0].any():
                expected[change, net[:, reaction] != 0] = True
    return expected


def found(recording: Recording, caution: Caution = LADDER[-1]) -> np.ndarray:
    fluxes = reaction_rates(recording.network)(recording.clean[:-1])
    return overdrawn(
        recording.clean, fluxes, recording.network.stoichiometry, dt=recording.dt, caution=caution
    )


@pytest.mark.parametrize("seed", [2, 3])
def test_changes_that_the_flux_limit_slowed_are_found_and_no_others(seed):
    recording = record(seed=seed, **RANDOM)
    expected = touched(recording)
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(found(recording), expected)


@pytest.mark.parametrize("seed", [1, 4, 5, 6])
def test_none_is_missed_where_substrates_run_out_all_the_time(seed):
    recording = record(seed=seed, **RANDOM)
    expected, got = touched(recording), found(recording)
    assert expected.mean() > 0.25
    assert not (expected & ~got).any()
    # Beside them a few changes that came within 2 % of running out, or whose producers were slowed.
    assert (got & ~expected).mean() < 0.05


def test_without_them_every_change_is_an_euler_step_of_the_rate_law():
    recording = record(seed=3, **RANDOM)
    network, here = recording.network, recording.clean[:-1]
    right = reaction_rates(network)(here) @ network.stoichiometry.net.T + network.truth.response(here)
    error = np.abs(np.diff(recording.clean, axis=0) / recording.dt - right)
    left_out = found(recording)
    assert error[~left_out].max() < 1e-9
    assert np.median(error[left_out]) > 1e-3


def test_what_was_clamped_at_zero_is_found_with_all_that_it_reacts_with():
    recording = record(seed=1, n_frames=1200)
    clamped = recording.clean[1:] <= 0
    assert clamped.any()
    got = found(recording)
    assert (got | ~clamped).all()
    net = recording.network.stoichiometry.net
    change, metabolite = np.argwhere(clamped)[0]
    eats = net[metabolite] < 0
    assert got[change, (net[:, eats] != 0).any(axis=1)].all()


@pytest.mark.parametrize("seed", [1, 2, 42])
def test_nothing_is_found_where_nothing_runs_out(seed):
    recording = record(seed=seed)
    assert not touched(recording).any()
    assert not found(recording).any()


@given(production=st.floats(0, 1), more=st.floats(0, 1), demand=st.floats(0.5, 1), less=st.floats(0, 0.5))
def test_more_caution_finds_more(production, more, demand, less):
    few = found(SHORT, Caution(production, demand))
    many = found(SHORT, Caution(production + more, demand - less))
    assert (many | ~few).all()


def test_a_rough_model_finds_what_ran_out_with_more_caution():
    """Constants that are off by 10 %, as those of a first fit."""
    recording = record(seed=3, **RANDOM)
    rng = np.random.default_rng(0)
    fluxes = reaction_rates(recording.network)(recording.clean[:-1]) * rng.uniform(0.9, 1.1, 40)
    expected = touched(recording)
    shape, dt = recording.network.stoichiometry, recording.dt
    missed = [
        (expected & ~overdrawn(recording.clean, fluxes, shape, dt=dt, caution=caution)).sum()
        for caution in LADDER
    ]
    assert missed[:2] == [0, 0]


def chain(after: list[float], fluxes: list[float]) -> list[bool]:
    """C -> A -> B beside a metabolite that nobody reacts with; one step from 1 c.u. each."""
    net = np.array([[1.0, -1.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]])
    stoichiometry = Stoichiometry(net, np.maximum(-net, 0), RateLaw.MASS_ACTION)
    concentration = np.array([[1.0, 1.0, 1.0, 1.0], after])
    return overdrawn(concentration, np.array([fluxes]), stoichiometry, dt=0.1)[0].tolist()


def test_what_ran_out_is_known_by_what_is_left_even_where_the_model_has_its_consumption_wrong():
    """All of A is gone but the 0.05 that came from C, though by the model only 0.4 were consumed."""
    assert chain([0.05, 2.0, 0.95, 1.0], [0.5, 4.0]) == [True, True, False, False]
    assert chain([0.65, 1.4, 0.95, 1.0], [0.5, 4.0]) == [False, False, False, False]


def test_a_clamp_touches_a_metabolite_that_nobody_reacts_with():
    assert chain([0.65, 1.4, 0.95, 0.0], [0.5, 4.0]) == [False, False, False, True]


def unexplained(recording: Recording) -> np.ndarray:
    network, here = recording.network, recording.clean[:-1]
    right = reaction_rates(network)(here) @ network.stoichiometry.net.T + network.truth.response(here)
    return np.diff(recording.clean, axis=0) / recording.dt - right


def test_a_flux_limit_spoils_the_changes_of_all_partners_and_a_clamp_only_its_own():
    for recording, partners in ((record(seed=3, **RANDOM), True), (record(seed=1, n_frames=1200), False)):
        suspects, after = found(recording), recording.clean[1:]
        scale = np.abs(recording.network.truth.response(recording.clean)).mean(axis=0)
        got = spoilt(suspects, unexplained(recording), after, scale=scale)
        assert suspects.sum() > (after <= 0).sum()
        np.testing.assert_array_equal(got, suspects if partners else after <= 0)


SHORT = record(seed=3, **{**RANDOM, "n_frames": 60})
