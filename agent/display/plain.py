"""The display of a launch without a terminal: one plain line per event, on stderr."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from agent.display.board import Board, invariants
from agent.streams import silence
from blocks.exploration import ExplorationSpec
from blocks.problem import Progress
from blocks.run import MetricInfo, Run


class PlainDisplay:
    """A listener that writes lines: `2026-11-23T09:14:02 run 21 done gain 0.871 ±0.004 slot 0 ...`.

    Where nobody reads them any more, or their disk is full, it falls silent and the launch goes on.
    """

    def __init__(self, stream: TextIO, *, now: Callable[[], datetime] = datetime.now) -> None:
        self._stream = stream
        self._now = now
        self._board: Board | None = None
        self._last_stage = ""

    def __enter__(self) -> "PlainDisplay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

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
        self._line(self._board.title)

    def stage(self, text: str, progress: Progress | None = None) -> None:  # noqa: ARG002 - lines, no bars
        if text != self._last_stage:
            self._last_stage = text
            if text:
                self._line(text)

    def prepared(self, summary: str, *, cached: bool) -> None:
        self._line(summary + (" (cached)" if cached else ""))

    def batch(self, block: int, batch: int, runs: Sequence[Run], done: Sequence[Run]) -> None:
        if self._board is not None:
            self._board.start_batch(block, batch, runs, done)
            self._line(f"block {block} batch {batch}: {len(runs)} slots, {len(done)} runs finished before")

    def progress(self, number: int, progress: Sequence[Progress]) -> None:
        if self._board is not None:
            self._board.advance(number, progress)

    def ended(self, run: Run) -> None:
        if self._board is None:
            return
        self._board.end(run)
        duration = "" if run.train_s is None else f" {run.train_s:.0f}s"
        fixed = " ".join(invariants(run, self._board.spec).split())
        self._line(f"run {run.number} {self._result(run)} slot {run.proposal.slot} {fixed}{duration}")

    def tick(self) -> None:
        """Nothing to say."""

    def remembered(self, block: int, path: Path) -> None:
        self._line(f"block {block} closed, {path.name} rewritten")

    def note(self, text: str) -> None:
        self._line(text)

    def _result(self, run: Run) -> str:
        if run.failure is not None or self._board is None:
            return (
                f"failed: {run.failure.kind.value}: {run.failure.reason}" if run.failure else run.state.value
            )
        return f"{run.state.value} {self._board.result(run)}"

    def _line(self, text: str) -> None:
        try:
            self._stream.write(f"{self._now():%Y-%m-%dT%H:%M:%S} {text}\n")
            self._stream.flush()
        except OSError:
            silence(self._stream)
