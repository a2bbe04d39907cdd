"""What a command that was killed left undone: working memories that runs have become void for."""

import sys
from pathlib import Path

from blocks.errors import WorkspaceError


def catch_up(workspace: Path) -> None:
    """Renders working memories anew where they are due; costs next to nothing where none is.

    A workspace that cannot be written is said to be so, and can still be read.
    """
    from memory.asking import Reader
    from memory.workspace import Workspace

    place = Workspace(workspace)
    if not place.database.exists():
        return
    with Reader.open(place) as reader:
        due = reader.due_memories()
    if not due:
        return
    from agent.retracting import render_anew
    from memory import Store

    try:
        with Store.open(place, create=False) as store:
            render_anew(store, due)
    except WorkspaceError as error:
        print(f"setpoint: the working memory is older than a retraction: {error}", file=sys.stderr)
