"""A step of the learned model, and what it depends on."""

import numpy as np
import pytest

from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.reaction.dynamics import Dynamics, Parameters
from sim.reaction.spline import SplineBasis
from tests.sim.reaction.trajectories import basis_of, record, true_parameters

ORDERS = {"topology": "random", "exponents": (1, 2), "max_substrates": 3, "n_reactions": 20}
BLOCKS = ("rate_constants", "coefficients", "slope", "offset")


@pytest.mark.parametrize("values", [{}, {**ORDERS, "log10_k": (-4, -3)}], ids=["cycles", "orders 1 and 2"])
def test_a_step_of_the_true_power_laws_is_the_simulators(values):
    recording = record(seed=2, n_frames=300, **values)
    basis = basis_of(recording.clean)
    dynamics = Dynamics(recording.network.stoichiometry, basis, recording.dt)
    after = dynamics.step(recording.clean[:-1], true_parameters(recording.network, basis))
    np.testing.assert_allclose(after, recording.clean[1:], rtol=1e-10, atol=1e-12)


def test_a_step_stops_at_zero():
    recording = record(seed=2, n_frames=50)
    basis = basis_of(recording.clean)
    parameters = true_parameters(recording.network, basis)
    dynamics = Dynamics(recording.network.stoichiometry, basis, recording.dt)
    pull = np.zeros(parameters.size)
    pull[-1] = -1e4  # the last metabolite's offset
    n_unknowns = 20 + parameters.size
    after, moved = dynamics.step_with_sensitivity(
        recording.clean[:3], np.ones((3, 20, n_unknowns)), parameters.moved(pull)
    )
    assert (after[:, -1] == 0).all()
    assert (moved[:, -1] == 0).all()
    assert (after[:, :-1] > 0).all()


def test_parameters_move_in_the_order_of_their_fields():
    parameters = Parameters(np.zeros(3), np.zeros((2, 4)), np.zeros(5), np.zeros(5))
    assert parameters.size == 21
    moved = parameters.moved(np.arange(21.0))
    flat = [getattr(moved, name).ravel() for name in BLOCKS]
    np.testing.assert_array_equal(np.concatenate(flat), np.arange(21.0))


def bent() -> tuple[Dynamics, Parameters, np.ndarray]:
    """Six metabolites, orders 1 and 2, up to three substrates, responses that are no power laws."""
    rng = np.random.default_rng(7)
    net, exponents = np.zeros((6, 9)), np.zeros((6, 9))
    for reaction in range(9):
        n_substrates = 1 + reaction % 3
        members = rng.choice(6, n_substrates + 1, replace=False)
        net[members, reaction] = [-1.0] * n_substrates + [float(n_substrates)]
        exponents[members[:-1], reaction] = rng.choice([1.0, 2.0], n_substrates)
    basis = SplineBasis(np.log([0.05, 0.3, 1.0, 3.0, 12.0]))
    parameters = Parameters(
        rate_constants=10 ** rng.uniform(-2, -1, 9),
        coefficients=np.array([[1.0], [2.0]]) * basis.centres + rng.normal(0, 0.2, (2, basis.size)),
        slope=rng.normal(0, 0.01, 6),
        offset=rng.normal(0, 0.05, 6),
    )
    dynamics = Dynamics(Stoichiometry(net, exponents, RateLaw.MASS_ACTION), basis, 0.1)
    return dynamics, parameters, rng.uniform(0.1, 9, (4, 6))


def test_sensitivities_are_those_of_finite_differences():
    """Of two steps, so that what the first one changed is carried along."""
    dynamics, parameters, start = bent()
    n_unknowns = 6 + parameters.size
    identity = np.zeros((4, 6, n_unknowns))
    identity[:, np.arange(6), np.arange(6)] = 1.0
    middle, sensitivity = dynamics.step_with_sensitivity(start, identity, parameters)
    end, sensitivity = dynamics.step_with_sensitivity(middle, sensitivity, parameters)

    def run(unknowns: np.ndarray) -> np.ndarray:
        moved = parameters.moved(unknowns[6:])
        return dynamics.step(dynamics.step(start + unknowns[:6], moved), moved)

    np.testing.assert_array_equal(end, run(np.zeros(n_unknowns)))
    flat = np.concatenate([np.full(6, 1.0), *(getattr(parameters, name).ravel() for name in BLOCKS)])
    expected = np.empty_like(sensitivity)
    for unknown in range(n_unknowns):
        step = np.zeros(n_unknowns)
        step[unknown] = 1e-4 * max(abs(flat[unknown]), 0.1)
        # Richardson: the error is of fourth order in the step
        near, far = (
            (run(factor * step) - run(-factor * step)) / (2 * factor * step[unknown]) for factor in (1, 2)
        )
        expected[:, :, unknown] = (4 * near - far) / 3
    sizes = np.cumsum([6, *(getattr(parameters, name).size for name in BLOCKS)])[:-1]
    for name, got, wanted in zip(
        ("state", *BLOCKS),
        np.split(sensitivity, sizes, axis=2),
        np.split(expected, sizes, axis=2),
        strict=True,
    ):
        size = np.abs(wanted).max()
        assert size > 0, name
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6 * size, err_msg=name)
    both = sensitivity[:, :, sizes[1] : sizes[2]].reshape(4, 6, 2, -1)
    assert (np.abs(both).max(axis=(0, 1, 3)) > 1e-3).all(), "both orders are in play"


def test_a_concentration_below_the_floor_has_no_influence_on_rates():
    dynamics, parameters, start = bent()
    start[:, 2] = 1e-9
    identity = np.zeros((4, 6, 6 + parameters.size))
    identity[:, np.arange(6), np.arange(6)] = 1.0
    _, sensitivity = dynamics.step_with_sensitivity(start, identity, parameters)
    others = np.array([0, 1, 3, 4, 5])
    assert (sensitivity[:, others, 2] == 0).all()
