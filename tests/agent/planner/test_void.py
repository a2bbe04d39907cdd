"""Planning after a retraction: void runs are forgotten, and their configurations may be tried again."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planner import UcbPlanner
from agent.planner.base import replicate_seeds
from blocks.errors import SpecError
from blocks.run import Run
from blocks.slot import Proposal, Role
from memory.past import Past, configuration
from tests.agent.landscapes import METRICS, admits, play, toy_spec

SPEC = toy_spec()
PLANNER = UcbPlanner(admits)
HISTORY = play(PLANNER, SPEC, blocks=4)


def retracted(runs: list[Run], picked: set[int]) -> list[Run]:
    """The runs with those picked and their descendants void."""
    void: set[int] = set()
    for run in runs:
        if run.number in picked or run.proposal.parent in void:
            void.add(run.number)
    return [run.model_copy(update={"void": run.number in void}) for run in runs]


def propose(history: list[Run] | Past, *, block: int = 5) -> list[Proposal] | None:
    """The next batch; None where the space is exhausted."""
    try:
        return PLANNER.propose(SPEC, history, block=block, batch=1, metrics=METRICS)
    except SpecError:
        return None


def renumbered(runs: list[Run]) -> list[Run]:
    """The runs as they would be numbered had there never been others."""
    numbers = {run.number: place for place, run in enumerate(runs, 1)}
    return [
        run.model_copy(
            update={
                "number": numbers[run.number],
                "proposal": run.proposal.model_copy(update={"parent": numbers.get(run.proposal.parent or 0)}),
            }
        )
        for run in runs
    ]


@settings(deadline=None, max_examples=25)
@given(picked=st.sets(st.integers(1, len(HISTORY))), length=st.integers(8, len(HISTORY)))
def test_void_runs_leave_no_trace_in_what_is_proposed(picked: set[int], length: int) -> None:
    history = retracted(HISTORY[:length], picked)
    kept = [run for run in history if not run.void]
    found = propose(history)
    assert found is not None
    grown = Past(HISTORY[:length])
    propose(grown)
    grown.update(history)
    assert propose(grown) == found, "a past that heard of it later"
    # Without the void runs numbers begin lower, and seeds follow numbers; nothing else may differ.
    seedless = [one.model_copy(update={"spec": one.spec.model_copy(update={"seeds": ()})}) for one in found]
    plain = propose(kept) or []
    assert seedless == [
        one.model_copy(update={"spec": one.spec.model_copy(update={"seeds": ()})}) for one in plain
    ]
    never = propose(renumbered(kept)) or []
    assert [(p.role, p.spec.values, p.spec.strategies, p.change) for p in never] == [
        (p.role, p.spec.values, p.spec.strategies, p.change) for p in found
    ]
    standing = {run.number for run in kept}
    assert all(one.parent is None or one.parent in standing for one in found)


@settings(deadline=None)
@given(st.sets(st.integers(1, len(HISTORY)), min_size=1))
def test_seeds_of_void_runs_are_not_given_again(picked: set[int]) -> None:
    history = retracted(HISTORY, picked)
    used = {seed for run in history for seed in run.proposal.spec.seeds}
    for place, one in enumerate(propose(history) or []):
        assert one.spec.seeds == replicate_seeds(SPEC, len(HISTORY) + 1 + place)
        assert not used & set(one.spec.seeds)


def test_where_all_is_void_the_search_begins_anew() -> None:
    history = retracted(HISTORY, set(range(1, len(HISTORY) + 1)))
    found = propose(history) or []
    assert [one.role for one in found] == [Role.BASELINE] * 4
    assert [one.spec.values for one in found] == [run.proposal.spec.values for run in HISTORY[:4]]


def test_a_void_configuration_may_be_tried_again() -> None:
    rng = Random(1)
    for _ in range(20):
        last = rng.choice([run for run in HISTORY if run.block == 4])
        before = [run for run in HISTORY if (run.block, run.batch) < (last.block, last.batch)]
        history = retracted(HISTORY, {run.number for run in HISTORY} - {run.number for run in before})
        again = PLANNER.propose(SPEC, history, block=last.block, batch=last.batch, metrics=METRICS)
        assert configuration(last.proposal.spec) in [configuration(one.spec) for one in again]


def test_a_sweep_has_no_void_parents() -> None:
    history = retracted(HISTORY[:4], {2})
    found = PLANNER.propose(SPEC, history, block=1, batch=2, metrics=METRICS)
    assert [one.parent for one in found] == [1, None, 3, 4]
