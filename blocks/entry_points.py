"""What installed packages offer: entry points, looked for once for each place where packages are found.

To look through all packages takes as long as a query over thousands of runs.
"""

import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points


def offered(group: str) -> list[EntryPoint]:
    """The entry points of a group, by name.

    Args:
        group: `setpoint.problems`, `setpoint.commands`.
    """
    return sorted(_chosen(tuple(sys.path))(group=group), key=lambda entry: entry.name)


@cache
def _chosen(path: tuple[str, ...]) -> Callable[..., EntryPoints]:  # noqa: ARG001
    """Chooses among those of all packages on a search path, which is that of the process."""
    return entry_points().select
