"""The displays of a launch: what is on the screen, and what is not."""

import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agent.display import LiveDisplay, PlainDisplay
from agent.display.board import SPARKS, Board, show_time_left, sparkline
from agent.planner import UcbPlanner
from blocks.problem import Progress
from blocks.run import Run, RunState
from tests.agent.landscapes import METRICS, admits, play, toy_spec


def batch() -> tuple[list[Run], list[Run]]:
    """Four planned runs, and the same runs finished."""
    finished = play(UcbPlanner(admits), toy_spec(), blocks=1)[:4]
    planned = [run.model_copy(update={"state": RunState.PLANNED, "metrics": ()}) for run in finished]
    return planned, [run.model_copy(update={"train_s": 10.0}) for run in finished]


def live(width: int) -> tuple[LiveDisplay, io.StringIO]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    return LiveDisplay(console), stream


@pytest.mark.parametrize("width", [60, 80, 150])
def test_the_live_picture_has_a_bar_per_slot_the_best_and_the_time_left(width: int) -> None:
    planned, finished = batch()
    display, _ = live(width)
    display.opened(toy_spec(), data_title="toy #1", workers=2, objective=METRICS["gain"])
    display.prepared("reaction model  R2 0.99", cached=True)
    display.batch(1, 1, planned, [])
    display.ended(finished[0])
    display.progress(2, [Progress(step, 100, 1.0 / step) for step in range(1, 51)])
    sheet = Console(file=io.StringIO(), width=width, color_system=None)
    sheet.print(display._render())
    text = sheet.file.getvalue()  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert all(len(line) <= width for line in lines)
    for said in (
        "toy · block 1 of 1",
        "slot 0",
        "slot 3",
        "done",
        "50%",
        "waiting",
        "best so far  run 1",
        "1 of 8",
    ):
        assert said in text
    assert "left" in text


@pytest.mark.parametrize(("waited", "shown"), [(1.0, "..."), (12.2, "...  12 s")])
def test_a_stage_that_takes_long_shows_its_seconds(waited: float, shown: str) -> None:
    times = iter((0.0, waited))
    display = LiveDisplay(Console(file=io.StringIO(), width=80), clock=lambda: next(times))
    display.opened(toy_spec(), data_title="toy #1", workers=2, objective=METRICS["gain"])
    display.stage("making the data set")
    sheet = Console(file=io.StringIO(), width=80, color_system=None)
    sheet.print(display._render())
    text = sheet.file.getvalue()  # type: ignore[attr-defined]
    assert text.rstrip().endswith(f"making the data set {shown}")


def test_the_plain_display_writes_a_dated_line_per_event() -> None:
    planned, finished = batch()
    stream = io.StringIO()
    with PlainDisplay(stream, now=lambda: datetime(2026, 11, 23, 9, 14, 2)) as display:
        display.opened(toy_spec(), data_title="toy #1", workers=2, objective=METRICS["gain"])
        display.stage("simulating toy #1")
        display.stage("simulating toy #1", Progress(1, 2, 0.5))
        display.batch(1, 1, planned, [])
        display.ended(finished[1])
    lines = stream.getvalue().splitlines()
    assert all(line.startswith("2026-11-23T09:14:02 ") for line in lines)
    assert sum("simulating" in line for line in lines) == 1
    assert lines[-1].split(" ", 1)[1].startswith("run 2 done gain ")
    assert lines[-1].endswith("slot 1 time_step 16 10s")


def test_the_plain_display_falls_silent_where_its_lines_cannot_be_written() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as stream, PlainDisplay(stream) as display:
        display.note("nobody reads this")
        display.note("nor this")


def test_the_time_left_counts_what_waits_and_what_is_under_way() -> None:
    planned, finished = batch()
    now = 100.0
    board = Board(spec=toy_spec(), data_title="toy", workers=2, objective=METRICS["gain"], clock=lambda: now)
    board.start_batch(1, 1, planned, [])
    assert board.seconds_left() is None
    board.end(finished[0])
    # Seven runs of 10 s on two workers.
    assert board.seconds_left() == pytest.approx(35.0)
    board.advance(2, [Progress(1, 100, 1.0)])
    now = 105.0
    board.advance(2, [Progress(50, 100, 1.0)])
    assert board.seconds_left() == pytest.approx((0.5 + 6) * 10 / 2)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=50))
def test_a_sparkline_takes_any_losses(losses: list[float]) -> None:
    drawn = sparkline(losses)
    assert len(drawn) in (0, 8)
    assert set(drawn) <= set(SPARKS)


def test_a_sparkline_falls_with_the_loss() -> None:
    drawn = sparkline([10.0**-i for i in range(20)])
    assert drawn[0] == SPARKS[-1]
    assert drawn[-1] == SPARKS[0]
    assert list(drawn) == sorted(drawn, reverse=True)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (4, "a few seconds left"),
        (44, "about 40 s left"),
        (200, "about 3 min left"),
        (8000, "about 2.2 h left"),
    ],
)
def test_the_time_left_is_said_without_false_precision(seconds: float, words: str) -> None:
    assert show_time_left(seconds) == words
