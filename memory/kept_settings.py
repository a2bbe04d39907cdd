"""What may change between launches of one exploration, and what may not.

The settings of an exploration are frozen with its first launch, as far as results depend on them. Whether it
is blind may change in one direction, and only once its truth is open.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from blocks.errors import WorkspaceError
from blocks.exploration import ExplorationSpec

LOOSE: Final = ("blocks", "limits", "title", "memory")
"""Keys that may change between launches: they do not enter an exploration's identity."""

LIFTED: Final = "blind lifted"


def change_of_sight(
    before: ExplorationSpec, now: ExplorationSpec, *, closed_at: datetime | None
) -> str | None:
    """What a new launch changes in what may be seen; None for nothing.

    Args:
        before: The settings of the last launch.
        now: Those of this one.
        closed_at: When the truth was opened, where it was.

    Raises:
        WorkspaceError: A closed exploration would go on blind, or one that is not closed in sight.
    """
    if closed_at is not None and now.blind:
        raise WorkspaceError(
            f"exploration {now.name!r} is closed and its truth is open, so that it cannot go on blind; "
            "say that the blind is lifted with --no-blind, or give it another name"
        )
    if not before.blind or now.blind:
        return None
    if closed_at is None:
        raise WorkspaceError(
            f"exploration {now.name!r} is blind until it is closed, but was launched in sight; "
            f"go on with --blind, or open its truth first: setpoint close {now.name}"
        )
    return LIFTED


def require_kept(before: ExplorationSpec, now: ExplorationSpec, *, lifted: bool, where: Path) -> None:
    """Refuses settings that are not those of the last launch, those left out that may differ.

    Args:
        before: The settings of the last launch.
        now: Those of this one.
        lifted: Whether this launch lifts the blind, as `change_of_sight` allows.
        where: The workspace, for the message.

    Raises:
        WorkspaceError: Naming the keys that differ.
    """
    if before.identity() == now.model_copy(update={"blind": now.blind or lifted}).identity():
        return
    keys = list(_differing(before.model_dump(mode="json"), now.model_dump(mode="json")))
    named = ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
    raise WorkspaceError(
        f"exploration {now.name!r} must keep its settings, but {named} differs from what was launched in "
        f"{where}; give it another name, or another --workspace"
    )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], *, prefix: str = "") -> Iterator[str]:
    """Dotted keys whose values differ, those that may differ left out."""
    for key in dict.fromkeys([*before, *after]):
        if not prefix and key in LOOSE:
            continue
        old, new = before.get(key), after.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differing(old, new, prefix=f"{prefix}{key}.")
        elif key not in before or key not in after or json.dumps(old) != json.dumps(new):
            yield f"{prefix}{key}"
