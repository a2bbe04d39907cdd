"""What runs in other processes: one fresh process per task, of one of two kinds.

*Training* processes see observations alone: before any code of the science runs, the fence goes up
(agent/guard/absence.py) and the seal, the store and every other run are out of reach. *Keeper*
processes may know the truth: they simulate, and they evaluate and draw what is already trained and hashed.
"""

import gc
import json
import multiprocessing
import os
import resource
import shutil
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agent.guard import Fence, denied, fence_off
from agent.guard.traces import TraceFile
from blocks.errors import DataError
from blocks.exploration import ExplorationSpec
from blocks.identity import folder_hash
from blocks.installed import load_problem
from blocks.problem import FoundationReport, Problem, Progress
from blocks.proxy import Proxy
from blocks.run import Metrics
from blocks.slot import SlotSpec
from blocks.stopping import Course
from blocks.user_strategy import UserStrategy
from memory.sealing import split, write_sealed

LOG = "log.txt"
"""What a training prints; no part of its result."""

REPORT_EVERY = 0.2  # s between two lines of progress
DRAWING_NICENESS = 10
"""Pictures can wait: a training on the same cores goes first."""


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


def train(task: TrainingTask) -> Span:
    """Trains behind the fence; the parameters are in `task.out` afterwards.

    Returns:
        When it trained, and how far.
    """
    problem = _behind_the_fence(task)
    report = ProgressFile(task.progress)
    course = None
    started = time.monotonic()
    with denied.told(task.fence):
        if task.slot is not None and task.foundation is not None:
            course = problem.train(
                task.slot, task.observations, task.foundation, task.out, report, part=task.part
            )
        else:
            problem.fit_foundation(task.settings or {}, task.observations, task.out, report)
    return Span(started, time.monotonic(), course)


def rehearse(task: TrainingTask, steps: int | None) -> None:
    """Trains for a few steps behind the fence, while it is watched whether a label is used.

    Args:
        task: Of a slot.
        steps: How many, from the first on; None for a few that stand for the whole training.
    """
    problem = _behind_the_fence(task)
    assert task.slot is not None
    assert task.foundation is not None
    with denied.told(task.fence):
        problem.rehearse(task.slot, task.observations, task.foundation, steps=steps)


def trace(task: TraceTask) -> None:
    """Trains behind a fence around the real workspace; the audit's own truth lies open on this side of it."""
    _die_with_the_launch()
    _speak_into(task.out / LOG)
    limit = int(task.memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    record = TraceFile(task.trace)
    fence_off(task.fence)
    # What would be there if the layer of absence had failed.
    os.environ["SETPOINT_WORKSPACE"] = str(task.root)
    with denied.told(task.fence):
        load_problem(task.problem, task.strategies).trace(task.slot, task.root, record)
    record.close()


def write_audit_data(problem: str, root: Path, other_truth: bool, observations: Path | None) -> None:
    """Writes one of the two data sets of an audit."""
    _die_with_the_launch()
    load_problem(problem).write_audit_data(root, other_truth=other_truth, observations=observations)


def find_proxies(problem: str, observations: Path, seal: Path, seeds: Sequence[int]) -> tuple[Proxy, ...]:
    """What predicts the labels. The truth is opened, and nothing is trained in this process."""
    _die_with_the_launch()
    return load_problem(problem).find_proxies(observations, seal, seeds)


def provide_data(problem: str, data: Mapping[str, Any], observations: Path, seal: Path) -> None:
    """Writes a data set: observations and, where there is a truth, its seal apart."""
    _die_with_the_launch()
    load_problem(problem).provide_data(data, observations, seal)


def inspect_data(spec: ExplorationSpec, observations: Path) -> tuple[str, ...]:
    """What people should know of a data set before anything is trained on it."""
    _die_with_the_launch()
    return load_problem(spec.problem).inspect_data(spec, observations)


def evaluate(task: EvaluationTask) -> tuple[Metrics, ...]:
    """Metrics per replicate, computed from the stored parameters.

    In blind mode those that may need labels never leave this process: they are put under seal.
    """
    _die_with_the_launch()
    _verify(task)
    assert task.slot is not None
    assert task.foundation is not None
    found = load_problem(task.problem).evaluate(
        task.slot, task.observations, task.foundation, task.fitted, task.seal
    )
    if task.blind is None:
        return found
    told, kept = split(found, task.blind.label_free)
    write_sealed(task.blind.sealed, kept)
    return told


def illustrate(task: EvaluationTask, out: Path) -> None:
    """Draws the pictures of a run into the folder `out`, which appears when they are whole.

    Where the problem raises, what it has drawn by then is kept.
    """
    _die_with_the_launch()
    os.nice(DRAWING_NICENESS)
    gc.disable()  # this process lives for a second, and a collection would go through all that is preloaded
    _verify(task)
    assert task.slot is not None
    assert task.foundation is not None
    draft = out.with_name(f"{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        load_problem(task.problem).illustrate(
            task.slot, task.observations, task.foundation, task.fitted, task.seal, draft
        )
    except Exception:
        if not any(draft.iterdir()):
            draft.rmdir()
            raise
        _put_in_place(draft, out)
        raise
    _put_in_place(draft, out)


def evaluate_foundation(task: EvaluationTask) -> FoundationReport:
    """What the foundation is worth, and which candidate slots are to use."""
    _die_with_the_launch()
    _verify(task)
    return load_problem(task.problem).evaluate_foundation(
        task.settings or {}, task.observations, task.fitted, task.seal
    )


def trained_hash(folder: Path) -> str:
    """Hash of what a training wrote; its log is not part of the result."""
    return folder_hash(folder, without=(LOG,))


class ProgressFile:
    """Appends progress to a file that the launch, and anybody else, may follow.

    A file holds no lock that a killed worker could take along.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8", buffering=1)
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= REPORT_EVERY or progress.step >= progress.total:
            self._last = now
            self._stream.write(json.dumps([progress.step, progress.total, progress.loss]) + "\n")


def read_progress(path: Path) -> list[Progress]:
    """Progress written so far; what is no line of progress is left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found = []
    for line in text.splitlines(keepends=True):
        try:
            step, total, loss = json.loads(line)
            found.append(Progress(int(step), int(total), float(loss)))
        except (ValueError, TypeError):
            continue  # half written, or not by us: a training may write into this file
    return found


def _behind_the_fence(task: TrainingTask) -> Problem:
    """Confines this process for good; the science, and a user's code, are loaded only then."""
    _die_with_the_launch()
    _speak_into(task.out / LOG)
    limit = int(task.memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    fence_off(task.fence)
    return load_problem(task.problem, task.strategies)


def _verify(task: EvaluationTask) -> None:
    """The truth is opened for exactly the parameters whose hash is in the store."""
    found = trained_hash(task.fitted)
    if found != task.fitted_hash:
        raise DataError(
            f"{task.fitted.name}: must have the hash that was stored after training "
            f"({task.fitted_hash[:12]}), but has {found[:12]}; its files were changed since"
        )


def _put_in_place(draft: Path, out: Path) -> None:
    if out.exists():
        shutil.rmtree(out)
    draft.replace(out)


def _die_with_the_launch() -> None:
    """Ends this process when the launch is gone, so that no orphan trains on after a kill -9."""
    launch = multiprocessing.parent_process()
    if launch is None:
        return

    def watch() -> None:
        # The launch holds the other end of a pipe: when it is gone, however it went, this returns.
        launch.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="orphan-check").start()


def _speak_into(path: Path) -> None:
    """Sends what the training prints to its log, so that it cannot disturb the launch's screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
