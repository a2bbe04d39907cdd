"""The default planner: pure, one change per child, roles, block 1 as the seed plans it."""

import math

import pytest

from agent.planner import UcbPlanner
from blocks.errors import SpecError
from blocks.run import Run
from blocks.slot import Role, SlotSpec
from blocks.space import CategoricalParameter, PerSlotParameter, SearchSpace
from memory.past import configuration
from tests.agent.landscapes import METRICS, admits, play, toy_spec


def by_number(runs: list[Run]) -> dict[int, Run]:
    return {run.number: run for run in runs}


def test_batch_1_differs_in_the_time_step_alone() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=1)[:4]
    assert [run.proposal.spec.values["time_step"] for run in runs] == [4, 16, 32, 64]
    shared = [{k: v for k, v in run.proposal.spec.values.items() if k != "time_step"} for run in runs]
    assert all(values == toy_spec().baseline for values in shared)
    assert {run.proposal.role for run in runs} == {Role.BASELINE}


def test_batch_2_sweeps_and_descends_from_batch_1() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=1)
    assert [run.proposal.spec.values["lr"] for run in runs[4:]] == [1e-3, 3e-3, 3e-2, 1e-1]
    assert [run.proposal.parent for run in runs[4:]] == [1, 2, 3, 4]


def test_block_1_opens_no_strategy_even_where_its_batches_outnumber_the_sweeps() -> None:
    spec = toy_spec(block={"batches": 5, "slots": 4})
    runs = play(UcbPlanner(admits), spec, blocks=1)
    assert len(runs) == 20
    assert all(set(run.proposal.spec.strategies) <= {"rollout", "clipping"} for run in runs)


def test_open_strategies_wait_for_the_second_block() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=3)
    open_strategies = {"residual", "contrastive"}
    assert not any(open_strategies & set(run.proposal.spec.strategies) for run in runs if run.block == 1)
    used = {name for run in runs for name in run.proposal.spec.strategies}
    assert open_strategies <= used


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_child_isolates_one_change(seed: int) -> None:
    runs = play(UcbPlanner(admits), toy_spec(seed=seed), blocks=6)
    parents = by_number(runs)
    for run in runs:
        if run.proposal.parent is not None:
            parent = parents[run.proposal.parent].proposal.spec
            assert run.proposal.spec.differs_from(parent) == [run.proposal.change]


def test_every_slot_keeps_its_time_step() -> None:
    for run in play(UcbPlanner(admits), toy_spec(), blocks=5):
        assert run.proposal.spec.values["time_step"] == (4, 16, 32, 64)[run.proposal.slot]


def test_no_configuration_is_proposed_twice() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=8)
    assert len({configuration(run.proposal.spec) for run in runs}) == len(runs)


def test_every_value_lies_in_the_space() -> None:
    spec = toy_spec()
    for run in play(UcbPlanner(admits), spec, blocks=8):
        for name, value in run.proposal.spec.values.items():
            assert spec.space[name].contains(value)


def test_every_run_has_fresh_seeds() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=6)
    seeds = [seed for run in runs for seed in run.proposal.spec.seeds]
    assert len(set(seeds)) == len(seeds)


def test_a_batch_holds_two_exploiting_slots_one_exploring_and_one_testing() -> None:
    runs = [run for run in play(UcbPlanner(admits), toy_spec(), blocks=2) if run.block == 2]
    for batch in (1, 2):
        roles = sorted(run.proposal.role.value for run in runs if run.batch == batch)
        assert roles == ["exploit", "exploit", "explore", "principle-test"]


def test_roles_are_not_tied_to_a_slot() -> None:
    runs = [run for run in play(UcbPlanner(admits), toy_spec(), blocks=4) if run.block > 1]
    testing = {run.proposal.slot for run in runs if run.proposal.role is Role.PRINCIPLE_TEST}
    assert len(testing) >= 2


def test_planning_is_pure_so_a_resumed_exploration_goes_on_as_an_uninterrupted_one() -> None:
    spec = toy_spec()
    whole = play(UcbPlanner(admits), spec, blocks=4)
    for cut in (1, 5, 8, 13, 24):
        batch_start = max(i for i in range(cut + 1) if i % 4 == 0)
        resumed = play(UcbPlanner(admits), spec, blocks=4, history=whole[:batch_start])
        assert [run.proposal for run in resumed] == [run.proposal for run in whole]


def test_another_seed_explores_otherwise() -> None:
    one = play(UcbPlanner(admits), toy_spec(seed=1), blocks=3)
    two = play(UcbPlanner(admits), toy_spec(seed=2), blocks=3)
    assert [r.proposal.spec.values for r in one] != [r.proposal.spec.values for r in two]


def near_zero(_slot: SlotSpec) -> float | None:
    return 0.001


def well_above_zero(_slot: SlotSpec) -> float | None:
    return 0.5


def test_near_zero_three_times_changes_the_strategy_not_the_numbers() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=5, landscape=near_zero)
    stalled = [run for run in runs if "the strategy changes" in run.proposal.reason]
    assert stalled
    assert all(run.proposal.change.startswith("with") for run in stalled)
    others = play(UcbPlanner(admits), toy_spec(), blocks=5, landscape=well_above_zero)
    assert not [run for run in others if "the strategy changes" in run.proposal.reason]


def test_a_principle_test_does_the_opposite_of_what_is_said_to_be_better() -> None:
    def lower_is_better(slot: SlotSpec) -> float | None:
        return (
            0.5
            - 0.1 * math.log10(float(slot.values["lr"]) * 1e4)
            + (0.2 if "residual" in slot.strategies else 0)
        )

    runs = play(UcbPlanner(admits), toy_spec(), blocks=8, landscape=lower_is_better)
    parents = by_number(runs)
    tests = [
        run for run in runs if run.proposal.role is Role.PRINCIPLE_TEST and "tests" in run.proposal.reason
    ]
    of_rate = [run for run in tests if "Lower lr beats higher" in run.proposal.reason]
    assert of_rate
    for run in of_rate:
        parent = parents[run.proposal.parent or 0].proposal.spec
        assert float(run.proposal.spec.values["lr"]) > float(parent.values["lr"])
    of_strategy = [run for run in tests if "residual helps" in run.proposal.reason]
    assert all(run.proposal.change == "without residual" for run in of_strategy)


def test_a_perfect_score_to_be_minimised_is_not_stalled() -> None:
    metrics = {"gain": METRICS["gain"].model_copy(update={"direction": "minimize", "target": 0.0})}
    spec = toy_spec()
    runs = play(UcbPlanner(admits), spec, blocks=3, landscape=near_zero)
    proposals = UcbPlanner(admits).propose(spec, runs, block=4, batch=1, metrics=metrics)
    assert not [p for p in proposals if "the strategy changes" in p.reason]


def test_a_slot_that_the_problem_cannot_train_is_never_proposed() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=10)
    assert all(admits(run.proposal.spec) for run in runs)


def test_the_search_finds_what_helps() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=5)
    best = max((run for run in runs if run.failure is None), key=lambda run: run.values_of("gain")[0])
    assert "residual" in best.proposal.spec.strategies


def test_every_proposal_says_why() -> None:
    assert all(run.proposal.reason for run in play(UcbPlanner(admits), toy_spec(), blocks=4))


def test_an_exhausted_space_is_said_so() -> None:
    spec = toy_spec(
        space=SearchSpace(
            {
                "time_step": PerSlotParameter(values=(4, 16, 32, 64)),
                "clipping.norm": CategoricalParameter(choices=(0.1, 1.0)),
            }
        ),
        baseline={"clipping.norm": 1.0},
        sweep={},
        strategies={"baseline": ("rollout", "clipping"), "open": ()},
    )
    with pytest.raises(SpecError, match="found nothing new; widen a range or open a strategy"):
        play(UcbPlanner(admits), spec, blocks=20, landscape=well_above_zero)


def test_the_metrics_decide_what_better_means() -> None:
    spec = toy_spec()
    runs = play(UcbPlanner(admits), spec, blocks=1)
    down = {"gain": METRICS["gain"].model_copy(update={"direction": "minimize"})}
    up_next = UcbPlanner(admits).propose(spec, runs, block=2, batch=1, metrics=METRICS)
    down_next = UcbPlanner(admits).propose(spec, runs, block=2, batch=1, metrics=down)
    assert [p.parent for p in up_next] != [p.parent for p in down_next]
