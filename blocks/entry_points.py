"""What installed packages offer: entry points, looked for once in a process.

To look through all packages takes as long as a query over thousands of runs.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points


def offered(group: str) -> list[EntryPoint]:
    """The entry points of a group, by name.

    Args:
        group: `setpoint.problems`, `setpoint.commands`.
    """
    return sorted(_all().select(group=group), key=lambda entry: entry.name)


_all = cache(entry_points)
