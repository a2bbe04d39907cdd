"""What a screen loses where it is narrow: what matters least first, and nothing is broken within a word."""

import sys

import pytest

from agent.cli.facts import fact_lines
from agent.cli.replicates import replicate_lines
from agent.cli.runs import _fit
from agent.cli.tables import Column, total_width
from blocks.run import MetricInfo, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec

GAIN = MetricInfo(
    direction="maximize", needs_labels=False, meaning="share that is explained " * 3, label="gain"
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal without colours; its width is set by COLUMNS."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    return monkeypatch


def a_run() -> Run:
    spec = SlotSpec(values={"x": 1.0}, strategies=("plain",), seeds=(1, 2, 3))
    return Run(
        number=1,
        block=1,
        batch=1,
        proposal=Proposal(slot=0, role=Role.BASELINE, spec=spec, reason="why", change="baseline"),
        dataset="d" * 64,
        identity="i" * 64,
        state=RunState.DONE,
        metrics=({"heldout_gain": 0.5}, {"heldout_gain": 0.6}, {"heldout_gain": 0.7}),
    )


@pytest.mark.parametrize(
    ("width", "header"),
    [
        (140, "metric        rep 0  rep 1  rep 2   median ± sd  meaning"),
        (80, "metric        rep 0  rep 1  rep 2   median ± sd  meaning"),
        (60, "metric        rep 0  rep 1  rep 2   median ± sd"),
        (40, "metric         median ± sd"),
    ],
)
def test_a_runs_metrics_keep_their_medians_on_any_screen(
    width: int, header: str, terminal: pytest.MonkeyPatch
) -> None:
    terminal.setenv("COLUMNS", str(width))
    lines = list(replicate_lines(a_run(), {"heldout_gain": GAIN}))
    assert lines[0] == header
    assert "0.600 ±0.100" in lines[1]
    assert all(len(line) <= width for line in lines)
    assert any("not shown for want of width" in line for line in lines) == (width < 80)


def test_a_long_list_of_strategies_is_cut_before_columns_go() -> None:
    def table() -> dict[str, Column]:
        return {
            "run": Column("run", ["1"], is_text=False),
            "strategies": Column("strategies", ["+residual -rollout -clipping -accumulation"], is_text=True),
            "lr": Column("lr", ["1e-3"], is_text=False),
            "gain": Column("gain", ["0.996"], is_text=False),
        }

    shown = table()
    assert _fit(shown, ["lr", "strategies"], width=40) == []
    assert shown["strategies"].cells[0].endswith("…")
    assert total_width(list(shown.values())) == 40
    shown = table()
    assert _fit(shown, ["lr", "strategies"], width=20) == ["lr", "strategies"]
    assert list(shown) == ["run", "gain"]


def test_a_fact_is_folded_between_words_and_a_path_is_left_whole(terminal: pytest.MonkeyPatch) -> None:
    terminal.setenv("COLUMNS", "40")
    path = "a/very/long/folder/of/results/that/no/line/holds"
    lines = list(
        fact_lines([("best", "run 1 gain 0.9 over 3 replicates that chose it"), ("", path)], indent=6)
    )
    assert lines == ["best  run 1 gain 0.9 over 3 replicates", "      that chose it", f"      {path}"]
