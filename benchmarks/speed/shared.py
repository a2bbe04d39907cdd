"""Replicates shared out among processes, as idle workers take them: one optimiser step of all, in step."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType

from benchmarks.speed.bench import setting


class SharedSteps:
    """Processes that each train a share of the replicates, one thread each, and wait for one another.

    Args:
        processes: How many.
        replicates: Of each process.
        time_step: Euler steps of a rollout.
        preset: The network that is trained on.
    """

    def __init__(self, processes: int, *, replicates: int, time_step: int, preset: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._ends: list[Connection[str, str]] = []
        self._processes = []
        os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that start now
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_serve, args=(theirs, replicates, time_step, preset), daemon=True
            )
            process.start()
            self._ends.append(ours)
            self._processes.append(process)
        del os.environ["OMP_NUM_THREADS"]

    def __enter__(self) -> Callable[[], None]:
        for end in self._ends:
            end.recv()  # it is ready
        return self._step

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.join()

    def _step(self) -> None:
        for end in self._ends:
            end.send("step")
        for end in self._ends:
            end.recv()


def _serve(end: "Connection[str, str]", replicates: int, time_step: int, preset: str) -> None:
    step = setting(preset=preset).steps(replicates=replicates, time_step=time_step)
    end.send("ready")
    while True:
        end.recv()
        step()
        end.send("done")
