"""A search that is stuck changes the strategy, not the numbers, in the order that the spec gives."""

import math

import pytest

from agent.planner import EscalatingPlanner, UcbPlanner
from blocks.exploration import StrategyChoice
from blocks.run import Run
from blocks.slot import Role, SlotSpec
from tests.agent.landscapes import METRICS, admits, play, toy_spec


def planner() -> EscalatingPlanner:
    return EscalatingPlanner(UcbPlanner(admits), order=tuple, admits=admits)


def escalated(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.proposal.reason.startswith("stuck for")]


def flat(_slot: SlotSpec) -> float | None:
    return 0.5


def at_zero(_slot: SlotSpec) -> float | None:
    return 0.0001


def climbing(slot: SlotSpec) -> float | None:
    """The more loops the better, without end."""
    return 0.2 * math.log10(float(slot.values["loops"])) + 0.2 * len(slot.strategies)


def strategies(*escalation: str) -> StrategyChoice:
    return StrategyChoice(
        baseline=("rollout", "clipping"), open=("residual", "contrastive"), escalation=escalation
    )


def test_three_runs_near_zero_turn_on_the_next_strategy() -> None:
    runs = play(planner(), toy_spec(), blocks=2, landscape=at_zero)
    first, *others = escalated(runs)
    assert first.proposal.reason == (
        "stuck for 3 runs: runs 6, 7, 8 stayed near zero; with residual is next, on run "
        f"{first.proposal.parent}"
    )
    assert (first.proposal.change, first.proposal.role) == ("with residual", Role.EXPLOIT)
    assert all(run.proposal.change in ("with residual", "with contrastive") for run in others)


def test_runs_near_zero_beside_one_that_does_well_were_ventured() -> None:
    def narrow(slot: SlotSpec) -> float:
        return 0.7 if slot.values["loops"] == 100 and slot.values["lr"] == 0.01 else 0.0

    runs = play(planner(), toy_spec(), blocks=2, landscape=narrow)
    assert sum(abs(run.values_of("gain")[0]) < 0.05 for run in runs[4:]) >= 6
    assert not [run for run in runs if run.proposal.reason.startswith("stuck for 3 runs")]


def test_a_block_without_improvement_turns_on_the_next_strategy_and_block_1_never_does() -> None:
    runs = play(planner(), toy_spec(), blocks=4, landscape=flat)
    assert {run.block for run in escalated(runs)} <= {3, 4}
    first = escalated(runs)[0]
    assert first.block == 3
    assert first.proposal.reason.startswith("stuck for a block: block 2 did not improve on run ")


@pytest.mark.parametrize("order", [("residual", "contrastive"), ("contrastive", "residual")])
def test_the_spec_gives_the_order(order: tuple[str, str]) -> None:
    spec = toy_spec(strategies=strategies(*order))
    runs = play(planner(), spec, blocks=2, landscape=at_zero)
    assert escalated(runs)[0].proposal.change == f"with {order[0]}"


def test_every_escalation_changes_the_strategy_alone() -> None:
    runs = play(planner(), toy_spec(), blocks=6, landscape=flat)
    for run in escalated(runs):
        parent = runs[(run.proposal.parent or 0) - 1]
        assert run.proposal.spec.differs_from(parent.proposal.spec) == [run.proposal.change]


def test_an_empty_order_leaves_the_planner_alone() -> None:
    spec = toy_spec(strategies=strategies())
    assert [run.proposal for run in play(planner(), spec, blocks=4, landscape=flat)] == [
        run.proposal for run in play(UcbPlanner(admits), spec, blocks=4, landscape=flat)
    ]


def test_a_search_that_climbs_or_has_arrived_is_not_stuck() -> None:
    runs = play(planner(), toy_spec(), blocks=2, landscape=climbing)
    assert not escalated(runs)
    arrived = play(planner(), toy_spec(), blocks=4, landscape=lambda _: 0.999)
    assert not escalated(arrived)


def test_a_stuck_search_is_resumed_as_it_would_have_gone_on() -> None:
    whole = play(planner(), toy_spec(), blocks=5, landscape=flat)
    for cut in (8, 16, 20, 28):
        resumed = play(planner(), toy_spec(), blocks=5, landscape=flat, history=whole[:cut])
        assert [run.proposal for run in resumed] == [run.proposal for run in whole]


def test_when_every_strategy_had_its_turn_the_numbers_move_again() -> None:
    runs = play(planner(), toy_spec(), blocks=12, landscape=at_zero)
    proposals = planner().propose(toy_spec(), runs, block=13, batch=1, metrics=METRICS)
    assert any("->" in proposal.change for proposal in proposals)


def test_an_order_names_open_strategies_only() -> None:
    with pytest.raises(ValueError, match="escalation: must name open strategies only, but got warm_up"):
        strategies("warm_up")
