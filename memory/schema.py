"""Tables of the store: what was tried, from which parent, on which data, and how it ended.

A row is written when a thing is planned; afterwards only its state and results change, and every
change of state leaves an event in the same transaction. Event ids grow, so they prove an order: the
hash of trained parameters was stored before the truth was opened. The models are portable;
the SQLite-only view `runs_wide` is in memory.wide.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    UniqueConstraint,
    exists,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column
from sqlalchemy.types import TypeDecorator

from blocks.certificate import CertificateOutcome
from blocks.run import FailureKind, RunState
from blocks.slot import Role


class DatasetState(StrEnum):
    """Life of a data set."""

    PLANNED = "planned"
    READY = "ready"


class FoundationState(StrEnum):
    """Life of a foundation; one that failed may be planned again."""

    PLANNED = "planned"
    FITTED = "fitted"  # candidates are on disk, and their hash is stored: truth may be opened
    READY = "ready"
    FAILED = "failed"


class BlockState(StrEnum):
    """Life of a block."""

    PLANNED = "planned"
    RUNNING = "running"
    CLOSED = "closed"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in, an aware moment in UTC out, also where the database drops the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a moment must carry its time zone, but got {value!r}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _by_value(kind: type[StrEnum]) -> Enum:
    """A column that holds the enum's values as text; the length leaves room for states to come."""
    return Enum(
        kind, values_callable=lambda members: [m.value for m in members], native_enum=False, length=24
    )


class Base(DeclarativeBase):
    """Base of the models."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        datetime: UtcDateTime,
        float: Float(53),
        DatasetState: _by_value(DatasetState),
        FoundationState: _by_value(FoundationState),
        BlockState: _by_value(BlockState),
        CertificateOutcome: _by_value(CertificateOutcome),
        RunState: _by_value(RunState),
        FailureKind: _by_value(FailureKind),
        Role: _by_value(Role),
    }


_Exploration = Annotated[str, mapped_column(ForeignKey("explorations.name"))]


class ExplorationRow(Base):
    """An exploration; its settings are frozen with the first launch.

    `foundation` is what its last launch stood on, `closed_at` when the truth of a blind one was opened.
    """

    __tablename__ = "explorations"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    spec: Mapped[dict[str, Any]]
    identity: Mapped[str]
    created_at: Mapped[datetime]
    setpoint_version: Mapped[str]
    closed_at: Mapped[datetime | None]
    notes: Mapped[str] = mapped_column(default="")
    foundation: Mapped[str | None]


class DatasetRow(Base):
    """A data set: observations, and beside them a seal where the truth is known."""

    __tablename__ = "datasets"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    observations_hash: Mapped[str | None]
    seal_hash: Mapped[str | None]
    state: Mapped[DatasetState]
    created_at: Mapped[datetime]


class FoundationRow(Base):
    """What all slots share, fitted once; `failure` says why a fit failed.

    `dataset` is the hash of the observations here and in runs: two data sets may hold the same ones.
    """

    __tablename__ = "foundations"

    key: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str]
    settings: Mapped[dict[str, Any]]
    state: Mapped[FoundationState]
    fitted_hash: Mapped[str | None]
    chosen: Mapped[str | None]
    chosen_by_truth: Mapped[bool | None]
    metrics: Mapped[dict[str, Any] | None]
    summary: Mapped[str | None]
    failure: Mapped[str | None]
    fit_s: Mapped[float | None]
    created_at: Mapped[datetime]
    fitted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BlockRow(Base):
    """A block of an exploration; the working memory is rewritten when it closes."""

    __tablename__ = "blocks"

    exploration: Mapped[_Exploration] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[BlockState]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class GuardCheckRow(Base):
    """What the guard said of the training code before it ran."""

    __tablename__ = "guard_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str]
    verdict: Mapped[str]
    files: Mapped[int]
    findings: Mapped[list[Any]]
    at: Mapped[datetime]


class CertificateRow(Base):
    """What the audit said of one version of a strategy, with the first difference where there was one."""

    __tablename__ = "certificates"
    __table_args__ = (Index(None, "strategy", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy: Mapped[str]
    version: Mapped[str]
    data_hash: Mapped[str]
    outcome: Mapped[CertificateOutcome]
    difference: Mapped[dict[str, Any] | None]
    composition: Mapped[list[Any]]
    steps: Mapped[int]
    reason: Mapped[str]
    seconds: Mapped[float]
    at: Mapped[datetime]


class RetractionRow(Base):
    """A retraction, in force until it is undone; one that is undone stays on record."""

    __tablename__ = "retractions"

    id: Mapped[int] = mapped_column(primary_key=True)
    exploration: Mapped[_Exploration]
    condition: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class VoidRunRow(Base):
    """A run that a retraction makes void: itself, or as a descendant of `ancestor`."""

    __tablename__ = "void_runs"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it from the class

    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    retraction: Mapped[int] = mapped_column(ForeignKey("retractions.id"), primary_key=True)
    ancestor: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))


class DueMemoryRow(Base):
    """A working memory that must be rendered anew, since event `event` changed what it may say."""

    __tablename__ = "due_memories"

    exploration: Mapped[_Exploration] = mapped_column(primary_key=True)
    event: Mapped[int]


class RunRow(Base):
    """A run. `summary` repeats its metrics as medians and spreads, for the view `runs_wide`."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("exploration", "number"),
        ForeignKeyConstraint(["exploration", "block"], ["blocks.exploration", "blocks.number"]),
        Index(None, "exploration", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exploration: Mapped[_Exploration]
    number: Mapped[int]
    block: Mapped[int]
    batch: Mapped[int]
    slot: Mapped[int]
    role: Mapped[Role]
    parent: Mapped[int | None]
    change: Mapped[str]
    reason: Mapped[str]
    strategies: Mapped[str]
    spec: Mapped[dict[str, Any]]
    identity: Mapped[str] = mapped_column(index=True)
    network: Mapped[int] = mapped_column(default=0)
    dataset: Mapped[str]
    foundation: Mapped[str] = mapped_column(ForeignKey("foundations.key"))
    guard_check: Mapped[int | None] = mapped_column(ForeignKey("guard_checks.id"))
    certificates: Mapped[list[Any] | None]
    certified: Mapped[bool] = mapped_column(default=False)
    reused_from: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    state: Mapped[RunState]
    failure_kind: Mapped[FailureKind | None]
    failure_reason: Mapped[str | None]
    trained_hash: Mapped[str | None]
    train_s: Mapped[float | None]
    trained_steps: Mapped[int | None]
    planned_steps: Mapped[int | None]
    curve: Mapped[dict[str, Any] | None]
    stopped: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    summary: Mapped[dict[str, Any] | None]
    planned_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    trained_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    void: Mapped[bool] = column_property(
        exists()
        .where(
            VoidRunRow.run == id,  # noqa: A003 - it is the column above that is meant
            VoidRunRow.retraction == RetractionRow.id,
            RetractionRow.undone_at.is_(None),
        )
        .correlate_except(VoidRunRow, RetractionRow)
    )
    """Whether a retraction is in force on it; no column of the table."""


class MetricRow(Base):
    """A metric of one replicate; NULL where it could not be computed, never a number."""

    __tablename__ = "metrics"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it from the class

    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    replicate: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None]


class StatementRow(Base):
    """A statement as it was held after a block; `key` and `superseded_by` are lists in JSON."""

    __tablename__ = "statements"

    exploration: Mapped[_Exploration] = mapped_column(primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    status: Mapped[str] = mapped_column(String(24))
    text: Mapped[str]
    effect: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    q: Mapped[float | None]
    n: Mapped[int]
    networks: Mapped[int]
    since: Mapped[int | None]
    superseded_by: Mapped[str | None]
    statement: Mapped[dict[str, Any]]


class WideNameRow(Base):
    """A name that the view `runs_wide` has a column for: a hyperparameter or a metric."""

    __tablename__ = "wide_names"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]


class EventRow(Base):
    """A change of state; the ids grow and are never used again: none can be deleted (migration 0008)."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    exploration: Mapped[str | None] = mapped_column(index=True)
    run: Mapped[int | None]
    what: Mapped[str]
    detail: Mapped[str]
