"""The integrator against an independent one, and the noise that it lays over the result."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from blocks.errors import DataError
from sim.networks.generate import generate_network
from sim.networks.settings import DataSettings
from sim.simulate import activity_rank, reaction_rates, simulate

HORIZON = 4.0  # t.u.


def reference(data: DataSettings) -> np.ndarray:
    """State at the horizon by LSODA, from a right-hand side written without the simulator's."""
    network = generate_network(data)
    stoichiometry, truth = network.stoichiometry, network.truth

    def derivative(_time: float, c: np.ndarray) -> np.ndarray:
        change = np.zeros_like(c)
        for reaction in range(stoichiometry.n_reactions):
            orders = stoichiometry.exponents[:, reaction]
            members = np.flatnonzero(orders)
            terms = c[members] ** orders[members]
            unit = terms.prod() if stoichiometry.rate_law == "mass_action" else terms.sum()
            change += stoichiometry.net[:, reaction] * truth.rate_constants[reaction] * unit
        for metabolite, kind in enumerate(truth.types):
            change[metabolite] -= truth.decay[kind] * (c[metabolite] - truth.baseline[kind])
        return change

    solution = solve_ivp(derivative, (0, HORIZON), network.initial, method="LSODA", rtol=1e-10, atol=1e-12)
    return solution.y[:, -1]


def at_horizon(data: DataSettings, dt: float) -> np.ndarray:
    fine = data.model_copy(update={"dt": dt, "n_frames": round(HORIZON / dt) + 1})
    return simulate(generate_network(fine), fine)[-1]


@pytest.mark.parametrize(
    "data",
    [
        DataSettings(preset="quickstart", n_reactions=12, n_metabolites=9, decay=(0.1, 0.3)),
        DataSettings(
            preset="homeostatic", n_reactions=8, n_metabolites=30, flux_limit=False, log10_k=(-4, -3)
        ),
    ],
    ids=["mass action", "additive"],
)
def test_euler_converges_to_lsoda_with_order_one(data):
    exact = reference(data)
    steps = [0.02, 0.01, 0.005]
    errors = [np.abs(at_horizon(data, dt) - exact).max() for dt in steps]
    orders = np.diff(np.log(errors)) / np.diff(np.log(steps))
    assert orders == pytest.approx(1.0, abs=0.1)
    assert errors[-1] < 0.02 * np.abs(exact).max()


def test_extrapolated_euler_agrees_with_lsoda():
    data = DataSettings(preset="quickstart")
    coarse, fine = at_horizon(data, 0.002), at_horizon(data, 0.001)
    np.testing.assert_allclose(2 * fine - coarse, reference(data), rtol=1e-3, atol=1e-4)


def test_a_forward_difference_is_exactly_reactions_and_regulation():
    data = DataSettings(preset="quickstart")
    network = generate_network(data)
    c = simulate(network, data)
    known = reaction_rates(network)(c[:-1]) @ network.stoichiometry.net.T
    known += network.truth.response(c[:-1])
    np.testing.assert_allclose(np.diff(c, axis=0) / data.dt, known, atol=1e-11)


def test_the_same_seed_gives_the_same_noise_and_another_does_not():
    data = DataSettings(preset="quickstart", noise=0.01, process_noise=0.01, n_frames=20)
    network = generate_network(data)
    np.testing.assert_array_equal(simulate(network, data), simulate(network, data))
    assert (simulate(network, data) != simulate(network, data.model_copy(update={"seed": 7}))).any()


def test_measurement_noise_is_relative_and_does_not_enter_the_dynamics():
    clean = DataSettings(preset="quickstart")
    network = generate_network(clean)
    truth = simulate(network, clean)
    measured = simulate(network, clean.model_copy(update={"noise": 0.02}))
    assert (measured / truth - 1).std() == pytest.approx(0.02, rel=0.05)


def test_process_noise_enters_the_dynamics():
    clean = DataSettings(preset="quickstart", n_frames=100)
    network = generate_network(clean)
    kicked = simulate(network, clean.model_copy(update={"process_noise": 0.02}))
    difference = np.abs(kicked / simulate(network, clean) - 1).mean(axis=1)
    assert difference[0] == 0 < difference[1] < difference[-1]


def test_a_flux_limit_keeps_what_the_clamp_would_make_out_of_nothing():
    values = {
        "preset": "pure",
        "n_reactions": 30,
        "n_metabolites": 12,
        "n_frames": 400,
        "log10_k": (-1.5, -1),
    }
    totals = {}
    for limit in (True, False):
        data = DataSettings(**values, flux_limit=limit)
        totals[limit] = simulate(generate_network(data), data).sum(axis=1)
    np.testing.assert_allclose(totals[True], totals[True][0])
    assert totals[False][-1] > 1.01 * totals[False][0]


def test_saturating_substrates_and_regulation_weaken_what_is_far_away():
    plain = generate_network(DataSettings(preset="quickstart"))
    bent = generate_network(
        DataSettings(preset="quickstart", substrate="saturating", regulation="saturating")
    )
    far = np.full(20, 50.0)
    assert (reaction_rates(bent)(far) < reaction_rates(plain)(far) / 100).all()
    ratio = bent.truth.response(far) / plain.truth.response(far)
    baseline = plain.truth.baseline[plain.truth.types]
    np.testing.assert_allclose(ratio, 1 / (1 + (50 - baseline) / 5))


def test_concentrations_that_leave_the_finite_numbers_are_named():
    data = DataSettings(preset="quickstart", log10_k=(3, 4), dt=10)
    with pytest.raises(DataError, match=r"metabolite \d+ did not at frame \d+"):
        simulate(generate_network(data), data)


def test_activity_rank_counts_the_directions_that_hold_the_mass():
    rng = np.random.default_rng(0)
    directions, times = np.linalg.qr(rng.normal(size=(30, 4)))[0], rng.normal(size=(500, 4))
    assert activity_rank(times @ directions.T, share=0.999999) == 4
    assert activity_rank((times * [100, 1, 1, 1]) @ directions.T) == 1


@pytest.mark.parametrize(("preset", "low", "high"), [("quickstart", 6, 20), ("oscillatory_rank_50", 40, 55)])
def test_presets_move_in_as_many_directions_as_they_promise(preset, low, high):
    data = DataSettings(preset=preset)
    assert low <= activity_rank(simulate(generate_network(data), data)) <= high


@pytest.mark.parametrize("seed", [42, 7, 8])
def test_the_densest_preset_stays_finite_whatever_the_seed(seed):
    data = DataSettings(preset="oscillatory_rank_70", seed=seed)
    assert 58 <= activity_rank(simulate(generate_network(data), data)) <= 75


def test_unobserved_metabolites_are_nan_throughout_and_change_nothing_else():
    data = DataSettings(preset="quickstart", n_frames=50)
    network = generate_network(data)
    seen, partly = (simulate(network, data.model_copy(update={"unobserved": share})) for share in (0.0, 0.2))
    hidden = np.isnan(partly).all(axis=0)
    assert hidden.sum() == 4
    np.testing.assert_array_equal(partly[:, ~hidden], seen[:, ~hidden])
