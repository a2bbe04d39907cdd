"""Whose line it is: the innermost line of a user's file on the stack, with the expression that runs there."""

import linecache
import os
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType
from typing import Final, NamedTuple

ROOMS: Final = tuple(
    f"{Path(__file__).parents[2] / room}{os.sep}" for room in ("agent", "blocks", "memory", "sim")
)
"""Code of ours: where a strategy leaks, the line that is named is the strategy's."""

OWN_STRATEGIES: Final = f"{Path(__file__).parents[1] / 'strategies'}{os.sep}"
"""What comes closest to a user's file where there is none."""

_LIBRARIES: Final = tuple(
    {
        str(folder) + os.sep
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        for folder in (sysconfig.get_paths()[name], Path(sysconfig.get_paths()[name]).resolve())
    }
)

_PACKAGES: Final = f"{os.sep}site-packages{os.sep}"
"""In whatever folder a library is installed."""

TOO_LONG: Final = 80
"""Characters of an expression beyond which a message shows its first ones."""


class Place(NamedTuple):
    """Where something happens."""

    file: str
    line: int
    expression: str
    """As the file has it, in one line; empty where the source is not known."""

    def __str__(self) -> str:
        where = f"{Path(self.file).name}:{self.line}"
        return f"`{self.expression}` at {where}" if self.expression else where


def users_place() -> Place:
    """The innermost line that is a user's; else one of our strategies', else the innermost of all."""
    frame: FrameType | None = sys._getframe(1)
    innermost = frame
    ours: FrameType | None = None
    while frame is not None:
        file = frame.f_code.co_filename
        if ours is None and file.startswith(OWN_STRATEGIES):
            ours = frame
        if is_users(file):
            return place_of(frame)
        frame = frame.f_back
    chosen = ours or innermost
    assert chosen is not None
    return place_of(chosen)


def is_users(file: str) -> bool:
    """Whether code of that file is neither ours nor a library's."""
    return file.endswith(".py") and not (file.startswith((*ROOMS, *_LIBRARIES)) or _PACKAGES in file)


def place_of(frame: FrameType) -> Place:
    """Where a frame is now."""
    return place_in(frame.f_code, frame.f_lasti, frame.f_lineno)


def place_in(code: CodeType, instruction: int, line: int) -> Place:
    """Where an instruction stands in the source.

    Args:
        code: The function's.
        instruction: Offset of the instruction in it.
        line: Its line, where the code does not tell.
    """
    positions = list(code.co_positions())
    begin, end, column, end_column = positions[instruction // 2] if positions else (line, line, None, None)
    line = begin or line
    text = ""
    if begin is not None and end is not None and column is not None and end_column is not None:
        lines = [linecache.getline(code.co_filename, number) for number in range(begin, end + 1)]
        # Columns count bytes of UTF-8.
        lines[-1] = lines[-1].encode()[:end_column].decode(errors="replace")
        lines[0] = lines[0].encode()[column:].decode(errors="replace")
        text = " ".join(" ".join(lines).split())
    if len(text) > TOO_LONG:
        text = f"{text[:TOO_LONG]}..."
    return Place(code.co_filename, line, text)
