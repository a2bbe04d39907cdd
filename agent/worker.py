"""What runs in other processes: one fresh process per task, of one of two kinds.

*Training* processes see observations alone: before any code of the science runs, the fence goes up
(agent/guard/absence.py) and the seal, the store and every other run are out of reach. *Keeper*
processes may know the truth: they simulate, and they evaluate and draw what is already trained and hashed.
"""

import gc
import os
import resource
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.guard import denied, fence_off
from agent.guard.traces import TraceFile
from agent.orphans import end_with_the_starter
from agent.progress import ProgressFile
from agent.tasks import LOG, EvaluationTask, Span, TraceTask, TrainingTask
from blocks.errors import DataError
from blocks.exploration import ExplorationSpec
from blocks.identity import folder_hash
from blocks.installed import load_problem
from blocks.problem import FoundationReport, Problem
from blocks.proxy import Proxy
from blocks.run import Metrics
from memory.sealing import split, write_sealed

DRAWING_NICENESS = 10
"""Pictures can wait: a training on the same cores goes first."""


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
    end_with_the_starter()
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
    end_with_the_starter()
    load_problem(problem).write_audit_data(root, other_truth=other_truth, observations=observations)


def find_proxies(problem: str, observations: Path, seal: Path, seeds: Sequence[int]) -> tuple[Proxy, ...]:
    """What predicts the labels. The truth is opened, and nothing is trained in this process."""
    end_with_the_starter()
    return load_problem(problem).find_proxies(observations, seal, seeds)


def provide_data(problem: str, data: Mapping[str, Any], observations: Path, seal: Path) -> None:
    """Writes a data set: observations and, where there is a truth, its seal apart."""
    end_with_the_starter()
    load_problem(problem).provide_data(data, observations, seal)


def inspect_data(spec: ExplorationSpec, observations: Path) -> tuple[str, ...]:
    """What people should know of a data set before anything is trained on it."""
    end_with_the_starter()
    return load_problem(spec.problem).inspect_data(spec, observations)


def evaluate(task: EvaluationTask) -> tuple[Metrics, ...]:
    """Metrics per replicate, computed from the stored parameters.

    In blind mode those that may need labels never leave this process: they are put under seal.
    """
    end_with_the_starter()
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
    end_with_the_starter()
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
    end_with_the_starter()
    _verify(task)
    return load_problem(task.problem).evaluate_foundation(
        task.settings or {}, task.observations, task.fitted, task.seal
    )


def trained_hash(folder: Path) -> str:
    """Hash of what a training wrote; its log is not part of the result."""
    return folder_hash(folder, without=(LOG,))


def _behind_the_fence(task: TrainingTask) -> Problem:
    """Confines this process for good; the science, and a user's code, are loaded only then."""
    end_with_the_starter()
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


def _speak_into(path: Path) -> None:
    """Sends what the training prints to its log, so that it cannot disturb the launch's screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
