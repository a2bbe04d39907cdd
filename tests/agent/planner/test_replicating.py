"""Statements get their second network from the plan: pairs are run there, and no choice rests on them."""

import re

import pytest

from agent.planner import Planner, make_planner
from agent.planner.replicating import FROM_BLOCK
from agent.planner.tree import Tree
from blocks.constraints import Constraint
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.planning import PlannerSpec, ReplicationSpec
from blocks.run import Run
from blocks.slot import Role, SlotSpec
from blocks.steering import read_instructions
from blocks.vocabulary import Vocabulary
from memory.best import best
from memory.ended import Ended
from memory.findings import findings
from memory.past import configuration
from memory.statements import Statement
from tests.agent.landscapes import METRICS, admits, play, smooth, toy_spec

NONE = PlannerSpec(replication=ReplicationSpec(slots=0))


def planner() -> Planner:
    return make_planner("ucb", admits=admits, has_fresh_networks=True)


def only_at_home(slot: SlotSpec) -> float | None:
    """The landscape of fresh networks on which `residual` does nothing."""
    gain = smooth(slot)
    return gain if gain is None or "residual" not in slot.strategies else gain - 0.3


def ran_elsewhere(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.proposal.network and run.proposal.role is Role.PRINCIPLE_TEST]


def of_residual(runs: list[Run]) -> Statement:
    said = findings(toy_spec(), runs, metrics=METRICS)
    return next(one for one in said if one.key == ("effect", "residual", "on"))


def test_a_true_effect_is_established_within_six_blocks_and_one_that_holds_at_home_alone_is_not() -> None:
    told = of_residual(play(planner(), toy_spec(), blocks=6))
    assert (told.status, told.networks) == ("established", 2)
    alone = of_residual(play(planner(), toy_spec(), blocks=6, elsewhere=only_at_home))
    assert alone.status == "tentative"
    assert "significant, but shown by 1 of 2 networks" in alone.evidence
    without = of_residual(play(planner(), toy_spec(planner=NONE), blocks=6))
    assert without.status == "tentative"


@pytest.mark.parametrize("seed", [1, 4])
def test_the_default_planner_confirms_and_replicates_on_a_fresh_network(seed: int) -> None:
    spec = toy_spec(seed=seed)
    default = make_planner(spec.planner.name, admits=admits, has_fresh_networks=True)
    runs = play(default, spec, blocks=6)
    elsewhere = {(run.proposal.role, run.block >= FROM_BLOCK) for run in runs if run.proposal.network}
    assert elsewhere == {(Role.PRINCIPLE_TEST, True), (Role.CONFIRM, True)}
    at_home = [run for run in runs if run.proposal.role is Role.CONFIRM and not run.proposal.network]
    assert {run.block for run in at_home} == {2, 3, 4, 5, 6}, "whether or not something else leads by then"


def test_both_sides_of_a_pair_run_on_the_network_of_confirmation_in_the_first_batch() -> None:
    runs = play(planner(), toy_spec(), blocks=6)
    made = ran_elsewhere(runs)
    assert {(run.batch, run.proposal.network) for run in made} == {(1, 1)}
    assert min(run.block for run in made) == FROM_BLOCK
    assert all(sum(run.block == block for run in made) <= 2 for block in range(1, 7))
    one, other = (run.proposal for run in made[:2])
    assert len(one.spec.differs_from(other.spec)) == 1
    said = (
        r".* \(significant on one network\): does it hold on fresh network 1\? One side of the pair r\d+ r\d+"
    )
    assert re.fullmatch(said, one.reason)
    assert one.reason == other.reason
    for run in made:
        assert configuration(run.proposal.spec) == configuration(runs[run.proposal.parent - 1].proposal.spec)  # type: ignore[operator]
    # What ran there is a partner for the next pair, and is not run again.
    ran = [configuration(run.proposal.spec) for run in made]
    assert len(set(ran)) == len(ran)


def test_a_pair_that_gets_one_slot_is_completed_in_the_next_block() -> None:
    spec = toy_spec(planner=PlannerSpec(replication=ReplicationSpec(slots=1)))
    runs = play(planner(), spec, blocks=4)
    one, other = ran_elsewhere(runs)
    assert (one.block, other.block) == (3, 4)
    assert one.proposal.spec.differs_from(other.proposal.spec) == ["without residual"] or (
        other.proposal.spec.differs_from(one.proposal.spec) == ["without residual"]
    )
    assert of_residual(runs).status == "established"


def test_what_fails_on_a_network_makes_no_pair_there() -> None:
    runs = play(planner(), toy_spec(), blocks=6, elsewhere=lambda _: None)
    made = [(run.proposal.network, configuration(run.proposal.spec)) for run in ran_elsewhere(runs)]
    assert len(set(made)) == len(made)
    assert of_residual(runs).networks == 1


def test_a_resumed_exploration_replicates_as_an_uninterrupted_one_would() -> None:
    whole = play(planner(), toy_spec(), blocks=5)
    assert ran_elsewhere(whole)
    for cut in range(16, len(whole), 4):
        resumed = play(planner(), toy_spec(), blocks=5, history=whole[:cut])
        assert [run.proposal for run in resumed] == [run.proposal for run in whole]


def test_a_pair_that_a_constraint_forbids_is_left_for_one_that_it_allows() -> None:
    asked = read_instructions("avoid contrastive", Vocabulary(toy_spec()))
    guidance = Guidance(constraints=tuple(one for one in asked if isinstance(one, Constraint)))
    runs = play(planner(), toy_spec(), blocks=3)
    with_it = []
    for given in (NO_GUIDANCE, guidance):
        made = planner().propose(toy_spec(), runs, block=4, batch=1, metrics=METRICS, guidance=given)
        elsewhere = [proposal for proposal in made if proposal.network]
        assert len(elsewhere) == 2
        with_it.append(sum("contrastive" in one.spec.strategies for one in elsewhere))
    assert with_it[0] > 0 == with_it[1]


def test_neither_the_best_nor_the_tree_rests_on_other_networks() -> None:
    def rich(_: SlotSpec) -> float:
        return 50.0

    runs = play(planner(), toy_spec(), blocks=6, elsewhere=rich)
    home = [run for run in runs if not run.proposal.network]
    assert ran_elsewhere(runs)
    found, plain = (best(toy_spec(), some, METRICS) for some in (runs, home))
    assert found is not None
    assert plain is not None
    assert (found.run.number, found.estimate) == (plain.run.number, plain.estimate)
    trees = [Tree("gain", "maximize") for _ in range(2)]
    for tree, some in zip(trees, (runs, home), strict=True):
        for run in some:
            if run.proposal.role is not Role.CONFIRM:
                tree.add(Ended(run))
    looks = [tree.look(exploration_constant=1.0) for tree in trees]
    assert [node.run.number for node in looks[0].by_ucb(9)] == [n.run.number for n in looks[1].by_ucb(9)]
    assert len(looks[0]) == sum(run.proposal.searches for run in runs)


@pytest.mark.parametrize("wrong", [{"slots": -1}, {"networks": 0}, {"slot": 2}])
def test_a_replication_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReplicationSpec.model_validate(wrong)
