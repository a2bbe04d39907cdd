"""How an exploration stands, gathered from the store and from the files of a launch that may be running."""

import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from blocks.exploration import ExplorationSpec
from blocks.run import Run, RunState
from memory.records import Event
from memory.schema import BlockState
from memory.store import Store

_UNTOLD = ("statements told",)
"""What the journal keeps for the store's own sake."""


class Status(NamedTuple):
    """An exploration at one moment."""

    name: str
    spec: ExplorationSpec
    pid: int | None
    """Process of the launch that holds the workspace; None where none does."""

    here: bool
    """Whether that launch is about this exploration: it did what was done last."""

    block: int
    """The open block, else the last one; 0 where there is none."""

    closed: int
    """Blocks that are over."""

    batch: int
    """The last batch of the block of which runs are planned."""

    counts: Counter[RunState]
    failures: dict[str, int]
    """Failed runs by kind, the most frequent first."""

    current: Sequence[Run]
    """Runs that a worker trains, or that wait for an evaluation."""

    median_s: float | None
    """Training time of the median run, s."""

    last: Event | None
    size: int
    """Of the workspace on disk, bytes."""

    free: int
    """On its file system, bytes."""

    @property
    def total(self) -> int:
        """Runs of the whole exploration, as its settings have it; more where more were launched."""
        planned = self.spec.blocks * self.spec.block.batches * self.spec.block.slots
        return max(planned, self.counts.total())

    @property
    def ended(self) -> int:
        """Runs that are done, stopped or failed."""
        return sum(count for state, count in self.counts.items() if state.is_final)


def status_of(store: Store, name: str) -> Status:
    """How an exploration stands now.

    Args:
        store: An open store.
        name: Of the exploration.
    """
    blocks = store.blocks(name)
    runs = store.runs(name)
    block = next((b.number for b in blocks if b.state is not BlockState.CLOSED), len(blocks))
    kinds = Counter(run.failure.kind.value for run in runs if run.failure is not None)
    times = [run.train_s for run in runs if run.train_s is not None]
    latest = store.latest()
    events = [event for event in store.events(name, last=5) if event.what not in _UNTOLD]
    return Status(
        name=name,
        spec=store.spec(name),
        pid=store.workspace.launch_pid(),
        here=latest == name,
        block=block,
        closed=sum(b.state is BlockState.CLOSED for b in blocks),
        batch=max((run.batch for run in runs if run.block == block), default=0),
        counts=Counter(run.state for run in runs),
        failures=dict(kinds.most_common()),
        current=[run for run in runs if run.state in (RunState.RUNNING, RunState.TRAINED)],
        median_s=median(times) if times else None,
        last=events[-1] if events else None,
        size=_size(store.workspace.root),
        free=shutil.disk_usage(store.workspace.root).free,
    )


def seconds_left(status: Status, *, workers: int) -> float | None:
    """Time that the runs to come will take, s; None before anything is known of it."""
    left = status.total - status.ended
    return None if status.median_s is None or left <= 0 else left * status.median_s / workers


def show_age(since: datetime, now: datetime) -> str:
    """How long ago: 12 s, 3 min, 5 h, 2 days."""
    seconds = max((now - since).total_seconds(), 0.0)
    for limit, unit, size in ((90, "s", 1), (5400, "min", 60), (129_600, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def show_size(size: float) -> str:
    """Bytes as people read them: 812 B, 12.3 MB, 51 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 100 or unit == "B" else f"{size:.1f} {unit}"


def _size(root: Path) -> int:
    total = 0
    for path in root.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:  # went away in the meantime, as files of a running launch do
            continue
    return total
