"""E-values: bets that are fair however often one looks, and the false discovery rate over them."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from memory.anytime import adjusted, log_e_of_counts, log_e_value, normal_score
from memory.chosen import expected_again


def test_a_true_null_that_is_looked_at_after_every_pair_is_seldom_believed() -> None:
    """A p-value of 0.05 that is asked again 60 times would be believed in about a third of all cases."""
    rng, believed, n = Random(1), 0, 600
    for _ in range(n):
        total = 0.0
        for pairs in range(1, 61):
            total += rng.gauss(0, 1)
            if log_e_value(total / math.sqrt(pairs), pairs) >= math.log(20):
                believed += 1
                break
    assert believed / n <= 0.05


def test_failures_that_fall_either_way_are_seldom_believed_however_often_one_looks() -> None:
    rng, believed, n = Random(1), 0, 600
    for _ in range(n):
        more = 0
        for pairs in range(1, 41):
            more += rng.random() < 0.5
            if log_e_of_counts(more, pairs - more) >= math.log(20):
                believed += 1
                break
    assert believed / n <= 0.05


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_evidence_of_counts_is_the_integral_that_it_says(more: int, less: int) -> None:
    chance = np.linspace(0.5, 1, 20001)
    density = 2 * chance**more * (1 - chance) ** less * 2.0 ** (more + less)
    assert log_e_of_counts(more, less) == pytest.approx(math.log(np.trapezoid(density, chance)), abs=1e-3)


@given(st.floats(-8, 8), st.sampled_from([3, 5, 10, 40, 1000]))
def test_a_normal_score_is_as_unlikely_as_its_t(t: float, degrees: int) -> None:
    exact = stats.norm.isf(stats.t.sf(abs(t), degrees)) * (1 if t >= 0 else -1)
    assert normal_score(t, degrees) == pytest.approx(exact, abs=0.05)


@given(st.floats(-30, 30), st.floats(0.01, 1e4))
def test_evidence_grows_with_the_score_and_never_for_both_directions(
    score: float, information: float
) -> None:
    up, down = log_e_value(score, information), log_e_value(-score, information)
    assert min(up, down) <= 0.0
    assert log_e_value(score + 0.1, information) > up


@given(st.lists(st.floats(-3, 30), min_size=1, max_size=40))
def test_q_is_what_scipy_makes_of_the_inverse_evidence(log_e: list[float]) -> None:
    p = np.exp(-np.maximum(log_e, 0.0))
    assert adjusted(log_e) == pytest.approx(stats.false_discovery_control(p, method="bh"), rel=1e-9)


def test_the_best_of_many_equal_slots_is_expected_to_be_like_the_rest_and_a_better_group_is_not() -> None:
    rng = np.random.default_rng(1)
    variance = np.full(80, 0.3)
    equal = rng.normal(0, math.sqrt(0.3), 80)
    again = expected_again(equal, variance, np.full(80, True))
    assert abs(again[equal.argmax()]) < 0.4 < equal.max()
    groups = np.concatenate([equal[:40], 10 + equal[40:]])
    again = expected_again(groups, variance, np.full(80, True))
    assert again[40:].mean() == pytest.approx(10 + equal[40:].mean(), abs=0.2)
    assert again[40:].max() < groups.max()


def test_the_chosen_best_is_not_overstated_on_average() -> None:
    rng = np.random.default_rng(2)
    raw, corrected = [], []
    for _ in range(150):
        true = rng.choice([0.0, 1.0, 2.0], 60)
        measured = true + rng.normal(0, 0.6, 60)
        best = measured.argmax()
        again = expected_again(measured, np.full(60, 0.36), np.full(60, True))
        raw.append(measured[best] - true[best])
        corrected.append(again[best] - true[best])
    assert np.mean(raw) > 0.8
    assert abs(np.mean(corrected)) < 0.2
