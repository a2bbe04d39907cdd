"""Weighing: all comparisons in one pass say what each says alone, worked out plainly."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.measured import Looked
from memory.sums import ExactSum
from memory.weighing import APART, PAIR, SQUARE, Contrasts, weigh


def looked(rng: np.random.Generator, n: int) -> Looked:
    level = rng.normal(size=n)
    return Looked(
        level=level,
        again=level - 0.1 * rng.random(n),
        variance=rng.uniform(0.1, 1, n),
        degrees=rng.uniform(2, 9, n),
        order=rng.integers(0, 5, n).astype(float),
        block=np.zeros(n),
        network=np.sort(rng.integers(0, 2, n)),
        noise=0.5,
    )


def asked(rng: np.random.Generator, samples: Looked, n: int, sides: int) -> Contrasts:
    """Contrasts within one network each, several of which share a sample."""
    made = []
    for _ in range(n):
        here = np.flatnonzero(samples.network == rng.integers(0, 2))
        made.append(rng.choice(here, sides, replace=False))
    contrasts = np.array(made, dtype=np.int64)
    return Contrasts(contrasts, contrasts[:, 0])


def plainly(one: Contrasts, samples: Looked, network: int) -> tuple[float, ...]:
    """Effect, its bounds, error and degrees on one network, a contrast at a time."""
    signs = PAIR if one.samples.shape[1] == 2 else SQUARE
    there = [i for i, sides in enumerate(one.samples) if samples.network[sides[0]] == network]
    precision = {i: 1 / sum(samples.variance[side] for side in one.samples[i]) for i in there}
    share = {i: precision[i] / sum(precision.values()) for i in there}
    says: dict[int, tuple[float, float, float]] = {}
    weight: dict[int, float] = {}
    for i in there:
        last = max(samples.order[side] for side in one.samples[i])
        own, least, most = 0.0, 0.0, 0.0
        for sign, side in zip(signs, one.samples[i], strict=True):
            level, again = sign * samples.level[side], sign * samples.again[side]
            chosen = samples.order[side] < last
            own += level
            least += min(level, again) if chosen else level
            most += max(level, again) if chosen else level
            weight[side] = weight.get(side, 0.0) + share[i] * sign
        says[i] = own, least, most
    effect, least, most = (sum(share[i] * says[i][part] for i in there) for part in range(3))
    parts = {side: weight[side] ** 2 * samples.variance[side] for side in weight}
    variance = sum(parts.values())
    squared = sum(part**2 / samples.degrees[side] for side, part in parts.items())
    apart: dict[int, float] = {}
    for i in there:
        apart[one.groups[i]] = apart.get(one.groups[i], 0.0) + share[i] * (says[i][0] - effect)
    if (n := len(apart)) > 1:
        beyond = max(0.0, n / (n - 1) * sum(part**2 for part in apart.values()) - APART * variance)
        variance, squared = variance + beyond, squared + beyond**2 / (n - 1)
    return effect, least, most, math.sqrt(variance), max(1.0, variance**2 / squared)


@given(st.integers(0, 10_000), st.lists(st.tuples(st.integers(1, 9), st.sampled_from([2, 4])), max_size=5))
def test_comparisons_that_are_weighed_together_say_what_each_says_alone(
    seed: int, shapes: Sequence[tuple[int, int]]
) -> None:
    rng = np.random.default_rng(seed)
    samples = looked(rng, 30)._replace(network=np.repeat([0, 1], 15))
    all_of_them = [asked(rng, samples, n, sides) for n, sides in shapes]
    for one, weighed in zip(all_of_them, weigh(all_of_them, samples), strict=True):
        assert weighed is not None
        networks = sorted(set(samples.network[one.samples[:, 0]].tolist()))
        assert len(weighed.each) == len(networks)
        for network, found in zip(networks, weighed.each, strict=True):
            assert found[:5] == pytest.approx(plainly(one, samples, network), rel=1e-9)


def test_what_cannot_be_weighed_is_left_out_and_the_rest_is_not() -> None:
    samples = looked(np.random.default_rng(1), 4)._replace(network=np.zeros(4, dtype=np.int64))
    samples.variance[0] = math.inf
    pairs = [Contrasts(np.array([[a, b]]), np.array([a])) for a, b in ((0, 1), (2, 3))]
    nothing, something = weigh(pairs, samples)
    assert nothing is None
    assert something is not None
    assert something.together.effect == pytest.approx(samples.level[3] - samples.level[2])


@given(st.lists(st.floats(allow_nan=False), min_size=16, max_size=40))
def test_many_values_add_up_to_what_they_add_up_to_one_by_one(values: list[float]) -> None:
    at_once, one_by_one = ExactSum(), ExactSum()
    at_once.add(*values)
    for value in values:
        one_by_one.add(value)
    assert (at_once.total, at_once.mean, at_once.sd) == (one_by_one.total, one_by_one.mean, one_by_one.sd)
    at_once.add(*values, sign=-1)
    assert (at_once.n, at_once.total) == (0, 0.0)
