"""Which statement is tested first: the one whose refutation would change the plan most."""

from itertools import islice
from random import Random

import pytest

from agent.planner.moves import leads, steps
from agent.planner.stakes import by_stake, follows
from blocks.run import Run, RunState
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import LinearParameter, LogParameter, SearchSpace
from memory.findings import Claim
from tests.agent.landscapes import toy_spec

VALUES = {"time_step": 4, "lr": 5e-2, "loops": 20, "clipping.norm": 1.0}
BEST = [
    SlotSpec(values=VALUES, strategies=("rollout", "residual"), seeds=(1,)),
    SlotSpec(values=VALUES, strategies=("rollout", "clipping"), seeds=(1,)),
    SlotSpec(values={**VALUES, "lr": 2e-4}, strategies=("rollout", "residual"), seeds=(1,)),
]


def claim(subject: str, better: object, effect: float | None) -> Claim:
    return Claim(subject, better, "off", f"{subject} {better}.", effect)  # type: ignore[arg-type]


def test_a_strong_statement_that_no_good_run_follows_comes_after_a_weaker_one_that_most_follow():
    strong, weak = claim("contrastive", "on", 0.9), claim("residual", "on", 0.2)
    stakes = by_stake([strong, weak], BEST, toy_spec())
    assert [stake.claim for stake in stakes] == [weak, strong]
    assert stakes[0].reason == 'tests "residual on": 2 of the 3 best runs rest on it'


def test_of_two_that_as_many_follow_the_larger_effect_comes_first():
    small, large = claim("residual", "on", 0.1), claim("lr", "higher", 0.3)
    assert [stake.claim for stake in by_stake([small, large], BEST, toy_spec())] == [large, small]


def test_a_run_follows_what_it_does_and_not_what_it_leaves_idle():
    spec = toy_spec()
    assert follows(claim("lr", "higher", 1.0), BEST[0], spec)
    assert not follows(claim("lr", "higher", 1.0), BEST[2], spec)
    assert follows(claim("loops", "lower", 1.0), BEST[0], spec)
    assert follows(claim("clipping", "off", 1.0), BEST[0], spec)
    assert not follows(claim("clipping.norm", 1.0, 1.0), BEST[0], spec), "clipping is off"
    assert follows(claim("clipping.norm", 1.0, 1.0), BEST[1], spec)


def test_a_statement_without_an_effect_counts_as_an_ordinary_one():
    prior, known = claim("residual", "on", None), claim("contrastive", "on", 0.4)
    assert by_stake([known, prior], BEST, toy_spec())[0].claim is prior


@pytest.mark.parametrize("parameter", [LogParameter(low=1e-4, high=1e-1), LinearParameter(low=-1, high=1)])
def test_steps_lead_to_just_those_values_that_they_come_to(parameter: LogParameter | LinearParameter):
    spec = toy_spec().model_copy(update={"space": SearchSpace({"lr": parameter})})
    before = parameter.tidy(0.03)
    chosen = SlotSpec(values={"lr": before}, strategies=(), seeds=(1,))
    proposal = Proposal(slot=0, spec=chosen, role=Role.BASELINE)
    run = Run(number=1, block=1, batch=1, proposal=proposal, identity="1", state=RunState.DONE)
    for seed in range(5):
        reached = [move.values["lr"] for move in islice(steps(run, spec, Random(seed)), 100)]
        others = [parameter.sample(Random(place)) for place in range(100)]
        for after in (*reached[:10], *others, before, 5.0, "off"):
            found = leads(before, after, "lr", spec, Random(seed), within=100)
            assert found == (after in reached)
