"""Pictures that were drawn blind, drawn anew once the truth is open.

A picture is behind where it is older than the opening; so what was cut short is gone on with by closing once
more. A picture that cannot be drawn stays as it was, and is a note.
"""

from collections.abc import Iterator
from pathlib import Path

from agent.illustrating import ILLUSTRATION_LIMIT
from agent.listener import Listener
from agent.pool import Pool, available_cores
from agent.tasks import EvaluationTask
from agent.worker import illustrate
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash
from blocks.problem import Problem
from blocks.run import Run
from memory import Store


def redraw(store: Store, spec: ExplorationSpec, problem: Problem, listener: Listener) -> int:
    """Draws the pictures of an exploration's runs anew, as far as they are older than its opening.

    Args:
        store: An open store; nothing is written to it.
        spec: A blind exploration that was closed.
        problem: Its problem, with the user's own strategies.
        listener: Is told what is going on.

    Returns:
        How many runs have pictures that show the truth now.
    """
    waiting = list(_behind(store, spec, problem))
    if not waiting:
        return 0
    listener.stage(f"drawing the pictures of {len(waiting)} runs anew, with the truth")
    pool: Pool[int] = Pool(min(available_cores(), len(waiting)), preload=problem.preload())
    drawn = 0
    try:
        while waiting or pool.running:
            while waiting and pool.free:
                number, task, out = waiting.pop(0)
                pool.start(number, illustrate, task, out, timeout_s=ILLUSTRATION_LIMIT)
            for number, outcome in pool.finished(wait_s=0.2):
                if outcome.failure is None:
                    drawn += 1
                else:
                    listener.note(f"run {number}: its pictures stay as they were: {outcome.failure.reason}")
    finally:
        pool.stop()
        listener.stage("")
    return drawn


def _behind(
    store: Store, spec: ExplorationSpec, problem: Problem
) -> Iterator[tuple[int, EvaluationTask, Path]]:
    """Runs whose pictures are older than the opening, and what is needed to draw them."""
    opened = store.closed_at(spec.name)
    for run in store.runs(spec.name):
        if store.origin(spec.name, run.number) != (spec.name, run.number):
            continue  # another exploration's, which may still be under seal
        out = store.workspace.pictures(spec.name, run.number)
        behind = opened is not None and out.is_dir() and out.stat().st_mtime < opened.timestamp()
        if behind and (task := _task(store, spec, problem, run)) is not None:
            yield run.number, task, out


def _task(store: Store, spec: ExplorationSpec, problem: Problem, run: Run) -> EvaluationTask | None:
    """None where something that a picture needs is not there any more, or where its data have no truth."""
    workspace, network = store.workspace, run.proposal.network
    data = spec.data if network == 0 else problem.fresh_data(spec.data, network)
    key = content_hash([problem.name, data])[:16]
    known = store.foundation_of(spec.name, run.number)
    fitted = workspace.run(spec.name, run.number)
    if run.trained_hash is None or known is None or known.chosen is None:
        return None
    foundation = workspace.foundation(known.key) / known.chosen
    needed = (workspace.seal(key), workspace.dataset(key), foundation, fitted)
    if not all(path.exists() for path in needed):
        return None
    return EvaluationTask(
        problem=problem.name,
        observations=workspace.dataset(key),
        fitted=fitted,
        fitted_hash=run.trained_hash,
        seal=workspace.seal(key),
        slot=run.proposal.spec,
        foundation=foundation,
    )
