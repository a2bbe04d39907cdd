"""Tables of what people bring in: steering, documents of prior knowledge, and the numbers of principles.

What was said is stored as it was said; it is read anew with the names of the exploration whenever it is used.
Beside it stands the batch from which it holds, so that planning can be repeated as of any batch. A row that
no batch has taken up yet has none.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from memory.schema import Base


class SteeringRow(Base):
    """A line of a human's steering, numbered within its exploration."""

    __tablename__ = "steering"
    __table_args__ = (UniqueConstraint("exploration", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exploration: Mapped[str] = mapped_column(ForeignKey("explorations.name"))
    number: Mapped[int]
    text: Mapped[str]
    source: Mapped[str]
    at: Mapped[datetime]
    from_block: Mapped[int | None]
    from_batch: Mapped[int | None]
    lifted_at: Mapped[datetime | None]
    until_block: Mapped[int | None]
    until_batch: Mapped[int | None]


class ImportRow(Base):
    """A document that was read in as prior knowledge, for one exploration or for all of the workspace."""

    __tablename__ = "imports"
    __table_args__ = (Index(None, "file_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exploration: Mapped[str | None] = mapped_column(String(64))
    file: Mapped[str]
    file_hash: Mapped[str]
    at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]


class PriorRow(Base):
    """A line of such a document."""

    __tablename__ = "priors"

    document: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    heading: Mapped[str]
    text: Mapped[str]


class PriorUseRow(Base):
    """From which batch of an exploration a document is known to its planner, and until which."""

    __tablename__ = "prior_uses"

    document: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    exploration: Mapped[str] = mapped_column(ForeignKey("explorations.name"), primary_key=True)
    from_block: Mapped[int]
    from_batch: Mapped[int]
    until_block: Mapped[int | None]
    until_batch: Mapped[int | None]


class PrincipleRow(Base):
    """The number that an established statement was given; it is never given to another."""

    __tablename__ = "principles"

    exploration: Mapped[str] = mapped_column(ForeignKey("explorations.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    since_block: Mapped[int]
