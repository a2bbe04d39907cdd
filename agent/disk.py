"""Files as a launch treats them: what the disk refuses is no fault of a run or a strategy.

The launch stops then, and what was done is kept.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import Error as CopyError
from typing import Final

from blocks.errors import WorkspaceError

DISK_ERRORS: Final = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)


def refuse_disk_errors(error: BaseException | None) -> None:
    """Raises where a task failed for want of room, or of permission to write at all.

    Args:
        error: What a task raised; None where it raised nothing.

    Raises:
        WorkspaceError: The disk is full or read-only.
    """
    if not isinstance(error, OSError):
        return
    # NumPy says so of a short write, and a copy of many files lists what became of each.
    short_write = "requested and" in str(error)
    of_a_copy = isinstance(error, CopyError) and any(f"[Errno {code}]" in str(error) for code in DISK_ERRORS)
    if error.errno in DISK_ERRORS or short_write or of_a_copy:
        refusal = error.strerror if error.errno in DISK_ERRORS else None
        raise WorkspaceError(
            f"the workspace cannot be written ({refusal or 'the disk is full'}); free some space "
            "and launch again: finished runs are kept"
        ) from error


@contextmanager
def disk_errors_refused() -> Iterator[None]:
    """The same for what is done here."""
    try:
        yield
    except OSError as error:
        refuse_disk_errors(error)
        raise


def remove(path: Path) -> None:
    """Removes a file or a folder with all that is in it; where there is nothing, nothing happens."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
