"""The end of a blind exploration: its truth is opened for good, and what blindness cost is told and shown."""

from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from agent.admission import kept_strategies
from agent.launching import session_of
from agent.listener import Listener
from agent.redrawing import redraw
from agent.remembering import Remembering
from blocks.errors import QueryError
from blocks.installed import load_problem
from memory import Store, Workspace
from memory.sealing import read_sealed
from memory.writing import translate_os_errors


class Closed(NamedTuple):
    """What closing came to."""

    exploration: str
    memory: Path
    opened: int
    """Runs whose sealed metrics were opened; 0 where that had been done before."""

    drawn: int
    """Runs whose pictures were drawn anew, with the truth."""


def close(name: str | None, *, root: Path, listener: Listener) -> Closed:
    """Opens the sealed metrics of a blind exploration, and rewrites the working memory with what that shows.

    The runs' pictures are drawn anew, with the truth. Done again, it opens nothing, rewrites the memory, and
    draws what is left: a kill in between costs nothing.

    Args:
        name: The exploration; None for the one in which something happened last.
        root: The workspace's folder.
        listener: Is told what the user should know.

    Raises:
        QueryError: There is no such exploration, or it is not blind.
        WorkspaceError: A launch is using the workspace.
    """
    workspace = Workspace(root.absolute())
    with Store.open(workspace, create=False) as store:
        name = store.resolve(name)
    with workspace.lock(), translate_os_errors(workspace.root), Store.open(workspace) as store:
        spec = store.spec(name)
        if not spec.blind and store.closed_at(name) is None:
            raise QueryError(f"{name}: must be blind to be closed, but nothing of it is under seal")
        opened = 0
        if store.closed_at(name) is None:
            opened = store.close_exploration(name, read_sealed(workspace, name))
        problem = load_problem(spec.problem, kept_strategies(spec, workspace, store))
        session = session_of(spec, problem, workspace, store, listener, version=version("setpoint"))
        memory = Remembering(session).write()
        return Closed(name, memory, opened, redraw(store, spec, problem, listener))
