"""`setpoint memory --import` and `--forget`: documents of prior knowledge, and how they were understood."""

from pathlib import Path

import typer

from blocks.exploration import ExplorationSpec
from blocks.guidance import PriorClaim
from blocks.slot import show_value
from blocks.vocabulary import Vocabulary
from memory import Store, Workspace
from memory.prior_claims import claims_of
from memory.seed_document import LineKind, SeedDocument, SeedLine, read_document


def import_document(place: Workspace, path: Path, *, exploration: str | None) -> None:
    """Reads a document in, and shows how each line was understood.

    Args:
        place: The workspace; made where it is missing, since knowledge may come before the first launch.
        path: The document.
        exploration: For this one alone; for all of the workspace without it.

    Raises:
        QueryError: The document cannot be read, or states nothing.
        SpecError: No exploration of that name is known.
    """
    document = read_document(path)
    with Store.open(place) as store:
        spec = _spec_for(store, exploration)
        new = store.import_document(document, exploration=exploration)
    if not new:
        typer.echo(f"{document.file} was imported before; nothing changed")
        return
    statements = [line for line in document.lines if line.kind is LineKind.STATEMENT]
    words = Vocabulary(spec)
    read = {line.line: claims_of(line.text, words, heading=line.heading) for line in statements}
    testable = sum(bool(claims) for claims in read.values())
    typer.echo(
        f"{document.file}: {len(statements)} statements, of which runs of {spec.name} can test {testable}; "
        f"{_count(document, LineKind.VOID)} void, {_count(document, LineKind.REFUTED)} refuted there, "
        f"{_count(document, LineKind.QUESTION)} open"
    )
    for line in document.lines:
        typer.echo(f"{line.line:>5}  {_understood(line, read.get(line.line, []))}")
    typer.echo("known from the next batch on; memory.md shows it after the next block or launch")


def forget_document(place: Workspace, name: str, *, exploration: str | None) -> None:
    """Undoes an import.

    Raises:
        QueryError: No document of that name was imported.
    """
    with Store.open(place, create=False) as store:
        for file in store.forget_document(Path(name).name, exploration=exploration):
            typer.echo(f"{file} is forgotten from the next batch on")


def _spec_for(store: Store, exploration: str | None) -> ExplorationSpec:
    """The exploration with whose names a document is shown."""
    from agent.cli.launch import DEFAULT_EXPLORATION
    from blocks.loading import load_exploration

    known = {info.name: info.spec for info in store.explorations()}
    name = exploration or store.latest() or DEFAULT_EXPLORATION
    return known[name] if name in known else load_exploration(name)


def _count(document: SeedDocument, kind: LineKind) -> int:
    return sum(line.kind is kind for line in document.lines)


def _understood(line: SeedLine, claims: list[PriorClaim]) -> str:
    if line.kind is not LineKind.STATEMENT:
        how = {LineKind.VOID: "a void baseline", LineKind.QUESTION: "an open question"}
        return f"{_cut(line.text)}  -> {how.get(line.kind, 'refuted there; kept as text')}"
    return f"{_cut(line.text)}  -> {'; '.join(map(said, claims)) or 'kept as text'}"


def said(claim: PriorClaim) -> str:
    """A claim in words: `prefer time_step 32`, `avoid lr at least 0.01`."""
    where = "".join(f" at {name} {show_value(value)}" for name, value in claim.condition)
    name = {"strategy": "", "above": " above"}.get(
        claim.kind, "" if claim.kind == "value" else f" {claim.kind}"
    )
    value = "" if claim.value is None else f" {show_value(claim.value)}"
    return f"{claim.direction} {claim.subject}{name}{value}{where}"


def _cut(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:87].rstrip()}..."
