"""Sections of a working memory that look ahead: open questions, steering, the plan of the next block."""

from collections.abc import Sequence

from blocks.slot import show_value
from blocks.space import PerSlotParameter
from memory.entries import Entry
from memory.items import shortened
from memory.seed_document import LineKind
from memory.statements import plain
from memory.view import MemoryView, bounded, listed, questions

STEERED, PLANNED, MOST_QUESTIONS = 14, 30, 22
"""Lines of the sections, headings not counted."""


def question_lines(view: MemoryView, entries: Sequence[Entry]) -> list[str]:
    """What is not known: as the exploration asks, as documents ask, and what was seen too narrowly."""
    lines = questions(view)
    imported = [line for line in view.imported if line.kind is LineKind.QUESTION]
    lines += bounded([f"{shortened(line.text)}  [{line.source}]" for line in imported], 5)
    known = (*view.spec.strategies.baseline, *view.spec.strategies.open)
    if never := [name for name in known if not view.runs.with_strategy(name)]:
        lines.append(f"Never tried: {listed(never)}.")
    narrow = [entry for entry in entries if entry.asserted and entry.claims and entry.n_networks == 1]
    numbers = [f"P{view.principles[entry.key].number}" for entry in narrow if entry.key in view.principles]
    if numbers:
        lines.append(f"Seen on one network only: {listed(numbers)}. Does it hold on another?")
    elif narrow:
        subjects = listed(list(dict.fromkeys(entry.subject for entry in narrow)))
        lines.append(f"What was learned of {subjects} was seen on one network. Does it hold on another?")
    return bounded([line for line in lines if line != "None."], MOST_QUESTIONS) or ["None."]


def steering_lines(view: MemoryView) -> list[str]:
    """What people asked for, since when, and what of it is not obeyed."""
    lines = []
    for line in view.steering:
        asked = line.number in view.constrained
        since = (
            "from the next batch"
            if line.since is None
            else f"since block {line.since[0]}, batch {line.since[1]}"
        )
        kind = "" if asked else "a note, not a constraint; "
        lines.append(plain(f"#{line.number} {shortened(line.text)}") + f"  [{kind}{since}]")
    lines += [plain(f"Not obeyed: {shortened(remark)}") for remark in view.remarks]
    return bounded(lines, STEERED)


def plan_rows(view: MemoryView) -> list[list[str]]:
    """The next block's proposals in the order of their slots: a row of cells each, the header first."""
    if not view.plan:
        return []
    fixed = [n for n, p in view.spec.space.root.items() if isinstance(p, PerSlotParameter)]
    rows = [["slot", *map(_initials, fixed), "role", "change", "why"]]
    for proposal in sorted(view.plan, key=lambda one: one.slot)[: PLANNED - 2]:
        values = [show_value(proposal.spec.values.get(name)) for name in fixed]
        parent = "" if proposal.parent is None else f"run {proposal.parent}"
        change = ", ".join(part for part in (parent, proposal.change) if part) or "none"
        rows.append([str(proposal.slot), *values, proposal.role.value, change, proposal.reason])
    return [[plain(cell) for cell in row] for row in rows]


def _initials(name: str) -> str:
    """ts for time_step: the column is narrow."""
    return "".join(word[0] for word in name.split("_") if word) if "_" in name else name
