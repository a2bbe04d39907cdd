"""Numbers of principles: given once, kept for life, never given again.

P1 is the rule that no training path reads the label column; it rests on the guard, not on runs.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from memory.database import Database
from memory.guidance_schema import PrincipleRow
from memory.prepared import cursor_of

FIRST = 2
"""P1 is taken."""


class Numbered(NamedTuple):
    """The number of a principle, and the block since which it has it."""

    number: int
    since: int


class Principles:
    """The part of the store that numbers principles."""

    _database: Database

    def number_principles(
        self, exploration: str, keys: Sequence[str], *, block: int
    ) -> Mapping[str, Numbered]:
        """Numbers of all principles that ever were, those of `keys` given one where they have none.

        Args:
            exploration: Name of the exploration.
            keys: Keys of the statements that are established now, in the order in which they are told.
            block: The block after which they are.
        """
        known = self.principles(exploration)
        if not (new := [key for key in dict.fromkeys(keys) if key not in known]):
            return known
        with self._database.writing() as session:
            query = select(PrincipleRow).where(PrincipleRow.exploration == exploration)
            there = {row.key: row.number for row in session.scalars(query)}
            number = max(there.values(), default=FIRST - 1)
            for key in new:
                if key not in there:
                    number += 1
                    session.add(
                        PrincipleRow(exploration=exploration, number=number, key=key, since_block=block)
                    )
                    self._database.note(
                        cursor_of(session), "principle", exploration=exploration, detail=f"P{number} {key}"
                    )
        return self.principles(exploration)

    def principles(self, exploration: str) -> dict[str, Numbered]:
        """Every principle that was ever numbered, by key."""
        query = select(PrincipleRow).where(PrincipleRow.exploration == exploration)
        with self._database.reading() as session:
            rows = session.scalars(query.order_by(PrincipleRow.number))
            return {row.key: Numbered(row.number, row.since_block) for row in rows}
