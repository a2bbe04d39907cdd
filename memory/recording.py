"""Statements with which a run's life is written: few, made once, and each of the same cost for every run.

They work on rows by their keys, so nothing depends on how many runs there are.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from blocks.run import Metrics, RunState
from memory.rows import no_such_run
from memory.schema import BlockRow, BlockState, MetricRow, RunRow
from memory.wide import METRIC, Name, add_names

_RUNS, _METRICS, _BLOCKS = (cast(Table, row.__table__) for row in (RunRow, MetricRow, BlockRow))

_FIND = select(_RUNS.c.id, _RUNS.c.state, _RUNS.c.attempts, _RUNS.c.trained_hash, _RUNS.c.spec).where(
    _RUNS.c.exploration == bindparam("exploration"), _RUNS.c.number == bindparam("number")
)
_LAST = select(func.max(_RUNS.c.number)).where(_RUNS.c.exploration == bindparam("exploration"))
_BLOCK = select(_BLOCKS.c.state).where(
    _BLOCKS.c.exploration == bindparam("exploration"), _BLOCKS.c.number == bindparam("number")
)
_CHANGE = update(_RUNS).where(_RUNS.c.id == bindparam("run_id"))

_MOVES = {
    RunState.PLANNED: (RunState.RUNNING, RunState.FAILED),
    RunState.RUNNING: (RunState.TRAINED, RunState.FAILED),
    RunState.TRAINED: (RunState.DONE, RunState.FAILED),
    RunState.DONE: (),
    RunState.FAILED: (),
}


class Standing(NamedTuple):
    """What the next step of a run depends on."""

    id: int
    state: RunState
    attempts: int
    trained_hash: str | None
    spec: dict[str, Any]


def standing(connection: Connection, exploration: str, number: int) -> Standing:
    """How far a run is.

    Raises:
        QueryError: There is none of that number.
    """
    found = connection.execute(_FIND, {"exploration": exploration, "number": number}).one_or_none()
    if found is None:
        raise no_such_run(connection, exploration, number)
    return Standing(*found)


def move(connection: Connection, exploration: str, number: int, to: RunState) -> Standing:
    """How far a run is, where its next step may be `to`; `change` then takes it.

    Raises:
        QueryError: There is none of that number.
        ValueError: A state may not follow the one that it is in.
    """
    found = standing(connection, exploration, number)
    if to not in _MOVES[found.state]:
        raise ValueError(
            f"{exploration}, run {number}: a state may only move forward, "
            f"but {found.state} -> {to} was asked for"
        )
    return found


def change(connection: Connection, run_id: int, **columns: object) -> None:
    """Writes columns of a run's row."""
    connection.execute(_CHANGE, {"run_id": run_id, **columns})


def plan_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Appends rows of planned runs."""
    connection.execute(insert(_RUNS), list(rows))


def last_number(connection: Connection, exploration: str) -> int:
    """The highest number of an exploration's runs; 0 where there are none."""
    return connection.scalar(_LAST, {"exploration": exploration}) or 0


def require_open_block(connection: Connection, exploration: str, block: int) -> None:
    """Makes the block's row where there is none.

    Raises:
        ValueError: The block is closed.
    """
    state = connection.scalar(_BLOCK, {"exploration": exploration, "number": block})
    if state is None:
        row = {"exploration": exploration, "number": block, "state": BlockState.PLANNED}
        connection.execute(insert(_BLOCKS), row)
    elif state is BlockState.CLOSED:
        raise ValueError(
            f"{exploration}: a run must be planned in an open block, but block {block} is closed"
        )


def store_metrics(
    connection: Connection, run_id: int, metrics: Sequence[Metrics], *, known: set[Name]
) -> set[Name]:
    """Stores metrics per replicate, and gives the view columns for names that are not known yet.

    Returns:
        The names, for the caller to know once they are stored.
    """
    values = [
        {"run": run_id, "replicate": index, "name": name, "value": value}
        for index, replicate in enumerate(metrics)
        for name, value in replicate.items()
    ]
    if values:
        connection.execute(insert(_METRICS), values)
    # In the problem's order, those that matter first: tables show them so.
    ordered = dict.fromkeys((METRIC, name) for replicate in metrics for name in replicate)
    if not ordered.keys() <= known:
        add_names(connection, ordered)
    return set(ordered)
