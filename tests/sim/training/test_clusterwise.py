"""A mixture of regressions finds how many curves there are, and says how sure it is of every member."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from sim.training.clusterwise import Evidence, Mixture, curves_of

seeds = st.integers(0, 2**32 - 1)


def evidence(
    curves: np.ndarray, types: np.ndarray, *, precision: float = 1.0, seed: int = 0
) -> tuple[Evidence, np.random.Generator]:
    """What metabolites know of their curve, each in its own way; errors are as large as is said."""
    rng = np.random.default_rng(seed)
    n_functions = curves.shape[1]
    roots = rng.normal(size=(len(types), n_functions, n_functions))
    information = precision * (roots @ roots.transpose(0, 2, 1) + np.eye(n_functions))
    drawn = rng.normal(size=(len(types), n_functions, 1))
    noise = np.linalg.solve(np.linalg.cholesky(information).transpose(0, 2, 1), drawn)
    estimate = curves[types] + noise[:, :, 0]
    return Evidence(information, (information @ estimate[:, :, None])[:, :, 0]), rng


def scalars(centres: list[float], types: np.ndarray, *, seed: int) -> Evidence:
    """One function, and one unit of information on every metabolite: plain Gaussians."""
    estimate = np.array(centres)[types] + np.random.default_rng(seed).normal(size=len(types))
    return Evidence(np.ones((len(types), 1, 1)), estimate[:, None])


def members(mixture: Mixture) -> np.ndarray:
    return mixture.membership.argmax(axis=1)


@pytest.mark.parametrize("n_curves", [1, 2, 3, 4])
def test_as_many_curves_are_found_as_there_are_whatever_their_order(n_curves: int):
    """Chance splits a type now and then, which Schwarz's criterion makes rare and not impossible."""
    right = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        curves = 3.0 * rng.permutation(n_curves)[:, None] + rng.uniform(-0.5, 0.5, (n_curves, 1 + seed % 4))
        types = rng.permutation(np.arange(40) % n_curves)
        mixture = curves_of(evidence(curves, types, precision=100.0, seed=seed)[0])
        assert adjusted_rand_score(types, members(mixture)) > (0.9 if n_curves > 1 else -1)
        for kind in range(n_curves):
            found = mixture.curves[members(mixture)[types == kind][0]]
            np.testing.assert_allclose(found, curves[kind], atol=0.5)
        right += len(mixture.curves) == n_curves
    assert right >= 11


@settings(max_examples=12)
@given(seed=seeds)
def test_a_rare_type_is_found_beside_a_common_one(seed):
    types = np.random.default_rng(seed).permutation(np.repeat([0, 1], [32, 8]))
    mixture = curves_of(evidence(np.array([[0.0, 0.0], [1.0, 2.0]]), types, precision=100.0, seed=seed)[0])
    assert adjusted_rand_score(types, members(mixture)) == 1.0
    assert sorted(mixture.shares) == pytest.approx([0.2, 0.8], abs=0.01)


def test_what_differs_by_noise_alone_is_one_curve():
    """By Schwarz's criterion, before anything is asked of how distinct curves are."""
    found = []
    for seed in range(40):
        noise, _ = evidence(np.zeros((1, 1 + seed % 8)), np.zeros(60, dtype=int), seed=seed)
        found.append(len(curves_of(noise, distinct=1.0).curves))
    assert np.mean(np.array(found) == 1) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_of_overlapping_curves_membership_is_as_often_right_as_it_says(seed: int):
    types = np.arange(2000) % 2
    mixture = curves_of(scalars([0.0, 3.5], types, seed=seed), distinct=1.0)
    assert len(mixture.curves) == 2
    upper = mixture.membership[:, mixture.curves[:, 0].argmax()]
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        chosen = (upper >= low) & (upper <= high)
        assert types[chosen].mean() == pytest.approx(upper[chosen].mean(), abs=0.1)
    between = (upper > 0.1) & (upper < 0.9)
    assert 0.03 < between.mean() < 0.3


def test_curves_that_the_median_member_cannot_tell_apart_are_one():
    """Each tells them apart by half the squared distance, 3.1 here."""
    found = scalars([0.0, 2.5], np.arange(2000) % 2, seed=0)
    assert len(curves_of(found, distinct=2.0).curves) == 2
    assert len(curves_of(found, distinct=4.0).curves) == 1


@settings(max_examples=12)
@given(seed=seeds, how_odd=st.floats(10, 1000))
def test_a_single_odd_metabolite_is_not_a_type(seed, how_odd):
    types = np.append(np.arange(40) % 2, 2)
    curves = np.array([[0.0, 0.0], [2.0, -2.0], [how_odd, how_odd]])
    mixture = curves_of(evidence(curves, types, precision=25.0, seed=seed)[0])
    assert len(mixture.curves) == 2
    assert adjusted_rand_score(types[:-1], members(mixture)[:-1]) == 1.0


def test_a_metabolite_of_which_nothing_is_known_gets_the_shares():
    types = np.repeat([0, 1], [30, 10])
    known, _ = evidence(np.array([[0.0, 0.0], [1.0, 2.0]]), types, precision=100.0)
    found = Evidence(
        np.concatenate([known.information, np.zeros((2, 2, 2))]),
        np.concatenate([known.weighted, np.zeros((2, 2))]),
    )
    mixture = curves_of(found)
    np.testing.assert_allclose(mixture.membership[-2:], [mixture.shares, mixture.shares], atol=1e-6)
    assert sorted(mixture.shares) == pytest.approx([0.25, 0.75], abs=1e-3)
    assert len(curves_of(Evidence(np.zeros((5, 2, 2)), np.zeros((5, 2)))).curves) == 1


@settings(max_examples=12)
@given(seed=seeds)
def test_memberships_are_probabilities_and_the_order_of_metabolites_does_not_matter(seed):
    types = np.arange(30) % 3
    curves = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, -1.0]])
    found, rng = evidence(curves, types, precision=9.0, seed=seed)
    mixture = curves_of(found)
    np.testing.assert_allclose(mixture.membership.sum(axis=1), 1.0)
    order = rng.permutation(30)
    other = curves_of(Evidence(found.information[order], found.weighted[order]))
    assert adjusted_rand_score(members(mixture)[order], members(other)) == 1.0


def test_a_curve_goes_on_straight_where_none_of_its_members_has_been():
    """Else its coefficients were 0 there, and who goes there alone would look like another type."""
    bends = np.array([[1.0, -2.0, 1.0]])
    seen = np.diag([100.0, 100.0, 0.0])
    curve = np.array([1.0, 2.0, 3.0])
    information = np.repeat(seen[None], 10, axis=0)
    straight = curves_of(Evidence(information, information @ curve, bends))
    np.testing.assert_allclose(straight.curves, [curve], rtol=1e-3)
    assert curves_of(Evidence(information, information @ curve)).curves[0, 2] == pytest.approx(0.0, abs=1e-6)
