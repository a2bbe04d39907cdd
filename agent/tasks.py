"""What a task of a worker process is given, and what a training comes back with.

All of it travels to another process: plain values, paths, and a fence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agent.guard import Fence
from blocks.slot import SlotSpec
from blocks.stopping import Course
from blocks.user_strategy import UserStrategy

LOG = "log.txt"
"""What a training prints; no part of its result."""


@dataclass(frozen=True)
class TrainingTask:
    """A training: of one slot, or of the foundation that all slots share."""

    problem: str
    observations: Path
    out: Path
    progress: Path
    fence: Fence
    memory_gib: float
    slot: SlotSpec | None = None
    foundation: Path | None = None
    settings: Mapping[str, Any] | None = None
    strategies: tuple[UserStrategy, ...] = ()
    """The user's own; their folders are among what the fence lets the run read."""

    part: bool = False
    """Whether `slot` has some of a slot's seeds only."""


@dataclass(frozen=True)
class TraceTask:
    """A short training on an audit's data, of which a trace is kept and nothing else."""

    problem: str
    slot: SlotSpec
    root: Path
    fence: Fence
    memory_gib: float
    strategies: tuple[UserStrategy, ...] = ()

    @property
    def out(self) -> Path:
        """Where the training stands, as deep in the audit's data as a run is in its workspace."""
        return self.root / "runs" / "audit" / "000001"

    @property
    def trace(self) -> Path:
        """Where its trace is."""
        return self.root / "trace.jsonl"


class Span(NamedTuple):
    """Beginning and end of a training, s on the monotonic clock, which all processes share."""

    begin: float
    end: float
    course: Course | None = None
    """How far the training of a slot went, where the problem says so."""


class Blind(NamedTuple):
    """What an evaluation keeps from the launch."""

    label_free: frozenset[str]
    """Metrics that the launch is told; all others go into the file."""

    sealed: Path


@dataclass(frozen=True)
class EvaluationTask:
    """An evaluation of what `fitted_hash` says is on disk."""

    problem: str
    observations: Path
    fitted: Path
    fitted_hash: str
    seal: Path | None
    slot: SlotSpec | None = None
    foundation: Path | None = None
    settings: Mapping[str, Any] | None = None
    blind: Blind | None = None
