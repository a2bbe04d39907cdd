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
from memory.statements import Statement, is_number, middle_of

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
    equal: Annotated[
        tuple[tuple[str, str], ...], Field(description="What is shown to make no difference that matters.")
    ] = ()
    condition: Annotated[
        tuple[tuple[str, Value], ...], Field(description="Where it holds; all over: empty.")
    ] = ()
    runs: tuple[int, ...] = ()
    n_pairs: int = 0
    n_networks: Annotated[int | None, Field(description="Networks that it was seen on.")] = None
    since: Annotated[int | None, Field(description="Block since which it has this status.")] = None
    instead: Annotated[str, Field(description="What is held in its place, where it was given up.")] = ""

    @property
    def asserted(self) -> bool:
        """Whether the document says that it is so."""
        return self.status in ASSERTED

    @property
    def claims(self) -> bool:
        """Whether it says that something is better."""
        return bool(self.pairs or self.slopes)


def entries_of(spec: ExplorationSpec, statements: Sequence[Statement]) -> list[Entry]:
    """Statements as entries, in their order; what another one stands in the place of is left out."""
    by_key = {statement.key: statement for statement in statements}
    made = []
    for statement in statements:
        successor = by_key.get(statement.superseded_by) if statement.superseded_by else None
        if successor is not None and statement.status in ASSERTED:
            continue
        made.append(_entry(spec, statement, successor))
    return made


def known_by(*parts: Value) -> str:
    """The key of a claim: the same one in every block."""
    return "|".join(map(str, parts))


def closure(pairs: Iterable[tuple[Value, Value]]) -> set[tuple[Value, Value]]:
    """All pairs that follow: what beats a value beats what that one beats."""
    found = set(pairs)
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c and a != d} - found
        if not more:
            return found
        found |= more


def _entry(spec: ExplorationSpec, statement: Statement, successor: Statement | None) -> Entry:
    claim = _claim(spec, statement)
    common = {
        "key": known_by(*statement.key) if statement.key else known_by(statement.subject, statement.kind),
        "topic": statement.topic,
        "text": statement.text,
        "evidence": statement.evidence,
        "status": statement.status,
        "subject": statement.subject,
        "runs": statement.runs,
        "n_pairs": statement.n_pairs,
        "n_networks": statement.networks or None,
        "since": statement.since,
        "instead": "" if successor is None else successor.text,
    }
    return Entry.model_validate({**common, **claim})


def _claim(spec: ExplorationSpec, statement: Statement) -> dict[str, object]:
    """What a statement claims, and its own key where the evidence knows it by what it does not claim."""
    name, better, other = statement.subject, statement.better, statement.other
    number = is_number(spec, name)
    match statement.key:
        case ("together", one, two, way) if statement.kind == "interaction":
            ends = ("more", "less") if way == "more" else ("less", "more")
            return {"subject": f"{one} with {two}", "pairs": (ends,)}
        case ("crossed", one, two, way) if statement.kind == "interaction":
            ends = ("more", "less") if way == "more" else ("less", "more")
            return {"subject": f"{one} by {two}", "pairs": (ends,)}
        case ("instead", one, two):
            return {"subject": " or ".join(sorted((one, two))), "pairs": ((one, two),)}
        case ("equal", _, *rest) if statement.kind == "equivalence":
            return {"equal": (tuple(rest),) if len(rest) == 2 else (("on", "off"), ("higher", "lower"))}
    if statement.kind != "comparison":
        return {}
    if better is None or other is None:
        return {"key": known_by(name, "flat" if number else "equal", statement.text)}
    if better in ("higher", "lower"):
        half = statement.key[3] if len(statement.key) == 4 else ""
        middle = middle_of(spec, name) if half else None
        ends_of = {"below": (None, middle), "above": (middle, None)}
        return {"slopes": ((better, *ends_of.get(half, (None, None))),)}
    if number:
        # One step of a number, told by itself.
        low, high = sorted((float(better), float(other)))
        direction = "higher" if float(better) > float(other) else "lower"
        return {"key": known_by(name, direction, low, high), "slopes": ((direction, low, high),)}
    return {"pairs": ((better, other),)}
