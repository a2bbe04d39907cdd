"""Layer 1 of the guard: in a process that trains, the answer key is out of reach.

`fence_off` is called first thing in a fresh process, before any code of a strategy. From then on
whatever reaches for the seal, for the rest of the workspace or for another process ends the process
at once with `EXIT_LEAK`, so that no `except` can swallow it; what was tried, and on which line, is in
the fence's report. It cannot be undone. What the hook cannot see is a file opened by compiled code that
raises no audit event: the kernel refuses it where it has Landlock (landlock.py), and the static layer
refuses the ways to such code.
"""

import builtins
import json
import os
import re
import sys
import sysconfig
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from agent.guard import watch
from agent.guard.fence import Fence, FileId, seal_permissions
from blocks.errors import LabelLeakError, WorkspaceError

__all__ = ["EXIT_LEAK", "Fence", "FileId", "fence_off", "read_leak", "seal_permissions"]

EXIT_LEAK: Final = watch.EXIT_LEAK
"""Exit code of a process that reached for ground truth."""


def fence_off(fence: Fence) -> bool:
    """Confines this process to its fence, for the rest of its life.

    Arguments, environment and import path lose what leads into the workspace, and the working
    directory becomes the run's output folder.

    Args:
        fence: What the run may touch.

    Returns:
        Whether the kernel holds it as well, against compiled code too.

    Raises:
        WorkspaceError: The fence cannot hold: a folder is missing, or the report lies outside.
    """
    readable, readable_files = _grounds(fence.readable)
    writable, writable_files = _grounds(fence.writable)
    report = fence.report.absolute()
    if not any(_is_below(report, path) for path in fence.writable):
        raise WorkspaceError(
            f"a fence's report must lie inside its writable folders, but got {report.name}; "
            "put it into the run's output folder"
        )
    output = next((path for path in fence.writable if path.is_dir()), report.parent)
    workspace = fence.workspace and (fence.workspace.device, fence.workspace.inode)
    build = _private_copy(watch.build)
    hook, place, refuse_process = build(
        workspace,
        frozenset((seal.device, seal.inode) for seal in fence.sealed),
        (readable, readable_files),
        (writable, writable_files),
        str(report),
        library_folders(),
    )
    _scrub(place)
    _close_unaudited_doors(refuse_process)
    os.chdir(output)
    held = _held_by_the_kernel(fence)
    sys.addaudithook(hook)
    return held


def _held_by_the_kernel(fence: Fence) -> bool:
    """Closes the workspace by Landlock, where there is any; its path is found from the output upwards."""
    from agent.guard import landlock  # ctypes is for those who train alone

    if fence.workspace is None:
        return False
    above = (folder for path in fence.writable for folder in path.absolute().parents)
    root = next((folder for folder in above if FileId.of(folder) == fence.workspace), None)
    return root is not None and landlock.confine(root, readable=fence.readable, writable=fence.writable)


def read_leak(report: Path) -> LabelLeakError | None:
    """What a dead training process wrote into its report; None where it wrote none.

    Args:
        report: The fence's report. A damaged one still counts as a leak.
    """
    try:
        text = report.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    try:
        message = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        message = (
            "Ground truth must not be read while training, but a run was stopped for it; "
            "its report is damaged, so run the strategy again to learn the line."
        )
    return LabelLeakError(str(message))


def _grounds(paths: tuple[Path, ...]) -> tuple[frozenset[tuple[int, int]], frozenset[Any]]:
    """Folders by identity, and files by the identity of their folder and their name."""
    folders, files = set(), set()
    for path in paths:
        if path.is_dir():
            found = FileId.of(path)
            folders.add((found.device, found.inode))
            continue
        if not path.parent.is_dir():
            raise WorkspaceError(f"a fence's folders must exist, but {path.parent} does not; create it first")
        parent = FileId.of(path.parent)
        files.add(((parent.device, parent.inode), path.name))
    return frozenset(folders), frozenset(files)


def _is_below(path: Path, ground: Path) -> bool:
    return path.resolve().is_relative_to(ground.resolve())


def library_folders() -> tuple[str, ...]:
    """Folders of installed code; a user's own lies elsewhere."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_paths()[name] for name in names} | {str(Path(os.__file__).parent)}
    # An environment may lend those of another one, such as the system's.
    folders |= {entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    folders |= {str(Path(folder).resolve()) for folder in folders}
    return tuple(sorted(folder + os.sep for folder in folders))


def _private_copy(function: Any) -> Any:
    """The function over copies of its globals and of the builtins.

    What it looks up by name is then out of reach of code that patches `builtins` or the module.
    """
    private = dict(function.__globals__)
    private["__builtins__"] = dict(vars(builtins))
    return FunctionType(function.__code__, private, function.__name__, function.__defaults__)


def _scrub(place: Any) -> None:
    """Removes from environment, arguments and import path whatever leads to what is refused."""

    def leads_inside(text: str) -> bool:
        parts = [text, *re.split(r"[\s:;,=]+", text)]
        return any("/" in part and place(part, False) is not None for part in parts)

    for name, value in list(os.environ.items()):
        if name.startswith("SETPOINT_") or leads_inside(value):
            del os.environ[name]
    for arguments in (sys.argv, sys.orig_argv):
        arguments[:] = [argument for argument in arguments[:1] if not leads_inside(argument)]
    sys.path[:] = [entry for entry in sys.path if place(entry or ".", False) is None]
    for entry in list(sys.path_importer_cache):
        if place(entry, False) is not None:
            del sys.path_importer_cache[entry]


def _close_unaudited_doors(refuse: Any) -> None:
    """Replaces the one function of the standard library that starts a process and raises no audit event."""
    import _posixsubprocess
    import subprocess

    vars(_posixsubprocess)["fork_exec"] = refuse
    vars(subprocess)["_fork_exec"] = refuse
