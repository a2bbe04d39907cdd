"""The state of a launch as its displays know it, and how long it will still take."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from blocks.exploration import ExplorationSpec
from blocks.problem import Progress
from blocks.run import MetricInfo, Run, RunState, show_number
from blocks.slot import show_value
from memory.best import Best, best_of
from memory.candidates import Candidates
from memory.ended import Ended

SPARKS = "▁▂▃▄▅▆▇█"


@dataclass
class Lane:
    """One slot of the batch."""

    run: Run
    progress: list[Progress] = field(default_factory=list)
    began: float | None = None

    @property
    def fraction(self) -> float:
        """Share of its training that is done."""
        if self.run.state.is_final:
            return 1.0
        return self.progress[-1].step / max(self.progress[-1].total, 1) if self.progress else 0.0


@dataclass
class Board:
    """Fed by events, read by displays."""

    spec: ExplorationSpec
    data_title: str
    workers: int
    objective: MetricInfo
    guided: str = ""
    """Which choices read the truth; empty where none does."""

    clock: Callable[[], float] = time.monotonic
    block: int = 0
    batch: int = 0
    lanes: dict[int, Lane] = field(default_factory=dict)
    finished: list[Run] = field(default_factory=list)
    candidates: Candidates | None = None
    _best: Best | None = None
    _best_of: int = 0
    """Finished runs of which `_best` tells."""

    @property
    def label(self) -> str:
        """Short name of the objective."""
        return self.objective.label or self.spec.objective

    @property
    def title(self) -> str:
        """The first line of every display."""
        guided = f" · {self.guided}" if self.guided else ""
        guided += " · blind" if self.spec.blind else ""
        workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
        return (
            f"{self.spec.name} · block {max(self.block, 1)} of {self.spec.blocks} · {self.data_title}"
            f"{guided} · {workers}"
        )

    @property
    def total(self) -> int:
        """Runs of the whole exploration."""
        return self.spec.blocks * self.spec.block.batches * self.spec.block.slots

    def start_batch(self, block: int, batch: int, runs: Sequence[Run], done: Sequence[Run]) -> None:
        self.block, self.batch = block, batch
        self.lanes = {run.number: Lane(run) for run in sorted(runs, key=lambda run: run.proposal.slot)}
        self.finished = list(done)
        self.candidates = Candidates(self.spec.objective, self.objective.direction)
        for run in self.finished:
            self.candidates.add(Ended(run))

    def advance(self, number: int, progress: Sequence[Progress]) -> None:
        lane = self.lanes[number]
        lane.progress = list(progress)
        if lane.began is None:
            lane.began = self.clock()

    def end(self, run: Run) -> None:
        self.lanes[run.number].run = run
        self.finished.append(run)
        if self.candidates is not None:
            self.candidates.add(Ended(run))

    def best(self) -> str:
        """`run 19  gain 0.874 ±0.003 (5 fresh seeds)`, or that it is not confirmed, or that there is none."""
        if self.candidates is not None and self._best_of != len(self.finished):
            # A live display asks many times between two ends.
            self._best_of = len(self.finished)
            self._best = best_of(self.candidates, replicates=self.spec.replicates)
        return "none yet" if self._best is None else self._best.said(self.label)

    def result(self, run: Run) -> str:
        """The objective of a finished run, or why it failed, or when it was stopped."""
        if run.failure is not None:
            return f"failed: {run.failure.kind.value}"
        if run.state is RunState.STOPPED:
            return f"at step {run.trained_steps} of {run.planned_steps}"
        spread = run.spread(self.spec.objective)
        return f"{self.label} {spread}" if spread is not None else f"{self.label} missing"

    def counts(self) -> str:
        """`11 of 12 runs, 0 failed, about 2 min left`."""
        failed = sum(run.state is RunState.FAILED for run in self.finished)
        stopped = sum(run.state is RunState.STOPPED for run in self.finished)
        text = f"{len(self.finished)} of {self.total} runs, {failed} failed"
        text += f", {stopped} stopped early" if stopped else ""
        left = None if len(self.finished) >= self.total else self.seconds_left()
        return text if left is None else f"{text}, {show_time_left(left)}"

    def seconds_left(self) -> float | None:
        """Estimated from the runs that are over and those under way; None before anything is known."""
        known = [run.train_s for run in self.finished if run.train_s]
        now = self.clock()
        for lane in self.lanes.values():
            if lane.began is not None and 0.05 < lane.fraction < 1:
                known.append((now - lane.began) / lane.fraction)
        if not known:
            return None
        mean = sum(known) / len(known)
        under_way = sum(1 - lane.fraction for lane in self.lanes.values() if lane.began is not None)
        begun = sum(lane.began is not None and not lane.run.state.is_final for lane in self.lanes.values())
        waiting = max(self.total - len(self.finished) - begun, 0)
        return mean * (under_way + waiting) / self.workers


def invariants(run: Run, spec: ExplorationSpec) -> str:
    """What the slot keeps fixed: `time_step  4`. A run that is repeated brings its own."""
    values = run.proposal.spec.values
    fixed = {
        name: values.get(name, value) for name, value in spec.space.invariants(run.proposal.slot).items()
    }
    return "  ".join(f"{name} {show_value(value):>2}" for name, value in fixed.items())


def sparkline(losses: Sequence[float], width: int = 8) -> str:
    """The course of a loss on a log scale: ▇▅▃▂▂▁."""
    positive = [loss for loss in losses if math.isfinite(loss) and loss > 0]
    if len(positive) < 2:
        return ""
    picked = [positive[round(i * (len(positive) - 1) / (width - 1))] for i in range(width)]
    logs = [math.log(loss) for loss in picked]
    low, span = min(logs), max(logs) - min(logs) or 1.0
    return "".join(SPARKS[round((value - low) / span * (len(SPARKS) - 1))] for value in logs)


def show_time_left(seconds: float) -> str:
    """About how long, in words that do not pretend to be exact."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s left"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"


def show_loss(progress: Sequence[Progress]) -> str:
    """The last loss: `loss 2.1e-3`."""
    return f"loss {show_number(progress[-1].loss)}" if progress and math.isfinite(progress[-1].loss) else ""
