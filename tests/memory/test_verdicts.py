"""Statuses: what is established holds on more than one network, and what is contradicted is given up."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_history import METRICS, new_store, run, slot, spec

from blocks.run import FailureKind, Run, RunState
from blocks.slot import Proposal
from blocks.stopping import StopRule
from memory.findings import findings
from memory.moving import EVERY_BLOCK, GROWTH, GROWTH_OF_LONG, LONG, moves_for_good
from memory.past import Past
from memory.statements import Statement, contrary, judged, undirected

HELPS = ("effect", "residual", "on")
HURTS = ("effect", "residual", "off")


def pairs(
    number: int,
    effect: float,
    rng: Random,
    *,
    network: str,
    block: int,
    n: int = 4,
    n_replicates: int = 3,
    metric: str = "gain",
) -> list[Run]:
    """Pairs of runs without and with `residual`, in surroundings of their own."""
    made = []
    for index in range(n):
        rate, shift = rng.uniform(1e-4, 1e-1), rng.gauss(0, 1)
        for added, strategies in ((0.0, ("rollout",)), (effect, ("residual", "rollout"))):
            seeds = tuple(rng.sample(range(10**6), n_replicates))
            chosen = slot(4, strategies=strategies, seeds=seeds, lr_node_homeo=rate)
            gains = [shift + added + rng.gauss(0, 0.1) for _ in seeds]
            one = run(number + len(made), chosen, gains=gains, metric=metric)
            made.append(one.model_copy(update={"dataset": network, "block": block, "batch": 1 + index // 2}))
    return made


def history(*effects: tuple[str, float], seed: int = 1, n: int = 4, metric: str = "gain") -> list[Run]:
    """A block of pairs for each network and effect."""
    rng, made = Random(seed), list[Run]()
    for block, (network, effect) in enumerate(effects, 1):
        made += pairs(len(made) + 1, effect, rng, network=network, block=block, n=n, metric=metric)
    return made


def told(runs: list[Run] | Past, *, objective: str = "gain") -> Mapping[tuple[str, ...], Statement]:
    return {one.key: one for one in findings(spec(objective=objective), runs, metrics=METRICS)}


def test_an_effect_on_two_networks_is_established_and_says_since_when() -> None:
    runs = history(("one", 0.3), ("two", 0.3), ("two", 0.3))
    first, second, third = (told([one for one in runs if one.block <= block])[HELPS] for block in (1, 2, 3))
    assert (first.status, first.networks) == ("tentative", 1)
    assert (second.status, second.networks, second.since) == ("established", 2, 2)
    assert (third.status, third.since, third.better) == ("established", 2, "on")
    assert third.q is not None
    assert third.interval is not None
    assert third.q <= 0.05
    assert third.interval[0] < 0.3 < third.interval[1]
    assert third.evidence.startswith("[12 pairs, +0.")
    assert "2 networks, q < 0.001, since block 2" in third.evidence


def test_one_network_never_establishes_anything_however_clear_it_is() -> None:
    said = told(history(*[("one", 1.0)] * 6))[HELPS]
    assert said.status == "tentative"
    assert said.evidence.endswith("significant on one network]")


def test_a_network_that_shows_nothing_by_itself_is_no_second_one() -> None:
    runs = history(("one", 1.0), ("one", 1.0)) + [
        one.model_copy(update={"number": 100 + one.number, "identity": f"x{one.number}", "block": 3})
        for one in history(("two", 0.0), seed=4)
    ]
    assert told(runs)[HELPS].status == "tentative"


def test_what_is_contradicted_is_weakened_and_then_refuted_and_names_its_successor() -> None:
    effects = [(network, 0.3) for network in ("one", "two")] + [(n, -0.3) for n in ("one", "two") * 9]
    runs = history(*effects)
    path, past = [], Past()
    for block in range(1, len(effects) + 1):
        past.update(one for one in runs if one.block == block)
        path.append(told(past)[HELPS].status if HELPS in told(past) else "tentative")
    assert list(dict.fromkeys(path)) == ["tentative", "established", "weakened", "refuted"]
    said = told(past)
    assert said[HURTS].status == "established"
    assert said[HURTS].supersedes == (HELPS,)
    assert said[HELPS].superseded_by == HURTS


def test_statements_as_of_a_block_are_those_of_a_past_that_grew_to_it() -> None:
    runs = history(("one", 0.3), ("two", 0.3), ("one", -0.2), ("three", -0.3))
    grown = Past()
    for block in range(1, 5):
        for one in (one for one in runs if one.block == block):
            grown.update([one])
            findings(spec(), grown, metrics=METRICS)  # a look within a block leaves no trace
        until = [one for one in runs if one.block <= block]
        assert findings(spec(), grown, metrics=METRICS) == findings(spec(), until, metrics=METRICS)


def test_in_a_long_history_a_status_does_not_depend_on_when_it_was_asked_for() -> None:
    effects = [("one", 0.2), ("two", 0.2)] + [(name, -0.1) for name in ("one", "two", "three") * 3]
    runs = history(*effects, n=32)
    assert len(runs) > EVERY_BLOCK * GROWTH  # beyond what is kept at every block, and one look further
    grown, seen = Past(), list[str]()
    for block in range(1, len(effects) + 1):
        grown.update(one for one in runs if one.block == block)
        if len(grown) < EVERY_BLOCK and block % 3 != 2:
            continue  # nobody asks
        said = findings(spec(), grown, metrics=METRICS)
        assert said == findings(spec(), [one for one in runs if one.block <= block], metrics=METRICS)
        seen += [one.status for one in said if one.key == HELPS]
    assert seen[0] == "established"
    assert seen[-1] == "refuted"


def test_kept_looks_are_at_every_block_first_and_grow_rarer() -> None:
    kept = [0]
    for n in range(8, 10_001, 8):
        if moves_for_good(n, kept[-1]):
            kept.append(n)
    every = EVERY_BLOCK // 8
    assert kept[: every + 1] == list(range(0, EVERY_BLOCK + 1, 8))
    for before, n in pairwise(kept[every:]):
        growth = GROWTH if before < LONG else GROWTH_OF_LONG
        assert growth * before <= n < growth * before + 8
    assert kept[-1] == 9_000


def test_a_second_network_that_comes_late_moves_statuses_as_soon_as_it_is_there() -> None:
    runs = history(("one", 0.3), ("one", 0.3), ("one", 0.3), ("two", 0.3), ("two", 0.3))
    before = told([one for one in runs if one.block <= 3])[HELPS]
    assert (before.status, before.networks) == ("tentative", 1)
    assert (told(runs)[HELPS].status, told(runs)[HELPS].since) == ("established", 4)


def test_what_makes_no_difference_is_established_as_that() -> None:
    runs = history(*[(network, 0.0) for network in ("one", "two")] * 4)
    said = told(runs)["equal", "residual"]
    assert (said.status, said.kind, said.better) == ("established", "equivalence", None)
    assert said.margin is not None
    assert 0.05 < said.margin < 0.2
    assert said.text.startswith("residual on or off: no difference above 0.")


@pytest.mark.parametrize(("peak", "status"), [(0.0, "established"), (0.3, "tentative")])
def test_a_number_makes_no_difference_over_a_range_whose_ends_and_middle_are_alike(
    peak: float, status: str
) -> None:
    rng, made = Random(5), list[Run]()
    for block, network in enumerate(("one", "two") * 2, 1):
        for chain in range(10):
            for rate, added in ((2e-4, 0.0), (2e-3, peak), (5e-3, peak), (5e-2, 0.0)):
                gains = [added + rng.gauss(0, 0.1) for _ in range(3)]
                chosen = slot(4, lr_node_homeo=rate, batch_size=block * 10 + chain)
                one = run(len(made) + 1, chosen, gains=gains)
                made.append(one.model_copy(update={"dataset": network, "block": block}))
    found = told(made).get(("equal", "lr_node_homeo"))
    assert (found.status if found is not None else "tentative") == status
    if found is not None:
        assert found.text.startswith("lr_node_homeo between 2e-4 and 0.05: no difference above 0.")
        assert not [one for one in told(made).values() if "no direction" in one.text and "lr_" in one.text]


def test_pairs_that_share_a_run_count_as_one_however_many_there_are() -> None:
    rng = Random(3)
    made: list[Run] = []
    for network in ("one", "two"):
        # One lucky baseline, held against many runs whose option of the strategy differs.
        luck = [0.35, 0.3, 0.4]
        made.append(run(len(made) + 1, slot(4, strategies=["rollout"]), gains=luck))
        for weight in range(1, 13):
            chosen = slot(4, strategies=["residual", "rollout"], **{"residual.weight": float(weight)})
            gains = [rng.gauss(0, 0.2) for _ in range(3)]
            made.append(run(len(made) + 1, chosen, gains=gains))
        made[-13:] = [one.model_copy(update={"dataset": network}) for one in made[-13:]]
    said = told(made)[HURTS]
    assert said.n_pairs == 24
    assert said.status == "tentative"


def test_a_parent_that_was_chosen_for_its_luck_does_not_make_its_changes_look_bad() -> None:
    wrong = 0
    for seed in range(8):
        rng, made = Random(seed), list[Run]()
        for network in ("one", "two"):
            for block in range(1, 13):
                best = max(
                    (one for one in made if one.dataset == network),
                    key=lambda one: sorted(one.values_of("gain"))[1],
                    default=None,
                )
                for _ in range(6):
                    strategies = ("residual", "rollout") if best is None else ("rollout",)
                    chosen = slot(4, strategies=strategies, lr_node_homeo=rng.uniform(1e-4, 1e-1))
                    if best is not None:
                        rate = best.proposal.spec.values["lr_node_homeo"]
                        chosen = slot(4, strategies=strategies, lr_node_homeo=rate)
                        best = None
                    one = run(len(made) + 1, chosen, gains=[rng.gauss(0, 1) for _ in range(3)])
                    made.append(one.model_copy(update={"dataset": network, "block": block}))
        said = told(made).get(HELPS)
        assert said is not None
        wrong += said.status != "tentative" or "significant" in said.evidence
    assert wrong == 0


def test_a_strategy_that_is_often_tried_where_runs_fail_is_not_blamed_for_it() -> None:
    rng, made = Random(2), list[Run]()
    for network in ("one", "two"):
        for index in range(14):
            rate, strategies = (0.08, ("residual", "rollout")) if index % 2 else (0.001, ("rollout",))
            for moved in (rate, 0.09 - rate):
                chosen = slot(
                    (4, 16, 32, 64)[index % 4], strategies=strategies, lr_node_homeo=moved + index * 1e-5
                )
                fails = moved > 0.05
                gains = [] if fails else [rng.gauss(0, 0.1) for _ in range(3)]
                one = run(len(made) + 1, chosen, gains=gains, failed=FailureKind.DIVERGED if fails else None)
                made.append(one.model_copy(update={"dataset": network, "block": 1 + index // 4}))
    said = told(made)
    region = said["fails", "lr_node_homeo", "above"]
    assert (region.status, region.networks) == ("established", 2)
    assert "fails where lower does not" in region.text
    assert not [
        one for one in said.values() if one.kind == "failure" and one.subject == "residual" and one.since
    ]


@pytest.mark.parametrize("everywhere", [False, True])
def test_failures_that_take_two_factors_are_told_as_such_and_others_are_not(everywhere: bool) -> None:
    rng, made = Random(2), list[Run]()
    for network in ("one", "two"):
        for index in range(8):
            for step in (16, 64):
                for rate in (0.01 + index * 1e-4, 0.08 + index * 1e-4):
                    fails = rate > 0.03 and (step == 64 or everywhere)
                    gains = [] if fails else [rng.gauss(0, 0.1) for _ in range(3)]
                    kind = FailureKind.DIVERGED if fails else None
                    chosen = slot(step, lr_node_homeo=rate, batch_size=10 + index)
                    one = run(len(made) + 1, chosen, gains=gains, failed=kind)
                    made.append(one.model_copy(update={"dataset": network, "block": 1 + index // 4}))
    said = told(made)
    both = said.get(("fails", "lr_node_homeo", "above", "time_step 64"))
    single = said["fails", "lr_node_homeo", "above"]
    if everywhere:
        assert both is None
        assert (single.status, single.superseded_by) == ("established", None)
    else:
        assert both is not None
        assert (both.status, both.networks) == ("established", 2)
        assert both.text == (
            "lr_node_homeo >= 0.08 fails at time_step 64, where lower, or another time_step, does not."
        )
        assert both.evidence.startswith("[16 of 16 pairs with one failure, 2 networks, q 0.007")
        assert single.superseded_by == both.key


def test_two_strategies_that_only_work_together_are_an_interaction() -> None:
    rng, made = Random(1), list[Run]()
    for block, network in enumerate(("one", "two") * 2, 1):
        for _ in range(4):
            rate = rng.uniform(1e-4, 1e-1)
            for on in ((), ("residual",), ("amplification",), ("amplification", "residual")):
                chosen = slot(4, strategies=("rollout", *on), lr_node_homeo=rate)
                gains = [0.5 * (len(on) == 2) + rng.gauss(0, 0.1) for _ in range(3)]
                one = run(len(made) + 1, chosen, gains=gains)
                made.append(one.model_copy(update={"dataset": network, "block": block}))
    said = told(made)["together", "amplification", "residual", "more"]
    assert (said.kind, said.status) == ("interaction", "established")
    assert said.effect == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("depends", [0.5, -0.5, 0.0])
def test_an_effect_that_depends_on_a_value_is_an_interaction_and_one_that_does_not_is_none(
    depends: float,
) -> None:
    rng, made = Random(1), list[Run]()
    for block, network in enumerate(("one", "two") * 2, 1):
        for _ in range(4):
            rate = rng.uniform(1e-4, 1e-1)
            for on, step in ((False, 4), (True, 4), (False, 64), (True, 64)):
                chosen = slot(step, strategies=("rollout", *(["residual"] * on)), lr_node_homeo=rate)
                level = 0.3 * on + 0.2 * (step == 64) + depends * (on and step == 64)
                one = run(len(made) + 1, chosen, gains=[level + rng.gauss(0, 0.1) for _ in range(3)])
                made.append(one.model_copy(update={"dataset": network, "block": block}))
    said = {key: one for key, one in told(made).items() if key[0] == "crossed"}
    if not depends:
        assert said == {}
        return
    way, where = ("more", "higher") if depends > 0 else ("less", "lower")
    (key, one), *others = said.items()
    assert (key, others) == (("crossed", "residual", "time_step", way), [])
    assert (one.kind, one.status, one.topic) == ("interaction", "established", "Strategies")
    assert one.text == f"residual gains more at {where} time_step, between 4 and 64."
    assert one.evidence.startswith("[16 squares, +0.")
    assert one.effect == pytest.approx(0.5, abs=0.15)


def test_two_numbers_that_only_help_together_are_an_interaction() -> None:
    rng, made = Random(1), list[Run]()
    for block, network in enumerate(("one", "two") * 2, 1):
        for place in range(4):
            for rate, size in ((1e-3, 4.0), (1e-2, 4.0), (1e-3, 32.0), (1e-2, 32.0)):
                chosen = slot((4, 16, 32, 64)[place], lr_node_homeo=rate, batch_size=size, width=float(block))
                level = 0.5 * (rate > 5e-3 and size > 8)
                one = run(len(made) + 1, chosen, gains=[level + rng.gauss(0, 0.1) for _ in range(3)])
                made.append(one.model_copy(update={"dataset": network, "block": block}))
    said = told(made)["crossed", "batch_size", "lr_node_homeo", "more"]
    assert (said.kind, said.status) == ("interaction", "established")
    assert said.text.endswith("gains more at higher lr_node_homeo, between 1e-3 and 0.01.")


def test_runs_that_could_be_stopped_for_how_they_did_make_nothing_look_better() -> None:
    """Of equal worth; those with the strategy may be stopped, so that only the lucky ones come through."""
    rng, made = Random(1), list[Run]()
    rule = StopRule(shares=(0.5,), limits=(0.05,))
    for block, network in enumerate(("one", "two") * 2, 1):
        for _ in range(40):
            rate = rng.uniform(1e-4, 1e-1)
            for strategies in (("rollout",), ("residual", "rollout")):
                chosen, gains = (
                    slot(4, strategies=strategies, lr_node_homeo=rate),
                    [rng.gauss(0, 0.1) for _ in "123"],
                )
                if len(strategies) == 2:
                    chosen = chosen.model_copy(update={"stop": rule})
                one = run(len(made) + 1, chosen, gains=gains)
                if chosen.may_stop and sorted(gains)[1] < 0.05:
                    one = one.model_copy(update={"state": RunState.STOPPED, "metrics": ()})
                made.append(one.model_copy(update={"dataset": network, "block": block}))
    assert not [one for one in told(made).values() if one.subject == "residual"]
    believed = [one.model_copy(update={"proposal": _without_rule(one)}) for one in made]
    assert told(believed)[HELPS].status == "established", "what leaving them out is for"


def _without_rule(one: Run) -> Proposal:
    return one.proposal.model_copy(update={"spec": one.proposal.spec.model_copy(update={"stop": None})})


def test_one_strategy_in_the_place_of_another_is_compared_directly() -> None:
    rng, made = Random(1), list[Run]()
    for block, network in enumerate(("one", "two") * 2, 1):
        for _ in range(4):
            rate = rng.uniform(1e-4, 1e-1)
            for on, level in (((), 0.0), (("residual",), 0.5), (("contrastive",), 0.2)):
                chosen = slot(4, strategies=("rollout", *on), lr_node_homeo=rate)
                one = run(len(made) + 1, chosen, gains=[level + rng.gauss(0, 0.1) for _ in range(3)])
                made.append(one.model_copy(update={"dataset": network, "block": block}))
    said = told(made)["instead", "residual", "contrastive"]
    assert (said.status, said.text) == ("established", "residual in the place of contrastive is better.")


def test_one_slot_that_spreads_a_thousand_times_more_does_not_hide_an_effect() -> None:
    runs = history(("one", 0.3), ("two", 0.3), ("one", 0.3), ("two", 0.3))
    loud = runs[3].model_copy(update={"metrics": tuple({"gain": g} for g in (-300.0, 10.0, 250.0))})
    assert told([loud if one.number == loud.number else one for one in runs])[HELPS].status == "established"


@settings(max_examples=25)
@given(
    scale=st.sampled_from([1e-6, 0.5, 1.0, 1e5]),
    shift=st.sampled_from([0.0, -3.0, 40.0]),
    seed=st.integers(0, 50),
    less=st.booleans(),
)
def test_units_and_the_sign_of_the_objective_change_no_verdict(
    scale: float, shift: float, seed: int, less: bool
) -> None:
    effects = (("one", 0.2), ("two", 0.2), ("one", 0.1))
    runs = history(*effects, seed=seed)
    metric, turn = ("misfit", -1) if less else ("gain", 1)
    other = [
        one.model_copy(
            update={"metrics": tuple({metric: turn * scale * (m["gain"] + shift)} for m in one.metrics)}  # type: ignore[operator]
        )
        for one in runs
    ]
    before, after = told(runs), told(other, objective=metric)
    assert [(key, one.status, one.since) for key, one in before.items()] == [
        (key, one.status, one.since) for key, one in after.items()
    ]
    for key, one in before.items():
        assert after[key].q == (None if one.q is None else pytest.approx(one.q, rel=1e-3))


@settings(max_examples=15)
@given(order=st.permutations(range(8)), seed=st.integers(0, 20))
def test_the_order_of_the_runs_of_a_batch_does_not_matter(order: list[int], seed: int) -> None:
    runs = history(("one", 0.2), ("two", 0.2), seed=seed)
    numbers = {old + 1: new + 1 for new, old in enumerate(order)}
    same_batch = [one.model_copy(update={"batch": 1}) for one in runs]
    other = [one.model_copy(update={"number": numbers.get(one.number, one.number)}) for one in same_batch]
    # A single step of a number names its runs.
    before, after = (
        {key: one for key, one in told(made).items() if key[0] != "step"} for made in (same_batch, other)
    )
    assert before.keys() == after.keys()
    for key, one in before.items():
        assert after[key].status == one.status
        assert after[key].q == (None if one.q is None else pytest.approx(one.q, rel=1e-6))


def test_a_prior_is_confirmed_or_refuted_by_what_is_established_here_and_else_stays_one() -> None:
    said = list(told(history(("one", 0.3), ("two", 0.3))).values())
    prior = Statement(
        kind="comparison",
        topic="t",
        text="p",
        evidence="[]",
        runs=(),
        n_replicates=0,
        status="prior",
        key=HELPS,
    )
    confirmed = judged(prior, said)
    assert (confirmed.status, confirmed.key, confirmed.n_pairs) == ("established", HELPS, 8)
    refuted = judged(prior.model_copy(update={"key": HURTS}), said)
    assert (refuted.status, refuted.superseded_by, refuted.since) == ("refuted", HELPS, 2)
    assert judged(prior.model_copy(update={"key": ("effect", "lr", "higher")}), said).status == "prior"


def test_every_key_with_a_direction_has_a_contrary_whose_contrary_it_is() -> None:
    for key in (
        ("effect", "lr", "higher"),
        ("effect", "lr", "lower", "below"),
        HELPS,
        ("better", "time_step", "32", "4"),
        ("instead", "residual", "rollout"),
        ("together", "a", "b", "more"),
    ):
        other = contrary(key)
        assert other is not None
        assert other != key
        assert contrary(other) == key
        assert undirected(other) == undirected(key)


def test_the_history_of_a_statement_is_kept_block_by_block(tmp_path: Path) -> None:
    runs = history(("one", 0.3), ("two", 0.3), ("three", -0.5), ("four", -0.5))
    with new_store(tmp_path) as store:
        for block in range(1, 5):
            held = findings(spec(), [one for one in runs if one.block <= block], metrics=METRICS)
            store.record_statements("made_up", block, held)
            assert store.statements("made_up", block) == held
        kept = store.statement_history("made_up", HELPS)
        assert [one.status for one in kept][:2] == ["tentative", "established"]
        assert {one.status for one in kept[2:]} <= {"weakened", "refuted"}
        n_events = len(store.events("made_up"))
        store.record_statements("made_up", 4, held)
        assert len(store.events("made_up")) == n_events
