"""What looks best is run again before it is called best, and the price of it is part of the plan."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from agent.planner import ConfirmingPlanner, Planner, UcbPlanner, make_planner, plain_planner
from agent.planner.repeating import Repeat, merged
from agent.planner.tree import Tree
from blocks.errors import SpecError
from blocks.planning import ConfirmationSpec, PlannerSpec
from blocks.run import FailureKind, Run
from blocks.slot import Proposal, Role, SlotSpec
from memory.ended import Ended
from memory.past import configuration
from tests.agent.landscapes import METRICS, admits, outcome, play, toy_spec

WITH_CONTROL = PlannerSpec(control=True)


def planner(*, networks: bool = True) -> Planner:
    return make_planner("ucb", admits=admits, has_fresh_networks=networks)


def of_role(runs: Sequence[Run], role: Role) -> list[Run]:
    return [run for run in runs if run.proposal.role is role]


def own(slot: SlotSpec) -> float | None:
    """A best that nobody can miss: run 5."""
    here = {"lr": 1e-3, "loops": 100, "clipping.norm": 1.0, "time_step": 4}
    return 0.8 if slot.values == here and slot.strategies == ("clipping", "rollout") else 0.2


def test_block_1_is_left_as_it_is() -> None:
    spec = toy_spec(planner=WITH_CONTROL)
    assert [run.proposal for run in play(planner(), spec, blocks=1)] == [
        run.proposal for run in play(UcbPlanner(admits), spec, blocks=1)
    ]


def test_the_last_batch_of_a_block_runs_what_looks_best_under_fresh_seeds() -> None:
    runs = play(planner(), toy_spec(), blocks=2, landscape=own)
    assert not [run for run in of_role(runs, Role.CONFIRM) if (run.block, run.batch) != (2, 2)]
    (confirmation,) = of_role(runs, Role.CONFIRM)
    best = runs[(confirmation.proposal.parent or 0) - 1]
    assert best.proposal.spec.values["lr"] == 1e-3
    assert configuration(confirmation.proposal.spec) == configuration(best.proposal.spec)
    assert len(confirmation.proposal.spec.seeds) == 5
    assert not set(confirmation.proposal.spec.seeds) & set(best.proposal.spec.seeds)
    said = r"run 5 looks best \(gain 0\.\d+ ±\S+ over 3 replicates\): 5 fresh seeds before it is called best"
    assert re.fullmatch(said, confirmation.proposal.reason)


def test_what_stood_fresh_seeds_is_run_on_a_fresh_network_once_while_rounds_of_seeds_go_on() -> None:
    runs = play(planner(), toy_spec(), blocks=5, landscape=own)
    confirmations = of_role(runs, Role.CONFIRM)
    assert [(run.block, run.proposal.network) for run in confirmations] == [
        (2, 0), (3, 0), (3, 1), (4, 0), (5, 0)
    ]  # fmt: skip
    assert "does it hold on fresh network 1?" in confirmations[2].proposal.reason
    spec = toy_spec(planner=PlannerSpec(confirmation=ConfirmationSpec(networks=2, slots=3)))
    wider = of_role(play(planner(), spec, blocks=3, landscape=own), Role.CONFIRM)
    assert [run.proposal.network for run in wider] == [0, 0, 1, 2]


def test_without_further_networks_fresh_seeds_alone_confirm() -> None:
    runs = of_role(play(planner(networks=False), toy_spec(), blocks=4, landscape=own), Role.CONFIRM)
    assert [(run.block, run.proposal.network) for run in runs] == [(2, 0), (3, 0), (4, 0)]


def test_confirmations_take_slots_of_their_batch_and_every_run_has_fresh_seeds() -> None:
    runs = play(planner(), toy_spec(planner=WITH_CONTROL), blocks=6)
    assert len(runs) == 6 * 8
    for block in range(1, 7):
        for batch in (1, 2):
            slots = [run.proposal.slot for run in runs if (run.block, run.batch) == (block, batch)]
            assert sorted(slots) == [0, 1, 2, 3]
    seeds = [seed for run in runs for seed in run.proposal.spec.seeds]
    assert len(set(seeds)) == len(seeds)
    given_way = {run.proposal.slot for run in runs if run.proposal.role.repeats}
    assert len(given_way) >= 3


def test_the_slot_of_the_best_run_goes_on_digging_and_a_test_gives_way_to_fresh_seeds() -> None:
    spec = toy_spec()
    history = play(plain_planner("ucb", admits=admits), spec, blocks=4)
    proposed = plain_planner("ucb", admits=admits).propose(spec, history, block=5, batch=1, metrics=METRICS)
    seeds, network = (Repeat(Role.CONFIRM, history[0], 5, number, "", "") for number in (0, 1))
    (testing,) = (one.slot for one in proposed if one.role is Role.PRINCIPLE_TEST)
    for turn, leader in enumerate(history[:4]):
        home = leader.proposal.slot
        given = {}
        for repeat in (seeds, network):
            made = merged(spec, proposed, [repeat], first=33, turn=turn, leader=leader)
            (given[repeat.network],) = (one.slot for one in made if one.role is Role.CONFIRM)
        assert home not in given.values()
        assert testing in (home, given[0])


def test_the_slot_from_which_least_is_to_be_hoped_gives_way() -> None:
    level = {4: 0.6, 16: 0.1, 32: 0.4, 64: 0.5}
    player = ConfirmingPlanner(plain_planner("random", admits=admits), has_fresh_networks=False)
    runs = play(
        player, toy_spec(), blocks=5, landscape=lambda slot: level[int(str(slot.values["time_step"]))]
    )
    assert [run.proposal.slot for run in of_role(runs, Role.CONFIRM)] == [1, 1, 1, 1]
    # But not the slot of what leads, be its worth what it may.
    repeat = Repeat(Role.CONFIRM, runs[0], 5, 0, "", "")
    proposed = [run.proposal for run in runs[:4]]
    for leader in runs[:4]:
        made = merged(toy_spec(), proposed, [repeat], first=33, turn=9, leader=leader, worth={1: 0.1})
        (given,) = (one.slot for one in made if one.role is Role.CONFIRM)
        assert given != leader.proposal.slot


def test_a_slot_that_gave_way_searches_in_the_next_batch() -> None:
    spec = toy_spec(block={"batches": 1, "slots": 4})
    level = {4: 0.6, 16: 0.1, 32: 0.4, 64: 0.5}
    runs = play(
        planner(networks=False),
        spec,
        blocks=9,
        landscape=lambda slot: level[int(str(slot.values["time_step"]))],
    )
    for block in range(2, 9):
        searched = {
            one.proposal.slot for one in runs if one.block in (block, block + 1) and one.proposal.searches
        }
        assert searched == {0, 1, 2, 3}


def test_no_slots_for_confirmation_means_none() -> None:
    spec = toy_spec(planner=PlannerSpec(confirmation=ConfirmationSpec(slots=0)))
    assert not of_role(play(planner(), spec, blocks=4), Role.CONFIRM)


def test_the_search_goes_on_where_a_block_is_a_single_batch() -> None:
    spec = toy_spec(
        block={"batches": 1, "slots": 4},
        planner=PlannerSpec(confirmation=ConfirmationSpec(slots=9, networks=9)),
    )
    runs = play(planner(), spec, blocks=6, landscape=own)
    for block in range(2, 7):
        assert [run for run in runs if run.block == block and not run.proposal.role.repeats]


def test_a_control_repeats_the_incumbent_in_every_batch_from_block_2_on() -> None:
    runs = play(planner(), toy_spec(planner=WITH_CONTROL), blocks=3, landscape=own)
    for block, batch in ((2, 1), (2, 2), (3, 1), (3, 2)):
        repeats = [
            run
            for run in runs
            if (run.block, run.batch) == (block, batch)
            and run.proposal.role.repeats
            and not run.proposal.network
        ]
        # A round of fresh seeds of the incumbent is its control.
        assert len(repeats) == 1
        assert repeats[0].proposal.role is (Role.CONTROL if batch == 1 else Role.CONFIRM)
        assert repeats[0].proposal.spec.values["lr"] == 1e-3
    assert len(of_role(runs, Role.CONTROL)[0].proposal.spec.seeds) == toy_spec().replicates


@pytest.mark.parametrize("control", [False, True])
def test_a_resumed_exploration_confirms_as_an_uninterrupted_one_would(control: bool) -> None:
    spec = toy_spec(planner=PlannerSpec(control=control))
    whole = play(planner(), spec, blocks=5)
    assert of_role(whole, Role.CONFIRM)
    for cut in range(4, len(whole), 4):
        resumed = play(planner(), spec, blocks=5, history=whole[:cut])
        assert [run.proposal for run in resumed] == [run.proposal for run in whole]


def test_what_fails_its_confirmation_no_longer_looks_best() -> None:
    spec = toy_spec()
    history = play(planner(), spec, blocks=2, landscape=own)
    (confirmation,) = of_role(history, Role.CONFIRM)
    history[confirmation.number - 1] = outcome(
        confirmation.number, confirmation.proposal, 2, 2, lambda _: None
    )
    assert history[confirmation.number - 1].failure is not None
    assert history[confirmation.number - 1].failure.kind is FailureKind.DIVERGED  # type: ignore[union-attr]
    runs = play(planner(), spec, blocks=3, landscape=own, history=history)
    again = of_role(runs, Role.CONFIRM)[1]
    assert configuration(again.proposal.spec) != configuration(confirmation.proposal.spec)


class Exhausted:
    """A planner that has nothing left."""

    def propose(self, *_: Any, **__: Any) -> list[Proposal]:
        raise SpecError("space: nothing new")


def test_an_exhausted_space_is_still_confirmed_and_then_said_to_be_exhausted() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=1, landscape=own)
    layered = ConfirmingPlanner(Exhausted(), has_fresh_networks=True)
    (found,) = layered.propose(toy_spec(), runs, block=2, batch=2, metrics=METRICS)
    assert found.role is Role.CONFIRM
    with pytest.raises(SpecError, match="nothing new"):
        layered.propose(toy_spec(), runs, block=2, batch=1, metrics=METRICS)


def test_a_repeat_is_no_node_but_a_visit_and_its_replicates_judge_the_run_that_it_repeats() -> None:
    runs = play(planner(), toy_spec(), blocks=3, landscape=own)
    here, elsewhere = (
        next(run for run in of_role(runs, Role.CONFIRM) if bool(run.proposal.network) is fresh)
        for fresh in (False, True)
    )
    low = here.model_copy(update={"metrics": ({"gain": 0.0},) * 5})
    trees = {}
    for name, repeats in {"none": [], "low": [low], "elsewhere": [elsewhere]}.items():
        trees[name] = Tree("gain", "maximize")
        for run in [*runs[:8], *repeats]:
            trees[name].add(Ended(run))
    parent = here.proposal.parent or 0
    assert all(len(tree.runs) == 8 for tree in trees.values())
    assert [trees[name].visits(parent) - trees["none"].visits(parent) for name in trees] == [0, 1, 1]
    first = {
        name: next(tree.look(exploration_constant=1.0).by_reward(1)).run.number
        for name, tree in trees.items()
    }
    assert first["none"] == first["elsewhere"] == parent
    assert first["low"] != parent
