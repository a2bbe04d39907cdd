"""Traces of short trainings, and where two of them first differ.

A trace is a line of JSON per step with a hash of each parameter, written as it goes, so that a training which
dies leaves what it had come to. How it ended belongs to it: an exception that only another truth brings about
is an effect of the truth like any other.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from blocks.certificate import CertificateOutcome, Difference

NUMBER_OF_STEPS: Final = "number of steps"
END: Final = "how it ended"
LONGEST_REASON: Final = 300


class Step(NamedTuple):
    """What was recorded after an optimiser step; 0 is the initial state."""

    number: int
    hashes: Mapping[str, str]


@dataclass(frozen=True)
class Trace:
    """A short training as it was seen from outside."""

    steps: tuple[Step, ...] = ()
    error: str | None = None
    """Why it ended early; None where it did not."""

    hidden: str = field(default="", repr=False)
    """Text of the error, which may hold values: compared, and shown to nobody."""

    @property
    def last(self) -> int:
        """Number of the last step."""
        return self.steps[-1].number if self.steps else 0


class TraceFile:
    """Writes a trace."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8", buffering=1)

    def __call__(self, step: int, hashes: Mapping[str, str]) -> None:
        self._stream.write(json.dumps([step, dict(hashes)]) + "\n")

    def close(self) -> None:
        """Nothing is written after this."""
        self._stream.close()


def read_trace(path: Path, *, error: str | None, hidden: str = "") -> Trace:
    """What a training wrote; what is no line of a trace is left out.

    Args:
        path: The file; it may be missing.
        error: Why the training ended early.
        hidden: Text of the error.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    steps = []
    for line in text.splitlines():
        try:
            number, hashes = json.loads(line)
            steps.append(Step(int(number), {str(name): str(value) for name, value in hashes.items()}))
        except (ValueError, TypeError, AttributeError):
            continue  # half written
    return Trace(tuple(steps), error, hidden)


def without_places(text: str, root: Path) -> str:
    """A message without the folder it speaks of and without addresses in memory, which differ anyway."""
    return re.sub(r"0x[0-9a-fA-F]+", "0x", text.replace(str(root), ""))


def first_difference(one: Trace, other: Trace) -> Difference | None:
    """Where two trainings first differ; None where they are the same to the last bit."""
    for mine, yours in zip(one.steps, other.steps, strict=False):
        names = [*mine.hashes, *(name for name in yours.hashes if name not in mine.hashes)]
        for name in names:
            if mine.hashes.get(name) != yours.hashes.get(name):
                return Difference(parameter=name, step=mine.number)
        if mine.number != yours.number:
            return Difference(parameter=NUMBER_OF_STEPS, step=min(mine.number, yours.number))
    if (one.error, one.hidden) != (other.error, other.hidden):
        step = min(one.last, other.last)
        return Difference(parameter=END, step=step, detail=f"{_end(one)}; {_end(other)}")
    if len(one.steps) != len(other.steps):
        detail = f"{one.last} steps; {other.last} steps"
        return Difference(parameter=NUMBER_OF_STEPS, step=min(one.last, other.last), detail=detail)
    return None


class Verdict(NamedTuple):
    """What three traces say."""

    outcome: CertificateOutcome
    difference: Difference | None = None
    reason: str = ""


def judge(first: Trace, again: Trace, other: Trace) -> Verdict:
    """Determinism first, then non-interference.

    Args:
        first: With the first truth.
        again: The same once more.
        other: With the other truth.
    """
    if (difference := first_difference(first, again)) is not None:
        return Verdict(CertificateOutcome.NONDETERMINISTIC, difference)
    if (difference := first_difference(first, other)) is not None:
        return Verdict(CertificateOutcome.INTERFERES, difference)
    if first.error is not None:
        reason = f"{first.error}: {first.hidden}".rstrip(": ")[:LONGEST_REASON]
        return Verdict(CertificateOutcome.UNVERIFIED, reason=reason)
    if not first.last:
        return Verdict(CertificateOutcome.UNVERIFIED, reason="no optimiser step was recorded")
    return Verdict(CertificateOutcome.CERTIFIED)


def _end(trace: Trace) -> str:
    return (
        f"to the end, {trace.last} steps"
        if trace.error is None
        else f"{trace.error} after {trace.last} steps"
    )
