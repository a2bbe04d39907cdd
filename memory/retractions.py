"""Retractions: runs that turned out to be no evidence become void, with all that descends from them.

What matches is void, and so is every run whose line of parents leads to it and every run that took over its
result, in whatever exploration. Who is void by which retraction, and as whose descendant, is stored in the
transaction that makes it so, with an event per run and a note of the memories that are to be rendered anew. A
run is void as long as one retraction is in force on it; one that is undone stays on record.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from blocks.errors import QueryError
from memory.database import Database
from memory.prepared import Cursor, cursor_of
from memory.queries import Asked, query_runs
from memory.records import Retraction, RunKey, VoidRun
from memory.schema import DueMemoryRow, EventRow, RetractionRow, RunRow, VoidRunRow
from memory.workspace import Workspace

_INHERIT = """
INSERT INTO void_runs (run, retraction, ancestor)
SELECT child.id, void_runs.retraction, coalesce(void_runs.ancestor, void_runs.run)
FROM runs AS child
JOIN runs AS parent ON parent.exploration = child.exploration AND parent.number = child.parent
JOIN void_runs ON void_runs.run = parent.id
JOIN retractions ON retractions.id = void_runs.retraction AND retractions.undone_at IS NULL
WHERE child.exploration = ? AND child.number >= ?
"""


class _Line(NamedTuple):
    """What a run descends from."""

    id: int
    exploration: str
    number: int
    parent: int | None
    reused_from: int | None


class Retractions:
    """The part of the store that makes runs void, and takes it back."""

    _database: Database
    workspace: Workspace

    def retract(self, exploration: str, *, where: str, reason: str) -> Retraction:
        """Makes the runs that match void, and all that descends from them, in one transaction.

        Args:
            exploration: Runs of this one are asked about; descendants may be anywhere.
            where: An SQL expression, as for `query_runs`.
            reason: Why they are no evidence, for people; a line.

        Raises:
            QueryError: No run matches, or the expression cannot be asked.
        """
        with self._database.writing() as session:
            # Nobody else can write now, so the reader of `query_runs` sees what this transaction began with.
            found = _voided(session, self._matching(session, exploration, where))
            row = RetractionRow(
                exploration=exploration, condition=where, reason=reason, at=self._database.clock()
            )
            session.add(row)
            session.flush()
            session.add_all(
                VoidRunRow(run=run, retraction=row.id, ancestor=ancestor) for run, ancestor in found.items()
            )
            session.flush()
            keys = _keys(session, found)
            for run, ancestor in found.items():
                why = "it matched" if ancestor is None else f"descends from {shown(keys[ancestor])}"
                self._journal(session, keys[run], "void", f"retraction {row.id}: {why}")
            self._settle(session, row, [keys[run].exploration for run in found], "retracted")
            return _record(row, found, keys)

    def foretell(self, exploration: str, *, where: str) -> tuple[VoidRun, ...]:
        """The runs that `retract` would make void, without doing it."""
        with self._database.reading() as session:
            found = _voided(session, self._matching(session, exploration, where))
            return _void_runs(found, _keys(session, found))

    def undo_retraction(self, retraction: int) -> Retraction:
        """Takes a retraction back; runs that another one holds stay void.

        Raises:
            QueryError: There is none of that number, or it is undone already.
        """
        with self._database.writing() as session:
            row = session.get(RetractionRow, retraction)
            if row is None:
                known = session.scalars(select(RetractionRow.id).order_by(RetractionRow.id)).all()
                raise QueryError(
                    f"undo: must be the number of a retraction, but got {retraction}; there are "
                    f"{', '.join(map(str, known)) or 'none'}: see `setpoint retract --list`"
                )
            if row.undone_at is not None:
                raise QueryError(
                    f"undo: must be a retraction that is in force, but {retraction} was undone at "
                    f"{row.undone_at:%Y-%m-%d %H:%M} UTC; see `setpoint retract --list`"
                )
            row.undone_at = self._database.clock()
            found = _stored(session, [row.id])[row.id]
            keys = _keys(session, found)
            for run in found:
                self._journal(session, keys[run], "retraction undone", f"retraction {row.id}")
            self._settle(session, row, [keys[run].exploration for run in found], "retraction undone")
            return _record(row, found, keys)

    def retractions(self) -> list[Retraction]:
        """All retractions, oldest first, those that are undone as well."""
        with self._database.reading() as session:
            rows = session.scalars(select(RetractionRow).order_by(RetractionRow.id)).all()
            stored = _stored(session, [row.id for row in rows])
            keys = _keys(session, {run for found in stored.values() for run in found})
            return [_record(row, stored[row.id], keys) for row in rows]

    def due_memory(self, exploration: str) -> int | None:
        """The event since which a working memory is out of date; None where it is not."""
        with self._database.reading() as session:
            row = session.get(DueMemoryRow, exploration)
            return None if row is None else row.event

    def memory_rendered(self, exploration: str, event: int) -> None:
        """A working memory that knows of everything up to an event has been written."""
        with self._database.writing() as session:
            row = session.get(DueMemoryRow, exploration)
            if row is not None and row.event <= event:
                session.delete(row)

    def _matching(self, session: Session, exploration: str, where: str) -> list[int]:
        table = query_runs(cast(Asked, self), exploration=exploration, where=where, columns=("run",))
        numbers = {int(str(run)) for (run,) in table.rows}
        if not numbers:
            raise QueryError(
                f"where: must match a run of {exploration}, but {where!r} matches none of {table.total}; "
                "try it with `setpoint runs --where` first"
            )
        here = select(RunRow.id, RunRow.number).where(RunRow.exploration == exploration)
        return [run for run, number in session.execute(here) if number in numbers]

    def _journal(self, session: Session, key: RunKey, what: str, detail: str) -> None:
        cursor = cursor_of(session)
        self._database.note(cursor, what, exploration=key.exploration, run=key.number, detail=detail)

    def _settle(self, session: Session, row: RetractionRow, touched: Iterable[str], what: str) -> None:
        """Says what is to be rendered anew. The exploration that was named stays the one in use."""
        cursor = cursor_of(session)
        self._database.note(cursor, what, exploration=row.exploration, detail=f"retraction {row.id}")
        now = session.scalar(select(func.max(EventRow.id)))
        for name in dict.fromkeys([*touched, row.exploration]):
            due = insert(DueMemoryRow).values(exploration=name, event=now)
            session.execute(due.on_conflict_do_update(index_elements=["exploration"], set_={"event": now}))


def inherit(cursor: Cursor, exploration: str, *, first: int) -> None:
    """Makes new runs void whose parents are: a retraction may have come while they were planned.

    Args:
        cursor: Within the transaction that appends them.
        exploration: Name of the exploration.
        first: Number of the first new run.
    """
    cursor.execute(_INHERIT, (exploration, first))


def descent(lines: Iterable[_Line], matched: Iterable[int]) -> dict[int, int | None]:
    """Row ids of the runs that fall with those that match, each with the matching run it descends from."""
    lines = list(lines)
    places = {(line.exploration, line.number): line.id for line in lines}
    children: dict[int | None, list[int]] = defaultdict(list)
    for line in lines:
        if line.parent is not None:
            children[places.get((line.exploration, line.parent))].append(line.id)
        if line.reused_from is not None:
            children[line.reused_from].append(line.id)
    found: dict[int, int | None] = dict.fromkeys(sorted(matched))
    queue = deque(found)
    while queue:
        run = queue.popleft()
        for child in children.get(run, ()):
            if child not in found:
                found[child] = found[run] or run
                queue.append(child)
    return found


def shown(key: RunKey) -> str:
    """`toy run 3`."""
    return f"{key.exploration} run {key.number}"


def _voided(session: Session, matched: Sequence[int]) -> dict[int, int | None]:
    columns = (RunRow.id, RunRow.exploration, RunRow.number, RunRow.parent, RunRow.reused_from)
    return descent((_Line(*row) for row in session.execute(select(*columns).order_by(RunRow.id))), matched)


def _stored(session: Session, retractions: Sequence[int]) -> dict[int, dict[int, int | None]]:
    found: dict[int, dict[int, int | None]] = {retraction: {} for retraction in retractions}
    query = select(VoidRunRow).where(VoidRunRow.retraction.in_(retractions)).order_by(VoidRunRow.run)
    for row in session.scalars(query):
        found[row.retraction][row.run] = row.ancestor
    return found


def _keys(session: Session, runs: Iterable[int]) -> dict[int, RunKey]:
    wanted = set(runs)
    if not wanted:
        return {}
    rows = session.execute(select(RunRow.id, RunRow.exploration, RunRow.number))
    return {run: RunKey(exploration, number) for run, exploration, number in rows if run in wanted}


def _void_runs(found: Mapping[int, int | None], keys: Mapping[int, RunKey]) -> tuple[VoidRun, ...]:
    return tuple(
        VoidRun(run=keys[run], ancestor=None if ancestor is None else keys[ancestor])
        for run, ancestor in sorted(found.items(), key=lambda item: keys[item[0]])
    )


def _record(row: RetractionRow, found: Mapping[int, int | None], keys: Mapping[int, RunKey]) -> Retraction:
    return Retraction(
        id=row.id,
        exploration=row.exploration,
        condition=row.condition,
        reason=row.reason,
        at=row.at,
        undone_at=row.undone_at,
        runs=_void_runs(found, keys),
    )
