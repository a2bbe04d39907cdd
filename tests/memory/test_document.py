"""The working memory as a document: its golden form, its numbers, its bounds, and what changed in it."""

import time
from pathlib import Path
from random import Random

import pytest
from made_up_history import METRICS, explored, proposals, run, slot, spec
from test_seed_document import SEED

from blocks.errors import QueryError
from blocks.exploration import MemorySpec
from blocks.run import FailureKind, Run
from memory.contradictions import require_consistent
from memory.difference import difference, told
from memory.digest import Digest, digest, read_digest
from memory.document import document, listed_entries, principle_keys
from memory.entries import entries_of
from memory.findings import findings
from memory.markdown import render_memory, write_memory
from memory.principles import Numbered
from memory.prior_store import PriorLine
from memory.seed_document import LineKind, read_lines
from memory.statements import Statement
from memory.steering_lines import Place, SteeringLine
from memory.store import Store, utc_now
from memory.view import MemoryView
from memory.void import Voided

GOLDEN = Path(__file__).parent / "golden"


def said(key: tuple[str, ...], text: str, status: str = "tentative", **more: object) -> Statement:
    """A statement as the evidence gives it."""
    kind = {"noise": "noise", "equal": "equivalence", "fails": "failure"}.get(key[0], "comparison")
    ends = {"better": key[-2:], "effect": (key[-1], {"on": "off", "higher": "lower"}.get(key[-1], "on"))}
    better, other = ends.get(key[0], (None, None))
    if key[0] == "better":
        better, other = (int(value) for value in key[-2:])
    fields = {
        "kind": kind,
        "topic": {"time_step": "Time step", "residual": "Strategies"}.get(
            key[1] if key[1:] else "", "Signal"
        ),
        "text": text,
        "evidence": "[8 pairs, +0.39 (0.33..0.45), 2 networks, q < 0.001, r9-r16]",
        "runs": (9, 16),
        "n_replicates": 0,
        "n_pairs": 8,
        "status": status,
        "key": key,
        "subject": key[1] if key[1:] else "",
        "networks": 2,
        "better": better,
        "other": other,
        **more,
    }
    return Statement.model_validate(fields)


RESIDUAL = said(("effect", "residual", "on"), "residual helps.", "established", since=2)
RANKED = [
    said(("better", "time_step", "32", "4"), "time_step 32 beats 4.", "established", since=2),
    said(("better", "time_step", "32", "16"), "time_step 32 beats 16.", "established", since=3),
    said(("better", "time_step", "16", "4"), "time_step 16 beats 4.", "established", since=3),
]
GIVEN_UP = said(
    ("effect", "lr_node_homeo", "higher"), "Higher lr_node_homeo beats lower.", "refuted", since=3,
    superseded_by=("effect", "lr_node_homeo", "lower"),
)  # fmt: skip
INSTEAD = said(
    ("effect", "lr_node_homeo", "lower"), "Lower lr_node_homeo beats higher.", "established", since=3
)
NOISE = said(("noise",), "Replicates of one slot differ by 0.011 gain.", evidence="[72 reps]")


def view_of(statements: list[Statement], runs: list[Run] | None = None, **more: object) -> MemoryView:
    fields = {
        "spec": spec(),
        "runs": tuple(runs or ()),
        "statements": tuple(statements),
        "metrics": METRICS,
        "blocks_closed": 3,
        "data_title": "quickstart #42",
        "foundation_summary": "reaction model R2 0.999",
        "guard_summary": "clean, 7 files",
        "plan": tuple(proposal for proposal, _ in proposals(1, block=2)),
        "plan_block": 4,
        "version": "0.2.0",
        **more,
    }
    return MemoryView.model_validate(fields)


def seed_lines() -> tuple[PriorLine, ...]:
    return tuple(
        PriorLine(file="seed.md", line=one.line, kind=one.kind, heading=one.heading, text=one.text)
        for one in read_lines(SEED)
    )


def line_of_steering(number: int, text: str, since: Place | None = None) -> SteeringLine:
    return SteeringLine(
        number=number, text=text, source="steer", at=utc_now(), since=since, lifted=False, until=None
    )


def runs_of_two_networks() -> list[Run]:
    made = []
    for number, (time_step, gain) in enumerate([(4, 0.1), (16, 0.3), (32, 0.5), (64, 0.4)] * 2, 1):
        one = run(number, slot(time_step), gains=[gain, gain + 0.01, gain - 0.01])
        made.append(one.model_copy(update={"dataset": "de"[number > 4] * 64}))
    return made


VOID = Voided(
    retraction=1,
    reason="a loss read the type",
    runs=(run(101, slot(32), gains=[0.8, 0.92]),),
    by_descent=(),
)


def golden_view() -> MemoryView:
    keys = principle_keys(view_of([NOISE, RESIDUAL, *RANKED, GIVEN_UP, INSTEAD]))
    return view_of(
        [NOISE, RESIDUAL, *RANKED, GIVEN_UP, INSTEAD],
        runs_of_two_networks(),
        imported=seed_lines(),
        steering=(
            line_of_steering(1, "keep lr_node_homeo < 0.05", Place(2, 1)),
            line_of_steering(2, "the lamp was off on Monday"),
        ),
        constrained=frozenset({1}),
        remarks=("avoid residul: residul is no strategy of made_up; did you mean residual?",),
        principles={key: (number, 2) for number, key in enumerate(keys, 2)},
        void=(VOID,),
        notes="Look at run 3.",
    )


def test_the_document_is_the_golden_one() -> None:
    """To make the golden file anew after a wanted change: write what this renders over it, and read it."""
    assert render_memory(golden_view()) == (GOLDEN / "memory.md").read_text(encoding="utf-8")


def test_a_principle_keeps_its_number_for_life_and_leaves_it_to_no_other(tmp_path: Path) -> None:
    with explored(tmp_path) as store:
        first = store.number_principles("made_up", ["a", "b"], block=1)
        assert [(key, one.number) for key, one in first.items()] == [("a", 2), ("b", 3)]
        store.number_principles("made_up", ["c"], block=2)  # a and b were given up
        third = store.number_principles("made_up", ["d", "a"], block=3)
        assert {key: tuple(one) for key, one in third.items()} == {
            "a": (2, 1), "b": (3, 1), "c": (4, 2), "d": (5, 3),
        }  # fmt: skip
        events = len(store.events())
        assert store.number_principles("made_up", ["b", "d"], block=4) == third
        assert len(store.events()) == events


def test_a_number_stays_with_what_is_given_up() -> None:
    view = view_of([GIVEN_UP, INSTEAD], principles={"effect|lr_node_homeo|higher": (2, 1)})
    text = render_memory(view)
    assert (
        "- P2 ~~Higher lr_node_homeo beats lower~~ refuted in block 3: Lower lr_node_homeo beats higher."
        in text
    )


def test_what_rests_on_void_runs_is_not_told() -> None:
    void = VOID.model_copy(update={"runs": tuple(run(n, slot(32), gains=[0.8, 0.92]) for n in (9, 30))})
    text = render_memory(view_of([NOISE, *RANKED], runs_of_two_networks(), void=(void,)))
    assert "time_step 32" not in text.split("## Established")[1].split("##")[0]
    assert "- Runs 9, 30 (retraction 1: 2 runs): a loss read the type." in text


def test_settled_priors_move_to_where_they_are_settled() -> None:
    text = render_memory(view_of([*RANKED], imported=seed_lines()))
    learned, rest = text.split("## Established principles")
    assert "time_step=32" not in learned
    assert "confirms prior seed.md:" in rest.split("## Weakened")[0]
    against = said(("better", "time_step", "4", "32"), "time_step 4 beats 32.", "established", since=2)
    refuted = render_memory(view_of([against], imported=seed_lines()))
    given_up = refuted.split("## Weakened and refuted")[1].split("##")[0]
    assert (
        "~~time_step=32: best balance of signal and noise~~ prior (seed.md:14), refuted: time_step 4"
        in given_up
    )


def many_runs(n: int) -> list[Run]:
    rng, made = Random(1), []
    rates = [float(f"{10 ** rng.uniform(-4, -1):.3g}") for _ in range(400)]
    for number in range(1, n + 1):
        strategies = tuple(name for name in ("amplification", "residual") if rng.random() < 0.5)
        chosen = slot(
            rng.choice((4, 16, 32, 64)),
            strategies=("rollout", *strategies),
            lr_node_homeo=rng.choice(rates),
            **{"amplification.gain": rng.choice((3.0, 10.0, 30.0))},
        )
        gains = [0.3 * ("residual" in strategies) + rng.gauss(0, 0.05) for _ in range(3)]
        failed = rng.choice(list(FailureKind)) if number % 9 == 0 else None
        one = run(number, chosen, gains=() if failed else gains, failed=failed)
        made.append(one.model_copy(update={"block": 1 + number // 500, "dataset": rng.choice("de") * 64}))
    return made


def crowded_view(runs: list[Run], statements: list[Statement]) -> MemoryView:
    full = spec().model_copy(
        update={"memory": MemorySpec(context=("why",) * 200, open_questions=("what?",) * 200)}
    )
    topics = [f"Topic {number % 30}" for number in range(200)]
    more = [
        said(("effect", f"s{number}", "on"), f"s{number} helps.", status, topic=topics[number])
        for number, status in enumerate(["tentative", "established", "weakened", "refuted"] * 50)
    ]
    kinds = list(LineKind) * 60
    imported = tuple(
        PriorLine(file="seed.md", line=number, kind=kind, heading="", text=f"{number} is " + "long " * 200)
        for number, kind in enumerate(kinds)
    )
    return view_of(
        [*statements, *more],
        runs,
        spec=full,
        imported=imported,
        void=tuple(VOID.model_copy(update={"retraction": number}) for number in range(90)),
        steering=tuple(line_of_steering(number, "note") for number in range(80)),
        remarks=("not understood",) * 50,
        plan=tuple(proposal for proposal, _ in proposals(1)) * 50,
    )


@pytest.mark.slow
def test_ten_thousand_runs_and_whatever_else_stay_within_three_hundred_lines() -> None:
    runs = many_runs(10_000)
    statements = findings(spec(), runs, metrics=METRICS)
    begin = time.perf_counter()
    text = render_memory(crowded_view(runs, statements))
    assert time.perf_counter() - begin < 5  # of the document alone; a machine that is busy has room
    lines = text.splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 700
    assert "more, weaker or later ones." in text
    assert len(render_memory(view_of(statements, runs)).splitlines()) <= 150


def test_the_plan_lists_its_slots_in_order() -> None:
    proposed = tuple(proposal for proposal, _ in proposals(1, block=2))
    made = document(view_of([NOISE], plan=(*proposed[2:], *proposed[:2])))
    assert [row[0] for row in made.plan] == ["slot", "0", "1", "2", "3"]


def after(block: int, statements: list[Statement], **more: object) -> Digest:
    view = view_of(statements, blocks_closed=block, plan_block=block + 1, **more)
    numbers = {key: Numbered(number, block) for number, key in enumerate(principle_keys(view), 2)}
    return digest(document(view.model_copy(update={"principles": numbers})))


HIGHER = GIVEN_UP.model_copy(update={"status": "established", "since": 1, "superseded_by": None})
TENTATIVE = RESIDUAL.model_copy(
    update={"status": "tentative", "since": None, "evidence": "[2 pairs, +0.21, r1 r2]"}
)


def test_a_difference_tells_what_became_of_each_statement() -> None:
    made = difference(after(1, [NOISE, TENTATIVE, HIGHER]), after(2, [NOISE, RESIDUAL, GIVEN_UP, INSTEAD]))
    sections = dict(told(made))
    assert sections["Became established"] == [
        f"P2 residual helps (was tentative)  {RESIDUAL.evidence[:-1]}; since block 2]",
        f"P3 Lower lr_node_homeo beats higher  {INSTEAD.evidence[:-1]}; since block 3]",
    ]
    (refuted,) = sections["Refuted"]
    assert refuted.startswith("Higher lr_node_homeo beats lower refuted in block 3")
    assert "(was established)" in refuted
    assert "No longer said" not in sections
    assert next(iter(sections)) == "made_up: block 1 -> block 2"


def test_figures_that_moved_are_told_before_and_after() -> None:
    later = TENTATIVE.model_copy(update={"evidence": "[6 pairs, +0.34 (0.2..0.4), r1-r9]"})
    sections = dict(told(difference(after(1, [TENTATIVE]), after(2, [later]))))
    assert sections["Still tentative, figures moved"] == [
        "residual helps: +0.21 -> +0.34  [6 pairs, +0.34 (0.2..0.4), r1-r9]"
    ]


def test_nothing_changed_is_said_and_the_best_run_is_told_before_and_after() -> None:
    few, more = runs_of_two_networks()[:2], runs_of_two_networks()[:3]
    same = dict(told(difference(after(1, [NOISE], runs=few), after(2, [NOISE], runs=few))))
    assert same["Statements"] == ["nothing changed"]
    _, first = told(difference(after(1, [NOISE], runs=few), after(2, [NOISE], runs=more)))[0]
    assert first[1].startswith("best: run 2, 0.300 ±0.010 not confirmed (time_step 16")
    assert " -> run 3, 0.500 ±0.010 not confirmed (time_step 32" in first[1]


def test_a_digest_is_kept_beside_each_snapshot_and_a_missing_one_names_the_nearest(tmp_path: Path) -> None:
    with explored(tmp_path) as store:
        for block in (1, 4):
            kept = after(block, [NOISE])
            write_memory(store.workspace, store, "made_up", render_memory(view_of([])), block, digest=kept)
            assert read_digest(store.workspace, "made_up", block) == kept
        with pytest.raises(QueryError, match=r"but got 3; kept blocks: 1, 4; the nearest is 4"):
            read_digest(store.workspace, "made_up", 3)
        store.workspace.digest("made_up", 4).write_text("{}")
        with pytest.raises(QueryError, match=r"block-004.json: must be what `setpoint launch` wrote"):
            read_digest(store.workspace, "made_up", 4)


def test_the_same_store_gives_the_same_bytes_whatever_the_clock(tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        with explored(tmp_path / name) as store:
            store.steer("made_up", ["keep lr_node_homeo < 0.05"], spec())
            _, lines = store.steering_as_of("made_up", Place(2, 1), spec())
            runs = store.runs("made_up")
            statements = findings(spec(), runs, metrics=METRICS)
            texts.append(render_memory(view_of(statements, runs, steering=lines)))
    assert texts[0] == texts[1]


def test_a_document_that_would_contradict_itself_is_not_made() -> None:
    twice = [RANKED[0], RANKED[0].model_copy(update={"status": "refuted"})]
    assert len([entry for entry in listed_entries(view_of(twice)) if entry.claims]) == 1
    with pytest.raises(ValueError, match="must not contradict itself"):
        require_consistent(entries_of(spec(), twice), best=None, void=())
    with pytest.raises(ValueError, match="run 3 is called best, but is void"):
        require_consistent([], best=3, void={3})


def test_the_store_of_a_document_is_opened_again_with_its_numbers(tmp_path: Path) -> None:
    with explored(tmp_path) as store:
        store.number_principles("made_up", ["a"], block=1)
    with Store.open(store.workspace) as again:
        assert again.principles("made_up")["a"].number == 2
