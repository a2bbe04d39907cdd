"""The pool: a task that dies, in whatever way, costs itself only and says why."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.pool import Outcome, Pool
from blocks.run import FailureKind
from tests.agent import tasks


@pytest.fixture
def pool() -> Iterator[Pool[str]]:
    pool: Pool[str] = Pool(2)
    yield pool
    pool.stop()


def results(pool: Pool[str], n: int) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    while len(found) < n:
        found.update(pool.finished(wait_s=1.0))
    return found


def test_a_task_gives_its_value(pool: Pool[str]) -> None:
    pool.start("sum", tasks.add, 2, 3, timeout_s=30)
    assert results(pool, 1)["sum"].value == 5


@pytest.mark.parametrize(
    ("task", "arguments", "kind", "said"),
    [
        (tasks.hang, (), FailureKind.TIMEOUT, "took longer than its limit of 2 s"),
        (tasks.crash, (), FailureKind.CRASHED, "SIGSEGV"),
        (tasks.killed, (), FailureKind.OUT_OF_MEMORY, "killed by the system (signal 9)"),
        (tasks.leave, (), FailureKind.CRASHED, "exit code 3"),
        (tasks.diverge, (), FailureKind.DIVERGED, "loss is not finite at step 7 of 100"),
        (tasks.stumble, (), FailureKind.ERROR, "KeyError: 'weights' (at tasks.py:"),
        (tasks.devour, (1.5,), FailureKind.OUT_OF_MEMORY, "ran out of its memory limit (limits.memory_gib)"),
    ],
)
def test_a_task_that_dies_says_why_and_costs_itself_only(
    pool: Pool[str], task: Callable[..., Any], arguments: tuple[Any, ...], kind: FailureKind, said: str
) -> None:
    pool.start("bad", task, *arguments, timeout_s=2 if task is tasks.hang else 30)
    pool.start("good", tasks.add, 1, 1, timeout_s=30)
    found = results(pool, 2)
    assert found["good"].value == 2
    failure = found["bad"].failure
    assert failure is not None
    assert failure.kind is kind
    assert said in failure.reason
    assert "\n" not in failure.reason


def test_every_task_has_a_process_of_its_own(pool: Pool[str]) -> None:
    for key in ("a", "b"):
        pool.start(key, tasks.pid, timeout_s=30)
    pids = {outcome.value for outcome in results(pool, 2).values()}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_task_is_no_fork_of_the_launch_so_nothing_in_its_memory_comes_along(pool: Pool[str]) -> None:
    pool.start("parent", tasks.parent, timeout_s=30)
    assert results(pool, 1)["parent"].value != os.getpid()


def test_workers_have_one_thread_each_and_the_launch_keeps_its_own(pool: Pool[str]) -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    pool.start("threads", tasks.threads, timeout_s=30)
    assert results(pool, 1)["threads"].value == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_a_stopped_pool_leaves_no_process_behind(tmp_path: Path) -> None:
    pool: Pool[str] = Pool(1)
    said = tmp_path / "pid"
    pool.start("hang", tasks.hang_after_saying, str(said), timeout_s=600)
    while not said.exists() or not said.read_text():
        time.sleep(0.05)
    pool.stop()
    assert not pool.running
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)
