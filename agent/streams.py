"""Standard streams that the caller closed, that cannot say every character, or that nobody reads any more."""

import os
import sys
from typing import TextIO


def complete_streams() -> None:
    """Opens what the caller closed (`setpoint runs >&-`), and lets no character be an error.

    The next file to be opened would have the number of a closed stream, and get what is written there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.set_inheritable(number, True)  # workers say something too
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))
        elif stream.errors == "strict" and number:
            stream.reconfigure(errors="replace")


def silence(stream: TextIO) -> None:
    """Lets what is still to be written vanish, which would be an error again as the process ends."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, stream.fileno())
    os.close(descriptor)
