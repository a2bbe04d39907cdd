"""The history of statements in the store: what was held after each block, and what took its place.

It is written after every block and is no source of anything: `findings` gives the same from the runs up to
that block. It is kept so that a change of mind can be looked up, also by those who read the database alone.
"""

import json
from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from memory.database import Database
from memory.prepared import cursor_of
from memory.records import StatementRecord
from memory.schema import StatementRow
from memory.statements import Key, Statement


class Beliefs:
    """The part of the store that holds statements."""

    _database: Database

    def record_statements(self, exploration: str, block: int, statements: Sequence[Statement]) -> None:
        """Stores what is held after a block, in the place of what was stored for it before.

        Args:
            exploration: Name of the exploration.
            block: A block that is closed.
            statements: Those of `findings` on the runs up to its end, in their order.
        """
        rows = {
            key: {
                "exploration": exploration,
                "block": block,
                "key": key,
                "place": place,
                "status": one.status,
                "text": one.text,
                "effect": one.effect,
                "low": None if one.interval is None else one.interval[0],
                "high": None if one.interval is None else one.interval[1],
                "q": one.q,
                "n": one.n_pairs,
                "networks": one.networks,
                "since": one.since,
                "superseded_by": None if one.superseded_by is None else _stored(one.superseded_by),
                "statement": one.model_dump(mode="json"),
            }
            for place, one in enumerate(statements)
            if (key := _stored(one.key))
        }
        here = (StatementRow.exploration == exploration, StatementRow.block == block)
        with self._database.writing() as session:
            known = session.execute(
                select(StatementRow.key, StatementRow.place, StatementRow.statement).where(*here)
            )
            if {row.key: (row.place, row.statement) for row in known} == {
                key: (row["place"], row["statement"]) for key, row in rows.items()
            }:
                return
            session.execute(delete(StatementRow).where(*here))
            if rows:
                session.execute(insert(StatementRow), list(rows.values()))
            self._database.note(
                cursor_of(session), "statements told", exploration=exploration, detail=f"block {block}"
            )

    def statements(self, exploration: str, block: int) -> list[Statement]:
        """What was held after a block, in the order in which it was told; empty where none was stored."""
        query = (
            select(StatementRow.statement)
            .where(StatementRow.exploration == exploration, StatementRow.block == block)
            .order_by(StatementRow.place)
        )
        with self._database.reading() as session:
            return [Statement.model_validate(row) for row in session.scalars(query)]

    def statement_history(self, exploration: str, key: Key) -> list[StatementRecord]:
        """What was held of one statement, block by block."""
        query = (
            select(StatementRow)
            .where(StatementRow.exploration == exploration, StatementRow.key == _stored(key))
            .order_by(StatementRow.block)
        )
        with self._database.reading() as session:
            return [
                StatementRecord(
                    block=row.block,
                    status=row.status,
                    text=row.text,
                    effect=row.effect,
                    interval=None if row.low is None or row.high is None else (row.low, row.high),
                    q=row.q,
                    n=row.n,
                    networks=row.networks,
                    superseded_by=None if row.superseded_by is None else tuple(json.loads(row.superseded_by)),
                )
                for row in session.scalars(query)
            ]


def _stored(key: Key) -> str:
    """A key as the database holds it; a key that is a list in JSON can be read by anyone."""
    return json.dumps(list(key), ensure_ascii=False)
