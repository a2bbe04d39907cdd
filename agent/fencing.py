"""The fence of one training: what of a workspace it may touch."""

from pathlib import Path

from agent.guard import Fence, FileId
from memory import Workspace


def fence(
    workspace: Workspace,
    *,
    readable: tuple[Path, ...],
    out: Path,
    progress: Path,
    seals_elsewhere: tuple[Path, ...] = (),
) -> Fence:
    """A fence around what one training needs; all that is sealed lies outside of it.

    Args:
        workspace: Where it runs.
        readable: What it may read: its observations, its foundation, the user's own strategies.
        out: Its own folder, to write.
        progress: The file to which it reports, to write.
        seals_elsewhere: The user's own seals, outside of the workspace.
    """
    seals = [workspace.sealed, *workspace.sealed.iterdir(), *seals_elsewhere]
    return Fence(
        workspace=FileId.of(workspace.root),
        sealed=frozenset(FileId.of(path) for path in seals),
        readable=readable,
        writable=(out, progress),
        report=out / "leak.json",
    )
