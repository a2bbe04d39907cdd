"""The screen of block 2: around a good baseline, several hyperparameters at once, and each can be told."""

from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

from agent.planner import Planner, plain_planner
from agent.planner.screening import HIGH, NEAR, RUNS_EACH
from blocks.constraints import Constraint
from blocks.exploration import ExplorationSpec, StrategyChoice
from blocks.guidance import NO_GUIDANCE, Guidance, Prior, PriorClaim
from blocks.run import Run
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import LinearParameter, share_of
from blocks.steering import read_instructions
from blocks.vocabulary import Vocabulary
from tests.agent.landscapes import METRICS, Landscape, admits, outcome, play, smooth, toy_spec

WIDE = toy_spec(
    space={
        **toy_spec().space.root,
        "decay": LinearParameter(low=0.0, high=1.0),
        "width": LinearParameter(low=0.0, high=10.0),
    },
    baseline={**toy_spec().baseline, "decay": 0.4, "width": 4.0},
)
SCREENED = ("loops", "clipping.norm", "decay", "width")
"""What the opening does not sweep."""


def good(slot: SlotSpec) -> float | None:
    """What helps lies near a baseline of 0.7."""
    return 0.5 + 0.2 * float(slot.values["decay"]) + 0.02 * (10 - float(slot.values["width"]))


def hybrid() -> Planner:
    return plain_planner("hybrid", admits=admits)


def screened(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.proposal.reason.startswith("screens")]


def test_around_a_good_baseline_block_2_sets_everything_high_or_low_at_once() -> None:
    runs = play(hybrid(), WIDE, blocks=3, landscape=good)
    screen = screened(runs)
    assert {run.block for run in screen} == {2}
    assert 6 <= len(screen) <= 7  # one slot of the second batch digs, and nothing is run twice
    tunable = WIDE.space.tunable
    for run in screen:
        source = run.proposal.spec
        home = next(one for one in runs if one.number == run.proposal.parent)
        assert home.proposal.role is Role.BASELINE
        assert home.proposal.slot == run.proposal.slot
        assert source.strategies == home.proposal.spec.strategies
        assert source.values["lr"] == home.proposal.spec.values["lr"]
        for name in ("loops", "decay", "width"):
            share = share_of(tunable[name], source.values[name])
            assert min(abs(share - HIGH), abs(share - (1 - HIGH))) < 0.01
        assert source.values["clipping.norm"] in (0.1, 10.0)


def test_every_effect_can_be_told_from_the_first_batch_on() -> None:
    for seed in range(5):
        runs = screened(play(hybrid(), WIDE.model_copy(update={"seed": seed}), blocks=2, landscape=good))
        for batch in (runs[:4], runs):
            levels = np.array(
                [
                    [
                        float(share_of(WIDE.space.tunable[n], r.proposal.spec.values[n]) > 0.5) * 2 - 1
                        for n in SCREENED
                    ]
                    for r in batch
                ]
            )
            assert np.linalg.matrix_rank(levels) == len(SCREENED)


def test_after_the_first_batch_the_slot_of_the_best_run_digs_where_the_model_points() -> None:
    runs = play(hybrid(), WIDE, blocks=2, landscape=good)
    second = [run for run in runs if (run.block, run.batch) == (2, 2)]
    (digging,) = (run for run in second if run.proposal.role is Role.EXPLOIT)
    before = max(runs[: second[0].number - 1], key=lambda run: median(run.values_of("gain")))
    assert digging.proposal.slot == before.proposal.slot
    assert digging.proposal.reason.startswith("the model expects")


@pytest.mark.parametrize(
    "landscape",
    [smooth, lambda slot: (good(slot) or 0.0) * 0.9 * NEAR / 0.7, lambda _: None],
    ids=["a baseline near zero", "one just below half-way", "one that fails"],
)
def test_a_baseline_far_from_what_is_wanted_is_not_screened_around(landscape: Landscape) -> None:
    assert not screened(play(hybrid(), WIDE, blocks=3, landscape=landscape))


def test_an_objective_without_a_perfect_value_says_nothing_of_near_and_far() -> None:
    metrics = {"gain": METRICS["gain"].model_copy(update={"target": None})}
    runs = play(hybrid(), WIDE, blocks=1, landscape=good)
    assert not [
        one
        for one in hybrid().propose(WIDE, runs, block=2, batch=1, metrics=metrics)
        if one.reason.startswith("screens")
    ]


def test_a_slot_whose_baseline_failed_is_not_screened_and_the_others_are() -> None:
    def not_so_long(slot: SlotSpec) -> float | None:
        return None if slot.values["time_step"] == 64 else good(slot)

    runs = play(hybrid(), WIDE, blocks=2, landscape=not_so_long)
    steps = [run.proposal.spec.values["time_step"] for run in screened(runs)]
    assert 64 in [run.proposal.spec.values["time_step"] for run in runs if run.block == 2]
    assert 64 not in steps
    assert len(steps) >= 5


def test_what_prior_knowledge_speaks_against_stays_as_the_baseline_has_it() -> None:
    chosen = [
        {one.spec.values["width"] for one in second_block(guidance)}
        for guidance in (NO_GUIDANCE, at_most(5.0))
    ]
    assert chosen == [{1.5, 8.5}, {1.5, 4.0}]


def told(*lines: str) -> Guidance:
    asked = [one for line in lines for one in read_instructions(line, Vocabulary(WIDE))]
    return Guidance(constraints=tuple(one for one in asked if isinstance(one, Constraint)))


def at_most(width: float) -> Guidance:
    claim = PriorClaim(kind="at most", subject="width", direction="prefer", value=width)
    return Guidance(priors=(Prior(text=f"width at most {width}", source="seed.md:1", claim=claim),))


def second_block(guidance: Guidance, spec: ExplorationSpec = WIDE) -> list[Proposal]:
    runs = play(hybrid(), spec, blocks=1, landscape=good)
    return hybrid().propose(spec, runs, block=2, batch=1, metrics=METRICS, guidance=guidance)


def test_a_prior_that_the_baseline_breaks_keeps_the_others_screened() -> None:
    for one in second_block(at_most(3.0)):
        assert one.reason.startswith("screens")
        assert one.spec.values["decay"] != WIDE.baseline["decay"]
        assert one.spec.values["width"] in (1.5, 4.0)


@pytest.mark.parametrize(
    ("line", "obeys"),
    [
        ("avoid clipping", lambda slot: "clipping" not in slot.strategies),
        ("keep loops > 200", lambda slot: slot.values["loops"] > 200),
        ("fix decay=0.7", lambda slot: slot.values["decay"] == 0.7),
        ("avoid lr=0.01", lambda slot: slot.values["lr"] != 0.01),
        ("avoid width=4", lambda slot: slot.values["width"] != 4.0),
    ],
)
def test_what_a_human_asks_for_after_the_opening_is_screened_around(
    line: str, obeys: Callable[[SlotSpec], bool]
) -> None:
    proposed = second_block(told(line))
    assert len(proposed) == 4
    for one in proposed:
        assert one.reason.startswith("screens")
        assert obeys(one.spec)
        assert "clipping.norm" not in one.change or "clipping" in one.spec.strategies


def test_nothing_to_screen_is_no_error() -> None:
    fixed = told("fix loops=100", "fix clipping.norm=1", "fix decay=0.4", "fix width=4")
    assert not any(one.reason.startswith("screens") for one in second_block(fixed))


def test_what_a_short_opening_did_not_sweep_is_screened_too_but_never_more_than_the_block_has_runs() -> None:
    short = WIDE.model_copy(update={"block": WIDE.block.model_copy(update={"batches": 1})})
    assert not any(one.reason.startswith("screens") for one in second_block(NO_GUIDANCE, short))
    for one in second_block(told("fix width=4"), short):
        assert one.reason.startswith("screens 4 hyperparameters")
        assert "lr 0.01 -> " in one.change


def test_even_a_single_hyperparameter_goes_both_ways() -> None:
    for seed in range(8):
        spec = toy_spec(seed=seed, strategies=StrategyChoice(baseline=("rollout",), open=("residual",)))
        runs = screened(play(hybrid(), spec, blocks=2, landscape=lambda _: 0.7))
        assert {float(run.proposal.spec.values["loops"]) > 100 for run in runs} == {True, False}


def test_the_screen_ends_after_two_runs_for_each_hyperparameter() -> None:
    runs = play(hybrid(), toy_spec(), blocks=2, landscape=lambda _: 0.7)
    assert [run.batch for run in screened(runs)] == [1] * RUNS_EACH * 2


def test_the_screen_of_a_batch_depends_on_the_runs_before_it_alone() -> None:
    runs = play(hybrid(), WIDE, blocks=2, landscape=good)
    before = [run for run in runs if (run.block, run.batch) < (2, 2)]
    again = hybrid().propose(WIDE, before, block=2, batch=2, metrics=METRICS)
    assert [outcome(len(before) + 1 + k, one, 2, 2, good) for k, one in enumerate(again)] == runs[
        len(before) :
    ]
