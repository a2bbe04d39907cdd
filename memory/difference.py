"""What changed in the working memory between two blocks: what became of each statement, not of each line."""

import re
from typing import NamedTuple

from memory.digest import Digest, DigestLine

TITLES = {
    "established": "Became established",
    "weakened": "Weakened",
    "refuted": "Refuted",
    "void": "Became void",
    "new": "New, tentative",
    "back": "Tentative again",
    "moved": "Still tentative, figures moved",
    "prior": "Brought in as prior knowledge",
    "gone": "No longer said",
}

MOST = 12
"""Lines under one title."""


class Change(NamedTuple):
    """A line that became another thing."""

    before: DigestLine | None
    after: DigestLine | None


class Difference(NamedTuple):
    """All that changed."""

    before: Digest
    after: Digest
    changes: dict[str, list[Change]]
    """By keys of `TITLES`, in their order; only those that there are."""


def difference(before: Digest, after: Digest) -> Difference:
    """What changed from one working memory to another of the same exploration."""
    found: dict[str, list[Change]] = {title: [] for title in TITLES}
    earlier = _renamed(before, after)
    told_again = {_subject(key) for key in after.lines}
    for key in dict.fromkeys([*after.lines, *before.lines]):
        old, new = before.lines.get(earlier.get(key, key)), after.lines.get(key)
        if new is None and (key in earlier.values() or _subject(key) in told_again):
            continue  # another line tells it now
        if (title := _title(old, new)) is not None:
            found[title].append(Change(old, new))
    return Difference(before, after, {title: changes for title, changes in found.items() if changes})


def told(made: Difference) -> list[tuple[str, list[str]]]:
    """The difference as sections of lines: a title, and what stands under it."""
    before, after = made.before, made.after
    first = [f"runs: {before.runs} -> {after.runs}" if before.runs != after.runs else f"runs: {after.runs}"]
    if before.best == after.best:
        first.append(f"best: {after.best or 'none yet'}, as before")
    else:
        first.append(f"best: {before.best or 'none'} -> {after.best or 'none'}")
    sections = [(f"{after.exploration}: block {before.block} -> block {after.block}", first)]
    for title, changes in made.changes.items():
        lines = [_told(title, change) for change in changes[:MOST]]
        if len(changes) > MOST:
            lines.append(f"and {len(changes) - MOST} more")
        sections.append((TITLES[title], lines))
    if not made.changes:
        sections.append(("Statements", ["nothing changed"]))
    if before.steering != after.steering:
        lines = [
            f"lifted: {line}" for line in before.steering if _number(line) not in map(_number, after.steering)
        ]
        lines += [
            f"new: {line}" for line in after.steering if _number(line) not in map(_number, before.steering)
        ]
        if lines:
            sections.append(("Steering", lines))
    sections.append((f"Plan for block {after.block + 1}", list(after.plan) or ["none yet"]))
    return sections


def _renamed(before: Digest, after: Digest) -> dict[str, str]:
    """Lines that tell of a subject what another line told of it before, by key: the later, the earlier."""
    lost: dict[str, list[str]] = {}
    for key, line in before.lines.items():
        if key not in after.lines and line.section == "tentative" and _subject(key):
            lost.setdefault(_subject(key), []).append(key)
    found = {}
    for key, line in after.lines.items():
        if key not in before.lines and line.section == "tentative" and lost.get(_subject(key)):
            found[key] = lost[_subject(key)].pop(0)
    return found


def _subject(key: str) -> str:
    return key.partition("|")[0] if "|" in key else ""


def _title(old: DigestLine | None, new: DigestLine | None) -> str | None:
    if new is None:
        return "gone"
    if old is None:
        return "new" if new.section == "tentative" else new.section
    if old.section != new.section:
        return "back" if new.section == "tentative" else new.section
    moved = (old.text, old.evidence) != (new.text, new.evidence)
    return "moved" if moved and new.section == "tentative" else None


def _told(title: str, change: Change) -> str:
    line = change.after or change.before
    assert line is not None  # a change has a side
    text = line.text.replace("~~", "").rstrip(".")
    if title == "gone":
        return f"{text} (was {line.section})"
    came = change.before.section if change.before is not None and change.after is not None else None
    suffix = f"  {line.evidence}" if line.evidence else ""
    if title == "moved" and change.before is not None:
        old, new = _effect(change.before.evidence), _effect(line.evidence)
        return f"{text}{suffix}" if old is None or old == new else f"{text}: {old} -> {new}{suffix}"
    return f"{text}{f' (was {came})' if came else ''}{suffix}"


def _effect(evidence: str) -> str | None:
    found = re.search(r"[+-]\d\S*", evidence)
    return None if found is None else found[0].rstrip(",")


def _number(line: str) -> str:
    return line.split(" ", 1)[0]
