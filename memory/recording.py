"""Statements with which a run's life is written: few, made once, and each of the same cost for every run.

They work on rows by their keys, so nothing depends on how many runs there are.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from blocks.run import Metrics, RunState
from memory.prepared import Cursor, Prepared
from memory.rows import no_such_run
from memory.schema import BlockRow, BlockState, DatasetRow, MetricRow, RunRow, VoidRunRow
from memory.wide import METRIC, Name, add_names

_RUNS, _METRICS, _BLOCKS, _DATASETS, _VOID_RUNS = (
    cast(Table, row.__table__) for row in (RunRow, MetricRow, BlockRow, DatasetRow, VoidRunRow)
)

_HERE = (_RUNS.c.exploration == bindparam("exploration_"), _RUNS.c.number == bindparam("number_"))
_STANDING = (
    _RUNS.c.id,
    _RUNS.c.state,
    _RUNS.c.attempts,
    _RUNS.c.trained_hash,
    func.json_array_length(_RUNS.c.spec, literal_column("'$.seeds'")),
)
_FIND = Prepared(select(*_STANDING).where(*_HERE))
_BLOCK = Prepared(
    select(_BLOCKS.c.state).where(
        _BLOCKS.c.exploration == bindparam("exploration"), _BLOCKS.c.number == bindparam("number")
    )
)
_GROUND = Prepared(
    select(
        select(_BLOCKS.c.state)
        .where(_BLOCKS.c.exploration == bindparam("exploration"), _BLOCKS.c.number == bindparam("block"))
        .scalar_subquery(),
        select(func.max(_RUNS.c.number))
        .where(_RUNS.c.exploration == bindparam("exploration"))
        .scalar_subquery(),
        exists().where(_DATASETS.c.observations_hash == bindparam("dataset")),
        exists().select_from(_VOID_RUNS),
    )
)


class Ground(NamedTuple):
    """What new runs of a block depend on."""

    block: BlockState | None
    """None where there is none of that number."""

    first: int
    """Number of the first of them."""

    has_dataset: bool
    has_void: bool
    """Whether any run is void, or was."""


def ground_of(cursor: Cursor, exploration: str, block: int, *, dataset: str) -> Ground:
    """What new runs of a block depend on, asked at once."""
    values = {"exploration": exploration, "block": block, "dataset": dataset}
    state, last, has_dataset, has_void = _GROUND.run(cursor, **values).fetchone()
    known = None if state is None else BlockState(state)
    return Ground(known, (last or 0) + 1, bool(has_dataset), bool(has_void))


def _in_one_of(states: Iterable[RunState]) -> ColumnElement[bool]:
    return or_(*(_RUNS.c.state == literal_column(f"'{state.value}'") for state in states))


# By state, which there is an index for: those that have not ended are few.
_UNENDED = Prepared(
    select(_RUNS.c.number)
    .where(_RUNS.c.exploration == bindparam("exploration"), _RUNS.c.block == bindparam("block"))
    .where(_in_one_of(state for state in RunState if not state.is_final))
)
_OPEN = Prepared(insert(_BLOCKS), ("exploration", "number", "state"))
_MEASURE = Prepared(insert(_METRICS), ("run", "replicate", "name", "value"))

_MOVES = {
    RunState.PLANNED: (RunState.RUNNING, RunState.FAILED),
    RunState.RUNNING: (RunState.TRAINED, RunState.STOPPED, RunState.FAILED),
    RunState.TRAINED: (RunState.DONE, RunState.FAILED),
    RunState.DONE: (),
    RunState.STOPPED: (),
    RunState.FAILED: (),
}


class Standing(NamedTuple):
    """What the next step of a run depends on."""

    id: int
    state: RunState
    attempts: int
    trained_hash: str | None
    n_replicates: int


def standing(cursor: Cursor, exploration: str, number: int) -> Standing:
    """How far a run is.

    Raises:
        QueryError: There is none of that number.
    """
    found = _FIND.run(cursor, exploration_=exploration, number_=number).fetchone()
    if found is None:
        raise no_such_run(cursor, exploration, number)
    run_id, state, attempts, trained_hash, n_replicates = found
    return Standing(run_id, RunState(state), attempts, trained_hash, n_replicates)


def move(cursor: Cursor, exploration: str, number: int, to: RunState, **columns: object) -> None:
    """Takes a run to its next state, and writes further columns of its row. A start is counted as an attempt.

    Raises:
        QueryError: There is none of that number.
        ValueError: A state may not follow the one that it is in.
    """
    taking = _move(to, tuple(columns))
    taking.run(cursor, exploration_=exploration, number_=number, state=to, **columns)
    if not cursor.rowcount:
        found = standing(cursor, exploration, number)
        raise ValueError(
            f"{exploration}, run {number}: a state may only move forward, "
            f"but {found.state} -> {to} was asked for"
        )


@cache
def _move(to: RunState, columns: tuple[str, ...]) -> Prepared:
    """One statement that finds the run, looks whether it may move, and moves it.

    To have it return what it wrote would take three times as long.
    """
    before = [state for state, following in _MOVES.items() if to in following]
    taking = update(_RUNS).where(*_HERE, _in_one_of(before))
    if to is RunState.RUNNING:
        taking = taking.values(attempts=_RUNS.c.attempts + literal_column("1"))
    return Prepared(taking, ("state", *columns))


def append_runs(cursor: Cursor, rows: Sequence[dict[str, Any]]) -> None:
    """Appends runs; all rows have the same columns."""
    if rows:
        _append(tuple(rows[0])).run_many(cursor, rows)


@cache
def _append(columns: tuple[str, ...]) -> Prepared:
    return Prepared(insert(_RUNS), columns)


def block_state(cursor: Cursor, exploration: str, block: int) -> BlockState | None:
    """How far a block is; None where there is none of that number."""
    found = _BLOCK.run(cursor, exploration=exploration, number=block).fetchone()
    return None if found is None else BlockState(found[0])


def require_open_block(cursor: Cursor, exploration: str, block: int) -> bool:
    """Makes the block's row where there is none.

    Returns:
        Whether it has been opened before.

    Raises:
        ValueError: The block is closed, and a closed block stays so.
    """
    return require_open(cursor, exploration, block, block_state(cursor, exploration, block))


def require_open(cursor: Cursor, exploration: str, block: int, state: BlockState | None) -> bool:
    """As `require_open_block`, of a block whose state is known."""
    if state is None:
        _OPEN.run(cursor, exploration=exploration, number=block, state=BlockState.PLANNED)
    elif state is BlockState.CLOSED:
        raise ValueError(
            f"{exploration}: a run must be planned in an open block, but block {block} is closed, "
            "and a closed block stays so"
        )
    return state is BlockState.RUNNING


def change_block(cursor: Cursor, exploration: str, block: int, **columns: object) -> None:
    """Writes columns of a block's row."""
    _change_block(tuple(columns)).run(cursor, exploration_=exploration, number_=block, **columns)


def unended_runs(cursor: Cursor, exploration: str, block: int) -> list[int]:
    """Numbers of a block's runs that have not ended."""
    found = _UNENDED.run(cursor, exploration=exploration, block=block).fetchall()
    return sorted(number for (number,) in found)


@cache
def _change_block(columns: tuple[str, ...]) -> Prepared:
    here = (_BLOCKS.c.exploration == bindparam("exploration_"), _BLOCKS.c.number == bindparam("number_"))
    return Prepared(update(_BLOCKS).where(*here), columns)


def store_metrics(cursor: Cursor, run_id: int, metrics: Sequence[Metrics], *, known: set[Name]) -> set[Name]:
    """Stores metrics per replicate, and gives the view columns for names that are not known yet.

    Returns:
        Those that were not known, for the caller to know once they are stored.
    """
    values = [
        (run_id, index, name, replicate[name])
        for index, replicate in enumerate(metrics)
        for name in sorted(replicate)  # as the table has them: then few of its pages split
    ]
    _MEASURE.run_together(cursor, values)
    fresh = {(METRIC, name) for name in set().union(*metrics)} - known
    if fresh:
        # In the problem's order, those that matter first: tables show them so.
        add_names(cursor, dict.fromkeys((METRIC, name) for replicate in metrics for name in replicate))
    return fresh
