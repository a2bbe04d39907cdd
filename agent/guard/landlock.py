"""Landlock: the kernel itself keeps a training process out of the workspace, compiled code included.

Python's audit hook cannot see a file that compiled code opens. Where the kernel has Landlock (Linux 5.13), a
process can give up rights for good: from then on it may reach what was listed, and nothing else. Rules only
ever add to what is allowed, so everything beside the way down to the workspace is listed, one by one, and in
the workspace what the run may touch. Names of files stay visible, contents do not. A file that is linked to
from elsewhere is still reached there: the hook knows it by its inode. Where the kernel lacks Landlock, the
fence holds by its hook alone.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446
"""Numbers of the system calls: the same on every architecture that Landlock has."""

PR_SET_NO_NEW_PRIVS: Final = 38
VERSION: Final = 1
PATH_BENEATH: Final = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
ALL: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
"""Rights on files and folders that each version knows, the last one for those that follow."""

READ: Final = EXECUTE | READ_FILE | READ_DIR
OF_A_FILE: Final = EXECUTE | WRITE_FILE | READ_FILE | (1 << 14)


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Version of Landlock that the kernel has; 0 where it has none, or keeps it off."""
    if not sys.platform.startswith("linux"):
        return 0
    found: int = _syscall()(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    return max(found, 0)


def status() -> str:
    """Who keeps a training process out of the workspace on this machine, in a few words."""
    found = version()
    return f"held by the kernel too (Landlock {found})" if found else "held by its hook alone (no Landlock)"


def confine(workspace: Path, *, readable: Sequence[Path], writable: Sequence[Path]) -> bool:
    """Closes the workspace to this thread and all that it starts, for good, save what is listed.

    The rest of the disk stays as it is, but for new files right in the folders above the workspace.

    Args:
        workspace: The folder to close.
        readable: What the process may read below it.
        writable: What it may read and change below it; a file that is not there yet is made, and empty.

    Returns:
        Whether the kernel holds it from now on.
    """
    known = version()
    if not known:
        return False
    for path in writable:
        if not path.exists():
            path.touch()
    everything = ALL[min(known, max(ALL))]
    call = _syscall()
    rules = _Ruleset(everything)
    ruleset: int = call(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    if ruleset < 0:
        return False
    try:
        root = workspace.resolve()
        rules_by_path = [(Path("/"), READ_DIR)]
        rules_by_path += [(path, everything) for path in _beside(root)]
        rules_by_path += [(path, READ) for path in readable] + [(path, everything) for path in writable]
        for path, allowed in rules_by_path:
            if not _allow(ruleset, path, allowed):
                return False
        # No way back by a program with more rights than this process.
        if ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        return bool(call(RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _beside(root: Path) -> Iterable[Path]:
    """Everything that is neither the folder, nor in it, nor on the way down to it."""
    way = [*reversed(root.parents), root]
    for folder, below in pairwise(way):
        try:
            found = list(folder.iterdir())
        except OSError:
            continue
        for path in found:
            if path == below:
                continue
            if path.is_symlink():
                target = path.resolve()
                if target.is_relative_to(root) or root.is_relative_to(target):
                    continue
            yield path


def _allow(ruleset: int, path: Path, allowed: int) -> bool:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True  # gone meanwhile, or closed to us anyway: nothing to allow
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            allowed &= OF_A_FILE
        if not allowed:
            return True
        rule = _Beneath(allowed, opened)
        done: int = _syscall()(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
        return done == 0
    finally:
        os.close(opened)


def _syscall() -> "ctypes._NamedFuncPointer":
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return call
