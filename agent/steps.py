"""Steps of a preparation: one at a time, each in a process of its own, while people see how far it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.pool import Outcome, Pool
from agent.progress import read_progress
from agent.session import Session
from agent.tasks import TrainingTask
from blocks.errors import SetpointError


class Steps:
    """Carries out a step and waits for it."""

    def __init__(self, session: Session) -> None:
        self._listener = session.listener
        self._pool: Pool[str] = Pool(1, preload=session.problem.preload())

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        timeout_s: float,
        progress: Path | None = None,
        text: str = "",
    ) -> Any:
        """What a function gives that is called in another process.

        Args:
            function: One of `agent.worker`.
            args: Its arguments.
            timeout_s: Limit of its wall-clock time, s.
            progress: File to which it reports.
            text: What it does, for people; its name without it.

        Raises:
            SetpointError: It failed: the error that it raised, or one that says how it ended.
        """
        leak_report = args[0].fence.report if isinstance(args[0], TrainingTask) else None
        if progress is not None:
            self._listener.stage(text)  # it may be over before it says how far it is
        self._pool.start("preparation", function, *args, timeout_s=timeout_s, leak_report=leak_report)
        while True:
            for _, outcome in self._pool.finished(wait_s=0.1):
                return _value(outcome, text or function.__name__.replace("_", " "))
            if progress is not None and (steps := read_progress(progress)):
                self._listener.stage(text, steps[-1])
            else:
                self._listener.tick()

    def stop(self) -> None:
        """Kills what is running."""
        self._pool.stop()


def _value(outcome: Outcome, step: str) -> Any:
    if outcome.failure is None:
        return outcome.value
    if isinstance(outcome.error, SetpointError):
        raise outcome.error
    raise SetpointError(f"{step}: {outcome.failure.kind.value}: {outcome.failure.reason}")
