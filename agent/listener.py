"""What a launch tells while it runs; the displays listen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from blocks.exploration import ExplorationSpec
from blocks.problem import Progress
from blocks.run import MetricInfo, Run


class Listener(Protocol):
    """Receives events in the order in which they happen, all in one thread."""

    def opened(
        self,
        spec: ExplorationSpec,
        *,
        data_title: str,
        workers: int,
        objective: MetricInfo,
        guided: str = "",
    ) -> None:
        """The launch begins; `guided` says which choices read the truth, and is empty where none does."""

    def stage(self, text: str, progress: Progress | None = None) -> None:
        """Preparation is at this point; called again with progress, and with no text when it is over."""

    def prepared(self, summary: str, *, cached: bool) -> None:
        """Data set and foundation are ready."""

    def batch(self, block: int, batch: int, runs: Sequence[Run], done: Sequence[Run]) -> None:
        """A batch begins (or goes on), after the runs in `done`."""

    def progress(self, number: int, progress: Sequence[Progress]) -> None:
        """A run under way has come so far; all of its progress, oldest first."""

    def ended(self, run: Run) -> None:
        """A run is done, stopped or failed."""

    def tick(self) -> None:
        """Nothing happened for a moment."""

    def remembered(self, block: int, path: Path) -> None:
        """The working memory was rewritten."""

    def note(self, text: str) -> None:
        """Something that the user should know."""
