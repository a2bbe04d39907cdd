"""Early stop: the rule that learning curves make, who gets one, and what it saves."""

import pytest
from pydantic import ValidationError

from agent.planner import make_planner
from agent.planner.stopping import ENOUGH, SHARES, Known, stop_rule
from blocks.exploration import ExplorationSpec
from blocks.planning import PlannerSpec
from blocks.run import Run, RunState
from blocks.slot import Proposal
from blocks.stopping import Curve, StopRule
from tests.agent.landscapes import METRICS, admits, outcome, smooth, toy_spec


def known(*ends: float) -> list[Known]:
    """Runs that reach so much in the end, and half of it as quickly."""
    return [
        Known(number, tuple(end * reached for reached in (0.5, 0.7, 0.8, 0.9, 1.0)))
        for number, end in enumerate(ends, 1)
    ]


def test_no_run_is_stopped_before_there_are_enough_to_compare_it_with() -> None:
    assert stop_rule(known(*[1.0] * (ENOUGH - 1)), reduction=3).limits == ()
    assert len(stop_rule(known(*[1.0] * ENOUGH), reduction=3).limits) == len(SHARES)


def test_the_rule_would_have_stopped_none_of_the_best_third() -> None:
    slow = Known(7, (0.01, 0.02, 0.03, 0.9, 2.0))
    rule = stop_rule([*known(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), slow], reduction=3)
    assert rule.limits[:3] == slow.reached[:3], "the one that began slowly was the best in the end"
    assert "(r5-r7)" in rule.why
    quick = stop_rule(known(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), reduction=3)
    assert quick.limits[0] == pytest.approx(0.175), "no higher than the median"


def test_runs_that_were_stopped_count_as_lost_so_that_limits_do_not_rise_by_themselves() -> None:
    whole = known(0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    stopped = [Known(number, (0.01,)) for number in range(7, 13)]
    with_them, without = stop_rule([*whole, *stopped], reduction=3), stop_rule(whole, reduction=3)
    assert all(low < high for low, high in zip(with_them.limits, without.limits, strict=True))


def test_a_rule_is_refused_whose_looks_are_not_in_order() -> None:
    with pytest.raises(ValidationError, match="shares: must rise"):
        StopRule(shares=(0.5, 0.3))
    with pytest.raises(ValidationError, match="limits: must be one per share"):
        StopRule(shares=(0.3, 0.5), limits=(0.1,))


def carried_out(proposal: Proposal, number: int, block: int, batch: int) -> Run:
    """The run of a proposal, as a trainer that obeys its rule leaves it."""
    run, rule = outcome(number, proposal, block, batch, smooth), proposal.spec.stop
    if run.state is RunState.FAILED or rule is None:
        return run
    end, total = run.values_of("gain"), int(proposal.spec.values["loops"])
    steps, reached = [], []
    for place, share in enumerate((*rule.shares, 1.0)):
        steps.append(round(share * total))
        reached.append(tuple(value * share for value in end))
        if share < 1 and rule.loses(place, reached[-1]):
            break
    curve = Curve(measure="gain", steps=tuple(steps), reached=tuple(reached))
    record = {"curve": curve, "trained_steps": steps[-1], "planned_steps": total}
    if steps[-1] < total:
        record |= {"state": RunState.STOPPED, "metrics": (), "stopped": "lost"}
    return run.model_copy(update=record)


def played(spec: ExplorationSpec, *, blocks: int) -> list[Run]:
    planner, runs = make_planner(spec.planner.name, admits=admits), list[Run]()
    for block in range(1, blocks + 1):
        for batch in range(1, spec.block.batches + 1):
            proposals = planner.propose(spec, runs, block=block, batch=batch, metrics=METRICS)
            first = len(runs) + 1
            runs += [carried_out(one, first + place, block, batch) for place, one in enumerate(proposals)]
    return runs


def halving(**options: object) -> ExplorationSpec:
    return toy_spec(planner=PlannerSpec.model_validate({"name": "halving", "resource": "loops", **options}))


def best_of(runs: list[Run]) -> tuple[float, frozenset[str]]:
    best = max((run for run in runs if run.metrics), key=lambda run: smooth(run.proposal.spec) or 0.0)
    return smooth(best.proposal.spec) or 0.0, frozenset(best.proposal.spec.strategies)


def test_halving_saves_training_by_early_stop_and_does_not_lose_the_best() -> None:
    stopping, whole = played(halving(), blocks=16), played(halving(early_stop=False), blocks=16)
    searched = [run for run in stopping if run.proposal.searches and run.trained_steps is not None]
    lost = [run for run in searched if run.state is RunState.STOPPED]
    assert len(lost) > len(searched) / 4
    taken, planned = (
        sum(run.trained_steps or 0 for run in searched),
        sum(run.planned_steps or 0 for run in searched),
    )
    assert taken < 0.95 * planned
    assert best_of(stopping)[0] >= 0.95 * best_of(whole)[0]
    assert not any(run.proposal.spec.stop for run in whole)


def test_only_what_searches_gets_a_rule_and_a_rule_rests_on_earlier_batches_alone() -> None:
    runs = played(halving(), blocks=6)
    for run in runs:
        rule = run.proposal.spec.stop
        assert (rule is not None) == run.proposal.searches
        before = [one for one in runs if (one.block, one.batch) < (run.block, run.batch)]
        if rule is not None and rule.limits:
            named = {
                int(part[1:]) for part in rule.why.rpartition("(")[2].rstrip(")").split() if "-" not in part
            }
            assert named <= {one.number for one in before}
    assert any(run.proposal.spec.may_stop for run in runs)


def test_other_planners_stop_nothing_unless_they_are_asked_to() -> None:
    assert not any(
        run.proposal.spec.stop for run in played(toy_spec(planner=PlannerSpec(name="random")), blocks=2)
    )
    asked = played(toy_spec(planner=PlannerSpec(name="random", early_stop=True)), blocks=2)
    assert any(run.proposal.spec.may_stop for run in asked)
