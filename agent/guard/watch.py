"""The audit hook behind the fence: where a path leads, and what happens to whoever goes there.

Everything is built by one function and lives in its closure; no module attribute leads to it. A path
is judged by what the kernel makes of it: its own identity and those of the folders above it, found by
walking `..`, so links, relative paths and /proc names are seen through. The hook itself raises no
audit event that it would have to let pass, so there is no moment in which it looks away.
"""

# pathlib can be patched by the code that is watched; these functions are compiled.
# ruff: noqa: PTH115, PTH116, PTH208
import json
from _stat import S_ISDIR
from collections.abc import Callable
from os import O_CREAT, O_RDWR, O_TRUNC, O_WRONLY, _exit, fspath, listdir, readlink, stat, write
from os import open as open_file
from pathlib import PosixPath, PurePosixPath
from sys import _getframe, getfilesystemencoding
from typing import Any, Final

Id = tuple[int, int]
Ground = tuple[frozenset[Id], frozenset[tuple[Id, str]]]
"""Folders by identity, and single files by their folder's identity and their name."""

Place = Callable[[str, bool], str | None]

EXIT_LEAK: Final = 86

PATHS: Final = {
    "open": (0,),
    **dict.fromkeys(("os.listdir", "os.scandir", "os.chdir", "os.mkdir", "os.remove", "os.rmdir"), (0,)),
    **dict.fromkeys(("os.truncate", "os.utime", "os.chmod", "os.chown", "os.chflags", "os.walk"), (0,)),
    **dict.fromkeys(("os.getxattr", "os.listxattr", "os.setxattr", "os.removexattr", "os.fwalk"), (0,)),
    **dict.fromkeys(("os.rename", "os.link", "os.symlink"), (0, 1)),
    **dict.fromkeys(("shutil.copyfile", "shutil.copymode", "shutil.copystat", "shutil.copytree"), (0, 1)),
    **dict.fromkeys(("shutil.move",), (0, 1)),
    **dict.fromkeys(("shutil.rmtree", "shutil.chown", "shutil.unpack_archive"), (0,)),
    "shutil.make_archive": (0, 2, 3),
    "pathlib.Path.glob": (0,),
    "pathlib.Path.rglob": (0,),
}
"""Audit events that name files, and which of their arguments are paths."""

CHANGES: Final = frozenset(
    ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.utime", "os.chmod", "os.chown", "os.rename")
)

PROCESS: Final = {
    **dict.fromkeys(("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"), "starts another process"),
    **dict.fromkeys(("os.fork", "os.forkpty", "os.spawn", "pty.spawn"), "starts another process"),
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), "talks to another process"),
    **dict.fromkeys(("sqlite3.connect", "sqlite3.connect/handle"), "opens a database"),
    **dict.fromkeys(("sys.addaudithook", "sys._current_frames"), "reaches for the guard"),
    "cpython.PyInterpreterState_New": "starts another interpreter",
}
"""Audit events that lead out of the fence whatever their arguments are, in words."""

BY_HAND: Final = {
    **dict.fromkeys(("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle"), "calls compiled code by hand"),
    **dict.fromkeys(("ctypes.string_at", "ctypes.wstring_at", "ctypes.cdata"), "reads raw memory"),
    **dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents"), "reaches for the guard"),
}
"""Events that libraries raise for good reasons: refused only where a user's line raises them itself."""

SECRETS_OF_A_PROCESS: Final = frozenset(("environ", "cmdline", "mem"))

WHAT: Final = {
    "sealed": "reaches for the sealed labels",
    "workspace": "reaches for a part of the workspace that is closed while training",
    "read-only": "writes into the observations",
    "process": "reads another process's arguments or memory",
    "odd path": "opens a path whose type cannot be checked",
}

REMEDY: Final = (
    "Use `observations.concentration`, or compute this in an evaluation metric, where labels are open."
)


def build(
    workspace: Id | None,
    sealed: frozenset[Id],
    readable: Ground,
    writable: Ground,
    report: str,
    libraries: tuple[str, ...],
) -> tuple[Callable[[str, tuple[Any, ...]], None], Place, Callable[..., None]]:
    """The hook, the judgement of a path that it uses, and a function that ends the process.

    Args:
        workspace: Root of the workspace.
        sealed: Seals and their folders.
        readable: What may be read below the workspace.
        writable: What may be read and written below the workspace.
        report: File that a leak is written to.
        libraries: Folders of installed code; the line that is reported lies outside of them.
    """
    encoding = getfilesystemencoding()
    paths, changes, process, by_hand = dict(PATHS), frozenset(CHANGES), dict(PROCESS), dict(BY_HAND)
    secrets, what, remedy = frozenset(SECRETS_OF_A_PROCESS), dict(WHAT), REMEDY
    own_file, write_flags = __file__, O_WRONLY | O_RDWR
    ctypes_folders = tuple(folder + "ctypes/" for folder in libraries)
    dying: list[bool] = []

    def look(path: str) -> tuple[Id, bool] | None:
        try:
            found = stat(path)
        except (OSError, ValueError):
            return None
        return (found.st_dev, found.st_ino), S_ISDIR(found.st_mode)

    proc = look("/proc")

    def folder_of(path: str) -> str:
        head, slash, _ = path.rpartition("/")
        return head or slash or "."

    def place(path: str, writing: bool) -> str | None:
        """Why the path is refused: `sealed`, `workspace`, `read-only` or `process`; None if it is not."""
        own = look(path)
        path = path.rstrip("/") or "/"
        for _ in range(40):
            try:
                target = readlink(path)
            except (OSError, ValueError):
                break
            path = target if target.startswith("/") else f"{folder_of(path)}/{target}"
        is_folder = own is not None and own[1]
        here = path if is_folder else folder_of(path)
        above: list[Id] = []
        while len(above) < 256 and (found := look(here)) is not None and found[0] not in above[-1:]:
            above.append(found[0])
            here += "/.."
        if (own is not None and own[0] in sealed) or any(folder in sealed for folder in above):
            return "sealed"
        name = path.rpartition("/")[2]
        if proc and own and own[0][0] == proc[0][0] and name in secrets and above[:1] != [proc[0]]:
            return "process"
        if workspace is None or workspace not in above:
            return None
        below = above[: above.index(workspace)]
        file = (above[0], name)
        if file in writable[1] or any(folder in writable[0] for folder in below):
            return None
        if file in readable[1] or any(folder in readable[0] for folder in below):
            return "read-only" if writing else None
        return "workspace"

    def text_of(path: Any) -> str | None:
        """The path as exact text, by the same rules as the kernel; None where it cannot be known."""
        if path is None:
            return "."
        if isinstance(path, int):
            return f"/proc/self/fd/{int.__index__(path)}"
        if type(path) in (PosixPath, PurePosixPath):
            path = fspath(path)
        if isinstance(path, str):
            return str.__str__(path)
        if isinstance(path, bytes):
            return bytes.__getitem__(path, slice(None)).decode(encoding, "surrogateescape")
        return None

    def reason(path: str, writing: bool) -> str | None:
        refused = place(path, writing)
        if refused or path.startswith("/"):
            return refused
        # The event `open` does not say `dir_fd`, so a relative name is judged from every open folder.
        try:
            descriptors = listdir("/proc/self/fd")
        except OSError:
            return None
        for descriptor in descriptors:
            base = f"/proc/self/fd/{descriptor}"
            found = look(base)
            if found and found[1] and (refused := place(f"{base}/{path}", False)) in ("sealed", "workspace"):
                return refused
        return None

    def is_library(file: str) -> bool:
        return file.startswith((*libraries, "<frozen", "<__array")) or file == own_file

    def culprit() -> tuple[str, int]:
        """File and line of the innermost frame that is not installed code; else the outermost frame."""
        frame = _getframe(1)
        while frame.f_back is not None and is_library(frame.f_code.co_filename):
            frame = frame.f_back
        return frame.f_code.co_filename, frame.f_lineno

    def die(kind: str, did: str) -> None:
        try:
            if not dying:
                dying.append(True)
                file, line = culprit()
                name = file.rpartition("/")[2]
                message = f"Ground truth must not be read while training, but {name}:{line} {did}. {remedy}"
                record = {"message": message, "kind": kind, "file": file, "line": line}
                try:
                    descriptor = open_file(report, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
                    write(descriptor, json.dumps(record).encode(errors="replace"))
                finally:
                    write(2, f"LabelLeakError: {message}\n".encode(errors="replace"))
        finally:
            _exit(EXIT_LEAK)

    def by_user() -> bool:
        frame = _getframe(2)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(ctypes_folders):
            frame = frame.f_back
        return not is_library(frame.f_code.co_filename)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        positions = paths.get(event)
        if positions is None:
            if event in process:
                die("process", process[event])
            elif event in by_hand and by_user():
                die("process", by_hand[event])
            elif event == "import" and args[0] == "_posixsubprocess":
                die("process", "starts another process")
            return
        if event == "os.listdir" and type(args[0]) is str and args[0] == "/proc/self/fd":
            return  # what `reason` asks for itself; names of descriptors give nothing away
        writing = event in changes or (event == "open" and bool(args[2] & write_flags))
        for position in positions:
            if position >= len(args) or (args[position] is None and event == "shutil.make_archive"):
                continue
            path = text_of(args[position])
            if path is None:
                if event == "open":
                    die("odd path", what["odd path"])
            elif refused := reason(path, writing):
                die(refused, what[refused])

    def refuse_process(*_: Any) -> None:
        die("process", "starts another process")

    return hook, place, refuse_process
