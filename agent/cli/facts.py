"""Facts of a screen: a label and a text per line, and how a command is spelled that can be typed next.

On a terminal a text that is too long is folded between words and goes on below itself; piped somewhere, a
fact is one line, however long.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import get_terminal_size

from agent.cli.options import DEFAULT_WORKSPACE

NARROWEST = 20
"""Columns that a folded text keeps, however narrow the terminal is."""


def is_bold() -> bool:
    """Whether headings are shown in bold: on a terminal, unless the user wants no colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def fact_lines(facts: Iterable[tuple[str, str]], *, indent: int) -> Iterator[str]:
    """Each fact as its lines: `best so far  run 1 ...`.

    Args:
        facts: Labels and texts; an empty label goes on with the fact before.
        indent: Columns of the labels.
    """
    bold = is_bold()
    for label, text in facts:
        head = f"{label:<{indent}}"
        first, *rest = folded(text, indent=indent)
        yield (f"\x1b[1m{head}\x1b[0m" if bold and label else head) + first
        yield from (" " * indent + line for line in rest)


def folded(text: str, *, indent: int = 0) -> list[str]:
    """A text in lines that fit the terminal beside an indent; one line where there is no terminal.

    What is longer than a line, a path for one, is left whole.
    """
    if not sys.stdout.isatty():
        return [text]
    from textwrap import wrap

    width = max(get_terminal_size().columns - indent, NARROWEST)
    return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def command_line(*words: str, workspace: Path, blocks: int | None = None) -> str:
    """What to type, with the workspace where it is not the usual one."""
    parts = ["setpoint", *words]
    if blocks is not None:
        parts += ["--blocks", str(blocks)]
    if workspace != DEFAULT_WORKSPACE and "SETPOINT_WORKSPACE" not in os.environ:
        parts += ["--workspace", str(workspace)]
    return shlex.join(parts)
