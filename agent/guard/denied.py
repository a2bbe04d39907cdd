"""What the kernel refuses to compiled code is told as the leak that it is, and not as a mishap.

Behind the fence a file of the workspace that is opened without an audit event fails with "Permission denied",
in whatever words the library has for it. Where such an error names a path that the fence keeps closed, it
is a reach for the answer key. Where it names none, nobody can tell, and it stays an error.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.guard.absence import library_folders
from agent.guard.fence import Fence, FileId
from agent.guard.watch import REMEDY, WHAT
from blocks.errors import LabelLeakError

_PATHS = re.compile(r"""<([^<>]+)>|'([^']+)'|"([^"]+)"|([^\s<>'"(),:]*/[^\s<>'"(),:]*)""")
"""What may be a path in a message: in brackets, in quotes, or with a slash and without spaces."""


@contextmanager
def told(fence: Fence) -> Iterator[None]:
    """Runs a training; what the fence refused to it is a leak.

    Raises:
        LabelLeakError: The kernel refused a path that the fence keeps closed; it names the line.
    """
    try:
        yield
    except Exception as error:
        kind = _refused(error, fence)
        if kind is None:
            raise
        raise LabelLeakError(
            f"Ground truth must not be read while training, but {_place(error)} {WHAT[kind]}. {REMEDY}"
        ) from error


def _refused(error: BaseException, fence: Fence) -> str | None:
    """Which part of the workspace an error speaks of, if it is one that the fence keeps closed."""
    seen: BaseException | None = error
    while seen is not None:
        denied = isinstance(seen, OSError) and seen.errno in (errno.EACCES, errno.EPERM)
        if denied or "denied" in str(seen) or "not permitted" in str(seen):
            named = [
                getattr(seen, "filename", None),
                *(part for one in _PATHS.findall(str(seen)) for part in one),
            ]
            found = [
                kind for name in named if isinstance(name, str) and name and (kind := _part(name, fence))
            ]
            if found:
                return found[0]
        seen = seen.__cause__ or seen.__context__
    return None


def _part(name: str, fence: Fence) -> str | None:
    try:
        path = Path(name).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if any(path.is_relative_to(open_.resolve()) for open_ in (*fence.readable, *fence.writable)):
        return None
    above = [_identity(one) for one in (path, *path.parents)]
    if not fence.sealed.isdisjoint(above):
        return "sealed"
    return "workspace" if fence.workspace is not None and fence.workspace in above else None


def _identity(path: Path) -> FileId | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return FileId(found.st_dev, found.st_ino)


def _place(error: BaseException) -> str:
    """The innermost line that is no installed code, as `file:line`."""
    libraries, place, traceback = library_folders(), "a strategy", error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith((*libraries, "<frozen")) and file != __file__:
            place = f"{Path(file).name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
