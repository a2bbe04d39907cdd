"""A signal is never lost, and never raised in the middle of something."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.interrupts import obey, obeyed
from agent.pool import Pool

ROOT = Path(__file__).parents[2]


class Noisy:
    """Its destructor takes a signal, as a library's callback may; an exception in there would be lost."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_until_the_launch_waits_for_its_workers(number: signal.Signals):
    pool: Pool[str] = Pool(1)
    with obeyed():
        os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            list(pool.finished(wait_s=0))


def test_a_signal_within_a_destructor_is_not_lost():
    with obeyed():
        Noisy()
        with pytest.raises(KeyboardInterrupt):
            obey()
        obey()  # and it is obeyed once


def test_a_second_signal_does_not_wait():
    with obeyed():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_signals_are_handled_as_before():
    before = signal.getsignal(signal.SIGINT)
    with obeyed():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
    obey()


def test_what_is_to_outlive_its_terminal_does():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with obeyed():
            os.kill(os.getpid(), signal.SIGHUP)
            obey()
    finally:
        signal.signal(signal.SIGHUP, before)


def _masked() -> bool:
    return {signal.SIGINT, signal.SIGHUP} <= signal.pthread_sigmask(signal.SIG_BLOCK, ())


START = """
from agent.pool import Pool
from tests.agent.test_interrupts import _masked

if __name__ == "__main__":
    pool = Pool(1)
    pool.start("ask", _masked, timeout_s=60)
    print([outcome.value for _, outcome in pool.finished(wait_s=60)])
"""


def test_the_very_first_worker_never_hears_what_a_terminal_says(tmp_path: Path):
    """In a process of its own, where neither fork server nor resource tracker runs yet."""
    script = tmp_path / "start.py"
    script.write_text(START)
    said = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert said.stdout.strip() == "[True]"
