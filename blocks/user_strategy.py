"""A user's own strategy: how an exploration names it, and what is handed to the process that trains.

An exploration names a class in a file, `my_strategy.py:Name`. What runs is never that file but a copy of it,
kept by its content in the workspace: so a launch that goes on has the code that it began with, and an edited
file is another version.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from blocks.errors import SpecError


class StrategyFile(NamedTuple):
    """Where a user's strategy is."""

    path: Path
    class_name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.class_name}"

    @property
    def name(self) -> str:
        """File and class, wherever the file lies: a folder may be moved."""
        return f"{self.path.name}:{self.class_name}"


@dataclass(frozen=True)
class UserStrategy:
    """One version of a user's strategy, as any process can load it."""

    folder: Path
    """Holds its module and those that the module imports from its own folder."""

    module: str
    """File name of its module in that folder."""

    class_name: str

    sha256: str
    """Hash of the names and contents of all files in the folder, and of the class's name."""

    @property
    def file(self) -> Path:
        """Its module."""
        return self.folder / self.module


def strategy_file(reference: str, *, base: Path, where: str = "strategies.files") -> StrategyFile:
    """The file and class that `path.py:Name` names; the file is read, and nothing of it is run.

    Args:
        reference: As the exploration's file or the command line has it.
        base: Folder at which a relative path starts.
        where: The key or option, for messages.

    Raises:
        SpecError: It is malformed, there is no such file, it is no Python, or has no such class.
    """
    name, colon, class_name = reference.rpartition(":")
    if not colon or not name.endswith(".py") or not class_name.isidentifier():
        raise SpecError(f"{where}: must be like my_strategy.py:Name, but got {reference!r}")
    path = Path(name).expanduser()
    path = (path if path.is_absolute() else base / path).resolve()
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise SpecError(
            f"{where}: must name a file that can be read, but {path} cannot ({error.strerror}); "
            "check the path"
        ) from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        at = f" line {line}" if line else ""
        raise SpecError(
            f"{where}: must name a Python file, but {path}{at} is not Python "
            f"({getattr(error, 'msg', error)}); mend it first"
        ) from error
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    if class_name not in classes:
        raise SpecError(
            f"{where}: must name a class of {path.name}, but it has no {class_name}; "
            f"it has {', '.join(classes) or 'none'}"
        )
    return StrategyFile(path, class_name)


def absolute_references(references: tuple[str, ...], *, base: Path, where: str) -> tuple[str, ...]:
    """The references with absolute paths, each once; doing it twice changes nothing.

    Raises:
        SpecError: As `strategy_file` says it.
    """
    found = (str(strategy_file(one, base=base, where=where)) for one in references)
    return tuple(dict.fromkeys(found))
