"""The code of this room: which of it trains, which decides results, and under which version.

The guard parses all that trains before every launch. Everything decides a result, training or yardstick, save
for pictures, commands and audits: a change of those leaves runs what they are.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from blocks.identity import content_hash, file_hash

HERE: Final = Path(__file__).parent

TRAINING: Final = (
    "node.py",
    "weights.py",
    "layers.py",
    "response.py",
    "kernels",
    "training",
    "strategies",
    "reaction",
)
"""Code that runs while training; the guard parses all of it."""

IDLE: Final = ("cli", "pictures", "auditing")
"""Folders in which no result is decided."""


def training_files(room: Path = HERE) -> tuple[Path, ...]:
    """Files of all code that runs while training."""
    return tuple(path for name in TRAINING for path in python_files(room / name))


def python_files(path: Path) -> Sequence[Path]:
    """The modules below a folder, in the order of their paths; a file stands for itself."""
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@cache
def code_version(room: Path = HERE) -> str:
    """Hash of everything in a room that decides a result."""
    names = {path.relative_to(room): path for path in python_files(room)}
    return content_hash(
        {name.as_posix(): file_hash(path) for name, path in names.items() if name.parts[0] not in IDLE}
    )
