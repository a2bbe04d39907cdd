"""A human's steering in the store: said, taken up by a batch, lifted.

A line is stored when it is said, before any batch obeys it. The next batch that is planned takes it up: from
then on it holds as of that batch, and planning that is repeated as of an earlier one does not see it. The
same goes for lifting. Lines of the notes are steering as well; one that is taken out of the notes is lifted.
"""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blocks.constraints import Constraint, narrow
from blocks.errors import QueryError, SpecError
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec
from blocks.steering import Release, bare_line, is_instruction, read_instructions
from blocks.vocabulary import Vocabulary
from memory.database import Database
from memory.guidance_schema import SteeringRow
from memory.prepared import cursor_of
from memory.schema import RunRow
from memory.steering_lines import Place, SteeringLine, constraints_of, holds_at, line_of, require_slots


class Steering:
    """The part of the store that holds steering."""

    _database: Database

    def steer(
        self,
        exploration: str,
        texts: Sequence[str],
        spec: ExplorationSpec,
        *,
        trains: Callable[[SlotSpec], bool] = lambda _: True,
    ) -> list[SteeringLine]:
        """Stores lines that a human gives on the command line.

        Args:
            exploration: Name of the exploration; it has begun.
            texts: Lines; `release NAME` lifts, what is no instruction is stored as a note.
            spec: Its settings, for the names.
            trains: Whether the problem can train a slot.

        Returns:
            The lines that were stored.

        Raises:
            SpecError: A line cannot be read, or contradicts what is in force; nothing is stored.
            QueryError: A line releases what is not in force.
        """
        words = Vocabulary(spec)
        with self._database.writing() as session:
            added = [
                line
                for text in texts
                for line in self._steer(session, exploration, " ".join(text.split()), words, source="steer")
            ]
            require_slots(spec, constraints_of(_lines_in_force(session, exploration), words), trains)
            return [line_of(row) for row in added]

    def unsteer(self, exploration: str, numbers: Sequence[int]) -> None:
        """Lifts lines by number.

        Raises:
            QueryError: No line of that number is in force; nothing is lifted.
        """
        with self._database.writing() as session:
            there = {row.number for row in _in_force(session, exploration)}
            for number in numbers:
                if number not in there:
                    raise _not_in_force(session, exploration, number)
            for number in dict.fromkeys(numbers):
                self._lift_number(session, exploration, number)

    def follow_notes(self, exploration: str, notes: str, spec: ExplorationSpec) -> list[str]:
        """Stores what the notes ask for, and lifts what they no longer ask for.

        Returns:
            Remarks: lines that ask for something and are not obeyed, with the reason.
        """
        words, remarks = Vocabulary(spec), []
        lines = [line for line in notes.splitlines() if is_instruction(line)]
        wanted = [" ".join(bare_line(line).split()) for line in lines]
        if not wanted and not any(
            line.source == "note" and not line.lifted for line in self.steering(exploration)
        ):
            return []
        with self._database.writing() as session:
            for row in _in_force(session, exploration):
                if row.source == "note" and row.text not in wanted:
                    self._lift(session, row)
            for text in dict.fromkeys(wanted):
                known = [row.text for row in _in_force(session, exploration) if row.source == "note"]
                if text in known:
                    continue
                try:
                    asked = read_instructions(text, words)
                    if any(isinstance(one, Release) for one in asked):
                        raise SpecError(
                            "a note lifts by being taken out; for others use `setpoint launch --unsteer N`"
                        )
                    constraints = constraints_of(_lines_in_force(session, exploration), words)
                    narrow(spec, [*constraints, *(one for one in asked if isinstance(one, Constraint))])
                except SpecError as error:
                    remarks.append(f"{text}: {_short(str(error), text)}")
                    continue
                self._add(session, exploration, text, source="note")
        return remarks

    def steering(self, exploration: str) -> list[SteeringLine]:
        """Every line that was ever said, in order."""
        query = select(SteeringRow).where(SteeringRow.exploration == exploration).order_by(SteeringRow.number)
        with self._database.reading() as session:
            return [line_of(row) for row in session.scalars(query)]

    def take_up_steering(self, exploration: str, place: Place) -> None:
        """The batch that is about to be planned obeys all that was said until now, from now on."""
        waiting = select(SteeringRow).where(
            SteeringRow.exploration == exploration,
            SteeringRow.from_block.is_(None)
            | (SteeringRow.lifted_at.is_not(None) & SteeringRow.until_block.is_(None)),
        )
        with self._database.reading() as session:
            if not session.scalars(waiting).first():
                return
        with self._database.writing() as session:
            for row in session.scalars(waiting):
                if row.from_block is None:
                    row.from_block, row.from_batch = place
                    self._noted_steering(
                        session, row, "steering taken up", f"#{row.number} from {_at(place)}"
                    )
                if row.lifted_at is not None and row.until_block is None:
                    row.until_block, row.until_batch = place
                    self._noted_steering(session, row, "steering lifted", f"#{row.number} from {_at(place)}")

    def steering_as_of(
        self, exploration: str, place: Place, spec: ExplorationSpec
    ) -> tuple[tuple[Constraint, ...], tuple[SteeringLine, ...]]:
        """Constraints that the planner of a batch is given, and the lines in force there."""
        planned = self._last_planned(exploration)
        lines = tuple(
            line for line in self.steering(exploration) if holds_at(line, place, pending=place > planned)
        )
        words = Vocabulary(spec)
        return tuple(constraints_of(lines, words)), lines

    def _last_planned(self, exploration: str) -> Place:
        """The last batch that has runs; before the first one, a place before all."""
        query = (
            select(RunRow.block, RunRow.batch)
            .where(RunRow.exploration == exploration)
            .order_by(RunRow.number.desc())
            .limit(1)
        )
        with self._database.reading() as session:
            row = session.execute(query).first()
            return Place(0, 0) if row is None else Place(row.block, row.batch)

    def _steer(
        self, session: Session, exploration: str, text: str, words: Vocabulary, *, source: str
    ) -> Iterable[SteeringRow]:
        if not text:
            raise SpecError("steering: must say something, but got nothing; see `setpoint launch --help`")
        asked = read_instructions(text, words)
        releases = [one for one in asked if isinstance(one, Release)]
        for release in releases:
            self._release(session, exploration, release, words)
        if releases and len(releases) < len(asked):
            raise SpecError(f"steering {text!r}: must either release or ask; give two --steer")
        if not releases:
            yield self._add(session, exploration, text, source=source)

    def _release(self, session: Session, exploration: str, release: Release, words: Vocabulary) -> None:
        if release.number is not None:
            self._lift_number(session, exploration, release.number)
            return
        found = [
            row
            for row in _in_force(session, exploration)
            if any(one.subject == release.subject for one in constraints_of([line_of(row)], words))
        ]
        if not found:
            raise QueryError(
                f"release {release.subject}: nothing in force is about it; {_numbers(session, exploration)}"
            )
        for row in found:
            self._lift(session, row)

    def _lift_number(self, session: Session, exploration: str, number: int) -> None:
        for row in _in_force(session, exploration):
            if row.number == number:
                self._lift(session, row)
                return
        raise _not_in_force(session, exploration, number)

    def _lift(self, session: Session, row: SteeringRow) -> None:
        row.lifted_at = self._database.clock()
        session.flush()
        self._noted_steering(session, row, "steering released", f"#{row.number} {row.text}")

    def _add(self, session: Session, exploration: str, text: str, *, source: str) -> SteeringRow:
        last = session.scalar(
            select(func.max(SteeringRow.number)).where(SteeringRow.exploration == exploration)
        )
        row = SteeringRow(
            exploration=exploration,
            number=(last or 0) + 1,
            text=text,
            source=source,
            at=self._database.clock(),
        )
        session.add(row)
        session.flush()
        self._noted_steering(session, row, "steered", f"#{row.number} {text}")
        return row

    def _noted_steering(self, session: Session, row: SteeringRow, what: str, detail: str) -> None:
        self._database.note(cursor_of(session), what, exploration=row.exploration, detail=detail)


def _in_force(session: Session, exploration: str) -> list[SteeringRow]:
    query = select(SteeringRow).where(SteeringRow.exploration == exploration, SteeringRow.lifted_at.is_(None))
    return list(session.scalars(query.order_by(SteeringRow.number)))


def _lines_in_force(session: Session, exploration: str) -> list[SteeringLine]:
    return [line_of(row) for row in _in_force(session, exploration)]


def _not_in_force(session: Session, exploration: str, number: int) -> QueryError:
    return QueryError(
        f"{exploration}: must be the number of steering in force, but got {number}; "
        f"{_numbers(session, exploration)}"
    )


def _numbers(session: Session, exploration: str) -> str:
    found = [f"#{row.number} {row.text}" for row in _in_force(session, exploration)]
    return f"in force: {'; '.join(found)}" if found else "nothing is in force"


def _short(message: str, text: str) -> str:
    return message.removeprefix(f"steering {text!r}: ").partition("; write `note:")[0]


def _at(place: Place) -> str:
    return f"block {place.block}, batch {place.batch}"
