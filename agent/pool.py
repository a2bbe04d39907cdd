"""The worker pool: a bounded number of tasks at a time, each in a fresh process with a time limit.

Processes are forked from a server that has the science imported already and has never seen a truth.
A process that crashes, hangs, runs out of memory or leaks costs its own task only.
"""

import multiprocessing
import multiprocessing.process
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pebble import ProcessExpired, concurrent

from agent.guard import EXIT_LEAK, read_leak
from agent.interrupts import obey
from blocks.errors import DivergenceError, LabelLeakError, SetpointError
from blocks.run import Failure, FailureKind

Key = TypeVar("Key")

THREADS = 1
"""Threads of one worker. More workers use the cores better than more threads on such small kernels."""

SERVER = "agent.server"
"""Last among what the fork server imports, since it leaves what is there out of the search for cycles."""

STOP_LIMIT = 10.0  # s for a killed process to be gone

_ONE_THREAD = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}

_KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**31 - 1), "MALLOC_MMAP_THRESHOLD_": str(2**30)}
"""Arrays come and go by the thousand: glibc is to keep what they leave, not to hand it back and fault it in
again (a quarter of Phase 1). Other allocators do not know the names."""


class Outcome(NamedTuple):
    """How a task ended: with a value, or with a failure."""

    value: Any
    failure: Failure | None
    error: BaseException | None = None


@dataclass(frozen=True)
class _Task(Generic[Key]):
    key: Key
    process: BaseProcess | None
    timeout_s: float
    leak_report: Path | None


class Pool(Generic[Key]):
    """Runs tasks side by side.

    Args:
        workers: Tasks at a time.
        preload: Modules that every task needs; imported once.
    """

    def __init__(self, workers: int, *, preload: Sequence[str] = ()) -> None:
        self.workers = workers
        self._context = _context(preload)
        self._running: dict[Future[Any], _Task[Key]] = {}

    @property
    def free(self) -> int:
        """Tasks that could start now."""
        return self.workers - len(self._running)

    @property
    def running(self) -> list[Key]:
        """Keys of the tasks under way."""
        return [task.key for task in self._running.values()]

    def start(
        self,
        key: Key,
        function: Callable[..., Any],
        *args: Any,
        timeout_s: float,
        leak_report: Path | None = None,
    ) -> None:
        """Starts a task now.

        Args:
            key: Comes back with the outcome.
            function: A module-level function.
            args: Its arguments.
            timeout_s: Wall-clock limit, s; the process is killed beyond it.
            leak_report: File in which the fence says what leaked.
        """
        # Pebble reads `context`; its types, and perhaps a later version, say `mp_context`.
        options: dict[str, Any] = {"context": self._context, "mp_context": self._context}
        before = _children()
        with _environment(_ONE_THREAD | _KEEP_MEMORY), _deaf_to_interrupts():
            future = concurrent.process(timeout=timeout_s, **options)(function)(*args)
        # Pebble keeps the process to itself; it is the one that was not there before.
        process = next(iter(_children() - before), None)
        self._running[future] = _Task(key, process, timeout_s, leak_report)

    def finished(self, *, wait_s: float) -> Iterator[tuple[Key, Outcome]]:
        """Outcomes of tasks that have ended, after waiting for the first one for at most `wait_s`.

        Raises:
            KeyboardInterrupt: Somebody asked for the end of the launch.
        """
        obey()
        done, _ = wait(self._running, timeout=wait_s, return_when=FIRST_COMPLETED)
        for future in done:
            task = self._running.pop(future, None)
            if task is None:
                continue  # stopped since
            yield task.key, outcome_of(future, timeout_s=task.timeout_s, leak_report=task.leak_report)

    def stop(self, which: Callable[[Key], bool] = lambda _: True) -> None:
        """Kills what is running, and comes back when it is gone.

        Args:
            which: Says by its key whether a task is to be killed; default: all are.
        """
        _ignore_races()
        stopped = {future: task for future, task in self._running.items() if which(task.key)}
        for future, task in stopped.items():
            future.cancel()
            if task.process is not None:
                task.process.kill()
        for future, task in stopped.items():
            if task.process is not None:
                task.process.join(STOP_LIMIT)
            del self._running[future]


def warm_up(preload: Sequence[str]) -> None:
    """Starts the fork server, which imports all that tasks need while the launch does something else.

    Args:
        preload: As for the pools that will use it.
    """
    _context(preload)
    with _environment(_ONE_THREAD | _KEEP_MEMORY), _deaf_to_interrupts():
        forkserver.ensure_running()


def _context(preload: Sequence[str]) -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload, SERVER])
    return context


def outcome_of(future: Future[Any], *, timeout_s: float, leak_report: Path | None) -> Outcome:
    """What a finished task says: its value, or why it failed in one line."""
    error = future.exception()
    if error is None:
        return Outcome(future.result(), None)
    return Outcome(None, failure_of(error, timeout_s=timeout_s, leak_report=leak_report), error)


def failure_of(error: BaseException, *, timeout_s: float, leak_report: Path | None) -> Failure:
    """Kind and reason of a task's end.

    Args:
        error: What the pool says of the task.
        timeout_s: Its limit, s.
        leak_report: Where the fence wrote, if it did.
    """
    leak = read_leak(leak_report) if leak_report is not None else None
    if leak is not None:
        return Failure(kind=FailureKind.LEAK, reason=str(leak))
    if isinstance(error, ProcessExpired):
        return _death(error.exitcode)
    if isinstance(error, TimeoutError):
        return Failure(kind=FailureKind.TIMEOUT, reason=f"took longer than its limit of {timeout_s:g} s")
    if isinstance(error, DivergenceError):
        return Failure(kind=FailureKind.DIVERGED, reason=str(error))
    if isinstance(error, LabelLeakError):
        return Failure(kind=FailureKind.LEAK, reason=str(error))
    text = " ".join(str(error).split())[:300]
    if isinstance(error, MemoryError) or "allocate memory" in text:
        return Failure(
            kind=FailureKind.OUT_OF_MEMORY,
            reason=f"ran out of its memory limit (limits.memory_gib): {text}".rstrip(": "),
        )
    if isinstance(error, SetpointError):
        return Failure(kind=FailureKind.ERROR, reason=text)
    return Failure(kind=FailureKind.ERROR, reason=f"{type(error).__name__}: {text}{_place(error)}")


def _death(exitcode: int) -> Failure:
    if exitcode == EXIT_LEAK:
        return Failure(
            kind=FailureKind.LEAK, reason="the worker was stopped by the fence, which could not say where"
        )
    if exitcode == -signal.SIGKILL:
        return Failure(
            kind=FailureKind.OUT_OF_MEMORY,
            reason="killed by the system (signal 9), as it does when memory runs out",
        )
    if exitcode < 0:
        return Failure(kind=FailureKind.CRASHED, reason=f"crashed with {signal.Signals(-exitcode).name}")
    return Failure(kind=FailureKind.CRASHED, reason=f"ended without a result (exit code {exitcode})")


def _place(error: BaseException) -> str:
    """Last line of the remote traceback that names a file: where to look."""
    lines = [line.strip() for line in getattr(error, "traceback", "").splitlines()]
    places = [line for line in lines if line.startswith("File ")]
    if not places:
        return ""
    file, line = places[-1].split('"')[1], places[-1].split("line ")[1].split(",")[0]
    return f" (at {Path(file).name}:{line})"


def _children() -> set[BaseProcess]:
    """Child processes, without asking how they are: two threads that ask get in each other's way."""
    return set(getattr(multiprocessing.process, "_children", ()))


def _ignore_races() -> None:
    """A task may end in the moment in which it is cancelled; Pebble's thread then trips over it, in vain.

    It may do so at any later time, so this stays.
    """
    before = threading.excepthook
    if getattr(before, "ignores_races", False):
        return

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if not issubclass(arguments.exc_type, InvalidStateError):
            before(arguments)

    vars(hook)["ignores_races"] = True
    threading.excepthook = hook


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What starts inside never hears what a terminal sends to everybody: the launch decides."""
    # Where the fork server has to start Python's resource tracker first, that lifts the mask again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets variables while the fork server may start: thread counts are read when libraries load."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
