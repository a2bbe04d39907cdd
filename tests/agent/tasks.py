"""Tasks that end in every way in which a training can end."""

import os
import signal
import time
from pathlib import Path

from blocks.errors import DivergenceError


def add(a: int, b: int) -> int:
    return a + b


def hang() -> None:
    # Deaf to polite requests, as a task stuck in foreign code is.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)


def hang_after_saying(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    hang()


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(3)


def diverge() -> None:
    raise DivergenceError("loss is not finite at step 7 of 100")


def stumble() -> None:
    raise KeyError("weights")


def devour(gib: float) -> int:
    import resource

    limit = 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    return len(bytearray(int(gib * 2**30)))


def pid() -> int:
    return os.getpid()


def parent() -> int:
    return os.getppid()


def threads() -> str:
    return os.environ["OMP_NUM_THREADS"]
