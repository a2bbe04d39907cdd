"""`setpoint memory`: the working memory, rendered; compared between blocks; told what is known elsewhere."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.due import catch_up
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption
from blocks.errors import QueryError

if TYPE_CHECKING:
    from memory import Workspace


def memory(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    block: Annotated[int | None, typer.Option(min=0, help="As it was after that block.")] = None,
    diff: Annotated[
        tuple[int, int] | None,
        typer.Option("--diff", metavar="A B", help="What changed from block A to block B."),
    ] = None,
    exploration: ExplorationOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="The markdown itself.")] = False,
    document: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="Read a markdown document as prior knowledge."),
    ] = None,
    forget: Annotated[
        str | None, typer.Option("--forget", metavar="FILE", help="Undo the import of that document.")
    ] = None,
) -> None:
    """Read the working memory: what is known, how well, and what is tried next.

    Examples: `setpoint memory --block 1`, `setpoint memory --diff 1 2`, `setpoint memory --import seed.md`.
    """
    from memory import Store, Workspace

    asked = {"--block": block, "--diff": diff, "--import": document, "--forget": forget}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1 or (raw and given not in ([], ["--block"])):
        both = [*given, *(["--raw"] if raw else [])]
        raise QueryError(f"{' and '.join(both)} answer different questions; give one of them")
    catch_up(workspace)
    place = Workspace(workspace)
    if document is not None or forget is not None:
        from agent.cli.knowledge import forget_document, import_document

        if document is not None:
            import_document(place, document, exploration=exploration)
        elif forget is not None:
            forget_document(place, forget, exploration=exploration)
        return
    if exploration is not None and place.database.exists():
        with Store.open(place, create=False) as store:
            store.spec(exploration)  # says which ones there are, if this is none
    if diff is not None:
        _show_difference(place, diff, exploration=exploration)
        return
    from memory.markdown import read_memory

    text = read_memory(place, exploration=exploration, block=block)
    if raw:
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _show_difference(place: "Workspace", blocks: tuple[int, int], *, exploration: str | None) -> None:
    from memory.difference import difference, told
    from memory.digest import read_digest
    from memory.markdown import exploration_of

    name = exploration or exploration_of(place)
    before, after = (read_digest(place, name, block) for block in blocks)
    _print_sections(told(difference(before, after)))


def _print_sections(sections: Sequence[tuple[str, Sequence[str]]]) -> None:
    """A title and its lines; bold and folded on a terminal, a line each elsewhere."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    for number, (title, lines) in enumerate(sections):
        if number:
            console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            if console.is_terminal:
                console.print(Padding(Text(f"- {line}"), (0, 0, 0, 2)))
            else:
                sys.stdout.write(f"  - {line}\n")
