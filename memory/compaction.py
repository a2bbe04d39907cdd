"""Many statements become few lines, and none of them contradicts another.

Statements about two values of one hyperparameter are merged into one ranked line; those about single steps
of a number into one that says where it peaks, or that it has no common direction. What still contradicts
something stronger is no longer claimed, and is counted.
"""

from collections import defaultdict
from collections.abc import Sequence

from memory.contradictions import contradictions, opposes
from memory.entries import Entry
from memory.joining import with_those_against
from memory.ranking import ranked
from memory.sloping import sloping

SETTLED = {"established": 0, "tentative": 1, "weakened": 2, "refuted": 3}


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
    return entry.model_copy(update={"text": with_those_against(entry.text, against)}) if against else entry


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
    if steps := [entry for entry in group if entry.slopes]:
        # That a number has no common direction says nothing beside the ranges in which it has one.
        return [sloping(steps)] if len(steps) > 1 else steps
    telling = [entry for entry in group if entry.pairs]
    equal = [entry for entry in group if not entry.pairs]
    return [ranked(telling, equal)] if telling else list(group)
