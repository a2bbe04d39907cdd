"""Identity by content: equal things have equal hashes, on every machine."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, floats by shortest repr.

    Args:
        value: Anything made of mappings, sequences, scalars, paths and pydantic models.

    Raises:
        ValueError: A float is NaN or infinite; neither has a JSON form.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def folder_hash(folder: Path, *, pattern: str = "*", without: Collection[str] = ()) -> str:
    """SHA-256 over the relative names and the bytes of all files below a folder.

    Args:
        folder: Where to look, at any depth.
        pattern: Which file names count.
        without: File names that do not.
    """
    digest = hashlib.sha256()
    files = [path for path in folder.rglob(pattern) if path.is_file() and path.name not in without]
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(bytes.fromhex(file_hash(path)))
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def short_hash(digest: str | None) -> str:
    """The first letters of a hash, for people; `none` where there is none."""
    return "none" if digest is None else digest[:12]
