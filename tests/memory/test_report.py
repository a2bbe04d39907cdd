"""The report's page: one file, everything in it, each statement leading to its evidence."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from made_up_history import explored, run, slot, spec

from blocks.run import FailureKind, MetricInfo, Run
from blocks.slot import Role
from memory.best import Best, best
from memory.candidates import Estimate
from memory.report import ReportView, render_report
from memory.report.view import GuardLine, RetractionLine
from memory.report.words import as_html

GAIN = {"gain": MetricInfo(direction="maximize", needs_labels=False, meaning="made up", label="gain")}


def _view(runs: list[Run], **more: Any) -> ReportView:
    about = {
        "memory": "# Working memory: made_up\n\n- A beats B.  [2 pairs, r1-r2; guard c1-c7]",
        "data_title": "made up #1",
    }
    return ReportView(spec=spec(), runs=tuple(runs), metrics=GAIN, **{**about, **more})


def repeated(made: Run, *, role: Role, network: int = 0) -> Run:
    proposal = made.proposal.model_copy(update={"role": role, "network": network})
    return made.model_copy(update={"proposal": proposal})


def _rows(page: str, table: str = "runs") -> list[dict[str, Any]]:
    specs = re.search(r'id="specs">(.*?)</script>', page, re.DOTALL)
    assert specs is not None
    return list(json.loads(specs[1])["tables"][table])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    with explored(tmp_path_factory.mktemp("explored"), blocks=2) as store:
        return store.runs("made_up")


def test_a_page_loads_nothing_from_elsewhere(runs: list[Run]) -> None:
    page = render_report(_view(runs), script="")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:)""", page)
    assert "@import" not in page
    assert not re.search(r"url\((?!data:)", page)


def test_equal_views_give_equal_bytes(runs: list[Run]) -> None:
    assert render_report(_view(runs), script="x") == render_report(_view(list(runs)), script="x")


def test_statements_lead_to_rows_that_there_are(runs: list[Run]) -> None:
    best = Best(runs[2], False, Estimate(0.5, None, 1), (runs[2],), {}, (), 0, None)
    guard = (GuardLine(what="certificate", verdict="certified", detail="", runs=8, anchor="c1"),)
    page = render_report(_view(runs, best=best, guard=guard), script="")
    targets = set(re.findall(r'href="#([^"]+)"', page))
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert {"run-1", "run-2", "run-3", "c1"} <= targets
    assert targets <= ids


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("[3 pairs, r1-r4 r7]", {"1", "4", "7"}),
        ("[2 pairs, 5 vs 3 reps, +0.02, r1 r12; holds since block 2, r3-r99]", {"1", "12", "3"}),
        ("Best so far: run 12, gain 0.9", {"12"}),
        ("Runs 1-4, 7 and 99 (retraction 1: 6 runs)", {"1", "4", "7"}),
        ("r99 is not there, nor run 77", set()),
        ("`r1` in code, error1 and r1x are no runs", set()),
    ],
)
def test_runs_that_are_named_become_links(text: str, linked: set[str]) -> None:
    html = as_html(text, runs=frozenset((1, 2, 3, 4, 7, 12)))
    assert set(re.findall(r'href="#run-(\d+)"', html)) == linked


def test_what_a_human_wrote_is_text_and_no_script() -> None:
    html = as_html("<script>alert(1)</script> <img src=x onerror=alert(1)>", runs=frozenset())
    assert "<script" not in html
    assert "<img" not in html


def test_hostile_text_in_a_run_stays_text(runs: list[Run]) -> None:
    bad = runs[0].model_copy(
        update={
            "proposal": runs[0].proposal.model_copy(update={"change": "</script><script>alert(1)</script>"})
        }
    )
    page = render_report(_view([bad, *runs[1:]]), script="")
    assert "<script>alert" not in page
    assert _rows(page)[0]["change"].startswith("</script>")


def test_every_chart_has_words_for_those_who_do_not_see_it(runs: list[Run]) -> None:
    page = render_report(_view(runs), script="")
    charts = re.findall(r'<div class="chart" id="chart-([^"]+)" role="img" aria-label="([^"]+)"', page)
    assert {"iterations", "tree"} <= {name for name, _ in charts}
    assert any(name.startswith("against-") for name, _ in charts)
    assert all(text for _, text in charts)


def test_void_and_failed_runs_are_shown_as_such() -> None:
    made = [
        run(1, slot(4), gains=[0.5, 0.6]),
        run(2, slot(16), failed=FailureKind.DIVERGED),
        run(3, slot(32), gains=[0.9, 0.9]),
    ]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    why = "a loss read the label"
    line = RetractionLine(number=7, reason=why, condition="run = 3", at=at, runs=(3,))
    page = render_report(_view(made, void={3: why}, retractions=(line,)), script="")
    assert re.search(r'<tr id="run-3" class="void" title="a loss read the label"', page)
    assert '<a href="#retraction-7">void (retraction 7)</a>' in page
    assert re.search(r'<tr id="retraction-7">.*a loss read the label.*<a href="#run-3">3</a>', page)
    assert re.search(r'<tr id="run-2" class="failed" title="loss is NaN at step 3"', page)
    rows = _rows(page)
    assert [row.get("best") for row in rows] == [0.55, None, 0.55]  # the void one is never the best


def test_confirmations_and_fresh_networks_are_points_of_their_own_and_never_lead() -> None:
    made = [
        run(1, slot(4), gains=[0.5, 0.6]),
        repeated(run(2, slot(4), gains=[0.8, 0.9]), role=Role.CONFIRM),
        repeated(run(3, slot(4), gains=[0.95, 0.96]), role=Role.CONFIRM, network=1),
        repeated(run(4, slot(4), gains=[0.5, 0.5]), role=Role.CONTROL),
    ]
    page = render_report(_view(made, best=best(spec(), made, GAIN)), script="")
    rows = _rows(page)
    assert [row["kind"] for row in rows] == ["best", "confirmation", "fresh network", "control"]
    assert [row["best"] for row in rows] == [0.55] * 4
    assert _rows(page, "confirmed") == [{"value": pytest.approx(0.85)}]
    assert "Run 1 is the best that is confirmed: 0.850 ±0.071 over 2 fresh seeds (run 2)." in page
    for meaning in ("under fresh seeds", "on a fresh network", "so that drift shows"):
        assert page.count(meaning) >= 1


def test_what_blind_choice_cost_has_a_section_once_it_is_known(runs: list[Run]) -> None:
    assert "What blind choice cost" not in render_report(_view(runs), script="")
    page = render_report(_view(runs, blind_cost=("Chosen blind: run 2, slopes 0.4.",)), script="")
    assert re.search(r'What blind choice cost.*Chosen blind: run <a href="#run-2">2</a>', page, re.DOTALL)


def test_a_run_that_nearly_diverged_does_not_squeeze_the_others() -> None:
    made = [run(n, slot(4), gains=[0.9 + n / 1000] * 2) for n in range(1, 12)] + [
        run(12, slot(4), gains=[-1e6] * 2)
    ]
    page = render_report(_view(made), script="")
    shown = [row["shown"] for row in _rows(page)]
    assert 0.8 < min(shown) <= shown[-1] < shown[0]


def test_an_exploration_without_runs_has_a_page_too() -> None:
    page = render_report(_view([], memory="Nothing yet."), script="")
    assert "No run has a value yet." in page


def test_a_thousand_runs_stay_far_below_five_megabytes() -> None:
    made = [run(n, slot(4, lr=0.001 * n), gains=[0.5 + n / 5000, 0.5]) for n in range(1, 1001)]
    page = render_report(_view(made), script="")
    assert len(page.encode()) < 2_000_000  # beside it stand the charts' library and pictures, 1.5 MB


def test_the_template_is_shipped() -> None:
    import memory.report

    folder = Path(memory.report.__file__).parent
    assert {"page.html.j2", "page.css", "page.js"} <= {path.name for path in folder.iterdir()}
