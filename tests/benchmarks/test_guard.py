"""The page of the guard tells of the corpus that is there, and judges what was measured."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.guard.cases import PROXY, Said, cases
from benchmarks.guard.page import page
from benchmarks.guard.proxies import told
from benchmarks.guard.results import PROXIES, Cost, Report, Row
from benchmarks.machine import this_machine

PAGE = Path(__file__).parents[2] / "docs" / "guard.md"


def report(*rows: Row) -> Report:
    costs = (Cost(layer="static", snippets=2, seconds=0.01),)
    return Report(
        command="c",
        made_at="2026-01-01",
        machine=this_machine(),
        code_version="0" * 64,
        rows=rows,
        costs=costs,
    )


def row(name: str, *, leaks: bool = True, family: str = "direct", **said: Said) -> Row:
    return Row(family=family, name=name, leaks=leaks, said=said)


STOPPED_OTHERWISE = {"the base of an array", "torch.jit.script", "__array__", "__index__"}
"""What leaves torch has no base and is no array or index, and a traced function cannot be checked: errors of
another kind stop these."""

SWITCHED_OFF = {"the guard switched off", "torch's modes switched off"}
"""What the runtime layer cannot see; the static layer refuses the names."""

FINITE = {"direct", "computed", "container", "numpy_pandas", "reductions", "special", "files_configuration"}
"""Families in which a few take NaN for a number like others: they learn nothing, and go on."""


@pytest.mark.slow
def test_the_whole_corpus_is_caught_and_no_look_alike_is_refused(tmp_path: Path) -> None:
    """In a process of its own, where shapes are not checked: that would cost five times as much."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.guard", "--json", tmp_path / "guard.json"],
        cwd=PAGE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tmp_path / "guard.json").exists(), result.stderr
    found = Report.model_validate_json((tmp_path / "guard.json").read_text())
    assert {one.what for one in found.targets() if not one.met} == {PROXIES}, result.stdout
    leaks = [one for one in found.leaks if one.family != PROXY]
    assert not {(one.family, one.name) for one in leaks if not one.said["static"].is_caught}
    # What fails alike under both truths changes nothing; it is unverified, and so no evidence either.
    assert not {(one.family, one.name) for one in leaks if not one.said["certificate"].is_caught}
    assert sum(one.said["certificate"] is Said.STOPPED for one in leaks) <= 6
    watched = [one for one in leaks if one.family != "files_configuration"]
    assert {one.name for one in watched if not one.said["runtime"].is_caught} == SWITCHED_OFF
    assert {one.name for one in watched if one.said["runtime"] is Said.STOPPED} <= STOPPED_OTHERWISE
    passed = [one.family for one in leaks if not one.said["absence"].is_caught]
    assert set(passed) <= FINITE
    assert len(passed) <= 25
    assert sum(one.said["absence"] is Said.LEAK for one in leaks) >= 500
    unreported = {one.name for one in found.leaks if one.family == PROXY and not one.caught_by}
    assert unreported <= {"a seed's permutation", "types drawn again", "a table by heart"}
    assert not [(one.family, one.name, one.caught_by) for one in found.clean if one.caught_by]


def test_the_page_was_made_from_the_corpus_as_it_is() -> None:
    text = PAGE.read_text()
    table = {
        cells[0].replace(", ", "_"): int(cells[1])
        for line in text.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 8 and cells[1].isdigit()
    }
    known: dict[str, int] = {}
    for case in cases(leaks=True):
        known[case.family] = known.get(case.family, 0) + 1
    remedy = "run `python -m benchmarks.guard --write-docs docs/guard.md`"
    for family, n in known.items():
        assert family == PROXY or table[family] == n, remedy
    clean = re.search(r"^(\d+) look-alikes that do not", text, re.MULTILINE)
    assert clean
    assert int(clean[1]) == len(list(cases(leaks=False))), remedy


def test_targets_are_judged_by_what_was_found() -> None:
    caught = row("a", static=Said.LEAK, certificate=Said.LEAK)
    assert all(one.met for one in report(caught, row("b", leaks=False, static=Said.PASSED)).targets())
    missed = row("c", static=Said.PASSED, certificate=Said.PASSED)
    refused = row("d", leaks=False, static=Said.STOPPED)
    assert [one.met for one in report(missed, refused).targets()] == [False, True, False, False, False]
    text = page(report(caught, missed, refused))
    assert "direct: c" in text
    assert "missed" in text


def test_a_proxy_that_gives_the_types_away_is_reported_and_one_by_heart_is_not(tmp_path: Path) -> None:
    wanted = {"the first half by the index column": Said.LEAK, "a letter of the run's folder": None}
    chosen = [case for case in cases(leaks=True) if case.family == PROXY and case.name in wanted]
    assert {one.case.name: one.said for one in told(chosen, tmp_path / "run")} == wanted
