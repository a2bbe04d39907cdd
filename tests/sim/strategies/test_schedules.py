"""Warm-up endures large step sizes, cosine restarts settle in every cycle, a curriculum starts short."""

import numpy as np
import pytest

from sim.strategies.cosine_restarts import CosineRestarts
from sim.strategies.curriculum import Curriculum
from sim.strategies.warm_up import WarmUp
from sim.training.plan import Batch, TrainingPlan
from tests.sim.strategies.problems import outcome, plain, rough


def test_warm_up_endures_a_step_size_that_saturates_the_network_from_a_cold_start():
    values = {"lr_node_homeo": 0.3, "data_augmentation_loop": 40, "seeds": (1, 2, 3, 4)}
    cold = outcome(plain(), "residual", **values)
    warm = outcome(plain(), "residual", "warm_up", warm_up__share=0.3, **values)
    assert np.sum(cold.errors > 0.9) >= 2
    assert np.all(warm.errors < 0.15)


def test_warm_up_rises_in_a_straight_line_and_stays():
    strategy = WarmUp(WarmUp.Options(share=0.25))
    factors = [strategy.schedule(step, 40).node for step in range(40)]
    assert factors[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert set(factors[10:]) == {1.0}


@pytest.mark.slow
def test_cosine_restarts_have_the_model_settled_at_the_end_of_every_cycle():
    """At a constant step size the noise of small batches is never averaged out."""
    values = {
        "lr_node_homeo": 0.1,
        "lr_emb_homeo": 0.03,
        "data_augmentation_loop": 40,
        "cooldown": 0.0,
        "batch_size": 1,
        "residual__samples": 1,
        "seeds": (1, 2, 3, 4, 5),
    }
    problem = plain(100)
    constant = outcome(problem, "residual", **values)
    cyclic = outcome(problem, "residual", "cosine_restarts", **values)

    def settled(losses: np.ndarray, share: float) -> float:
        end = round(share * len(losses))
        return float(np.median(losses[end - 5 : end]))

    for share in (3 / 7, 1.0):
        assert settled(cyclic.losses, share) < 0.5 * settled(constant.losses, share)


def test_cosine_restarts_fall_to_the_floor_and_start_again():
    strategy = CosineRestarts(CosineRestarts.Options(cycles=3, growth=2.0, floor=0.1))
    factors = np.array([strategy.schedule(step, 700).node for step in range(700)])
    restarts = np.flatnonzero(np.diff(factors) > 0.5) + 1
    assert restarts.tolist() == [100, 300]
    assert factors[[0, 100, 300]] == pytest.approx([1.0, 1.0, 1.0])
    assert factors[[99, 299, 699]] == pytest.approx([0.1, 0.1, 0.1], abs=1e-3)


@pytest.mark.slow
def test_a_curriculum_finds_the_response_where_long_rollouts_alone_are_too_rough():
    assert np.max(rough("rollout", "curriculum").errors) < 0.7 * np.min(rough("rollout").errors)


@pytest.mark.parametrize(
    ("share", "first", "time_step"), [(0.5, 1, 64), (1.0, 2, 16), (0.3, 99, 4), (0.5, 1, 1)]
)
def test_a_curriculum_spends_the_same_number_of_euler_steps(share: float, first: int, time_step: int):
    strategy = Curriculum(Curriculum.Options(share=share, first=first))
    plan = strategy.configure(TrainingPlan(frozenset(), time_step=time_step, batch_size=2, steps=300))
    lengths = [strategy.horizon(step, plan.steps, time_step) for step in range(plan.steps)]
    assert sum(lengths) == pytest.approx(300 * time_step, rel=0.01)
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (min(first, time_step), time_step)


def test_a_curriculum_reaches_the_rollouts_of_a_training(monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []
    rolled = Batch.rollout
    monkeypatch.setattr(
        Batch, "rollout", lambda self, start, steps: seen.append(steps) or rolled(self, start, steps)
    )
    outcome(plain(), "rollout", "curriculum", data_augmentation_loop=8)
    assert seen[0] == 1
    assert seen[-1] == 4
