"""Successive halving: rungs, and who goes on."""

from agent.planner.halving import HalvingPlanner, rungs
from blocks.exploration import ExplorationSpec
from blocks.planning import PlannerSpec
from blocks.run import Run
from blocks.slot import Role
from blocks.space import LogParameter, SearchSpace
from tests.agent.landscapes import admits, play, smooth, toy_spec


def spec_of(reduction: int = 3) -> ExplorationSpec:
    return toy_spec(planner=PlannerSpec(name="halving", resource="loops", reduction=reduction))


def searched(blocks: int = 8) -> list[Run]:
    return play(HalvingPlanner(admits), spec_of(), blocks=blocks)[4:]


def test_rungs_end_at_the_top_of_the_range_and_are_a_factor_apart():
    assert rungs(spec_of()) == (12, 37, 111, 333, 1000)
    assert rungs(spec_of(10)) == (10, 100, 1000)
    rates = toy_spec(
        space=SearchSpace({"lr": LogParameter(low=1e-4, high=1e-1)}),
        baseline={"lr": 1e-2},
        sweep={},
        planner=PlannerSpec(name="halving", resource="lr", reduction=10),
    )
    assert rungs(rates) == (1e-4, 1e-3, 1e-2, 1e-1)


def test_many_runs_are_short_and_few_are_long():
    counts = dict.fromkeys(rungs(spec_of()), 0)
    for run in searched():
        counts[run.proposal.spec.values["loops"]] += 1
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert counts[12] > len(searched()) / 2
    assert counts[333] > 0


def test_only_the_resource_of_a_promoted_run_changes_and_it_was_among_the_best_of_its_rung():
    runs = play(HalvingPlanner(admits), spec_of(), blocks=8)
    by_number = {run.number: run for run in runs}
    promoted = [run for run in runs if run.proposal.role is Role.EXPLOIT]
    assert promoted
    for run in promoted:
        parent = by_number[run.proposal.parent or 0]
        (change,) = run.proposal.spec.differs_from(parent.proposal.spec)
        assert change.startswith("loops ")
        level = int(parent.proposal.spec.values["loops"])
        reached = max(one for one in rungs(spec_of()) if one <= level)
        place = rungs(spec_of()).index(reached)
        assert run.proposal.spec.values["loops"] == rungs(spec_of())[place + 1]
        assert smooth(parent.proposal.spec) is not None, "a failed run went on"
        assert f"run {parent.number} is no. " in run.proposal.reason


def test_no_run_goes_on_twice():
    parents = [run.proposal.parent for run in searched() if run.proposal.role is Role.EXPLOIT]
    assert len(set(parents)) == len(parents)
