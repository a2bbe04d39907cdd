"""A line of steering as it is read back: which batches obey it, and what it asks of them.

Pure: what the lines of an exploration come to at a batch depends on the lines, the batch and the names of the
exploration alone.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from blocks.base import Frozen
from blocks.constraints import Constraint, narrow
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec
from blocks.steering import read_instructions
from blocks.vocabulary import Vocabulary
from memory.guidance_schema import SteeringRow


class Place(NamedTuple):
    """A batch within an exploration; places are ordered as batches are planned."""

    block: int
    batch: int


class SteeringLine(Frozen):
    """A line of steering, and the batches that obey it."""

    number: Annotated[int, Field(description="Counts from 1 within its exploration.")]
    text: str
    source: Literal["steer", "note"]
    at: datetime
    since: Annotated[Place | None, Field(description="First batch that obeys it; None: the next one.")]
    lifted: bool
    until: Annotated[Place | None, Field(description="First batch that does not obey it any more.")]


def line_of(row: SteeringRow) -> SteeringLine:
    """A row as a line."""
    return SteeringLine.model_validate(
        {
            "number": row.number,
            "text": row.text,
            "source": row.source,
            "at": row.at,
            "since": None if row.from_block is None else (row.from_block, row.from_batch),
            "lifted": row.lifted_at is not None,
            "until": None if row.until_block is None else (row.until_block, row.until_batch),
        }
    )


def holds_at(line: SteeringLine, place: Place, *, pending: bool) -> bool:
    """Whether a batch obeys a line.

    Args:
        line: The line.
        place: The batch.
        pending: Whether the batch is yet to be planned: what no batch has taken up so far, or lifted, counts.
    """
    begun = pending if line.since is None else line.since <= place
    if not line.lifted:
        return begun
    over = pending if line.until is None else line.until <= place
    return begun and not over


def constraints_of(lines: Iterable[SteeringLine], words: Vocabulary) -> list[Constraint]:
    """What lines ask of a planner, each constraint with the number of its line; notes ask for nothing."""
    return [
        one.model_copy(update={"number": line.number})
        for line in lines
        for one in read_instructions(line.text, words)
        if isinstance(one, Constraint)
    ]


def require_slots(
    spec: ExplorationSpec, constraints: Sequence[Constraint], trains: Callable[[SlotSpec], bool]
) -> None:
    """Raises SpecError where constraints leave no slot that can be trained."""
    under = narrow(spec, constraints).spec
    chosen = [under.strategies.baseline, *((*under.strategies.baseline, n) for n in under.strategies.open)]
    for strategies in chosen:
        values = {**under.baseline, **under.space.invariants(0)}
        if trains(SlotSpec(values=values, strategies=strategies, seeds=(1,))):
            return
    said = "; ".join(map(str, constraints))
    raise SpecError(
        f"steering: must leave a slot that can be trained, but `{said}` does not; lift or widen it"
    )
