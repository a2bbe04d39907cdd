"""A working memory does not contradict itself: what is told is merged, withdrawn or kept, never both ways."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_history import METRICS, TIME_STEPS, run, slot, spec

from blocks.run import FailureKind, Run
from memory.compaction import compacted
from memory.contradictions import contradictions, opposes, void_contradictions
from memory.entries import Entry, Slope, Status, entries_of, known_by
from memory.findings import findings

VALUES = (4, 16, 32, 64)


def beats(
    better: object, other: object, *, status: Status = "tentative", runs: tuple[int, ...] = ()
) -> Entry:
    return Entry.model_validate(
        {
            "key": known_by("better", "time_step", str(better), str(other)),
            "topic": "Time step",
            "text": f"time_step {better} beats {other}.",
            "evidence": "[2 pairs, +0.2 (+0.1, +0.3), r1 r2]",
            "subject": "time_step",
            "pairs": ((better, other),),
            "status": status,
            "runs": runs,
            "n_pairs": 2,
        }
    )


def slopes(
    direction: str, low: float | None = None, high: float | None = None, *, status: Status = "tentative"
) -> Entry:
    return Entry.model_validate(
        {
            "key": known_by("effect", "lr", direction, str(low), str(high)),
            "topic": "Signal",
            "text": f"{direction} lr from {low} to {high}.",
            "subject": "lr",
            "slopes": ((direction, low, high),),
            "status": status,
            "runs": (1, 2),
            "n_pairs": 1,
        }
    )


statuses = st.sampled_from(["tentative", "established", "weakened", "refuted"])
pair_entries = st.builds(
    beats, st.sampled_from(VALUES), st.sampled_from(VALUES), status=statuses, runs=st.just((1, 2))
).filter(lambda entry: entry.pairs[0][0] != entry.pairs[0][1])
ends = st.integers(1, 9).map(float) | st.none()
slope_entries = st.builds(slopes, st.sampled_from(["higher", "lower"]), ends, ends, status=statuses).filter(
    lambda entry: entry.slopes[0].start < entry.slopes[0].end
)


def test_opposite_directions_on_overlapping_ranges_are_found() -> None:
    rising, falling = slopes("higher", 1, 5), slopes("lower", 4, 9)
    (found,) = contradictions([rising, falling])
    assert found.why == "they claim opposite directions"
    assert contradictions([rising, slopes("lower", 5, 9)]) == []
    assert contradictions([rising, slopes("lower", 4, 9, status="refuted")]) == []


def test_a_chain_of_values_contradicts_what_closes_it_to_a_circle() -> None:
    chain = beats(32, 16).model_copy(update={"pairs": ((32, 16), (16, 4))})
    assert contradictions([chain, beats(4, 32)])
    assert not contradictions([chain, beats(32, 4)])


def test_a_pair_of_numbers_contradicts_a_direction_that_covers_it() -> None:
    falling = beats(4, 32).model_copy(update={"subject": "lr"})
    assert opposes(falling, slopes("higher", 1, 64))
    assert not opposes(falling, slopes("higher", 8, 64))


def test_a_statement_is_not_both_established_and_given_up() -> None:
    kept, lost = beats(32, 4, status="established"), beats(32, 4, status="refuted")
    assert contradictions([kept, lost])
    assert not contradictions([kept, beats(4, 32, status="refuted")])


def test_a_condition_parts_what_would_contradict() -> None:
    here = beats(32, 4).model_copy(update={"condition": (("lr", 0.01),)})
    there = beats(4, 32).model_copy(update={"condition": (("lr", 0.1),)})
    assert contradictions([here, there]) == []
    assert contradictions([here, beats(4, 32)])


def test_what_makes_no_difference_is_not_better() -> None:
    flat = Entry(key="equal", topic="", text="", subject="time_step", equal=(("32", "4"),))
    assert contradictions([flat, beats(4, 32)])
    assert not contradictions([flat, beats(4, 16)])


def test_neither_the_best_run_nor_a_statement_rests_on_void_runs() -> None:
    said = void_contradictions([beats(32, 4, runs=(3, 4))], best=7, void={4, 7})
    assert said == ["run 7 is called best, but is void", "'time_step 32 beats 4.' rests on void runs 4"]
    assert void_contradictions([beats(32, 4, status="refuted", runs=(4,))], best=8, void={4, 7}) == []


@given(entries=st.lists(pair_entries | slope_entries, max_size=12, unique_by=lambda entry: entry.key))
def test_no_document_made_of_any_statements_contradicts_itself(entries: list[Entry]) -> None:
    made = compacted(entries)
    assert contradictions(made) == []
    assert {entry.subject for entry in made if entry.asserted} <= {e.subject for e in entries if e.asserted}
    assert {run for entry in made for run in entry.runs} <= {run for entry in entries for run in entry.runs}


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), flip=st.booleans())
def test_no_history_leads_to_a_document_that_contradicts_itself(seed: int, n: int, flip: bool) -> None:
    entries = entries_of(spec(), findings(spec(), history(seed, n, flip=flip), metrics=METRICS))
    assert contradictions(compacted(entries)) == []


def history(seed: int, n: int, *, flip: bool) -> list[Run]:
    """Runs in which what is better depends on its surroundings, and turns round half-way where `flip`."""
    rng = Random(seed)
    rates, made = [round(10 ** rng.uniform(-4, -1), 5) for _ in range(6)], []
    for number in range(1, n + 1):
        time_step, rate = rng.choice(TIME_STEPS), rng.choice(rates)
        strategies = tuple(name for name in ("amplification", "residual") if rng.random() < 0.5)
        turn = -1 if flip and number > n // 2 else 1
        base = turn * (0.01 * time_step + (5 * rate if "residual" in strategies else -5 * rate))
        chosen = slot(time_step, strategies=("rollout", *strategies), lr_node_homeo=rate)
        gains = [base + rng.gauss(0, 0.01) for _ in range(3)]
        failed = FailureKind.DIVERGED if rng.random() < 0.1 else None
        one = run(number, chosen, gains=() if failed else gains, failed=failed)
        made.append(one.model_copy(update={"block": 1 + number // 8, "dataset": rng.choice("de") * 64}))
    return made


def test_pairs_of_values_become_one_ranked_line() -> None:
    (one,) = compacted(
        [beats(32, 4), beats(16, 4), beats(32, 16), beats(64, 4), beats(32, 64), beats(64, 16)]
    )
    assert one.text == "time_step best first: 32, 64, 16, 4."
    assert one.evidence == "[12 pairs, 32 over 4: +0.2 (+0.1, +0.3)]"
    assert one.key == "time_step|best|32"


def test_what_the_pairs_do_not_order_is_not_ranked() -> None:
    (one,) = compacted([beats(32, 4), beats(64, 16)])
    assert one.text == "time_step 32 beats 4; 64 beats 16."


def test_a_weaker_pair_that_closes_a_circle_is_counted_and_not_claimed() -> None:
    (one,) = compacted([beats(32, 16), beats(16, 4), beats(4, 32, runs=(8, 9))])
    assert one.text == "time_step best first: 32, 16, 4; 1 weaker result says otherwise (r8 r9)."


def test_steps_up_below_steps_down_are_a_peak() -> None:
    (one,) = compacted([slopes("higher", 1, 3), slopes("lower", 5, 9), slopes("higher", 2, 4)])
    assert (
        one.text == "lr is best from 4 to 5: higher beats lower from 1 to 4; lower beats higher from 5 to 9."
    )
    assert one.slopes == (Slope("higher", 1, 4), Slope("lower", 5, 9))


def test_steps_that_mostly_contradict_each_other_claim_no_direction() -> None:
    (one,) = compacted([slopes("higher", 1, 9), slopes("lower", 2, 8)])
    assert not one.claims
    assert "no common direction" in one.text


def test_a_part_of_a_range_goes_before_the_whole_of_it() -> None:
    whole, half = slopes("higher", status="established"), slopes("lower", 5, None, status="established")
    (one,) = compacted([whole, half])
    assert one.slopes == (Slope("higher", None, 5), Slope("lower", 5, None))
    assert one.text.startswith("lr is best near 5")


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_established_is_kept_and_what_is_tentative_against_it_is_withdrawn(order: int) -> None:
    made = compacted([beats(32, 4, status="established"), beats(4, 32, runs=(8,))][::order])
    (one,) = [entry for entry in made if entry.claims]
    assert one.status == "established"
    assert one.text == "time_step 32 beats 4; 1 weaker result says otherwise (r8)."
