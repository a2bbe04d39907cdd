"""Explorations in the store: begun, gone on with, closed, their blocks and their notes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blocks.exploration import ExplorationSpec
from blocks.run import Metrics, RunState
from memory import asking
from memory.database import Database
from memory.kept_settings import LIFTED, change_of_sight, require_kept
from memory.prepared import cursor_of
from memory.recording import block_state, change_block, require_open_block, store_metrics, unended_runs
from memory.records import BlockRecord, ExplorationInfo
from memory.rows import finite, metrics_of
from memory.schema import BlockRow, BlockState, ExplorationRow, RunRow
from memory.truth import TruthUse, truth_use
from memory.wide import Name, summarise


class Explorations:
    """The part of the store that holds explorations and their blocks."""

    _database: Database
    _known_names: set[Name]

    def begin(self, spec: ExplorationSpec, *, version: str) -> None:
        """Stores an exploration, or goes on with the one of that name.

        Args:
            spec: Its settings; on a later launch only blocks, limits, title and memory may differ.
            version: Version of Setpoint that launches it.

        Raises:
            WorkspaceError: An exploration of that name has other settings, and runs.
        """
        stored = spec.model_dump(mode="json")
        with self._database.writing() as session:
            row = session.get(ExplorationRow, spec.name)
            what = "begun"
            if row is None:
                row = ExplorationRow(
                    name=spec.name,
                    spec=stored,
                    identity=spec.identity(),
                    created_at=self._database.clock(),
                    setpoint_version=version,
                    notes="",
                )
                session.add(row)
            else:
                what = "gone on with"
                before = self._spec_of(row)
                # Without a run there is nothing to protect: a first launch that failed may be mended.
                if _has_runs(session, spec.name):
                    what = change_of_sight(before, spec, closed_at=row.closed_at) or what
                    require_kept(before, spec, lifted=what == LIFTED, where=self._database.path.parent)
                row.spec, row.identity, row.setpoint_version = stored, spec.identity(), version
            self._database.note(cursor_of(session), what, exploration=spec.name, detail=f"setpoint {version}")

    def explorations(self) -> list[ExplorationInfo]:
        """Every exploration and how far it is, oldest first."""
        with self._database.reading() as session:
            counts: dict[str, dict[RunState, int]] = {}
            states = select(RunRow.exploration, RunRow.state, func.count()).group_by(
                RunRow.exploration, RunRow.state
            )
            for name, state, count in session.execute(states):
                counts.setdefault(name, {})[state] = count
            done = (
                select(BlockRow.exploration, func.count())
                .where(BlockRow.state == BlockState.CLOSED)
                .group_by(BlockRow.exploration)
            )
            closed = {name: int(count) for name, count in session.execute(done)}
            held = select(RunRow.exploration, func.count()).where(RunRow.void).group_by(RunRow.exploration)
            void = {name: int(count) for name, count in session.execute(held)}
            rows = session.scalars(
                select(ExplorationRow).order_by(ExplorationRow.created_at, ExplorationRow.name)
            )
            return [
                ExplorationInfo(
                    name=row.name,
                    spec=self._spec_of(row),
                    created_at=row.created_at,
                    n_runs=sum(counts.get(row.name, {}).values()),
                    n_done=counts.get(row.name, {}).get(RunState.DONE, 0),
                    n_failed=counts.get(row.name, {}).get(RunState.FAILED, 0),
                    n_void=void.get(row.name, 0),
                    blocks_closed=closed.get(row.name, 0),
                )
                for row in rows
            ]

    def latest(self) -> str | None:
        """The exploration in which something happened last; None in an empty store."""
        with self._database.reading() as session:
            return asking.latest(_ask(session))

    def resolve(self, name: str | None) -> str:
        """The exploration of that name; without one, that in which something happened last.

        Raises:
            QueryError: There is none of that name, or none at all.
        """
        with self._database.reading() as session:
            return asking.resolve(_ask(session), name, path=self._database.path)

    def spec(self, name: str) -> ExplorationSpec:
        """Settings of an exploration.

        Raises:
            QueryError: There is none of that name.
        """
        with self._database.reading() as session:
            return asking.spec_of(_ask(session), name, path=self._database.path)

    def truth_use(self, name: str, *, objective: str, needs_labels: bool, ways: tuple[str, ...]) -> TruthUse:
        """As `memory.truth.truth_use`."""
        with self._database.reading() as session:
            return truth_use(_ask(session), name, objective=objective, needs_labels=needs_labels, ways=ways)

    def open_block(self, exploration: str, number: int) -> None:
        """Begins a block; one that is open already stays so.

        Raises:
            ValueError: It is closed.
        """
        with self._database.recording() as cursor:
            if not require_open_block(cursor, exploration, number):
                at = self._database.clock()
                change_block(cursor, exploration, number, state=BlockState.RUNNING, opened_at=at)
                self._database.note(cursor, "block opened", exploration=exploration, detail=str(number))

    def close_block(self, exploration: str, number: int) -> None:
        """Ends a block all of whose runs have ended.

        Raises:
            ValueError: It is not open, or a run in it has not ended.
        """
        with self._database.recording() as cursor:
            state = block_state(cursor, exploration, number)
            if state is not BlockState.RUNNING:
                known = "unknown" if state is None else state.value
                raise ValueError(
                    f"{exploration}, block {number}: must be open to be closed, but it is {known}"
                )
            if unended := unended_runs(cursor, exploration, number):
                raise ValueError(f"{exploration}, block {number}: runs {unended} have not ended")
            at = self._database.clock()
            change_block(cursor, exploration, number, state=BlockState.CLOSED, closed_at=at)
            self._database.note(cursor, "block closed", exploration=exploration, detail=str(number))

    def blocks(self, exploration: str) -> list[BlockRecord]:
        """Blocks of an exploration in the order of their numbers."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(BlockRow).where(BlockRow.exploration == exploration).order_by(BlockRow.number)
            )
            return [
                BlockRecord(
                    number=row.number, state=row.state, opened_at=row.opened_at, closed_at=row.closed_at
                )
                for row in rows
            ]

    def closed_blocks(self, exploration: str) -> set[int]:
        """Numbers of the blocks that are over."""
        over = BlockRow.exploration == exploration, BlockRow.state == BlockState.CLOSED
        with self._database.reading() as session:
            return set(session.scalars(select(BlockRow.number).where(*over)))

    def closed_at(self, exploration: str) -> datetime | None:
        """When the truth of a blind exploration was opened; None where it was not, or never was sealed."""
        with self._database.reading() as session:
            return _row(session, exploration).closed_at

    def close_exploration(self, exploration: str, sealed: Mapping[int, Sequence[Metrics]]) -> int:
        """Ends a blind exploration: what was sealed becomes part of its runs, all at once and for good.

        Args:
            exploration: Name of the exploration.
            sealed: By run number, what its evaluation kept back, one mapping per replicate.

        Returns:
            How many runs that was. Runs that are not done are left out: their parameters are not final.
        """
        with self._database.writing() as session:
            row = _row(session, exploration)
            row.closed_at = self._database.clock()
            done = session.scalars(
                select(RunRow).where(RunRow.exploration == exploration, RunRow.state == RunState.DONE)
            ).all()
            opened = [run for run in done if len(sealed.get(run.number, ())) == _n_replicates(run)]
            told = metrics_of(session, opened)
            cursor = cursor_of(session)
            for run in opened:
                kept = [{name: finite(value) for name, value in one.items()} for one in sealed[run.number]]
                kept = [
                    {name: value for name, value in fresh.items() if name not in old}
                    for fresh, old in zip(kept, told[run.id], strict=True)
                ]
                run.summary = summarise(
                    [{**old, **fresh} for old, fresh in zip(told[run.id], kept, strict=True)]
                )
                session.flush()
                self._known_names |= store_metrics(cursor, run.id, kept, known=self._known_names)
            self._database.note(
                cursor, "closed", exploration=exploration, detail=f"{len(opened)} runs were under seal"
            )
            return len(opened)

    def notes(self, exploration: str) -> str:
        """What a human wrote under the marker of the working memory."""
        with self._database.reading() as session:
            return _row(session, exploration).notes

    def set_notes(self, exploration: str, notes: str) -> None:
        """Stores a human's notes; an event is left only where they changed."""
        with self._database.writing() as session:
            row = _row(session, exploration)
            if row.notes != notes:
                row.notes = notes
                self._database.note(cursor_of(session), "notes changed", exploration=exploration)

    def _spec_of(self, row: ExplorationRow) -> ExplorationSpec:
        return asking.parse_spec(
            row.spec, name=row.name, version=row.setpoint_version, path=self._database.path
        )


def _n_replicates(run: RunRow) -> int:
    return int(run.summary["n_replicates"]) if run.summary else -1


def _row(session: Session, name: str) -> ExplorationRow:
    row = session.get(ExplorationRow, name)
    if row is None:
        raise asking.no_such_exploration(_ask(session), name)
    return row


def _ask(session: Session) -> asking.Ask:
    connection = session.connection()
    return lambda sql, *values: connection.exec_driver_sql(sql, values).all()


def _has_runs(session: Session, name: str) -> bool:
    return session.scalar(select(RunRow.id).where(RunRow.exploration == name).limit(1)) is not None
