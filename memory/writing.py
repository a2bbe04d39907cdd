"""Writing into a workspace: what the disk refuses is one clear error, and a file is replaced as a whole."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blocks.errors import WorkspaceError

_REFUSALS = {
    errno.ENOSPC: ("the disk is full", "free some space and launch again; what was stored is kept"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and launch again; what was stored is kept"),
    errno.EROFS: ("the file system is read-only", "choose a folder that can be written with --workspace"),
    errno.EACCES: ("permission is denied", "choose a folder that can be written with --workspace"),
    errno.EPERM: ("the operation is not permitted", "choose a folder that can be written with --workspace"),
    errno.ENOTDIR: ("part of the path is a file", "choose a folder with --workspace"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.EISDIR: ("a folder is in its place", "give another name"),
    errno.EEXIST: ("a file is in its place", "choose a folder with --workspace, or move the file away"),
}


@contextmanager
def translate_os_errors(where: Path) -> Iterator[None]:
    """Turns what the disk refuses (full, read-only, forbidden, a file in the way) into a WorkspaceError.

    Args:
        where: What was being written, for the message where the error itself names no file.

    Raises:
        WorkspaceError: Naming the file, the refusal and the remedy. Other errors pass as they are.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        refusal, remedy = _REFUSALS[error.errno]
        place = error.filename if isinstance(error.filename, str) else where
        raise WorkspaceError(f"{place} must be writable, but {refusal}; {remedy}") from error


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file by `text` as a whole: a reader, or a crash, sees the old file or the new one.

    Args:
        path: The file; its folder is created where it is missing.
        text: The content, written as UTF-8.

    Raises:
        WorkspaceError: The disk refuses, or a folder is in its place; the old file is as it was.
    """
    if path.is_dir():
        raise WorkspaceError(f"{path} must be a file, but a folder is in its place; give another name")
    with translate_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                # mkstemp gives 0600; a working memory is to be read by whoever may read the folder.
                os.fchmod(stream.fileno(), 0o644)
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
