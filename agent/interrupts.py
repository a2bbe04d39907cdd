"""Ctrl-C, a request to end and a closed terminal, heard at once and obeyed where it is safe.

Python raises KeyboardInterrupt wherever the main thread happens to be: within a destructor or a callback of a
library it is printed and lost, and the launch goes on. So the signal is noted, and raised where the launch
waits for its workers, ten times a second. A second signal does not wait.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Asked:
    """Whether somebody asked for the end."""

    def __init__(self) -> None:
        self.already = False

    def hear(self, _signal: int, _frame: FrameType | None) -> None:
        if self.already:
            raise KeyboardInterrupt
        self.already = True


_asked = _Asked()


@contextmanager
def obeyed() -> Iterator[None]:
    """Within, signals are obeyed at `obey`; in the main thread only. Afterwards all is as before."""
    _asked.already = False
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # under nohup, say
    heard = [number for number in _SIGNALS if not (outlives and number is signal.SIGHUP)]
    before = {number: signal.signal(number, _asked.hear) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def obey() -> None:
    """Ends what is going on, if somebody asked for it.

    Raises:
        KeyboardInterrupt: Somebody did.
    """
    if _asked.already:
        _asked.already = False
        raise KeyboardInterrupt
