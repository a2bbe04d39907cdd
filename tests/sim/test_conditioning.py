"""Standard errors of regulation: held to plain least squares with every unknown at once."""

import numpy as np
import pytest

from sim.conditioning import regulation_conditioning
from sim.networks.generate import generate_network
from sim.networks.network import Stoichiometry
from sim.networks.settings import DataSettings
from sim.networks.substrates import unit_rates
from sim.simulate import simulate
from tests.sim.test_identifiability import BOTH, structure


def full_design(stoichiometry: Stoichiometry, c: np.ndarray) -> np.ndarray:
    """dc/dt of all metabolites, one under the other, on k, slopes and offsets."""
    n_metabolites, frames = stoichiometry.n_metabolites, len(c) - 1
    rates = unit_rates(c[:-1], stoichiometry)
    blocks = []
    for metabolite in range(n_metabolites):
        slope, offset = (np.zeros((frames, n_metabolites)) for _ in range(2))
        slope[:, metabolite], offset[:, metabolite] = c[:-1, metabolite], 1.0
        blocks.append(np.hstack([rates * stoichiometry.net[metabolite], slope, offset]))
    return np.vstack(blocks)


@pytest.mark.parametrize("seed", [42, 3])
def test_standard_errors_are_those_of_least_squares_with_all_unknowns(seed):
    data = DataSettings(preset="quickstart", seed=seed, n_frames=400)
    network = generate_network(data)
    c, stoichiometry = simulate(network, data), network.stoichiometry
    found = regulation_conditioning(stoichiometry, c)
    design = full_design(stoichiometry, c)
    scale = np.sqrt(np.square(design).sum(axis=0))
    covariance = np.linalg.pinv((design / scale).T @ (design / scale), rcond=1e-13) / np.outer(scale, scale)
    errors = np.sqrt(np.diagonal(covariance))
    n_reactions, n_metabolites = stoichiometry.n_reactions, stoichiometry.n_metabolites
    np.testing.assert_allclose(found.slope, errors[n_reactions : n_reactions + n_metabolites], rtol=1e-5)
    np.testing.assert_allclose(found.offset, errors[n_reactions + n_metabolites :], rtol=1e-5)
    assert (found.inflation >= 1).all()
    assert set(found.causes) == {None}


def test_the_errors_of_repeated_noisy_fits_scatter_as_promised():
    stoichiometry = structure(({0: -1, 1: 1}, BOTH), ({2: -1, 3: 1}, {2: 1.0, 3: 1.0}))
    rng = np.random.default_rng(0)
    c = rng.uniform(1, 3, (300, 4))
    design = full_design(stoichiometry, c)
    fits = np.linalg.lstsq(design, 0.1 * rng.standard_normal((len(design), 2000)), rcond=None)[0]
    promised = regulation_conditioning(stoichiometry, c)
    np.testing.assert_allclose(fits[2:6].std(axis=1), 0.1 * promised.slope, rtol=0.1)
    np.testing.assert_allclose(fits[6:].std(axis=1), 0.1 * promised.offset, rtol=0.1)


def test_a_metabolite_that_never_moves_is_not_determinable():
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    c[:, 3] = 1.5
    found = regulation_conditioning(structure(({0: -1, 1: 1}, BOTH), ({2: -1}, {2: 1.0, 0: 1.0})), c)
    assert found.causes == (None, None, None, "never moves")
    assert np.isnan(found.slope[3])
    assert np.isfinite(found.slope[:3]).all()


def test_decay_of_first_order_confounds_the_regulation_of_its_substrate_alone():
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    found = regulation_conditioning(structure(({0: -1}, {0: 1.0}), ({1: -1, 2: 1}, {1: 1.0, 2: 1.0})), c)
    assert found.causes == ("a reaction looks like its regulation", None, None, None)


def test_a_pair_of_which_only_the_difference_shows_does_not_spoil_regulation():
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    one = regulation_conditioning(structure(({0: -1, 1: 1}, BOTH)), c)
    pair = regulation_conditioning(structure(({0: -1, 1: 1}, BOTH), ({0: 1, 1: -1}, BOTH)), c)
    np.testing.assert_allclose(pair.slope, one.slope)
