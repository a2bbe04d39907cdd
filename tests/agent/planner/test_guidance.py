"""Planning under steering and with prior knowledge: obeyed, ordered, and the same again as of any batch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planner import UcbPlanner
from blocks.constraints import Constraint
from blocks.guidance import NO_GUIDANCE, Guidance, Prior, PriorClaim
from blocks.run import Run
from blocks.slot import Proposal, Role
from blocks.steering import read_instructions
from blocks.vocabulary import Vocabulary
from memory.past import Past
from tests.agent.landscapes import METRICS, admits, outcome, play, smooth, toy_spec

SPEC = toy_spec()


def guided(*lines: str, priors: tuple[Prior, ...] = ()) -> Guidance:
    asked = [one for line in lines for one in read_instructions(line, Vocabulary(SPEC))]
    return Guidance(constraints=tuple(one for one in asked if isinstance(one, Constraint)), priors=priors)


def go_on(runs: list[Run], guidance: Guidance, *, blocks: range) -> list[Run]:
    """Plays blocks under guidance, from a history."""
    runs = list(runs)
    for block in blocks:
        for batch in (1, 2):
            made = UcbPlanner(admits).propose(
                SPEC, Past(runs), block=block, batch=batch, metrics=METRICS, guidance=guidance
            )
            kept = guidance.obeyed_by(made, SPEC)
            runs += [outcome(len(runs) + i, one, block, batch, smooth) for i, one in enumerate(kept, 1)]
    return runs


LINES = st.lists(
    st.sampled_from(
        ["fix time_step=32", "only time_step=4, 16", "keep lr < 0.01", "fix lr=0.003", "keep loops > 50",
         "use residual", "avoid clipping", "avoid time_step=64", "fix clipping.norm=10"]
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line.split("=")[0].split()[1],
)  # fmt: skip


@settings(max_examples=12)
@given(lines=LINES, before=st.sampled_from([0, 2]))
def test_the_tree_search_itself_obeys_every_constraint(lines: list[str], before: int) -> None:
    guidance = guided(*lines)
    known = play(UcbPlanner(admits), SPEC, blocks=before)
    for run in go_on(known, guidance, blocks=range(before + 1, before + 4))[len(known) :]:
        spec = run.proposal.spec
        assert guidance.allows(spec.values, spec.strategies)
        assert all(str(one) in run.proposal.reason for one in guidance.constraints)
        parent = (
            known[run.proposal.parent - 1]
            if run.proposal.parent and run.proposal.parent <= len(known)
            else None
        )
        if parent is not None:
            assert set(spec.differs_from(parent.proposal.spec)) <= set(run.proposal.change.split(", "))


def test_configurations_are_not_run_twice_where_a_human_fixed_what_parts_the_slots() -> None:
    runs = go_on([], guided("fix time_step=32"), blocks=range(1, 4))
    configurations = [(run.proposal.spec.values["lr"], run.proposal.spec.strategies) for run in runs[:5]]
    assert len(runs[0:1]) == 1
    assert runs[1].batch == 2  # one baseline stands for all slots
    assert len(set(configurations)) == 5
    assert all(run.proposal.parent == 1 for run in runs[1:5])


def test_without_guidance_nothing_is_planned_otherwise() -> None:
    runs = play(UcbPlanner(admits), SPEC, blocks=2)
    place = {"block": 3, "batch": 1, "metrics": METRICS}
    plain = UcbPlanner(admits).propose(SPEC, runs, **place)
    assert UcbPlanner(admits).propose(SPEC, runs, guidance=NO_GUIDANCE, **place) == plain
    assert NO_GUIDANCE.obeyed_by(plain, SPEC) == plain


def prior(subject: str, kind: str, value: object = None, direction: str = "prefer") -> Prior:
    claim = PriorClaim.model_validate(
        {"direction": direction, "subject": subject, "kind": kind, "value": value}
    )
    return Prior(text=f"{direction} {subject}", source="seed.md:7", claim=claim)


def proposals(*priors: Prior, block: int = 2) -> list[Proposal]:
    """Those of both batches of a block after one block of history."""
    runs = go_on(play(UcbPlanner(admits), SPEC, blocks=1), guided(priors=priors), blocks=range(2, block + 1))
    return [run.proposal for run in runs if run.block == block]


def first_tried(made: list[Proposal]) -> str:
    """The open strategy that the first slot with the role explore turns on."""
    return next(one.change for one in made if one.role is Role.EXPLORE and one.change.startswith("with "))


def test_a_strategy_that_a_prior_recommends_is_explored_first_and_one_it_warns_of_last() -> None:
    assert first_tried(proposals(prior("contrastive", "strategy"))) == "with contrastive"
    assert first_tried(proposals(prior("residual", "strategy"))) == "with residual"
    assert first_tried(proposals(prior("residual", "strategy", direction="avoid"))) == "with contrastive"
    made = proposals(prior("contrastive", "strategy"))
    told = next(one.reason for one in made if one.role is Role.EXPLORE)
    assert told.endswith("prior: prefer contrastive (seed.md:7)")


def test_a_prior_that_the_plan_rests_on_is_put_to_the_test() -> None:
    made = proposals(prior("clipping", "strategy"))
    tests = [one for one in made if one.role is Role.PRINCIPLE_TEST]
    assert tests[0].change == "without clipping"
    assert 'tests "prior prefer clipping (seed.md:7)"' in tests[0].reason


@pytest.mark.parametrize("block", [2, 3])
def test_numbers_stay_where_a_prior_says_as_long_as_there_is_anything_else(block: int) -> None:
    above = prior("lr", "at least", 0.05, direction="avoid")
    made = [one for one in proposals(above, block=block) if one.role is Role.EXPLOIT and "lr" in one.change]
    assert all(float(one.spec.values["lr"]) < 0.05 for one in made if "brought" not in one.reason)


def test_guidance_is_part_of_what_planning_is_a_function_of() -> None:
    guidance = guided("keep lr < 0.01", priors=(prior("contrastive", "strategy"),))
    runs = go_on(play(UcbPlanner(admits), SPEC, blocks=1), guidance, blocks=range(2, 4))
    known = [run for run in runs if run.block < 3]
    assert go_on(known, guidance, blocks=range(3, 4)) == runs
    assert Guidance.model_validate_json(guidance.model_dump_json()) == guidance
