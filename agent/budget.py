"""What a launch may spend. A budget cuts: it decides whether a run is started, never which run is proposed.

So an exploration that was cut goes on with the plan that is open, and comes to what it would have come to
uncut.
"""

import time
from collections.abc import Callable, Sequence

from blocks.exploration import Limits
from blocks.run import Run

RECENT = 8
"""A run is expected to take as long as the longest of so many runs before it."""


class Budget:
    """The limits of one launch, which begins now.

    Args:
        limits: Runs of the exploration in all, and hours of this launch.
        clock: Gives seconds that only grow.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._began = clock()

    def refuses(self, ended: Sequence[Run], *, running: int) -> str | None:
        """Why one more run is not to be started; None where it may.

        Args:
            ended: Runs of the exploration that are over, oldest first.
            running: Runs under way.
        """
        runs, hours = self._limits.max_runs, self._limits.max_hours
        if runs is not None and len(ended) + running >= runs:
            return f"--max-runs {runs}"
        if hours is None:
            return None
        left = hours * 3600 - (self._clock() - self._began)
        took = [run.train_s for run in ended if run.train_s is not None][-RECENT:]
        if left <= 0:
            return f"--max-hours {hours:g}"
        if took and max(took) > left:
            return f"--max-hours {hours:g}: a run takes about {max(took):.0f} s, and {left:.0f} s are left"
        return None
