"""Prior knowledge beside what runs here show: open, confirmed, refuted, or text alone.

A prior is settled by established statements alone; a tentative one says which way it leans. Only open priors
that can be tested steer the planner: those that first runs speak against come first, then what the first
block takes for granted, then the rest in the order of their documents.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.exploration import ExplorationSpec
from blocks.guidance import Prior, PriorClaim
from blocks.vocabulary import Vocabulary, same_value
from memory.contradictions import opposes, repeats
from memory.entries import Entry, closure
from memory.orders import subject_of
from memory.prior_claims import claims_of
from memory.prior_store import PriorLine
from memory.seed_document import LineKind

Verdict = Literal["for", "against"]


class JudgedPrior(Frozen):
    """A line of a document, and what became of it here."""

    line: PriorLine
    claims: Annotated[tuple[PriorClaim, ...], Field(description="Empty: it is text alone.")] = ()
    status: Literal["prior", "confirmed", "refuted"] = "prior"
    leaning: Verdict | None = None
    by: Annotated[tuple[Entry, ...], Field(description="Entries that settle it, or that it leans on.")] = ()
    looked: Annotated[tuple[int, ...], Field(description="Runs that were compared and show nothing.")] = ()


def judged(spec: ExplorationSpec, lines: Sequence[PriorLine], entries: Sequence[Entry]) -> list[JudgedPrior]:
    """Statements of documents as the runs of an exploration have them.

    Args:
        spec: The exploration, for its names.
        lines: Lines of any kind; only statements are judged. One said twice counts once.
        entries: What the runs say.
    """
    words = Vocabulary(spec)
    statements = {line.text: line for line in reversed(lines) if line.kind is LineKind.STATEMENT}
    wanted = set(map(id, statements.values()))
    return [_judge(line, words, entries) for line in lines if id(line) in wanted]


def open_priors(spec: ExplorationSpec, found: Iterable[JudgedPrior]) -> tuple[Prior, ...]:
    """Priors that steer the planner, most worth a test first."""
    testable = [one for one in found if one.status == "prior" and one.claims]
    ordered = sorted(testable, key=lambda one: -_worth(spec, one))
    return tuple(
        Prior(text=one.line.text, source=one.line.source, claim=claim)
        for one in ordered
        for claim in one.claims
    )


def verdict(claim: PriorClaim, entry: Entry) -> Verdict | None:
    """What one entry says of a claim; None where it is about something else."""
    if not entry.asserted:
        return None
    if claim.kind == "above":
        about = entry.subject == subject_of(claim.subject, str(claim.value)) and entry.pairs
        return ("for" if entry.pairs[0][0] == "above" else "against") if about else None
    if entry.subject != claim.subject:
        return None
    if entry.equal and claim.kind in ("strategy", "higher", "lower"):
        return "against"
    if not entry.claims:
        return None
    if claim.kind == "value":
        return _of_value(claim, entry)
    for side in _as_entries(claim):
        if opposes(side, entry):
            return "against"
        if repeats(side, entry):
            return "for"
    return None


def _judge(line: PriorLine, words: Vocabulary, entries: Sequence[Entry]) -> JudgedPrior:
    claims = tuple(claims_of(line.text, words, heading=line.heading))
    settled: dict[Verdict, list[Entry]] = {"for": [], "against": []}
    leaning: dict[Verdict, list[Entry]] = {"for": [], "against": []}
    # Options of a strategy are details: the first claim is what the statement says.
    for claim in claims[:1]:
        for entry in entries:
            if (said := verdict(claim, entry)) is not None:
                (settled if entry.status == "established" else leaning)[said].append(entry)
    judged_ = JudgedPrior(line=line, claims=claims)
    for said, status in (("against", "refuted"), ("for", "confirmed")):
        if by := settled[said]:  # type: ignore[index]
            return judged_.model_copy(update={"status": status, "by": tuple(by)})
    for said in ("against", "for"):
        if by := leaning[said]:  # type: ignore[index]
            return judged_.model_copy(update={"leaning": said, "by": tuple(by)})
    return judged_.model_copy(update={"looked": _looked(claims[:1], entries)})


def _looked(claims: Sequence[PriorClaim], entries: Sequence[Entry]) -> tuple[int, ...]:
    """Runs in which the subject of a claim was compared, without any direction."""
    about = {_subject(claim) for claim in claims}
    silent = [one for one in entries if one.subject in about and one.n_pairs and not one.claims]
    return tuple(sorted({run for one in silent for run in one.runs}))


def _subject(claim: PriorClaim) -> str:
    return subject_of(claim.subject, str(claim.value)) if claim.kind == "above" else claim.subject


def _of_value(claim: PriorClaim, entry: Entry) -> Verdict | None:
    """A value is best as long as nothing beats it, and poor once something does."""
    if claim.value is None or not _meets(claim, entry):
        return None
    implied = closure(entry.pairs)
    wins = any(same_value(better, claim.value) for better, _ in implied)
    loses = any(same_value(other, claim.value) for _, other in implied)
    if not (wins or loses):
        return None
    poor = claim.direction == "avoid"
    return "for" if loses == poor else "against"


def _as_entries(claim: PriorClaim) -> list[Entry]:
    """A claim in the form of entries, in which it can be put beside them."""
    made: dict[str, object] = {
        "key": "prior",
        "topic": "",
        "text": "",
        "subject": claim.subject,
        "condition": claim.condition,
    }
    good = claim.direction == "prefer"
    if claim.kind == "strategy":
        made["pairs"] = (("on", "off") if good else ("off", "on"),)
    elif claim.kind in ("higher", "lower"):
        made["slopes"] = ((claim.kind, None, None),)
    elif claim.kind in ("at least", "at most") and not isinstance(claim.value, str | None):
        # To be above a limit is good: below it, higher does better. It says nothing of what lies above.
        wants_more = (claim.kind == "at least") == good
        limit = float(claim.value)
        made["slopes"] = (("higher", None, limit) if wants_more else ("lower", limit, None),)
    else:
        return []
    return [Entry.model_validate(made)]


def _meets(claim: PriorClaim, entry: Entry) -> bool:
    there: dict[str, Value] = dict(entry.condition)
    return all(name not in there or same_value(there[name], value) for name, value in claim.condition)


def _worth(spec: ExplorationSpec, one: JudgedPrior) -> int:
    """How much a test of it would change: 2 where first runs disagree, 1 where the plan rests on it."""
    if one.leaning == "against":
        return 2
    first = one.claims[0]
    rests = first.kind == "strategy" and (first.subject in spec.strategies.baseline) == (
        first.direction == "prefer"
    )
    return 1 if rests and one.leaning is None else 0
