"""What a command that was killed left undone: working memories that runs have become void for."""

import sys
from pathlib import Path

from blocks.errors import SetpointError


def catch_up(workspace: Path) -> None:
    """Renders working memories anew where they are due; costs next to nothing where none is.

    Where that cannot be done (the folder is read-only, say), a line says so, and the command goes on.
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

    for name in due:
        try:
            with Store.open(place, create=False) as store:
                render_anew(store, [name])
        except SetpointError as error:
            print(
                f"setpoint: the working memory of {name} is older than a retraction: {error}", file=sys.stderr
            )
