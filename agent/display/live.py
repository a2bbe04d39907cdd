"""The live display of a launch: a bar per slot, best so far, time left. Written to stderr."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.display.board import Board, Lane, invariants, show_loss, sparkline
from blocks.exploration import ExplorationSpec
from blocks.problem import Progress
from blocks.run import MetricInfo, Run, RunState

WIDE, NARROW = 100, 76
"""Columns of a terminal from which on there is room for long bars, and for roles and changes."""

BAR = 16

SHOW_WAITING_S = 3.0
"""A stage that takes longer shows its seconds, so that nobody takes it for one that hangs."""


class LiveDisplay:
    """A listener that keeps one picture of the launch on the screen."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._board: Board | None = None
        self._stage = ""
        self._stage_progress: Progress | None = None
        self._stage_began = 0.0
        self._ground = ""
        self._live = Live(console=console, refresh_per_second=5, get_renderable=self._render, transient=False)

    def __enter__(self) -> "LiveDisplay":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def opened(
        self,
        spec: ExplorationSpec,
        *,
        data_title: str,
        workers: int,
        objective: MetricInfo,
        guided: str = "",
    ) -> None:
        self._board = Board(
            spec=spec, data_title=data_title, workers=workers, objective=objective, guided=guided
        )

    def stage(self, text: str, progress: Progress | None = None) -> None:
        if text != self._stage:
            self._stage_began = self._clock()
        self._stage, self._stage_progress = text, progress

    def prepared(self, summary: str, *, cached: bool) -> None:
        self._stage = ""
        self._ground = summary + ("   (cached)" if cached else "")

    def batch(self, block: int, batch: int, runs: Sequence[Run], done: Sequence[Run]) -> None:
        if self._board is not None:
            self._board.start_batch(block, batch, runs, done)

    def progress(self, number: int, progress: Sequence[Progress]) -> None:
        if self._board is not None:
            self._board.advance(number, progress)

    def ended(self, run: Run) -> None:
        if self._board is not None:
            self._board.end(run)

    def tick(self) -> None:
        """The picture refreshes by itself."""

    def remembered(self, block: int, path: Path) -> None:
        self._console.print(Text(f"block {block} closed, {path.name} rewritten", style="dim"))

    def note(self, text: str) -> None:
        self._console.print(Text(text, style="yellow"))

    def _render(self) -> RenderableType:
        board = self._board
        if board is None:
            return Text("")
        parts: list[RenderableType] = [Text(board.title, style="bold", no_wrap=True, overflow="ellipsis")]
        if self._ground:
            parts.append(Text(self._ground, style="dim", no_wrap=True, overflow="ellipsis"))
        if self._stage:
            parts.append(self._render_stage())
        if board.lanes:
            parts += [
                Text(""),
                Text(f" batch {board.batch} of {board.spec.block.batches}"),
                self._render_lanes(board),
            ]
            best = Text.assemble(" best so far  ", (board.best(), "bold"), no_wrap=True, overflow="ellipsis")
            parts += [Text(""), best, Text(f" {board.counts()}", style="dim")]
        return Group(*parts)

    def _render_stage(self) -> RenderableType:
        text = f" {self._stage} ..."
        if self._stage_progress is not None:
            step = self._stage_progress
            text += f"  step {step.step} of at most {step.total}   {show_loss([step])}"
        elif (waited := self._clock() - self._stage_began) >= SHOW_WAITING_S:
            text += f"  {waited:.0f} s"
        return Text(text)

    def _render_lanes(self, board: Board) -> RenderableType:
        width = self._console.width
        bar = BAR if width >= WIDE else BAR // 2
        # On a narrow screen the reasons go first, the results last.
        told = width >= NARROW
        table = Table.grid(padding=(0, 1), expand=told)
        for _ in range(3 if told else 2):
            table.add_column(no_wrap=True)
        if told:
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(width=bar)
        table.add_column(no_wrap=True, width=7)
        table.add_column(no_wrap=True, min_width=20 if told else None)
        for lane in board.lanes.values():
            proposal = lane.run.proposal
            change = "" if proposal.change == proposal.role.value else proposal.change
            table.add_row(
                f" slot {proposal.slot}",
                invariants(lane.run, board.spec),
                *((proposal.role.value, change) if told else ()),
                ProgressBar(total=1.0, completed=lane.fraction, width=bar),
                _state(lane),
                _outcome(lane, board),
            )
        return table


def _state(lane: Lane) -> Text:
    if lane.run.state is RunState.DONE:
        return Text("done", style="green")
    if lane.run.state is RunState.STOPPED:
        return Text("stopped", style="yellow")
    if lane.run.state is RunState.FAILED:
        return Text("failed", style="red")
    return Text(f"{lane.fraction:4.0%}" if lane.began is not None else "waiting", style="dim")


def _outcome(lane: Lane, board: Board) -> Text:
    if lane.run.state.is_final:
        return Text(board.result(lane.run), style="red" if lane.run.failure else "")
    losses = [progress.loss for progress in lane.progress]
    return Text(f"{show_loss(lane.progress)} {sparkline(losses)}", style="dim")
