"""The working memory: its form, its bounds, and a human's notes that nothing takes away."""

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_history import METRICS, explored, proposals, run, slot, spec

from blocks.errors import QueryError
from blocks.exploration import ExplorationSpec, MemorySpec
from blocks.run import Failure, FailureKind, Run
from blocks.slot import Proposal
from memory.digest import read_digest
from memory.findings import findings
from memory.markdown import (
    MARKER,
    current_notes,
    extract_notes,
    read_memory,
    render_memory,
    write_memory,
)
from memory.store import Store
from memory.truth import TruthUse
from memory.view import MemoryView
from memory.workspace import Workspace

HEADINGS = [
    "## Where we stand",
    "## Context",
    "## What was learned",
    "## Established principles",
    "## Weakened and refuted",
    "## Void baselines",
    "## Key open problem",
    "## Open questions",
    "## Plan for block 2",
    "## Notes",
]


def _view(
    runs: list[Run], *, of: ExplorationSpec | None = None, notes: str = "", guard: str = "clean, 7 files"
) -> MemoryView:
    of = of or spec()
    return MemoryView(
        spec=of,
        runs=tuple(runs),
        statements=tuple(findings(of, runs, metrics=METRICS)),
        metrics=METRICS,
        blocks_closed=1,
        data_title="quickstart #42",
        foundation_summary="reaction model R2 0.999",
        guard_summary=guard,
        plan=tuple(proposal for proposal, _ in proposals(1, block=2)),
        plan_block=2,
        version="0.1.0",
        notes=notes,
    )


@pytest.fixture
def view(tmp_path: Path) -> MemoryView:
    with explored(tmp_path) as store:
        return _view(store.runs("made_up"))


def test_the_memory_has_the_form_of_the_seed(view: MemoryView) -> None:
    text = render_memory(view)
    assert text.startswith(
        "# Working memory: made_up\n\nRegenerated after block 1 (8 runs, 21 replicates, 1 network)"
    )
    assert (
        "objective gain (label-free) ·\nguard: clean, 7 files · data quickstart #42 · setpoint 0.1.0\n"
        in text
    )
    assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert [line for line in text.splitlines() if line.startswith("**")] == [
        "**Signal**",
        "**Time step**",
        "**Strategies**",
    ]
    assert "- time_step best first: 32, 64, 16, 4.  [6 pairs, 32 over 4: +0.4" in text
    assert "- The homeostatic term is weak." in text
    assert "- Best so far, not yet confirmed on fresh seeds: run " in text
    assert "- 1 of 8 runs failed: 1 diverged.  [r8]" in text
    assert "- P1 No training path reads the label column.  [guard: clean, 7 files]" in text
    assert "- Do the strategies amplification, rollout and residual matter? No isolated pair yet." in text
    assert text.endswith(f"## Notes\n{MARKER}\n")


def test_a_table_cell_cannot_break_its_table(view: MemoryView) -> None:
    rows = [line for line in render_memory(view).splitlines() if line.startswith("|")]
    assert rows[0] == "| slot | ts | role | change | why |"
    assert rows[2] == r"| 0 | 4 | exploit | lr | a \| b |"
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_rendering_twice_gives_the_same_bytes(tmp_path: Path, view: MemoryView) -> None:
    with explored(tmp_path / "again") as store:
        again = _view(store.runs("made_up"))
    assert render_memory(again) == render_memory(view) == render_memory(view)


def test_an_objective_that_reads_the_truth_is_labelled_so() -> None:
    use = TruthUse(ways=("the objective reads labels",), replicates=21, foundations=1)
    view = _view([], of=spec(objective="slope_recovery"))
    text = render_memory(view.model_copy(update={"truth": use}))
    assert (
        "objective slope_recovery (reads labels) · truth-guided: the objective reads labels "
        "(22 queries of truth: 21 replicates and 1 foundation) ·" in text
    )


def test_an_exploration_without_results_claims_nothing() -> None:
    text = render_memory(_view([]))
    assert "- No run has finished with two or more replicates yet." in text
    assert text.count("- Nothing yet: no two runs differ in this alone.") == 3
    lone = render_memory(_view([run(1, slot(4), gains=[0.9])]))
    assert "Best so far" not in lone


def test_five_hundred_runs_stay_within_three_hundred_lines() -> None:
    rng = Random(1)
    runs = []
    for number in range(1, 501):
        rate = float(f"{10 ** rng.uniform(-4, -1):.3g}")
        chosen = slot(rng.choice((4, 16, 32, 64)), lr_node_homeo=rate)
        if number % 7:
            runs.append(run(number, chosen, gains=[rng.random() for _ in range(3)]))
        else:
            runs.append(run(number, chosen, failed=rng.choice(list(FailureKind))))
    crowded = spec().model_copy(
        update={"memory": MemorySpec(context=("why",) * 200, open_questions=("what?",) * 200)}
    )
    text = render_memory(_view(runs, of=crowded).model_copy(update={"plan": _many_proposals()}))
    assert len(text.splitlines()) <= 300
    assert "- And 185 more, weaker or later ones." in text


def _many_proposals() -> tuple[Proposal, ...]:
    return tuple(proposal for proposal, _ in proposals(1)) * 50


def test_text_from_elsewhere_stays_on_its_line_and_is_never_the_marker() -> None:
    failed = run(1, slot(4), failed=FailureKind.ERROR)
    odd = failed.model_copy(update={"failure": Failure(kind=FailureKind.ERROR, reason="x")})
    text = render_memory(_view([odd], guard=f"clean\n{MARKER}\n# no", notes="mine"))
    assert text.count(MARKER) == 1
    assert "\n# no" not in text
    assert extract_notes(text) == ("made_up", "mine")


@given(notes=st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_notes_come_out_as_they_were_put_in(notes: str) -> None:
    assert extract_notes(render_memory(_view([], notes=notes))) == ("made_up", notes.strip("\n"))


def test_a_text_without_heading_or_marker_has_no_notes_to_tell() -> None:
    text = render_memory(_view([], notes="mine"))
    assert extract_notes(text.replace("# Working memory: made_up", "# My own")) is None
    assert extract_notes(text.replace(MARKER, "")) is None
    assert extract_notes("") is None


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = explored(tmp_path)
    store.begin(spec("other"), version="0.1.0")
    return store


def _write(store: Store, name: str, block: int) -> None:
    notes = current_notes(store.workspace, store, name)
    text = render_memory(_view([], of=spec(name), notes=notes))
    write_memory(store.workspace, store, name, text, block)


def _add(workspace: Workspace, notes: str) -> None:
    with workspace.memory_file.open("a", encoding="utf-8") as stream:
        stream.write(notes)


def test_notes_survive_regeneration_and_a_change_to_another_exploration_and_back(store: Store) -> None:
    workspace = store.workspace
    _write(store, "made_up", 1)
    _add(workspace, "\nLook at run 3.\n\n- really\n")
    _write(store, "made_up", 2)
    assert workspace.memory_file.read_text().endswith(f"{MARKER}\nLook at run 3.\n\n- really\n")
    assert workspace.snapshot("made_up", 2).read_text() == workspace.memory_file.read_text()
    assert "Look" not in workspace.snapshot("made_up", 1).read_text()
    _add(workspace, "And at run 4.\n")
    _write(store, "other", 1)
    assert extract_notes(workspace.memory_file.read_text()) == ("other", "")
    _write(store, "made_up", 3)
    found = extract_notes(workspace.memory_file.read_text())
    assert found == ("made_up", "Look at run 3.\n\n- really\nAnd at run 4.")


def test_notes_written_while_the_memory_was_rendered_are_not_lost(store: Store) -> None:
    _write(store, "made_up", 1)
    rendered = render_memory(_view([]))
    _add(store.workspace, "Just now.\n")
    write_memory(store.workspace, store, "made_up", rendered, 2)
    assert extract_notes(store.workspace.memory_file.read_text()) == ("made_up", "Just now.")


def test_notes_that_a_human_took_out_stay_out(store: Store) -> None:
    store.set_notes("made_up", "old")
    _write(store, "made_up", 1)
    text = store.workspace.memory_file.read_text()
    store.workspace.memory_file.write_text(text.replace("old\n", ""))
    _write(store, "made_up", 2)
    assert store.notes("made_up") == ""


@pytest.mark.parametrize(
    "edited", [b"my own file\n", b"# Working memory: unknown\n" + MARKER.encode(), b"\xff\xfe"]
)
def test_a_file_in_which_notes_cannot_be_told_is_kept_beside(store: Store, edited: bytes) -> None:
    store.set_notes("made_up", "stored")
    for number in (1, 2):
        store.workspace.memory_file.write_bytes(edited)
        _write(store, "made_up", number)
        assert (store.workspace.snapshots("made_up") / f"edited-{number}.md").read_bytes() == edited
    assert extract_notes(store.workspace.memory_file.read_text()) == ("made_up", "stored")


def test_a_memory_is_read_as_it_is_or_as_it_was(store: Store) -> None:
    workspace = store.workspace
    with pytest.raises(QueryError, match="must hold a working memory"):
        read_memory(workspace)
    _write(store, "made_up", 9)
    _add(workspace, "Later.\n")
    _write(store, "made_up", 1000)
    _write(store, "other", 1)
    assert read_memory(workspace) == read_memory(workspace, exploration="other")
    assert read_memory(workspace).startswith("# Working memory: other\n")
    assert read_memory(workspace, exploration="made_up").endswith("Later.\n")
    assert "Later." not in read_memory(workspace, exploration="made_up", block=9)
    with pytest.raises(QueryError, match=r"made_up: .* but got 3; kept blocks: 9, 1000; the nearest is 9"):
        read_memory(workspace, exploration="made_up", block=3)


def test_a_memory_that_was_emptied_or_is_no_text_is_not_shown(store: Store) -> None:
    workspace = store.workspace
    _write(store, "made_up", 9)
    workspace.memory_file.write_text("")
    with pytest.raises(QueryError, match="must hold a working memory"):
        read_memory(workspace)
    workspace.snapshot("made_up", 9).write_bytes(b"\xff")
    with pytest.raises(QueryError, match=r"block-009\.md: must be what .* but it was changed"):
        read_memory(workspace, exploration="made_up")
    workspace.snapshot("made_up", 9).with_suffix(".json").write_bytes(b"\xff")
    with pytest.raises(QueryError, match=r"block-009\.json: must be what .* but it was changed"):
        read_digest(workspace, "made_up", 9)
