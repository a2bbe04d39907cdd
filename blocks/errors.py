"""Every error that Setpoint raises on purpose, in one tree.

A message is one line: what must hold, what was found, where, and what to do. The command line
prints it after `setpoint:` and leaves with `exit_code`.
"""

from typing import ClassVar


class SetpointError(Exception):
    """Base of all errors that a user can do something about."""

    exit_code: ClassVar[int] = 2


class SpecError(SetpointError):
    """An exploration file, or a value in it, breaks a rule."""


class DataError(SetpointError):
    """A data set is missing, malformed, or not the one whose hash was recorded."""


class WorkspaceError(SetpointError):
    """The workspace cannot be used: newer version, read-only, full, or in use."""


class QueryError(SetpointError):
    """A question about past runs cannot be answered as it was asked."""


class GuardRefusalError(SetpointError):
    """Training code was refused before it ran, since it reads the answer key or may do so."""

    exit_code: ClassVar[int] = 1


class LabelLeakError(SetpointError):
    """Ground truth was about to be read in a process that trains."""

    exit_code: ClassVar[int] = 1


class InterruptedLaunchError(SetpointError):
    """The user stopped a launch; what was finished is kept."""

    exit_code: ClassVar[int] = 130


class DivergenceError(SetpointError):
    """Training left the finite numbers; the run is stored as failed with the step named.

    Args:
        message: The one line.
        step: Optimiser steps after which it was seen; None where that is not known.
        frames_read: Whether a strategy had asked for whole frames, in which labels are NaN: that may be why.
    """

    def __init__(self, message: str, *, step: int | None = None, frames_read: bool = False) -> None:
        super().__init__(message)
        self.step, self.frames_read = step, frames_read
