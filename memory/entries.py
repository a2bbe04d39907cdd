"""What a working memory lists: statements in the form in which a reader, and a checker, can compare them.

An entry claims which of two values did better (`pairs`), or in which direction a number helps over a range
(`slopes`), where (`condition`), and with which status. What claims neither only tells: the noise, where runs
fail, what makes no difference.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.exploration import ExplorationSpec
from memory.statements import Statement, is_number

Status = Literal["tentative", "established", "weakened", "refuted"]

ASSERTED: tuple[Status, ...] = ("tentative", "established")
"""What a document says is so; the rest it says was once thought to be so."""


class Slope(NamedTuple):
    """A range of a number in which higher, or lower, does better."""

    direction: Literal["higher", "lower"]
    low: float | None
    """None: from the lowest that there is."""
    high: float | None

    def overlaps(self, other: "Slope") -> bool:
        """Whether the ranges share more than a point."""
        return max(self.start, other.start) < min(self.end, other.end)

    @property
    def start(self) -> float:
        return -math.inf if self.low is None else self.low

    @property
    def end(self) -> float:
        return math.inf if self.high is None else self.high


class Entry(Frozen):
    """A line of the working memory with its claim and its evidence."""

    key: Annotated[str, Field(description="What it is known by from block to block.")]
    topic: Annotated[str, Field(description="Heading that it stands under.")]
    status: Status = "tentative"
    text: str
    evidence: Annotated[str, Field(description="Compact suffix: n, effect, interval, runs.")] = ""
    subject: Annotated[str, Field(description="Hyperparameter or strategy; empty where it has none.")] = ""
    pairs: Annotated[
        tuple[tuple[Value, Value], ...], Field(description="Values that did better, and than which.")
    ] = ()
    slopes: Annotated[tuple[Slope, ...], Field(description="Of a number: what helps, and where.")] = ()
    condition: Annotated[
        tuple[tuple[str, Value], ...], Field(description="Where it holds; all over: empty.")
    ] = ()
    runs: tuple[int, ...] = ()
    n_pairs: int = 0
    n_networks: Annotated[int | None, Field(description="Networks that it was seen on.")] = None
    since: Annotated[int | None, Field(description="Block since which it has this status.")] = None

    @property
    def asserted(self) -> bool:
        """Whether the document says that it is so."""
        return self.status in ASSERTED

    @property
    def claims(self) -> bool:
        """Whether it says that something is better."""
        return bool(self.pairs or self.slopes)


def entries_of(spec: ExplorationSpec, statements: Sequence[Statement]) -> list[Entry]:
    """Statements as entries, in their order."""
    return [_entry(spec, statement) for statement in statements]


def known_by(subject: str, kind: str, *parts: Value) -> str:
    """The key of a claim: the same one in every block."""
    return "|".join([subject, kind, *map(str, parts)])


def closure(pairs: Iterable[tuple[Value, Value]]) -> set[tuple[Value, Value]]:
    """All pairs that follow: what beats a value beats what that one beats."""
    found = set(pairs)
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c and a != d} - found
        if not more:
            return found
        found |= more


def _entry(spec: ExplorationSpec, statement: Statement) -> Entry:
    common = {
        "topic": statement.topic,
        "text": statement.text,
        "evidence": statement.evidence,
        "status": statement.status,
        "subject": statement.subject,
        "runs": statement.runs,
        "n_pairs": statement.n_pairs,
    }
    better, other = statement.better, statement.other
    if statement.kind != "comparison":
        key = known_by(statement.subject, statement.kind, statement.text.partition(":")[0])
        return Entry.model_validate({**common, "key": key if statement.subject else statement.kind})
    if better is None or other is None:
        kind = "flat" if is_number(spec, statement.subject) else "equal"
        return Entry.model_validate({**common, "key": known_by(statement.subject, kind, statement.text)})
    if better in ("higher", "lower"):
        key = known_by(statement.subject, str(better))
        return Entry.model_validate({**common, "key": key, "slopes": ((better, None, None),)})
    if is_number(spec, statement.subject):
        low, high = sorted((float(better), float(other)))
        direction = "higher" if float(better) > float(other) else "lower"
        key = known_by(statement.subject, direction, low, high)
        return Entry.model_validate({**common, "key": key, "slopes": ((direction, low, high),)})
    key = known_by(statement.subject, "better", better, other)
    return Entry.model_validate({**common, "key": key, "pairs": ((better, other),)})
