"""Sweeps: everything is tried once, one change at a time."""

from agent.planner.sweeping import SweepPlanner, grid
from blocks.planning import PlannerSpec
from blocks.run import Run
from blocks.space import CategoricalParameter, IntParameter, LogParameter
from tests.agent.landscapes import admits, play, toy_spec

SPEC = toy_spec(planner=PlannerSpec(name="sweep", points=4))


def test_a_grid_has_both_ends_and_the_scale_of_its_parameter():
    assert grid(LogParameter(low=1e-4, high=1e-1), 4) == (1e-4, 1e-3, 1e-2, 1e-1)
    assert grid(IntParameter(low=1, high=3), 9) == (1, 2, 3)
    assert grid(CategoricalParameter(choices=("a", "b")), 5) == ("a", "b")


def test_a_round_covers_every_value_and_every_strategy_one_change_at_a_time():
    runs = play(SweepPlanner(admits), SPEC, blocks=10)
    by_number: dict[int | None, Run] = {run.number: run for run in runs}
    changes = set()
    for run in runs[8:]:
        parent = by_number[run.proposal.parent]
        assert run.proposal.spec.differs_from(parent.proposal.spec) == [run.proposal.change]
        changes.add(run.proposal.change)
    for name, values in (("lr", ("1e-4", "1e-3", "0.1")), ("loops", ("10", "46", "215", "1000"))):
        for value in values:
            assert any(c.startswith(f"{name} ") and c.endswith(f"-> {value}") for c in changes), (name, value)
    assert {"without clipping", "with residual", "with contrastive"} <= changes


def test_when_the_baseline_is_swept_the_best_run_is_the_centre():
    runs = play(SweepPlanner(admits), SPEC, blocks=14)
    assert any("around run" in run.proposal.reason for run in runs)
