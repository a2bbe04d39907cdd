"""Layer 3 of the guard: while code is watched, whoever uses the label column is stopped, and named.

Two modes of torch do it: one below autograd (flow.py) carries marks of labels through every operation, one
above (exits.py) closes the ways out of torch. A frame may be moved whole, and whatever is done to its other
columns is free. What holds labels alone may be carried along, such as the mean of column 6 over time beside
those of the others, as long as nobody uses it: it must not reach a loss, a parameter, a gradient, a choice,
or a number of Python's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from sim.guarding.arrays import OUT, LabelArray
from sim.guarding.exits import Exits, closed_exits
from sim.guarding.flow import Flow
from sim.guarding.numbers import LabelNumber
from sim.guarding.places import Place, is_users, place_in, users_place
from sim.guarding.watch import Watch

_OURS = (LabelArray.__name__, LabelNumber.__name__)


@contextmanager
def watching() -> Iterator[Watch]:
    """Watches what runs inside: whoever begins it marks the frames that are in reach (`Watch.guard`).

    Raises:
        LabelLeakError: Where it uses a label, at once; it names the line.
    """
    watch = Watch()
    try:
        with closed_exits(watch), Flow(watch), Exits(watch):
            yield watch
    except (TypeError, ValueError) as error:
        # Compiled code that takes memory or a number, and was given one of ours, says so by its name.
        if any(name in str(error) for name in _OURS):
            raise watch.leak(None, OUT, _place_of(error.__traceback__)) from error
        raise


def _place_of(traceback: TracebackType | None) -> Place:
    """The innermost line of a user's that an error came through."""
    found: Place | None = None
    while traceback is not None:
        if is_users(traceback.tb_frame.f_code.co_filename):
            found = place_in(traceback.tb_frame.f_code, traceback.tb_lasti, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found or users_place()
