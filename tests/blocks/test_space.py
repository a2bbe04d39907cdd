"""The search space: what is drawn or stepped to is always allowed, and a step always moves."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.space import (
    CategoricalParameter,
    IntParameter,
    LinearParameter,
    LogParameter,
    PerSlotParameter,
    SearchSpace,
    Tunable,
)

seeds = st.integers(0, 2**31 - 1)


@st.composite
def log_parameters(draw: st.DrawFn) -> LogParameter:
    low = draw(st.floats(1e-8, 1e3))
    return LogParameter(low=low, high=low * draw(st.floats(1.5, 1e6)))


@st.composite
def linear_parameters(draw: st.DrawFn) -> LinearParameter:
    low = draw(st.floats(-1e3, 1e3))
    return LinearParameter(low=low, high=low + draw(st.floats(0.1, 1e4)) + abs(low))


@st.composite
def int_parameters(draw: st.DrawFn) -> IntParameter:
    log = draw(st.booleans())
    low = draw(st.integers(1 if log else -1000, 1000))
    return IntParameter(low=low, high=low + draw(st.integers(1, 10_000)), log=log)


categorical_parameters = st.lists(
    st.integers() | st.text(max_size=5), min_size=2, max_size=5, unique_by=str
).map(lambda choices: CategoricalParameter(choices=tuple(choices)))

parameters = st.one_of(log_parameters(), linear_parameters(), int_parameters(), categorical_parameters)


@given(parameter=parameters, seed=seeds)
def test_a_drawn_value_is_allowed(parameter: Tunable, seed: int) -> None:
    assert parameter.contains(parameter.sample(Random(seed)))


@given(parameter=parameters, seed=seeds)
def test_a_step_stays_in_range_and_always_moves(parameter: Tunable, seed: int) -> None:
    rng = Random(seed)
    value = parameter.sample(rng)
    for _ in range(5):
        after = parameter.step(value, rng)
        assert parameter.contains(after)
        assert after != value
        value = after


@given(parameter=parameters, seed=seeds)
def test_the_same_seed_draws_the_same(parameter: Tunable, seed: int) -> None:
    assert parameter.sample(Random(seed)) == parameter.sample(Random(seed))


def test_a_log_parameter_reaches_all_of_its_decades() -> None:
    parameter = LogParameter(low=1e-4, high=1e-1)
    rng = Random(0)
    drawn = [parameter.sample(rng) for _ in range(300)]
    shares = [sum(10.0**e <= value < 10.0 ** (e + 1) for value in drawn) / 300 for e in (-4, -3, -2)]
    assert all(share == pytest.approx(1 / 3, abs=0.1) for share in shares)


def test_a_slot_keeps_its_invariant_and_it_is_not_tunable() -> None:
    space = SearchSpace(
        {
            "time_step": PerSlotParameter(values=(4, 16, 32, 64)),
            "lr": LogParameter(low=1e-4, high=1e-1),
        }
    )
    assert [space.invariants(slot)["time_step"] for slot in range(4)] == [4, 16, 32, 64]
    assert list(space.tunable) == ["lr"]


def test_a_boolean_is_no_number_of_a_range() -> None:
    assert not IntParameter(low=0, high=5).contains(True)
    assert not LinearParameter(low=0, high=5).contains(True)
