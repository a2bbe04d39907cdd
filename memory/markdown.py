"""The working memory as a file: rendered whole, never edited, save for a human's notes at its end.

Equal views give equal bytes, and at most 300 lines before the notes. What a human wrote below the
marker goes into the store before the file is replaced, and into the next file from there. A snapshot
is kept per block.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from blocks.errors import QueryError
from memory.digest import Digest
from memory.document import Document, document
from memory.store import Store
from memory.view import MemoryView
from memory.workspace import Workspace
from memory.writing import translate_os_errors, write_atomically

MARKER = "<!-- notes: kept as they are when this file is regenerated -->"

_HEADING = re.compile(r"^# Working memory: (\S+)[ \t]*$", re.MULTILINE)


def render_memory(view: MemoryView, made: Document | None = None) -> str:
    """The working memory as markdown.

    Args:
        view: What it is made of.
        made: Its sections, where they are at hand.

    Returns:
        Text that ends with a line break; the same bytes for the same view.
    """
    return _template().render(
        (made or document(view))._asdict(), cells=_cells, marker=MARKER, notes=view.notes.strip("\n")
    )


def _cells(row: Sequence[str]) -> str:
    """A row of a table; no cell can break it."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"


def extract_notes(text: str) -> tuple[str, str] | None:
    """The exploration that a memory.md belongs to, and the notes in it.

    Returns:
        Name and notes without blank lines around them; None where the heading or the marker is missing.
    """
    heading = _HEADING.search(text)
    above, marker, notes = text.partition(MARKER)
    if heading is None or not marker or heading.start() > len(above):
        return None
    return heading[1], notes.strip("\n")


def current_notes(workspace: Workspace, store: Store, exploration: str) -> str:
    """The notes that a new memory.md has to hold: those in the present one, else the stored ones."""
    found = extract_notes(_text_of(workspace.memory_file) or "")
    if found is not None and found[0] == exploration:
        return found[1]
    return store.notes(exploration)


def read_memory(workspace: Workspace, *, exploration: str | None = None, block: int | None = None) -> str:
    """A working memory that was written before.

    Args:
        workspace: Where to read.
        exploration: Of this one; that of memory.md without it.
        block: As it was after this block; as it is now without it.

    Raises:
        QueryError: No such memory was written, or it was changed into what is no text.
    """
    text = _text_of(workspace.memory_file)
    if text is not None and text.strip() and block is None and exploration in (None, _named(text)):
        return text
    name = exploration or exploration_of(workspace)
    kept = workspace.snapshots(name).glob("block-*.md")
    written = sorted(int(found[1]) for path in kept if (found := re.fullmatch(r"block-(\d+)", path.stem)))
    wanted = max(written, default=0) if block is None else block
    if wanted not in written:
        known = ", ".join(map(str, written)) or "none"
        near = min(written, key=lambda one: (abs(one - wanted), one), default=None)
        hint = "" if near is None else f"; the nearest is {near}"
        raise QueryError(
            f"{name}: must be a block whose working memory was kept, but got {wanted}; "
            f"kept blocks: {known}{hint}"
        )
    path = workspace.snapshot(name, wanted)
    if not (kept_text := _text_of(path)):
        raise QueryError(f"{path}: must be what `setpoint launch` wrote, but it was changed; launch again")
    return kept_text


def exploration_of(workspace: Workspace) -> str:
    """The exploration that memory.md belongs to.

    Raises:
        QueryError: There is none, or it does not name it.
    """
    text = _text_of(workspace.memory_file)
    name = None if text is None else _named(text)
    if name is None:
        raise QueryError(
            f"{workspace.root} must hold a working memory, but there is none that names its exploration; "
            "`setpoint launch` writes one after each block"
        )
    return name


def shown_exploration(workspace: Workspace) -> str | None:
    """The exploration that memory.md is of; None where there is no such file, or it does not say."""
    heading = _HEADING.search(_text_of(workspace.memory_file) or "")
    return None if heading is None else heading[1]


def write_memory(
    workspace: Workspace,
    store: Store,
    exploration: str,
    text: str,
    block: int | None,
    *,
    digest: Digest | None = None,
    snapshot_only: bool = False,
) -> None:
    """Replaces memory.md and keeps a snapshot of the block; a human's notes are lost in no case.

    The notes in the present file go into the store, under the exploration that it belongs to. A file
    in which they cannot be told from the rest is kept as snapshots/<exploration>/edited-<n>.md.

    Args:
        workspace: Where to write.
        store: Its store.
        exploration: The exploration that `text` belongs to.
        text: The rendered memory. Notes written since it was rendered are put in.
        block: The block after which it was made; None for one that is open, of which no snapshot is kept.
        digest: What it says, for comparing blocks.
        snapshot_only: Whether memory.md stays as it is, since it is another exploration's.

    Raises:
        WorkspaceError: The disk refuses; the present file is as it was.
    """
    if workspace.memory_file.exists() and not snapshot_only:
        _harvest(workspace, store, exploration)
    above, marker, _ = text.partition(MARKER)
    if marker:
        notes = store.notes(exploration)
        text = f"{above}{marker}\n" + (f"{notes}\n" if notes else "")
    if block is not None:
        if digest is not None:
            write_atomically(workspace.digest(exploration, block), digest.model_dump_json(indent=1) + "\n")
        write_atomically(workspace.snapshot(exploration, block), text)
    if not snapshot_only:
        write_atomically(workspace.memory_file, text)


def _harvest(workspace: Workspace, store: Store, exploration: str) -> None:
    text = _text_of(workspace.memory_file)
    found = None if text is None else extract_notes(text)
    if found is not None and found[0] in {info.name for info in store.explorations()}:
        store.set_notes(*found)
        return
    folder = workspace.snapshots(exploration)
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while (kept := folder / f"edited-{number}.md").exists():
            number += 1
        # A copy under a new name, not a move: memory.md is there at every moment.
        kept.write_bytes(workspace.memory_file.read_bytes())


def _named(text: str) -> str | None:
    heading = _HEADING.search(text)
    return None if heading is None else heading[1]


def _text_of(path: Path) -> str | None:
    """A file's text; None where there is none, or it is no text."""
    with translate_os_errors(path):
        try:
            return path.read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # markdown, not HTML; `plain` and the tables do what escaping there is
    )
    return environment.get_template("memory.md.j2")
