"""Rehearsals: strategies of a user's are watched at work before their first training, and after a divergence.

A rehearsal is a few steps of a training behind the same fence, in a process of its own, while the problem
watches what becomes of the label column. Every version of a strategy passes it once; the verdict is stored.
"""

import shutil
from pathlib import Path

from agent.fencing import fence
from agent.pool import Outcome, Pool
from agent.preparation import Ground
from agent.session import Session
from agent.tasks import TrainingTask
from agent.worker import rehearse
from blocks.errors import GuardRefusalError, LabelLeakError, SpecError
from blocks.identity import content_hash
from blocks.problem import Problem
from blocks.run import Failure, FailureKind
from blocks.slot import SlotSpec
from blocks.user_strategy import UserStrategy

REHEARSAL = "rehearsal"
"""Folder of what a rehearsal writes: its log, and what the fence says."""


class Rehearsals:
    """Rehearses the user's strategies of one launch."""

    def __init__(self, session: Session, ground: Ground) -> None:
        self._session, self._ground = session, ground

    def run(self) -> None:
        """Rehearses every version that has not passed in this workspace.

        Raises:
            LabelLeakError: A strategy used the label column; the error names the line.
            GuardRefusalError: A strategy could not be watched.
        """
        session = self._session
        own = session.problem.user_strategies() if session.spec.strategies.files else {}
        for name, source in own.items():
            key = rehearsal_key(session.problem, source)
            if session.store.verdict_on(key) == "clean":
                continue
            session.listener.stage(f"guard: watching the first steps of {name}")
            failure = self._failure(self._slot(name))
            verdict = "clean" if failure is None else "leak" if _is_leak(failure) else "undecidable"
            session.store.record_guard_check(
                code_hash=key,
                verdict=verdict,
                files=len(list(source.folder.rglob("*.py"))),
                findings=[] if failure is None else [failure.reason],
            )
            if failure is not None and _is_leak(failure):
                raise LabelLeakError(failure.reason)
            if failure is not None:
                raise GuardRefusalError(
                    f"the strategy {name} must run while it is watched before it is trained, but failed: "
                    f"{failure.reason}; mend it"
                )

    def _slot(self, name: str) -> SlotSpec:
        """A slot that turns the strategy on: the baseline's, and all others that are open if it needs any."""
        spec = self._session.spec
        values = {**spec.baseline, **spec.space.invariants(0)}
        seeds = (spec.seed,)
        chosen = spec.strategies
        slot = SlotSpec(values=values, strategies=(*chosen.baseline, name), seeds=seeds)
        try:
            self._session.problem.resolve(slot)
        except SpecError:
            slot = SlotSpec(values=values, strategies=(*chosen.baseline, *chosen.open), seeds=seeds)
            self._session.problem.resolve(slot)
        return slot

    def _failure(self, slot: SlotSpec) -> Failure | None:
        limit = self._session.spec.limits.timeout_s
        pool: Pool[str] = Pool(1, preload=self._session.problem.preload())
        task = rehearsal_task(self._session, self._ground, slot, self._session.workspace.rehearsal)
        try:
            pool.start(REHEARSAL, rehearse, task, None, timeout_s=limit, leak_report=task.fence.report)
            while True:
                for _, outcome in pool.finished(wait_s=0.1):
                    return _forgiven(outcome)
                self._session.listener.tick()
        finally:
            pool.stop()


def rehearsal_key(problem: Problem, source: UserStrategy) -> str:
    """Under what the verdict on a version of a strategy is stored, among the guard's checks."""
    return content_hash(["runtime layer", source.sha256, problem.code_version()])


def rehearsal_task(session: Session, ground: Ground, slot: SlotSpec, out: Path) -> TrainingTask:
    """The task of watching a slot; what it writes goes into `out`, which is made anew."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    strategies = session.user_strategies
    progress = out / "progress.jsonl"
    readable = (ground.observations, ground.foundation, *(one.folder for one in strategies))
    return TrainingTask(
        problem=session.problem.name,
        strategies=strategies,
        observations=ground.observations,
        out=out,
        progress=progress,
        fence=fence(
            session.workspace,
            readable=readable,
            out=out,
            progress=progress,
            seals_elsewhere=ground.seals_elsewhere,
        ),
        memory_gib=session.spec.limits.memory_gib,
        slot=slot,
        foundation=ground.foundation,
    )


def _is_leak(failure: Failure) -> bool:
    return failure.kind is FailureKind.LEAK


def _forgiven(outcome: Outcome) -> Failure | None:
    """A divergence is no leak: the training itself will tell."""
    failure = outcome.failure
    return None if failure is None or failure.kind is FailureKind.DIVERGED else failure
