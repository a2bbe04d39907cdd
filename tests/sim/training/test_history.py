"""Loss curves: short, ending with the last step, and exact about when a replicate diverged."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from sim.training.history import MAX_POINTS, History


@given(looks=st.integers(1, 1500))
def test_a_stored_curve_is_short_and_ends_with_the_last_step(looks: int):
    history = History(looks)
    for step in range(1, looks + 1):
        history.add(step, torch.tensor([[float(step), 0.0]]))
    stored = history.thinned()
    assert min(looks, MAX_POINTS // 2) <= len(stored["steps"]) <= MAX_POINTS
    assert stored["steps"][-1] == looks
    assert stored["loss"][0] == [float(step) for step in stored["steps"]]


def test_the_first_step_that_is_not_finite_is_the_one_on_record():
    history = History(6)
    history.add(3, torch.tensor([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]))
    history.add(6, torch.tensor([[1.0, 1.0], [1.0, math.inf], [1.0, math.nan]]))
    assert history.diverged_at == {1: 5}
    assert history.alive == [True, False]
    assert history.latest == 1.0
    assert history.thinned()["loss"] == [[2.0, 1.0], [1.0, None]]
    assert history.thinned()["diverged_at"] == [None, 5]
