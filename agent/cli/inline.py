"""Pictures in the terminal itself, where it can show them: by kitty's protocol, or by sixel.

textual-image draws them, and asks the terminal what it can. It is an extra (`setpoint[pictures]`): without
it, in a pipe or in any other terminal, pictures are named by their paths.
"""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = "80%"
"""Of the terminal."""

BITMAPS = (".png", ".jpg", ".jpeg")


def drawing(wanted: bool | None) -> "Callable[[Path], RenderableType] | None":
    """What makes a picture of a file, for rich to print; None where pictures are named and not drawn.

    Args:
        wanted: Whether somebody asked for pictures, or for none; None: draw them where they are sharp.

    Raises:
        BadParameter: They were asked for, and cannot be drawn.
    """
    if wanted is False:
        return None
    if not (sys.stdout.isatty() and sys.stdin.isatty() and os.get_terminal_size().columns):
        if wanted:
            raise typer.BadParameter(
                "pictures must have a terminal to be drawn in, but this is a pipe or a file; "
                "leave --pictures out, and their paths are printed"
            )
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from textual_image.renderable import Image, SixelImage, TGPImage  # asks the terminal
    except ImportError as error:
        if wanted:
            raise typer.BadParameter(
                "pictures must have textual-image to be drawn, but it is not installed; "
                "pip install 'setpoint[pictures]'"
            ) from error
        return None
    if not wanted and Image not in (SixelImage, TGPImage):
        return None  # blocks of letters: too coarse to be of use, unless somebody asks for them
    return lambda path: Image(path, width=WIDTH, height="auto")


def can_be_drawn(path: Path) -> bool:
    """Whether the file is one of pixels."""
    return path.suffix in BITMAPS
