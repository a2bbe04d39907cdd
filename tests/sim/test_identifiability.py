"""Which rate constants the data determine: the verdict is held to what least squares then recovers."""

import numpy as np
import pytest

from sim.identifiability import Cause, identifiability, unidentifiable
from sim.networks.generate import generate_network
from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.networks.settings import DataSettings
from sim.networks.substrates import unit_rates
from sim.reaction.design import Structure, solve_linear
from sim.reaction.samples import sample
from sim.simulate import simulate


def structure(*reactions: tuple[dict[int, float], dict[int, float]], n_metabolites: int = 4) -> Stoichiometry:
    """Reactions as (net, exponents) by metabolite."""
    net, exponents = (np.zeros((n_metabolites, len(reactions))) for _ in range(2))
    for column, (changes, orders) in enumerate(reactions):
        for metabolite, change in changes.items():
            net[metabolite, column] = change
        for metabolite, order in orders.items():
            exponents[metabolite, column] = order
    return Stoichiometry(net, exponents, RateLaw.MASS_ACTION)


BOTH = {0: 1.0, 1: 1.0}


def test_an_opposed_pair_and_a_duplicate_are_one_undetermined_group_each():
    opposed = structure(({0: -1, 1: 1}, BOTH), ({0: 1, 1: -1}, BOTH), ({0: -1, 2: 1}, {0: 1.0}))
    twice = structure(({0: -1, 1: 1}, BOTH), ({2: -1, 3: 1}, {2: 1.0, 3: 1.0}), ({0: -1, 1: 1}, BOTH))
    assert (unidentifiable(opposed), unidentifiable(twice)) == (((0, 1),), ((0, 2),))


def test_same_substrates_with_independent_products_are_determined():
    assert unidentifiable(structure(({0: -1, 2: 1}, BOTH), ({1: -1, 3: 1}, BOTH))) == ()


def test_an_independent_member_is_left_out_of_its_group():
    mixed = structure(({0: -1, 1: 1}, BOTH), ({0: 1, 1: -1}, BOTH), ({2: 1}, BOTH))
    assert unidentifiable(mixed) == ((0, 1),)


def test_other_orders_of_the_same_substrates_are_another_rate():
    assert unidentifiable(structure(({0: -1, 1: 1}, BOTH), ({0: 1, 1: -1}, {0: 2.0, 1: 1.0}))) == ()


@pytest.mark.parametrize("seed", [42, 1])
def test_least_squares_recovers_exactly_the_constants_that_are_called_determined(seed):
    data = DataSettings(preset="oscillatory_rank_50", seed=seed, n_frames=1500)
    network = generate_network(data)
    c = simulate(network, data)
    verdict = identifiability(network.stoichiometry, c)
    frames = np.arange(len(c) - 1)
    samples = sample(c, data.dt, frames, scale=np.diff(c, axis=0).std(axis=0))
    rates = unit_rates(c[frames], network.stoichiometry)
    fitted = solve_linear(samples, Structure(network.stoichiometry), rates).rate_constants
    wrong = np.abs(fitted / network.truth.rate_constants - 1)
    assert wrong[verdict.determined].max() < 1e-6
    assert wrong[~verdict.determined].min() > 1e-3
    assert 4 <= verdict.n_undetermined <= 16
    assert {verdict.causes[reaction] for group in verdict.groups for reaction in group} == {
        Cause.SAME_SUBSTRATES
    }


def test_a_reaction_without_its_substrate_never_runs():
    stoichiometry = structure(({0: -1, 1: 1}, BOTH), ({2: -1, 3: 1}, {2: 1.0, 3: 1.0}))
    rng = np.random.default_rng(0)
    c = rng.uniform(1, 2, (200, 4))
    c[:, 3] = 0.0
    assert identifiability(stoichiometry, c).causes == (None, Cause.NEVER_ACTIVE)


def test_a_rate_that_only_looks_like_regulation_does_not_show():
    # Decay of first order: what it does to its one metabolite is what the affine nuisance does.
    stoichiometry = structure(({0: -1}, {0: 1.0}), ({0: -1, 1: 1}, BOTH))
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    assert identifiability(stoichiometry, c).causes == (Cause.NEVER_ACTIVE, None)


def test_metabolites_that_move_as_one_leave_their_reactions_collinear():
    stoichiometry = structure(({0: -1, 3: 1}, {0: 2.0}), ({1: -1, 3: 1}, {1: 2.0}), ({2: -1}, {2: 2.0}))
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    apart = identifiability(stoichiometry, c).causes
    c[:, 1] = c[:, 0]
    c[:, 2] = 1.5
    together = identifiability(
        Stoichiometry(stoichiometry.net * [[0], [0], [1], [1]], stoichiometry.exponents, RateLaw.MASS_ACTION),
        c,
    ).causes
    assert apart == (None, None, None)
    assert together == (Cause.COLLINEAR, Cause.COLLINEAR, Cause.NEVER_ACTIVE)


def test_a_reaction_that_changes_nothing_is_called_empty_whatever_its_substrates_share():
    stoichiometry = structure(({0: -1, 1: 1}, BOTH), ({}, BOTH), ({}, {}))
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    verdict = identifiability(stoichiometry, c)
    assert verdict.causes == (None, Cause.EMPTY, Cause.EMPTY)
    assert verdict.groups == ()
    assert verdict.n_open == 2


def test_an_opposed_pair_leaves_one_direction_open_and_two_constants_undetermined():
    stoichiometry = structure(
        ({0: -1, 1: 1}, BOTH), ({0: 1, 1: -1}, BOTH), ({0: -1, 2: 1}, {0: 1.0, 2: 1.0}), ({3: -1}, {3: 2.0})
    )
    c = np.random.default_rng(0).uniform(1, 2, (200, 4))
    verdict = identifiability(stoichiometry, c)
    assert (verdict.n_open, verdict.n_undetermined) == (1, 2)
    assert (verdict.r2_ceiling, verdict.r2_of_guesses) == (0.75, 0.5)


def test_the_best_guess_of_opposed_pairs_reaches_the_ceiling_and_the_mean_does_not():
    """The mean of log10 k given the difference, by nearest neighbours among many pairs drawn alike."""
    rng = np.random.default_rng(1)
    log_k = rng.uniform(-2, -1, (20_000, 2))
    difference = (10 ** log_k[:, 0] - 10 ** log_k[:, 1]).argsort()
    ordered = log_k[difference]
    window = np.ones(201) / 201
    best = np.stack([np.convolve(ordered[:, side], window, mode="same") for side in (0, 1)], axis=1)
    inner = slice(500, -500)

    def r2(guess: np.ndarray) -> float:
        return 1 - float(
            np.square(ordered - guess)[inner].sum() / np.square(ordered - log_k.mean())[inner].sum()
        )

    # n pairs: half of the directions are open, and every constant is undetermined.
    assert r2(best) == pytest.approx(0.5, abs=0.08)
    assert r2(np.full_like(ordered, log_k.mean())) == pytest.approx(0.0, abs=0.01)
