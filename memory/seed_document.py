"""A working memory from elsewhere, read line by line: what is stated, what is void, what is asked.

Headings say what their lines are: statements, void baselines, statements that were refuted there, problems
and questions. A plan and a context are no knowledge and are left out, as is what is no list item. Numbers of
lines are kept, so that everything can be looked up where it stood.
"""

import hashlib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from blocks.errors import QueryError

LARGEST = 1_000_000
"""Bytes of a document at most: it is read by people."""


class LineKind(StrEnum):
    """What a line of a document is."""

    STATEMENT = "statement"
    VOID = "void"
    REFUTED = "refuted"
    QUESTION = "question"


class SeedLine(NamedTuple):
    """A line that is taken in."""

    line: int
    kind: LineKind
    heading: str
    text: str


class SeedDocument(NamedTuple):
    """A document as it was read."""

    file: str
    file_hash: str
    lines: tuple[SeedLine, ...]


_VOID = re.compile(r"\bvoid\b|\binvalid\b|\bnot (?:a )?valid\b|\bretracted\b", re.IGNORECASE)
_REFUTED = re.compile(r"\brefuted\b|\bweakened\b|\bfalsified\b|\bdid not work\b", re.IGNORECASE)
_QUESTION = re.compile(r"\bquestions?\b|\bopen problem\b|\bproblem\b", re.IGNORECASE)
_LEFT_OUT = re.compile(r"\bplan\b|\bcontext\b|\bnotes?\b|\bwhere we stand\b|\bsteering\b", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$|^\*\*(.+?)\*\*:?\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.*)$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")


def read_document(path: Path) -> SeedDocument:
    """Reads a document.

    Raises:
        QueryError: It cannot be read, is no text, or holds no list item under a heading.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QueryError(
            f"{path}: must be UTF-8 text, but byte {error.start} is not; save it as UTF-8"
        ) from error
    except OSError as error:
        raise QueryError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if len(raw) > LARGEST:
        raise QueryError(f"{path}: must be at most {LARGEST} bytes, but has {len(raw)}; import a part of it")
    lines = tuple(read_lines(text))
    if not lines:
        raise QueryError(
            f"{path}: must state something in list items (`- time_step=32: ...`) under headings, but none "
            "was found; see setpoint memory --raw for the form"
        )
    return SeedDocument(path.name, hashlib.sha256(raw).hexdigest(), lines)


def read_lines(text: str) -> Iterator[SeedLine]:
    """The lines that are taken in. An item that goes on over several lines is one."""
    above, below, fenced = "", "", False
    pending: SeedLine | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        item = None if fenced else _ITEM.match(line)
        heading = None if fenced or item else _HEADING.match(line)
        goes_on = pending is not None and line.strip() and not item and not heading and line[:1] in " \t"
        if goes_on and pending is not None:
            pending = pending._replace(text=f"{pending.text} {line.strip()}")
            continue
        if pending is not None:
            yield _settled(pending)
            pending = None
        if heading:
            above, below = (heading[1], "") if heading[1] is not None else (above, heading[2])
        elif item:
            kind = _kind_under(below, above)
            if kind is not None and item[1].strip():
                pending = SeedLine(number, kind, below.rstrip(":") or above, item[1].strip())
    if pending is not None:
        yield _settled(pending)


def _kind_under(*headings: str) -> LineKind | None:
    """What items under a heading are; the nearer heading decides."""
    for heading in headings:
        if _VOID.search(heading):
            return LineKind.VOID
        if _REFUTED.search(heading):
            return LineKind.REFUTED
        if _QUESTION.search(heading):
            return LineKind.QUESTION
        if _LEFT_OUT.search(heading):
            return None
    return LineKind.STATEMENT


def _settled(line: SeedLine) -> SeedLine:
    """A statement that calls results not valid is about a void baseline, wherever it stands."""
    text = re.sub(r"\s+", " ", line.text)
    if line.kind is LineKind.STATEMENT and _VOID.search(text):
        return line._replace(kind=LineKind.VOID, text=text)
    if line.kind is LineKind.STATEMENT and text.startswith("~~"):
        return line._replace(kind=LineKind.REFUTED, text=text)
    return line._replace(text=text)
