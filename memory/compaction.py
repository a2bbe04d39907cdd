"""Many statements become few lines, and none of them contradicts another.

Statements about two values of one hyperparameter are merged into one ranked line; those about single steps
of a number into one that says where it peaks, or that it has no common direction. What still contradicts
something stronger is no longer claimed, and is counted.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from blocks.base import Value
from blocks.slot import show_value
from memory.contradictions import contradictions, opposes
from memory.entries import Entry, Slope, closure, known_by
from memory.statements import show_runs

Pair = tuple[Value, Value]

SETTLED = {"established": 0, "tentative": 1, "weakened": 2, "refuted": 3}

_EFFECT = re.compile(r"[+-][\d.e-]+(?: \([^)]*\))?")
"""An effect with its interval, in a suffix."""

RANGES = 4
"""Ranges of a number that one line tells, as long as there are not many."""


def compacted(entries: Sequence[Entry]) -> list[Entry]:
    """The entries that a document lists.

    Args:
        entries: Strongest first within a subject.

    Returns:
        As many or fewer, in the order of what they were merged from; `contradictions` finds none among them.
    """
    return reconciled(_merged(entries))


def reconciled(entries: Sequence[Entry]) -> list[Entry]:
    """Of entries that contradict each other, the one that is better established, or else came first."""
    kept = list(entries)
    withdrawn: dict[str, list[Entry]] = defaultdict(list)
    while found := contradictions(kept):
        first, second, _ = found[0]
        loser = first if SETTLED[second.status] < SETTLED[first.status] else second
        winner = second if loser is first else first
        kept.remove(loser)
        withdrawn[winner.key] += [loser, *withdrawn.pop(loser.key, [])]
    return [_with_dissent(entry, withdrawn.get(entry.key, ())) for entry in kept]


def _with_dissent(entry: Entry, against: Sequence[Entry]) -> Entry:
    """Says how many weaker statements were withdrawn in its favour."""
    against = [one for one in against if opposes(entry, one)]
    return entry.model_copy(update={"text": _with_those_against(entry.text, against)}) if against else entry


def _merged(entries: Sequence[Entry]) -> list[Entry]:
    groups: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[_group(entry)].append(entry)
    made: list[Entry] = []
    done: set[tuple[object, ...]] = set()
    for entry in entries:
        group = _group(entry)
        if group in done:
            continue
        done.add(group)
        made += _line(groups[group])
    return made


def _group(entry: Entry) -> tuple[object, ...]:
    """Entries of one group are told together: of one subject, status and place."""
    where = (entry.subject, entry.topic, entry.status, entry.condition)
    if not entry.asserted:
        return (*where, entry.key)  # what was given up is told with its own runs
    if entry.subject and (entry.slopes or "|flat|" in entry.key):
        return (*where, "slopes")
    if entry.subject and (entry.pairs or "|equal|" in entry.key) and not _is_switch(entry):
        return (*where, "pairs")
    return (*where, entry.key)


def _is_switch(entry: Entry) -> bool:
    return any(value in ("on", "off") for pair in entry.pairs for value in pair)


def _line(group: Sequence[Entry]) -> list[Entry]:
    """The lines of one group: one, save where nothing was to be merged."""
    if len(group) == 1:
        return list(group)
    if sloping := [entry for entry in group if entry.slopes]:
        # That a number has no common direction says nothing beside the ranges in which it has one.
        return [_sloping(sloping)] if len(sloping) > 1 else sloping
    telling = [entry for entry in group if entry.pairs]
    equal = [entry for entry in group if not entry.pairs]
    return [_ranked(telling, equal)] if telling else list(group)


def _ranked(telling: Sequence[Entry], equal: Sequence[Entry]) -> Entry:
    """Statements about two values each as one line: `best first: 32, 64, 16, 4`."""
    pairs, against = _acyclic(telling)
    first = telling[0]
    text = f"{first.subject} {_ranking(pairs)}."
    if equal:
        shows = "pair shows" if len(equal) == 1 else "pairs show"
        text = f"{text[:-1]}; {len(equal)} more {shows} no difference."
    made = _joined(telling, text=_with_those_against(text, against), evidence=_together(telling))
    return made.model_copy(
        update={"key": known_by(first.subject, "best", *_best(pairs)), "pairs": tuple(pairs)}
    )


def _sloping(group: Sequence[Entry]) -> Entry:
    """Steps of a number as one line: where it rises and where it falls, or that it does neither."""
    kept: list[Slope] = []
    against = []
    # What is said of a part of the range goes before what is said of all of it.
    for entry in sorted(group, key=_is_of_all):
        left = [part for slope in entry.slopes for part in _without(slope, kept)]
        if left != list(entry.slopes) and not _is_of_all(entry):
            against.append(entry)
        else:
            kept += left
    first = group[0]
    if 2 * len(against) >= len(group):
        ups = sum(entry.slopes[0].direction == "higher" for entry in group)
        text = f"{first.subject}: no common direction, {ups} steps up and {len(group) - ups} down did better."
        mixed = _joined(group, text=text, evidence=_counted(group))
        return mixed.model_copy(update={"key": known_by(first.subject, "mixed"), "slopes": ()})
    slopes = _ranges(kept)
    said = [_said(slope) for slope in slopes]
    if [slope.direction for slope in slopes] == ["higher", "lower"]:
        top, bottom = _end(slopes[0].high), _end(slopes[1].low)
        peak = f"near {top}" if top == bottom else f"from {top} to {bottom}"
        text = f"{first.subject} is best {peak}: {'; '.join(said)}."
    else:
        text = f"{first.subject}: {'; '.join(said)}."
    made = _joined(group, text=_with_those_against(text, against), evidence=_counted(group))
    key = known_by(first.subject, *(slope.direction for slope in slopes))
    return made.model_copy(update={"key": key, "slopes": tuple(slopes)})


def _is_of_all(entry: Entry) -> bool:
    return all(slope.low is None and slope.high is None for slope in entry.slopes)


def _without(slope: Slope, kept: Iterable[Slope]) -> list[Slope]:
    """The parts of a range that no other direction holds."""
    parts = [slope]
    for other in kept:
        if other.direction == slope.direction:
            continue
        cut: list[Slope] = []
        for part in parts:
            if not part.overlaps(other):
                cut.append(part)
                continue
            if part.start < other.start:
                cut.append(part._replace(high=other.low))
            if part.end > other.end:
                cut.append(part._replace(low=other.high))
        parts = cut
    return parts


def _ranges(slopes: Iterable[Slope]) -> list[Slope]:
    """Ranges in order; those of one direction that touch are one, or all neighbours where they are many."""
    in_order = sorted(slopes, key=lambda one: (one.start, one.end))
    made = _fused(in_order, gaps=False)
    return made if len(made) <= RANGES else _fused(in_order, gaps=True)


def _fused(in_order: Iterable[Slope], *, gaps: bool) -> list[Slope]:
    made: list[Slope] = []
    for slope in in_order:
        if made and made[-1].direction == slope.direction and (gaps or slope.start <= made[-1].end):
            high = slope.high if slope.end > made[-1].end else made[-1].high
            made[-1] = made[-1]._replace(high=high)
        else:
            made.append(slope)
    return made


def _said(slope: Slope) -> str:
    other = "lower" if slope.direction == "higher" else "higher"
    if slope.low is None and slope.high is None:
        return f"{slope.direction} beats {other}"
    return f"{slope.direction} beats {other} from {_end(slope.low)} to {_end(slope.high)}"


def _end(value: float | None) -> str:
    return "the end" if value is None else show_value(value)


def _joined(group: Sequence[Entry], *, text: str, evidence: str) -> Entry:
    """One entry with the runs, pairs and networks of all."""
    networks = [entry.n_networks for entry in group if entry.n_networks is not None]
    since = [entry.since for entry in group if entry.since is not None]
    return group[0].model_copy(
        update={
            "text": text,
            "evidence": evidence,
            "runs": tuple(sorted({run for entry in group for run in entry.runs})),
            "n_pairs": sum(entry.n_pairs for entry in group),
            "n_networks": min(networks) if networks else None,
            "since": max(since) if since else None,
        }
    )


def _with_those_against(text: str, against: Sequence[Entry]) -> str:
    if not against:
        return text
    runs = show_runs(sorted({run for entry in against for run in entry.runs}), limit=3)
    said = "result says" if len(against) == 1 else "results say"
    return f"{text.rstrip('.')}; {len(against)} weaker {said} otherwise ({runs})."


def _counted(group: Sequence[Entry]) -> str:
    n_pairs = sum(entry.n_pairs for entry in group)
    runs = show_runs(sorted({run for entry in group for run in entry.runs}))
    return f"[{n_pairs} {'pair' if n_pairs == 1 else 'pairs'}, {runs}]"


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
