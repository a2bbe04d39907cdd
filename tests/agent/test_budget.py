"""A budget says whether a run is started, never which one."""

import pytest

from agent.budget import Budget
from agent.planner import UcbPlanner
from blocks.exploration import Limits
from blocks.run import Run
from tests.agent.landscapes import admits, play, toy_spec


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ended() -> list[Run]:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=1)
    return [run.model_copy(update={"train_s": 10.0 * run.number}) for run in runs]


def test_without_limits_nothing_is_refused(ended: list[Run]) -> None:
    assert Budget(Limits()).refuses(ended, running=9) is None


def test_runs_are_counted_in_all_those_under_way_among_them(ended: list[Run]) -> None:
    budget = Budget(Limits(max_runs=6))
    assert budget.refuses(ended[:4], running=1) is None
    assert budget.refuses(ended[:4], running=2) == "--max-runs 6"
    assert budget.refuses(ended[:6], running=0) == "--max-runs 6"


def test_a_run_that_would_not_fit_is_not_started(ended: list[Run]) -> None:
    clock = Clock()
    budget = Budget(Limits(max_hours=0.1), clock=clock)
    assert budget.refuses(ended, running=0) is None
    clock.now += 281
    assert budget.refuses(ended, running=0) == "--max-hours 0.1: a run takes about 80 s, and 79 s are left"
    assert budget.refuses([], running=0) is None  # nobody knows yet how long one takes
    clock.now += 79
    assert budget.refuses([], running=0) == "--max-hours 0.1"
