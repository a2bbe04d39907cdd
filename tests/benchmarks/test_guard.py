"""The page of the guard tells of the corpus that is there, and judges what was measured."""

import re
from pathlib import Path

from benchmarks.guard.cases import PROXY, Said, cases
from benchmarks.guard.page import page
from benchmarks.guard.proxies import told
from benchmarks.guard.results import Cost, Report, Row
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
