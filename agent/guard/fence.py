"""The fence around the answer key: what a training process may touch, said without naming what it may not.

A seal is recognised by device and inode. So the fence can be handed to the process that it confines
and still gives away no path, and a hard link or a bind mount is recognised as well as the file itself.
"""

from dataclasses import dataclass
from pathlib import Path

from blocks.errors import DataError


@dataclass(frozen=True)
class FileId:
    """Which file or folder it is, whatever it is called."""

    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileId":
        """The identity of an existing file or folder; symbolic links are followed.

        Raises:
            DataError: There is no such file, or it cannot be reached.
        """
        try:
            found = path.stat()
        except OSError as error:
            raise DataError(
                f"a fence needs files that exist, but {path} does not ({error.strerror}); write it first"
            ) from error
        return cls(found.st_dev, found.st_ino)


@dataclass(frozen=True)
class Fence:
    """What one training run may touch. It is handed to the run's process, so it names nothing secret."""

    workspace: FileId | None
    """Root of the workspace: what is below it is refused unless listed here. None: the seal alone is."""

    sealed: frozenset[FileId]
    """The sealed files and the folders that hold them."""

    readable: tuple[Path, ...]
    """Folders or files below the workspace that the run may read, and not write."""

    writable: tuple[Path, ...]
    """Its output folder, which becomes its working directory, and files that it may write."""

    report: Path
    """Where a leak is written down before the process dies; inside `writable`."""


def seal_permissions(path: Path) -> None:
    """Makes a seal readable by its owner alone: file 0400 in a folder 0700.

    Args:
        path: The sealed file; its folder should hold seals only.

    Raises:
        DataError: The file is missing, or its permissions cannot be changed.
    """
    try:
        path.parent.chmod(0o700)
        path.chmod(0o400)
    except OSError as error:
        raise DataError(
            f"a seal must be closed to others, but {path} could not be ({error.strerror}); "
            "check who owns it and that the file system keeps permissions"
        ) from error
