"""Statements about two values each become one ranked line: `best first: 32, 64, 16, 4`.

The strongest go first; one that would make the order run in a circle is left out, and counted.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from blocks.base import Value
from blocks.slot import show_value
from memory.entries import Entry, closure, known_by
from memory.joining import joined, with_those_against
from memory.statements import show_runs

Pair = tuple[Value, Value]
"""A value, and one that it beats."""


_EFFECT = re.compile(r"[+-][\d.e-]+(?: \([^)]*\))?")
"""An effect with its interval, in a suffix."""


def ranked(telling: Sequence[Entry], equal: Sequence[Entry]) -> Entry:
    """Statements about two values each as one line: `best first: 32, 64, 16, 4`."""
    pairs, against = _acyclic(telling)
    first = telling[0]
    text = f"{first.subject} {_ranking(pairs)}."
    if equal:
        shows = "pair shows" if len(equal) == 1 else "pairs show"
        text = f"{text[:-1]}; {len(equal)} more {shows} no difference."
    made = joined(telling, text=with_those_against(text, against), evidence=_together(telling))
    return made.model_copy(
        update={"key": known_by(first.subject, "best", *_best(pairs)), "pairs": tuple(pairs)}
    )


def _acyclic(telling: Sequence[Entry]) -> tuple[list[Pair], list[Entry]]:
    """The pairs of the strongest entries that do not run in circles, and the entries left out."""
    pairs: list[Pair] = []
    against = []
    for entry in telling:
        implied = closure([*pairs, *entry.pairs])
        if any((b, a) in implied for a, b in implied) or any(a == b for a, b in implied):
            against.append(entry)
        else:
            pairs += [pair for pair in entry.pairs if pair not in pairs]
    return pairs, against


def _best(pairs: Iterable[Pair]) -> list[Value]:
    """Values that nothing beats."""
    ordered = list(pairs)
    beaten = {other for _, other in ordered}
    return sorted({better for better, _ in ordered if better not in beaten}, key=_rank)


def _ranking(pairs: Sequence[Pair]) -> str:
    """`best first: 32, 64, 4` where all follow from the pairs, else who beats whom."""
    implied = closure(pairs)
    values = sorted({value for pair in pairs for value in pair}, key=_rank)
    levels: dict[int, list[Value]] = defaultdict(list)
    for value in values:
        levels[sum((better, value) in implied for better in values)].append(value)
    tiers = [tier for _, tier in sorted(levels.items())]
    total = all(
        (a, b) in implied
        for i, upper in enumerate(tiers)
        for lower in tiers[i + 1 :]
        for a in upper
        for b in lower
    )
    if total and len(values) > 2:
        return f"best first: {', '.join(' or '.join(map(show_value, tier)) for tier in tiers)}"
    said = []
    for value in values:
        beaten = [other for other in values if (value, other) in implied]
        if beaten:
            said.append(f"{show_value(value)} beats {' and '.join(map(show_value, beaten))}")
    return "; ".join(said)


def _together(telling: Sequence[Entry]) -> str:
    """The suffix of the strongest entry, and on how many pairs and runs all of them rest."""
    n_pairs = sum(entry.n_pairs for entry in telling)
    better, other = telling[0].pairs[0]
    shown = _EFFECT.search(telling[0].evidence)
    effect = "" if shown is None else shown[0]
    runs = show_runs(sorted({run for entry in telling for run in entry.runs}))
    parts = [f"{n_pairs} {'pair' if n_pairs == 1 else 'pairs'}"]
    if effect:
        parts.append(f"{show_value(better)} over {show_value(other)}: {effect}")
    networks = [entry.n_networks for entry in telling if entry.n_networks is not None]
    if networks and min(networks) > 1:
        parts.append(f"{min(networks)} networks")
    return f"[{', '.join(part for part in (*parts, runs) if part)}]"


def _rank(value: Value) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")
