"""What is remembered: store, queries, findings, working memory.

Names are loaded when they are first used, so that importing the package costs nothing.

    from memory import open_store, query_runs

    with open_store("setpoint-workspace") as store:
        query_runs(store, where="time_step >= 32", sort="-slope_recovery")
        run_frame(store, where="time_step >= 32")  # the same as a data frame
        store.runs("quickstart")               # typed rows, a metric per replicate
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memory.findings import Statement
    from memory.frames import run_frame
    from memory.markdown import render_memory
    from memory.queries import Table, query_runs
    from memory.store import Store
    from memory.view import MemoryView
    from memory.workspace import Workspace

__all__ = [
    "MemoryView",
    "Statement",
    "Store",
    "Table",
    "Workspace",
    "open_store",
    "query_runs",
    "render_memory",
    "run_frame",
]

_HOMES = {
    "MemoryView": "memory.view",
    "Statement": "memory.findings",
    "Store": "memory.store",
    "Table": "memory.queries",
    "Workspace": "memory.workspace",
    "query_runs": "memory.queries",
    "render_memory": "memory.markdown",
    "run_frame": "memory.frames",
}


def open_store(folder: str | Path) -> "Store":
    """Opens the store of a workspace folder, for reading and writing; it must exist.

    Raises:
        WorkspaceError: There is no store in it, or it cannot be used.
    """
    from memory.store import Store
    from memory.workspace import Workspace

    return Store.open(Workspace(Path(folder)), create=False)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
