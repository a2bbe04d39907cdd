"""Where two folders that a training wrote differ first: which file, which array or value, and by how much."""

import json
from collections.abc import Collection, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any


def first_difference(stored: Path, again: Path, *, without: Collection[str] = ()) -> str | None:
    """The first file, in the order of names, whose contents differ, and what differs first in it.

    Args:
        stored: What was kept.
        again: What was written now.
        without: File names that do not count.

    Returns:
        One line for people; None where all files have the same bytes.
    """
    here, there = _files(stored, without), _files(again, without)
    for name in sorted(here | there):
        if name not in there:
            return f"{name} is not written any more"
        if name not in here:
            return f"{name} was not there before"
        if (stored / name).read_bytes() != (again / name).read_bytes():
            return f"{name}: {_within(stored / name, again / name)}"
    return None


def _files(folder: Path, without: Collection[str]) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in without
    }


def _within(stored: Path, again: Path) -> str:
    """What differs in a file: an array, a value, or else a byte."""
    said = None
    try:
        if stored.suffix == ".npz":
            said = _arrays(stored, again)
        elif stored.suffix == ".json":
            before, now = (json.loads(path.read_text(encoding="utf-8")) for path in (stored, again))
            said = next(_values(before, now, ""), None)
    except (OSError, ValueError, KeyError):  # damaged: the bytes say enough
        said = None
    return said or _bytes(stored.read_bytes(), again.read_bytes())


def _arrays(stored: Path, again: Path) -> str | None:
    import numpy as np

    with np.load(stored, allow_pickle=False) as before, np.load(again, allow_pickle=False) as now:
        for name in before.files:
            if name not in now.files:
                return f"it has no array {name} any more"
            one, other = before[name], now[name]
            if one.shape != other.shape or one.dtype != other.dtype:
                return f"array {name} was {one.dtype} {one.shape}, and is {other.dtype} {other.shape}"
            if one.tobytes() == other.tobytes():
                continue
            if one.dtype.kind not in "fiub":
                return f"array {name} differs"
            gaps = np.abs(other.astype(np.float64) - one.astype(np.float64))
            different = (one != other) & ~(np.isnan(gaps) & np.isnan(one.astype(np.float64)))
            largest = np.nanmax(gaps) if np.isfinite(gaps).any() else np.nan
            share = f"{int(different.sum())} of {one.size} elements"
            return f"array {name} differs in {share}, by {largest:.3g} at most"
        extra = [name for name in now.files if name not in before.files]
        return f"array {extra[0]} was not there before" if extra else None


def _values(before: Any, now: Any, path: str) -> Iterator[str]:
    """Where two JSON values differ, in their order."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*before, *now)):
            yield from _values(before.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(now, list):
        for place, (one, other) in enumerate(zip_longest(before, now)):
            yield from _values(one, other, f"{path}[{place}]")
    elif before != now or type(before) is not type(now):
        gap = ""
        if isinstance(before, int | float) and isinstance(now, int | float):
            gap = f", a difference of {abs(now - before):.3g}"
        yield f"{path or 'its value'} was {before!r:.60}, and is {now!r:.60}{gap}"


def _bytes(before: bytes, now: bytes) -> str:
    pairs = enumerate(zip_longest(before, now))
    place = next((place for place, (one, other) in pairs if one != other), 0)
    return f"byte {place} differs ({len(before)} bytes before, {len(now)} now)"
