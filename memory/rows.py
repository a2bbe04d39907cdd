"""Rows of runs, found and turned into what planners, findings and tables read."""

import math
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from blocks.base import made
from blocks.errors import QueryError
from blocks.run import Failure, Metrics, Run, RunState
from blocks.slot import Proposal, SlotSpec
from blocks.stopping import Curve
from memory.prepared import Cursor, Prepared, cursor_of
from memory.schema import DatasetRow, MetricRow, RunRow

Row = TypeVar("Row")

LARGEST: Final = 2**63 - 1
"""Whole number that SQLite keeps."""

_LAST = Prepared(select(func.max(RunRow.number)).where(RunRow.exploration == bindparam("exploration")))
_DATASET = Prepared(select(DatasetRow.key).where(DatasetRow.observations_hash == bindparam("hash")))


def row_of(session: Session, exploration: str, number: int) -> RunRow:
    """The row of a run.

    Raises:
        QueryError: There is none of that number.
    """
    here = RunRow.exploration == exploration
    row = None
    if number <= LARGEST:  # SQLite cannot be asked about more
        row = session.scalar(select(RunRow).where(here, RunRow.number == number))
    if row is None:
        raise no_such_run(cursor_of(session), exploration, number)
    return row


def no_such_run(cursor: Cursor, exploration: str, number: int) -> QueryError:
    """What to say where an exploration has no run of that number."""
    last = last_number(cursor, exploration)
    known = f"its runs are 1 to {last}" if last else "it has no runs yet"
    return QueryError(f"{exploration}: must be a run's number, but got {number}; {known}")


def last_number(cursor: Cursor, exploration: str) -> int:
    """The highest number of an exploration's runs; 0 where there are none."""
    return _LAST.run(cursor, exploration=exploration).fetchone()[0] or 0


def require_dataset(cursor: Cursor, observations_hash: str) -> None:
    """Raises QueryError where no data set with such observations is ready."""
    if _DATASET.run(cursor, hash=observations_hash).fetchone() is None:
        raise QueryError(
            f"dataset: must be the hash of a data set that is ready, but got {observations_hash[:12]!r}; "
            "record it with ready_dataset first"
        )


def known_row(row: Row | None, kind: str, key: str) -> Row:
    """The row, which must be there.

    Raises:
        QueryError: There is none of that key.
    """
    if row is None:
        raise QueryError(
            f"{key!r} must be the key of a {kind} in the store, but there is none; plan it first"
        )
    return row


def first_done(session: Session, identity: str) -> RunRow | None:
    """The first run of that identity that is done and not void: the one that was paid for."""
    return session.scalar(
        select(RunRow)
        .where(RunRow.identity == identity, RunRow.state == RunState.DONE, ~RunRow.void)
        .order_by(RunRow.id)
        .limit(1)
    )


def metrics_of(
    session: Session, rows: Sequence[RunRow], *, where: Sequence[ColumnElement[bool]] = ()
) -> dict[int, tuple[Metrics, ...]]:
    """Metrics of runs by row id, one mapping per replicate, in one query.

    Args:
        session: An open transaction.
        rows: The runs.
        where: The condition that found them, where there may be many; else their ids are asked for.
    """
    found: dict[int, tuple[Metrics, ...]] = {
        row.id: tuple({} for _ in range(row.summary["n_replicates"])) for row in rows if row.summary
    }
    if not found:
        return found
    query = select(MetricRow.run, MetricRow.replicate, MetricRow.name, MetricRow.value)
    if where:
        query = query.join(RunRow, RunRow.id == MetricRow.run).where(*where)
    else:
        query = query.where(MetricRow.run.in_(list(found)))
    for run, replicate, name, value in session.execute(query):
        found[run][replicate][name] = value
    return found


def run_of(row: RunRow, metrics: tuple[Metrics, ...]) -> Run:
    """The run that a row describes."""
    return Run(
        number=row.number,
        block=row.block,
        batch=row.batch,
        proposal=Proposal(
            slot=row.slot,
            spec=SlotSpec.model_validate(row.spec),
            role=row.role,
            parent=row.parent,
            change=row.change,
            reason=row.reason,
            network=row.network,
        ),
        identity=row.identity,
        state=row.state,
        failure=None
        if row.failure_kind is None
        else Failure(kind=row.failure_kind, reason=row.failure_reason or ""),
        metrics=metrics,
        dataset=row.dataset,
        void=row.void,
        certified=row.certified,
        trained_hash=row.trained_hash,
        train_s=row.train_s,
        trained_steps=row.trained_steps,
        planned_steps=row.planned_steps,
        curve=None if row.curve is None else Curve.model_validate(row.curve),
        stopped=row.stopped,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def planned_run(
    proposal: Proposal, *, number: int, block: int, batch: int, identity: str, dataset: str, certified: bool
) -> Run:
    """A proposal as a run that nothing has happened to yet."""
    return made(
        Run,
        {
            "number": number,
            "block": block,
            "batch": batch,
            "proposal": proposal,
            "identity": identity,
            "state": RunState.PLANNED,
            "failure": None,
            "metrics": (),
            "dataset": dataset,
            "certified": certified,
            "void": False,
            "trained_hash": None,
            "train_s": None,
            "trained_steps": None,
            "planned_steps": None,
            "curve": None,
            "stopped": None,
            "started_at": None,
            "ended_at": None,
        },
    )


def planned_row(
    exploration: str,
    run: Run,
    *,
    foundation: str,
    guard_check: int | None,
    certificates: Sequence[int] = (),
    at: datetime,
) -> dict[str, Any]:
    """A planned run as a row."""
    proposal = run.proposal
    return {
        "exploration": exploration,
        "number": run.number,
        "block": run.block,
        "batch": run.batch,
        "slot": proposal.slot,
        "role": proposal.role,
        "parent": proposal.parent,
        "change": proposal.change,
        "reason": proposal.reason,
        "network": proposal.network,
        "strategies": ",".join(proposal.spec.strategies),
        "spec": proposal.spec.model_dump(mode="json", exclude_none=True),
        "identity": run.identity,
        "dataset": run.dataset,
        "foundation": foundation,
        "guard_check": guard_check,
        "certificates": list(certificates),
        "certified": run.certified,
        "state": RunState.PLANNED,
        "attempts": 0,
        "planned_at": at,
    }


def finite(value: float | None) -> float | None:
    """A metric as it is stored: NaN and infinity are no results."""
    return None if value is None or not math.isfinite(value) else float(value)


def finite_ones(metrics: Metrics) -> Metrics:
    """Metrics of a replicate as they are stored."""
    return {
        name: value if type(value) is float and isfinite(value) else finite(value)
        for name, value in metrics.items()
    }
