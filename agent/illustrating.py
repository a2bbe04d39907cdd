"""Pictures of runs that are done: drawn one run at a time, beside the trainings and after them.

They have a process of their own, which gives way to trainings, so that neither a training nor an evaluation
waits for a picture. None of them is part of a result: what cannot be drawn is a note. A launch that is killed
leaves a run without pictures; the next launch draws them.
"""

import shutil
from collections import deque
from collections.abc import Iterable

from agent.grounds import Grounds
from agent.pool import Outcome, Pool
from agent.session import Session
from agent.tasks import EvaluationTask
from agent.worker import illustrate
from blocks.run import Run, RunState

ILLUSTRATION_LIMIT = 120.0  # s


class Illustrating:
    """Draws what it is asked for, in that order."""

    def __init__(self, session: Session, grounds: Grounds) -> None:
        self._session = session
        self._grounds = grounds
        self._pool: Pool[Run] = Pool(1, preload=session.problem.preload())
        self._waiting: deque[Run] = deque()

    def ask(self, runs: Iterable[Run]) -> None:
        """Puts runs into the queue, as far as they lack their pictures."""
        self._waiting.extend(run for run in runs if self.lacks(run))

    def lacks(self, run: Run) -> bool:
        """Whether a run is done, has its parameters here, and has no pictures yet."""
        workspace, name = self._session.workspace, self._session.name
        trained, drawn = workspace.run(name, run.number), workspace.pictures(name, run.number)
        done = run.state is RunState.DONE and run.trained_hash is not None
        return done and trained.is_dir() and not drawn.exists()

    def forget(self, run: Run) -> None:
        """Removes the pictures of a run that was trained anew: they would show other parameters."""
        shutil.rmtree(self._session.workspace.pictures(self._session.name, run.number), ignore_errors=True)

    def step(self, *, wait_s: float = 0.0) -> None:
        """Takes note of what is drawn, and starts what is next.

        Args:
            wait_s: How long to wait at most for what is being drawn, s.
        """
        for run, outcome in self._pool.finished(wait_s=wait_s):
            self._after(run, outcome)
        if self._waiting and self._pool.free:
            self._start(self._waiting.popleft())

    def finish(self) -> None:
        """Comes back when everything is drawn."""
        while self._waiting or self._pool.running:
            self.step(wait_s=0.1)
            self._session.listener.tick()

    def stop(self) -> None:
        """Kills what is being drawn."""
        self._pool.stop()

    def _start(self, run: Run) -> None:
        workspace, name = self._session.workspace, self._session.name
        ground = self._grounds.of(run.proposal.network)
        assert run.trained_hash is not None
        task = EvaluationTask(
            problem=self._session.problem.name,
            observations=ground.observations,
            fitted=workspace.run(name, run.number),
            fitted_hash=run.trained_hash,
            seal=None if self._session.spec.blind else ground.seal,
            slot=run.proposal.spec,
            foundation=ground.foundation,
        )
        out = workspace.pictures(name, run.number)
        self._pool.start(run, illustrate, task, out, timeout_s=ILLUSTRATION_LIMIT)

    def _after(self, run: Run, outcome: Outcome) -> None:
        if outcome.failure is not None:
            self._session.listener.note(
                f"run {run.number} is done, but its pictures are not: {outcome.failure.reason}"
            )
