"""Evaluations of trained runs: one at a time, and only of what is in the store.

The truth is opened for a run whose parameters' hash is stored, and for no other; that it is opened is stored
first. In blind mode what needs labels goes from the evaluator into a sealed file, past the launch.
"""

from collections import deque
from collections.abc import Iterator

from agent.foundations import EVALUATION_LIMIT
from agent.grounds import Grounds
from agent.pool import Outcome, Pool
from agent.session import Session
from agent.tasks import Blind, EvaluationTask
from agent.worker import evaluate
from blocks.blindness import sealed_metrics
from blocks.run import Run


class Evaluations:
    """The queue before the evaluator, which is one process: an evaluation takes a hundredth of a training."""

    def __init__(self, session: Session, grounds: Grounds) -> None:
        self._session = session
        self._grounds = grounds
        self._pool: Pool[Run] = Pool(1, preload=session.problem.preload())
        self._waiting: deque[Run] = deque()

    @property
    def under_way(self) -> int:
        """Runs that wait or are being evaluated."""
        return len(self._waiting) + len(self._pool.running)

    @property
    def idle(self) -> bool:
        """Whether a run that is asked for now is evaluated at once."""
        return self._pool.free > len(self._waiting)

    def ask(self, run: Run) -> None:
        """Puts a run that is trained into the queue."""
        self._waiting.append(run)

    def step(self) -> None:
        """Starts what is next, if nothing is being evaluated."""
        if self._waiting and self._pool.free:
            self.start(self._waiting.popleft())

    def start(self, run: Run, *, opened: bool = False) -> None:
        """Opens the truth for a run whose parameters' hash is in the store, and for no other.

        Args:
            run: One that is trained, while the evaluator has nothing to do.
            opened: Whether the store says already that the truth is opened.
        """
        assert run.trained_hash is not None
        session = self._session
        ground = self._grounds.of(run.proposal.network)
        task = EvaluationTask(
            problem=session.problem.name,
            observations=ground.observations,
            fitted=session.workspace.run(session.name, run.number),
            fitted_hash=run.trained_hash,
            seal=ground.seal,
            slot=run.proposal.spec,
            foundation=ground.foundation,
            blind=kept_back(session, run) if session.spec.blind else None,
        )
        if task.seal is not None and not opened:
            session.store.truth_opened(session.name, run.number)
        self._pool.start(run, evaluate, task, timeout_s=EVALUATION_LIMIT)

    def finished(self, *, wait_s: float) -> Iterator[tuple[Run, Outcome]]:
        """Runs whose evaluation is over, after waiting for at most `wait_s`."""
        return self._pool.finished(wait_s=wait_s)

    def stop(self) -> None:
        """Kills what is being evaluated."""
        self._pool.stop()


def kept_back(session: Session, run: Run) -> Blind:
    """What the evaluation of a run keeps from a blind launch, and where it is put."""
    metrics = session.problem.metrics(session.spec.data)
    free = frozenset(metrics) - sealed_metrics(session.spec, metrics)
    return Blind(free, session.workspace.sealed_metrics(session.name, run.number))
