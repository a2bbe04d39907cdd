"""What a working memory said, for comparing it with another one: kept beside the snapshot of each block.

Lines are known by what they claim, not by their words, so that a statement whose figures moved is the same
statement.
"""

from typing import Annotated

from pydantic import Field, ValidationError

from blocks.base import Frozen
from blocks.errors import QueryError
from memory.document import Document
from memory.items import Item
from memory.workspace import Workspace
from memory.writing import translate_os_errors

SECTIONS = ("established", "tentative", "weakened", "refuted", "void", "prior")


class DigestLine(Frozen):
    """A line of a working memory."""

    section: str
    text: str
    evidence: str = ""


class Digest(Frozen):
    """A working memory without its form."""

    exploration: str
    block: int
    runs: str
    best: str | None
    lines: Annotated[dict[str, DigestLine], Field(description="By what they are known by.")]
    steering: tuple[str, ...]
    plan: Annotated[tuple[str, ...], Field(description="A line per slot of the next block.")]


def digest(made: Document) -> Digest:
    """What a document says."""
    lines: dict[str, DigestLine] = {}
    tentative = [item for _, items in made.learned for item in items]
    given_up = [
        (item, "refuted" if "refuted" in item.text.rpartition("~~")[2] else "weakened")
        for item in made.given_up
    ]
    sections = [
        *((item, "established") for item in made.principles),
        *((item, "tentative") for item in tentative),
        *given_up,
        *((item, "void") for item in made.void),
        *((item, "prior") for item in made.priors),
    ]
    for item, section in sections:
        if item.key:
            lines.setdefault(item.key, _line(item, section))
    return Digest(
        exploration=made.name,
        block=made.plan_block - 1,
        runs=made.header[0].partition("(")[2].partition(")")[0],
        best=None if made.best is None else made.best.text,
        lines=lines,
        steering=tuple(made.steering),
        plan=tuple(f"slot {row[0]}: {row[-3]}, {row[-2]}" for row in made.plan[1:]),
    )


def read_digest(workspace: Workspace, exploration: str, block: int) -> Digest:
    """The digest that was kept after a block.

    Raises:
        QueryError: None was kept; with the blocks that there are.
    """
    folder = workspace.snapshots(exploration)
    path = workspace.digest(exploration, block)
    with translate_os_errors(folder):
        kept = sorted(int(file.stem.partition("-")[2]) for file in folder.glob("block-*.json"))
        if block not in kept:
            near = min(kept, key=lambda one: (abs(one - block), one), default=None)
            if near is None:
                hint = "kept blocks: none; `setpoint launch` keeps one after each block"
            else:
                hint = f"kept blocks: {', '.join(map(str, kept))}; the nearest is {near}"
            raise QueryError(
                f"{exploration}: must be a block whose working memory was kept, but got {block}; {hint}"
            )
        text = path.read_bytes()
    try:
        return Digest.model_validate_json(text)
    except ValidationError as error:
        raise QueryError(
            f"{path}: must be what `setpoint launch` wrote, but it was changed; launch again"
        ) from error


def _line(item: Item, section: str) -> DigestLine:
    return DigestLine(section=section, text=item.text, evidence=item.evidence)
