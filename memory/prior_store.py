"""Documents of prior knowledge in the store: read in once, forgotten on request.

A document counts by its content: the same file again changes nothing, whatever its name. What a planner was
given is kept per exploration and batch, as with steering.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from blocks.base import Frozen
from blocks.errors import QueryError
from memory.database import Database
from memory.guidance_schema import ImportRow, PriorRow, PriorUseRow
from memory.prepared import cursor_of
from memory.schema import RunRow
from memory.seed_document import LineKind, SeedDocument
from memory.steering_lines import Place


class PriorLine(Frozen):
    """A line of a document, as it is known to an exploration."""

    file: str
    line: int
    kind: LineKind
    heading: str
    text: str

    @property
    def source(self) -> str:
        """Where it stood: seed.md:20."""
        return f"{self.file}:{self.line}"


class ImportedDocument(Frozen):
    """A document that is known."""

    id: int
    exploration: Annotated[str | None, Field(description="None: all of the workspace.")]
    file: str
    file_hash: str
    at: datetime
    lines: tuple[PriorLine, ...]


class Priors:
    """The part of the store that holds documents of prior knowledge."""

    _database: Database

    def import_document(self, document: SeedDocument, *, exploration: str | None) -> bool:
        """Stores a document for one exploration, or for all of the workspace.

        Returns:
            Whether it was new; a document that is known already changes nothing.
        """
        with self._database.writing() as session:
            for row in _known(session):
                if row.file_hash == document.file_hash and row.exploration in (None, exploration):
                    return False
            row = ImportRow(
                exploration=exploration,
                file=document.file,
                file_hash=document.file_hash,
                at=self._database.clock(),
            )
            session.add(row)
            session.flush()
            session.add_all(
                PriorRow(document=row.id, line=one.line, kind=one.kind, heading=one.heading, text=one.text)
                for one in document.lines
            )
            session.flush()
            detail = f"{document.file} {document.file_hash[:12]}"
            self._database.note(
                cursor_of(session), "document imported", exploration=exploration, detail=detail
            )
        return True

    def forget_document(self, name_or_hash: str, *, exploration: str | None) -> list[str]:
        """Forgets documents by file name, or by the beginning of their hash.

        Returns:
            Their file names.

        Raises:
            QueryError: None of that name is known.
        """
        with self._database.writing() as session:
            known = [row for row in _known(session) if exploration in (None, row.exploration)]
            found = [
                row
                for row in known
                if row.file == name_or_hash
                or (len(name_or_hash) >= 6 and row.file_hash.startswith(name_or_hash))
            ]
            if not found:
                names = ", ".join(f"{row.file} ({row.file_hash[:12]})" for row in known) or "none"
                raise QueryError(
                    f"must be a document that was imported, but got {name_or_hash!r}; known: {names}"
                )
            for row in found:
                row.forgotten_at = self._database.clock()
                session.flush()
                detail = f"{row.file} {row.file_hash[:12]}"
                self._database.note(
                    cursor_of(session), "document forgotten", exploration=row.exploration, detail=detail
                )
            return [row.file for row in found]

    def documents(self, exploration: str | None = None) -> list[ImportedDocument]:
        """Documents that are known now: to an exploration, or to anything in the workspace."""
        with self._database.reading() as session:
            rows = [
                row
                for row in _known(session)
                if exploration is None or row.exploration in (None, exploration)
            ]
            return [
                ImportedDocument(
                    id=row.id,
                    exploration=row.exploration,
                    file=row.file,
                    file_hash=row.file_hash,
                    at=row.at,
                    lines=tuple(_lines(session, row)),
                )
                for row in rows
            ]

    def take_up_priors(self, exploration: str, place: Place) -> None:
        """The batch that is about to be planned knows all that was imported until now, from now on."""
        with self._database.reading() as session:
            if not session.scalar(select(ImportRow.id).limit(1)):
                return
        with self._database.writing() as session:
            uses = {row.document: row for row in _uses(session, exploration)}
            for row in session.scalars(select(ImportRow).order_by(ImportRow.id)):
                use = uses.get(row.id)
                if use is None and row.forgotten_at is None and row.exploration in (None, exploration):
                    session.add(
                        PriorUseRow(
                            document=row.id,
                            exploration=exploration,
                            from_block=place.block,
                            from_batch=place.batch,
                        )
                    )
                elif use is not None and row.forgotten_at is not None and use.until_block is None:
                    use.until_block, use.until_batch = place

    def priors_as_of(self, exploration: str, place: Place) -> list[PriorLine]:
        """Lines of all documents that the planner of a batch knows, in the order of their import."""
        with self._database.reading() as session:
            pending = place > _last_planned(session, exploration)
            uses = {row.document: row for row in _uses(session, exploration)}
            found = []
            for row in session.scalars(select(ImportRow).order_by(ImportRow.id)):
                use = uses.get(row.id)
                if use is None:
                    here = row.exploration in (None, exploration) and row.forgotten_at is None and pending
                else:
                    here = (use.from_block, use.from_batch) <= place and not _over(row, use, place, pending)
                if here:
                    found += _lines(session, row)
            return found


def _over(row: ImportRow, use: PriorUseRow, place: Place, pending: bool) -> bool:
    if use.until_block is None or use.until_batch is None:
        return row.forgotten_at is not None and pending
    return (use.until_block, use.until_batch) <= place


def _last_planned(session: Session, exploration: str) -> Place:
    row = session.execute(
        select(RunRow.block, RunRow.batch)
        .where(RunRow.exploration == exploration)
        .order_by(RunRow.number.desc())
        .limit(1)
    ).first()
    return Place(0, 0) if row is None else Place(row.block, row.batch)


def _known(session: Session) -> list[ImportRow]:
    query = select(ImportRow).where(ImportRow.forgotten_at.is_(None)).order_by(ImportRow.id)
    return list(session.scalars(query))


def _uses(session: Session, exploration: str) -> list[PriorUseRow]:
    return list(session.scalars(select(PriorUseRow).where(PriorUseRow.exploration == exploration)))


def _lines(session: Session, row: ImportRow) -> list[PriorLine]:
    query = select(PriorRow).where(PriorRow.document == row.id).order_by(PriorRow.line)
    return [
        PriorLine(file=row.file, line=one.line, kind=LineKind(one.kind), heading=one.heading, text=one.text)
        for one in session.scalars(query)
    ]
