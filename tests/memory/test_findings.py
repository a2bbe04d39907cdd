"""Findings: planted effects are said, noise is not, and a single replicate says nothing."""

from pathlib import Path
from random import Random

import pytest
from made_up_history import METRICS, explored, run, slot, spec

from blocks.run import FailureKind, Run
from memory.findings import PER_TOPIC, findings
from memory.past import Past
from memory.samples import Samples, noise_of
from memory.statements import Statement, show_runs


def _about(subject: str, runs: list[Run], *, objective: str = "gain") -> list[Statement]:
    statements = findings(spec(objective=objective), runs, metrics=METRICS)
    return [s for s in statements if s.subject == subject and s.kind == "comparison"]


def _noisy(level: float, rng: Random, n: int = 3) -> list[float]:
    return [level + rng.gauss(0, 0.01) for _ in range(n)]


def test_what_a_history_holds_is_said_with_its_evidence(tmp_path: Path) -> None:
    with explored(tmp_path, blocks=2) as store:
        statements = findings(spec(), store.runs("made_up"), metrics=METRICS)
    noise = statements[0]
    assert (noise.kind, noise.topic, noise.n_replicates) == ("noise", "Signal", 42)
    said = {s.text: s for s in statements}
    best = said["time_step 32 beats 4."]
    assert (best.topic, best.better, best.other, best.exceeds_noise) == ("Time step", 32, 4, True)
    assert (best.runs, best.n_pairs, best.n_replicates) == ((1, 3, 9, 11), 2, 12)
    assert best.evidence.startswith("[2 pairs, +0.396 (")
    residual = said["residual helps."]
    assert (residual.topic, residual.better, residual.n_pairs) == ("Strategies", "on", 7)
    assert residual.interval is not None
    assert residual.interval[0] < 0.4 < residual.interval[1]
    assert "lr_node_homeo between 1e-3 and 0.03: no direction shown." in said
    assert said["lr_node_homeo >= 0.1: 2 of 2 runs failed (2 diverged); elsewhere 0 of 14."].runs == (8, 16)
    assert {s.status for s in statements} == {"tentative"}


def test_a_single_replicate_is_no_evidence_and_is_said_to_be_left_out() -> None:
    rng = Random(1)
    lone = [run(1, slot(4), gains=[0.1]), run(2, slot(32), gains=[0.9, None, None])]
    assert findings(spec(), lone, metrics=METRICS) == []
    more = [*lone, run(3, slot(16), gains=_noisy(0.5, rng)), run(4, slot(64), gains=_noisy(0.7, rng))]
    statements = findings(spec(), more, metrics=METRICS)
    assert "for want of 2 finite replicates: r1 r2." in statements[0].text
    assert {number for s in statements for number in s.runs} == {3, 4}


def test_runs_that_differ_in_two_things_are_not_compared() -> None:
    rng = Random(1)
    runs = [
        run(1, slot(4), gains=_noisy(0.1, rng)),
        run(2, slot(32, lr_node_homeo=0.02), gains=_noisy(0.9, rng)),
        run(3, slot(4, strategies=["rollout"], lr_node_homeo=0.02), gains=_noisy(0.9, rng)),
    ]
    assert [s.kind for s in findings(spec(), runs, metrics=METRICS)] == ["noise"]


def test_runs_on_different_data_are_not_compared() -> None:
    rng = Random(1)
    there = run(2, slot(32), gains=_noisy(0.9, rng)).model_copy(update={"dataset": "other"})
    assert _about("time_step", [run(1, slot(4), gains=_noisy(0.1, rng)), there]) == []


def test_less_is_better_where_the_objective_is_minimised() -> None:
    rng = Random(1)
    runs = [
        run(1, slot(4), gains=_noisy(0.9, rng), metric="misfit"),
        run(2, slot(32), gains=_noisy(0.1, rng), metric="misfit"),
    ]
    (statement,) = _about("time_step", runs, objective="misfit")
    assert (statement.text, statement.better) == ("time_step 32 beats 4.", 32)
    assert statement.effect == pytest.approx(-0.8, abs=0.05)


def test_a_number_is_judged_by_its_direction_over_neighbouring_values() -> None:
    rng = Random(1)
    runs = [
        run(10 * i + j, slot(ts, lr_node_homeo=rate), gains=_noisy(0.1 + 0.2 * j, rng))
        for i, ts in enumerate((4, 32))
        for j, rate in enumerate((1e-3, 1e-2, 1e-1), start=1)
    ]
    (statement,) = _about("lr_node_homeo", runs)
    assert statement.text == "Higher lr_node_homeo beats lower, between 1e-3 and 0.1."
    assert (statement.n_pairs, statement.better) == (4, "higher")
    assert statement.interval is not None
    assert statement.interval[0] < 0.2 < statement.interval[1]


def test_a_strategy_is_compared_with_its_own_options_and_they_only_while_it_is_on() -> None:
    rng = Random(1)
    with_it = ("contrastive", "rollout")
    runs = [
        run(1, slot(4, strategies=["rollout"]), gains=_noisy(0.1, rng)),
        run(2, slot(4, strategies=with_it, **{"contrastive.weight": 0.3}), gains=_noisy(0.5, rng)),
        run(3, slot(4, strategies=with_it, **{"contrastive.weight": 0.1}), gains=_noisy(0.8, rng)),
        run(4, slot(4, strategies=["rollout"], **{"contrastive.weight": 0.9}), gains=_noisy(0.1, rng)),
    ]
    (strategy,) = _about("contrastive", runs)
    assert (strategy.text, strategy.n_pairs, strategy.n_replicates) == ("contrastive helps.", 2, 12)
    (option,) = _about("contrastive.weight", runs)
    assert (option.runs, option.better) == ((2, 3), 0.1)


def test_a_reused_result_counts_once() -> None:
    rng = Random(1)
    runs = [run(1, slot(4), gains=_noisy(0.1, rng)), run(2, slot(32), gains=_noisy(0.5, rng))]
    again = runs[1].model_copy(update={"number": 3})
    assert findings(spec(), [*runs, again], metrics=METRICS) == findings(spec(), runs, metrics=METRICS)


def test_equal_slots_under_other_seeds_are_pooled() -> None:
    rng = Random(1)
    first = run(1, slot(4), gains=_noisy(0.1, rng))
    second = run(2, slot(4, seeds=(7, 8, 9)), gains=_noisy(0.1, rng))
    samples = Past([first, second]).derive(Samples, "gain")
    (sample,), left_out = samples, samples.left_out
    assert (sample.runs, len(sample.objective), left_out) == ((1, 2), 6, [])


def test_failures_mark_the_values_at_which_they_cluster() -> None:
    rng = Random(1)
    runs = [
        run(i, slot(ts, strategies=["rollout"]), gains=_noisy(0.1, rng))
        for i, ts in enumerate((4, 16, 32), 1)
    ]
    runs += [run(i, slot(64, lr_node_homeo=0.001 * i), failed=FailureKind.DIVERGED) for i in (4, 5)]
    runs += [run(6, slot(16, strategies=["rollout"]), failed=FailureKind.CRASHED)]
    said = [s.text for s in findings(spec(), runs, metrics=METRICS) if s.kind == "failure"]
    assert "time_step 64: 2 of 2 runs failed (2 diverged); elsewhere 0 of 4." in said
    assert "amplification on: 2 of 2 runs failed (2 diverged); elsewhere 0 of 4." in said
    assert not any("crashed" in text for text in said)


def test_of_comparisons_without_an_effect_about_one_in_twenty_exceeds_the_noise() -> None:
    rng, exceeding, n = Random(5), 0, 1000
    for _ in range(n):
        runs = [run(i, slot(ts), gains=_noisy(0.5, rng)) for i, ts in enumerate((4, 32), 1)]
        (statement,) = _about("time_step", runs)
        exceeding += statement.exceeds_noise
        assert (statement.better is not None) == statement.exceeds_noise
    assert 0.02 < exceeding / n < 0.08


def test_the_noise_floor_is_the_spread_of_the_median_slot_whatever_one_loud_slot_does() -> None:
    runs = [
        run(1, slot(4), gains=[0.0, 2.0]),
        run(2, slot(16), gains=[1.0, 1.0, 1.0]),
        run(3, slot(32), gains=[0.0, 2000.0]),
    ]
    noise = noise_of(Past(runs).derive(Samples, "gain"))
    assert noise is not None
    assert noise.sd == pytest.approx(2**0.5)
    assert (noise.n_slots, noise.n_replicates, noise.smallest) == (3, 7, 0.0)


def test_a_heading_holds_the_strongest_statements_and_no_more() -> None:
    rng = Random(1)
    runs = [run(i, slot(i), gains=_noisy(i / 10, rng)) for i in range(1, 11)]
    told = [s for s in findings(spec(), runs, metrics=METRICS) if s.topic == "Time step"]
    assert len(told) == PER_TOPIC
    dropped = len(runs) * (len(runs) - 1) // 2 - PER_TOPIC
    assert dropped > 0
    assert all(statement.exceeds_noise for statement in told)


def test_one_loud_slot_does_not_drown_a_quiet_pair() -> None:
    rng = Random(1)
    quiet = [run(1, slot(4), gains=_noisy(0.1, rng)), run(2, slot(16), gains=_noisy(0.5, rng))]
    loud = run(3, slot(64), gains=[-30.0, 0.0, 30.0])
    told = [s.text for s in findings(spec(), [*quiet, loud], metrics=METRICS)]
    assert "time_step 16 beats 4." in told
    assert "time_step 4 or 64: no difference shown." in told


def test_what_helps_below_an_optimum_and_hurts_above_it_has_no_direction_but_its_steps_are_told() -> None:
    rng = Random(1)
    rates = {0.001: 0.2, 0.01: 0.9, 0.1: 0.1}
    runs = [
        run(i, slot(4, lr_node_homeo=rate), gains=_noisy(level, rng))
        for i, (rate, level) in enumerate(rates.items(), 1)
    ]
    told = [s.text for s in _about("lr_node_homeo", runs)]
    assert "lr_node_homeo between 1e-3 and 0.1: no direction shown." in told
    assert "lr_node_homeo 0.01 beats 1e-3." in told
    assert "lr_node_homeo 0.01 beats 0.1." in told


def test_run_numbers_are_shown_as_ranges() -> None:
    assert show_runs([3, 1, 2, 7, 9, 8, 12, 13]) == "r1-r3 r7-r9 r12 r13"
    assert show_runs(range(1, 40, 2)).endswith("r11 and 14 more")


@pytest.mark.parametrize("big", [1.9e154, 1.7e308])
def test_numbers_near_the_largest_float_are_no_error_and_hide_no_other_evidence(big: float) -> None:
    rng = Random(1)
    wild = [run(1, slot(4), gains=[big, -big, big]), run(2, slot(32), gains=[-big] * 3)]
    calm = [
        run(3 + index, slot(4, strategies=strategies, lr_node_homeo=0.02), gains=_noisy(level, rng))
        for index, (strategies, level) in enumerate(((["rollout"], 0.1), (["residual", "rollout"], 0.5)))
    ]
    said = findings(spec(), [*wild, *calm], metrics=METRICS)
    assert "residual helps." in [one.text for one in said]
