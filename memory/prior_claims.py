"""What a statement of another document claims, in a form that runs here can confirm or refute.

A sentence is read with the names of an exploration and a few words that praise or blame. What both praises
and blames, or denies, or names nothing, has no claim: it is kept as text.
"""

import re

from blocks.base import Value
from blocks.guidance import Direction, PriorClaim
from blocks.space import PerSlotParameter
from blocks.vocabulary import Mention, Vocabulary, read_value, same_value

_GOOD = re.compile(
    r"\b(?:best|optimal|better|beats?|outperforms?|helps?|works?|improves?|enables?|stabili[sz]es?|suppresses|"
    r"reduces|makes|needed|required|essential|sufficient|reliable|good|strong(?:est)?|recommended|use)\b",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"\b(?:worst|worse|hurts?|harms?|harmful|fails?|diverges?|unstable|useless|insufficient|marginal|bad|weak|"
    r"too \w+|noisier|noisy|stochastic|avoid|collapses?|wastes?)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|no|n't|without|cannot|does nothing|neither)\b|n't\b", re.IGNORECASE)
_ABOVE = re.compile(
    r"\b(?:must|should|needs? to|has to|is to)\s+(?:be|exceed|stay)?\s*"
    r"(higher|larger|greater|lower|smaller|above|below|less)?\s*(?:than)?\s*$",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"^\s*(?:=\s*)?(>=|<=|>|<|≥|≤|above|below|at least|at most|from|up to|over|under)\s*([\d.eE+-]+\d)",
    re.IGNORECASE,
)
_AT = re.compile(r"\b(?:with|at|for|when|where|under)\s+(.*)$", re.IGNORECASE)
_SETTING = re.compile(r"^\s*(?:=|:|\bof\b|\bat\b)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?x?)\b")
_TIMES = re.compile(r"^\s*\(\s*(\d+(?:\.\d+)?)\s*x\s*\)", re.IGNORECASE)
_ATLEAST = (">=", ">", "≥", "above", "at least", "from", "over")


def claims_of(text: str, words: Vocabulary, *, heading: str = "") -> list[PriorClaim]:
    """Claims of one statement; none where it is text alone.

    Args:
        text: The statement on one line.
        words: Names of the exploration.
        heading: What it stands under: an item that only names a strategy, below a heading about strategies,
            recommends it.
    """
    mentions = words.mentions(text)
    if not mentions:
        return []
    first = mentions[0]
    found = (
        _order(text, mentions, words)
        or _ordinal(text, first, words)
        or _limit(text, first, words)
        or _setting(text, mentions, words)
        or _strategy(text, first, words, heading=heading)
    )
    return [_as_the_space_has_it(one, words) for one in found if _fits(one, words)]


def _order(text: str, mentions: list[Mention], words: Vocabulary) -> list[PriorClaim]:
    """lr_node must be higher than lr_emb."""
    if len(mentions) < 2 or any(m.name not in words.hyperparameters for m in mentions[:2]):
        return []
    between = text[mentions[0].end : mentions[1].start]
    plain = re.fullmatch(r"\s*(>|<)\s*", between)
    match = _ABOVE.search(between)
    if plain is None and (match is None or not (match[1] or "exceed" in between)):
        return []
    if plain is None and _DENIED.search(between):
        return []
    word = plain[1] if plain else (match[1] if match and match[1] else "higher").lower()
    above = word in ("higher", "larger", "greater", "above", ">")
    upper, lower = (mentions[0].name, mentions[1].name) if above else (mentions[1].name, mentions[0].name)
    return [PriorClaim(direction="prefer", subject=upper, kind="above", value=lower)]


def _ordinal(text: str, first: Mention, words: Vocabulary) -> list[PriorClaim]:
    """Higher lr_node beats lower."""
    before = re.search(r"\b(higher|larger|lower|smaller)\s+$", text[: first.start], re.IGNORECASE)
    if before is None or first.name not in words.hyperparameters:
        return []
    direction = _direction(text[first.end :])
    if direction is None:
        return []
    kind = "higher" if before[1].lower() in ("higher", "larger") else "lower"
    if direction == "avoid":
        kind = "lower" if kind == "higher" else "higher"
    return [_claim("prefer", first.name, kind, None, _condition(text, first.name, words))]


def _limit(text: str, first: Mention, words: Vocabulary) -> list[PriorClaim]:
    """lr_node above 0.01 diverges; lr_node >= 1e-3 is needed."""
    match = _LIMIT.match(text[first.end :])
    if match is None or first.name not in words.hyperparameters:
        return []
    rest = text[first.end + match.end() :]
    direction = _direction(rest)
    if direction is None and re.search(r"\bonly with\s*$", text[: first.start], re.IGNORECASE):
        direction = "prefer"
    if direction is None:
        return []
    kind = "at least" if match[1].lower() in _ATLEAST else "at most"
    value = read_value(match[2])
    return [_claim(direction, first.name, kind, value, _condition(rest, first.name, words))]


def _setting(text: str, mentions: list[Mention], words: Vocabulary) -> list[PriorClaim]:
    """time_step=32: best balance; time_step 32 beats 4."""
    first = mentions[0]
    if first.name not in words.hyperparameters:
        return []
    match = _SETTING.match(text[first.end :])
    if match is None or text[: first.start].strip(" *`("):
        return []
    rest = text[first.end + match.end() :]
    direction = _direction(rest)
    if direction is None:
        return []
    value = read_value(match[1])
    return [_claim(direction, first.name, "value", value, _condition(rest, first.name, words))]


def _strategy(text: str, first: Mention, words: Vocabulary, *, heading: str) -> list[PriorClaim]:
    """Signal amplification (10x): ...; residual helps at time_step=32; avoid contrastive."""
    if first.name not in words.strategies:
        return []
    before, after = text[: first.start], text[first.end :]
    forbidden = re.search(
        r"\b(?:avoid|do not use|never use|don't use|without)\s+(?:the\s+)?$", before, re.IGNORECASE
    )
    listed = "strateg" in heading.lower() and len(before.split()) <= 2
    direction: Direction | None = "avoid" if forbidden else _direction(f"{before} {after}")
    if direction is None and listed and not _BAD.search(after) and not _DENIED.search(after):
        direction = "prefer"
    if direction is None or (len(before.split()) > 2 and not forbidden):
        return []
    found = [_claim(direction, first.name, "strategy", None, _condition(after, first.name, words))]
    times = _TIMES.match(after)
    if times and direction == "prefer":
        value = read_value(times[1])
        for name in words.hyperparameters:
            if name.startswith(f"{first.name}.") and _takes(name, value, words):
                found.append(_claim("prefer", name, "value", value, ()))
    return found


def _direction(text: str) -> Direction | None:
    """Whether words praise or blame; None where they do both, neither, or deny."""
    good, bad = _GOOD.search(text) is not None, _BAD.search(text) is not None
    # "best balance of signal and gradient noise" praises: noise is what is balanced, not the verdict.
    if good and bad and re.match(r"\W*(?:\w+\W+){0,2}(?:best|optimal|beats?)\b", text, re.IGNORECASE):
        bad = False
    if good == bad or _DENIED.search(text):
        return None
    return "prefer" if good else "avoid"


def _condition(text: str, subject: str, words: Vocabulary) -> tuple[tuple[str, Value], ...]:
    """`at time_step=32`: where it is said to hold."""
    match = _AT.search(text)
    if match is None:
        return ()
    found = []
    for mention in words.mentions(match[1]):
        setting = _SETTING.match(match[1][mention.end :])
        if mention.name in words.hyperparameters and mention.name != subject and setting:
            found.append((mention.name, read_value(setting[1])))
    return tuple(found)


def _claim(
    direction: Direction,
    subject: str,
    kind: str,
    value: Value | None,
    condition: tuple[tuple[str, Value], ...],
) -> PriorClaim:
    fields = {
        "direction": direction, "subject": subject, "kind": kind, "value": value, "condition": condition
    }  # fmt: skip
    return PriorClaim.model_validate(fields)


def _fits(claim: PriorClaim, words: Vocabulary) -> bool:
    """Whether the exploration can ever have what is claimed."""
    if claim.kind != "value" or claim.value is None:
        return True
    return _takes(claim.subject, claim.value, words)


def _as_the_space_has_it(claim: PriorClaim, words: Vocabulary) -> PriorClaim:
    """10.0 where the space has 10.0 and the text 10."""
    if claim.kind != "value" or not isinstance(claim.value, int) or isinstance(claim.value, bool):
        return claim
    space = words.spec.space
    whole = claim.subject not in space or space[claim.subject].kind == "int"
    known: tuple[Value, ...] = ()
    if claim.subject in space:
        parameter = space[claim.subject]
        known = getattr(parameter, "values", None) or getattr(parameter, "choices", None) or ()
    for value in known:
        if same_value(value, claim.value):
            return claim.model_copy(update={"value": value})
    return claim if whole else claim.model_copy(update={"value": float(claim.value)})


def _takes(name: str, value: Value, words: Vocabulary) -> bool:
    space = words.spec.space
    if name not in space:
        return same_value(words.spec.baseline[name], value)
    parameter = space[name]
    if isinstance(parameter, PerSlotParameter) or not isinstance(value, int):
        return parameter.contains(value)
    return parameter.contains(value) or parameter.contains(float(value))
