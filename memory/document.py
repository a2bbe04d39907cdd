"""A working memory as sections of lines: what is rendered, what is compared between blocks.

Every section has its share of lines, so that the document is bounded however many runs, statements, priors
and notes there are. What is listed was compacted, and is checked: a document that contradicts itself is not
made.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from blocks.slot import show_value
from blocks.space import PerSlotParameter
from memory.best import best
from memory.compaction import compacted
from memory.contradictions import require_consistent
from memory.entries import Entry, entries_of
from memory.orders import order_entries
from memory.principles import Numbered
from memory.priors import JudgedPrior, judged
from memory.seed_document import LineKind
from memory.statements import SIGNAL, STRATEGIES, count, plain, show_runs
from memory.view import (
    MemoryView,
    bounded,
    context,
    guard,
    header,
    listed,
    questions,
    standing,
)
from memory.void import void_baselines

LEARNED, PRINCIPLES, GIVEN_UP, PRIORS, VOID, STEERED, PLANNED, MOST_QUESTIONS = 72, 40, 28, 24, 10, 14, 30, 22
"""Lines of the sections, headings not counted."""

WIDEST = 240
"""Letters of a text that was brought in; what runs say is short by itself."""

LABEL_RULE = "No training path reads the label column."


class Item(NamedTuple):
    """A line of a section, with what it is known by from block to block."""

    key: str
    text: str
    evidence: str = ""

    @property
    def line(self) -> str:
        """The text with its evidence, as the memory shows it."""
        return f"{plain(self.text)}  {plain(self.evidence)}" if self.evidence else plain(self.text)


class Document(NamedTuple):
    """The sections of a working memory, in the order in which they stand."""

    name: str
    header: list[str]
    standing: list[str]
    blind_cost: list[str]
    best: Item | None
    context: list[str]
    learned_how: str
    learned: list[tuple[str, list[Item]]]
    priors: list[Item]
    principles: list[Item]
    given_up: list[Item]
    void: list[Item]
    problem: str
    questions: list[str]
    steering: list[str]
    plan: list[list[str]]
    plan_block: int


def listed_entries(view: MemoryView) -> list[Entry]:
    """What the document lists of what the runs say, whatever its status.

    Raises:
        ValueError: It contradicts itself, or rests on void runs; that is a fault of Setpoint.
    """
    told = entries_of(view.spec, view.statements)
    told += order_entries(view.spec, view.runs, view.imported, metrics=view.metrics)
    void = {run.number for one in view.void for run in one.runs}
    entries = [entry for entry in told if not (entry.asserted and void & set(entry.runs))]
    made = compacted(entries)
    leads = best(view.spec, view.runs, view.metrics)
    require_consistent(made, best=None if leads is None else leads.run.number, void=void)
    return made


def principle_keys(view: MemoryView) -> list[str]:
    """Keys of what is established, in the order in which it is told."""
    return [entry.key for entry in listed_entries(view) if entry.status == "established"]


def document(view: MemoryView) -> Document:
    """The sections of a view.

    Raises:
        ValueError: See `listed_entries`.
    """
    entries = listed_entries(view)
    priors = judged(view.spec, view.imported, entries)
    leads = best(view.spec, view.runs, view.metrics)
    found = None
    if leads is not None:
        values = leads.run.proposal.spec.values
        said = ", ".join(
            f"{name} {show_value(values[name])}" for name in view.spec.space.names() if name in values
        )
        how = f"over {leads.estimate.n} fresh seeds" if leads.confirmed else "not confirmed"
        number = leads.run.number
        found = Item(f"run {number}", f"run {number}, {leads.estimate} {how} ({said})")
    return Document(
        name=view.spec.name,
        header=header(view),
        standing=standing(view),
        blind_cost=list(view.blind_cost),
        best=found,
        context=context(view),
        learned_how=_learned_how(view, entries),
        learned=_learned(view, entries),
        priors=_priors(priors),
        principles=_principles(view, entries, priors),
        given_up=_given_up(entries, priors, view.principles),
        void=_void(view),
        problem=plain(view.spec.memory.key_open_problem) or "None stated.",
        questions=_questions(view, entries),
        steering=_steering(view),
        plan=_plan(view),
        plan_block=view.plan_block,
    )


def _learned_how(view: MemoryView, entries: Sequence[Entry]) -> str:
    """What all lines under "What was learned" have in common."""
    networks = len({run.dataset for run in view.runs})
    if networks < 2:
        return f"All of it is tentative: comparisons of single changes, on {count(networks, 'network')}."
    said = f"All here is tentative: comparisons of single changes, each within one of {networks} networks."
    established = any(entry.status == "established" for entry in entries)
    return f"{said} What is established stands further below." if established else said


def _learned(view: MemoryView, entries: Sequence[Entry]) -> list[tuple[str, list[Item]]]:
    """Tentative lines by topic: signal first, then those of the space, then strategies, then any other."""
    topics = dict.fromkeys(
        [SIGNAL, *(p.topic for p in view.spec.space.root.values() if p.topic != STRATEGIES)]
    )
    topics |= dict.fromkeys([STRATEGIES, *(entry.topic for entry in entries)])
    share = max(1, LEARNED // len(topics) - 2)
    told: dict[str, list[Item]] = {topic: [] for topic in topics}
    for entry in entries:
        if entry.status == "tentative":
            told[entry.topic].append(Item(entry.key, entry.text, entry.evidence))
    made = []
    for topic in list(topics)[: LEARNED // 3]:
        settled = any(entry.topic == topic and entry.status == "established" for entry in entries)
        nothing = (
            "Nothing beyond the principles." if settled else "Nothing yet: no two runs differ in this alone."
        )
        made.append((plain(topic), _bounded(told[topic], share) or [Item("", nothing)]))
    return made


def _principles(view: MemoryView, entries: Sequence[Entry], priors: Sequence[JudgedPrior]) -> list[Item]:
    lines = [Item("P1", f"P1 {LABEL_RULE}", f"[{guard(view)}]")]
    confirms: dict[str, list[str]] = {}
    for prior in priors:
        if prior.status == "confirmed":
            confirms.setdefault(prior.by[0].key, []).append(prior.line.source)
    numbered = []
    for entry in entries:
        if entry.status == "established":
            number = view.principles.get(entry.key)
            since = entry.since if entry.since is not None else number and number.since
            told = "since block" in entry.evidence
            more = [f"since block {since}"] if since is not None and not told else []
            more += [f"confirms prior {source}" for source in confirms.get(entry.key, ())[:2]]
            label = f"P{number.number} " if number else ""
            evidence = (
                f"{entry.evidence[:-1]}; {'; '.join(more)}]" if more and entry.evidence else entry.evidence
            )
            order = number.number if number else len(view.principles) + 1
            numbered.append((order, Item(entry.key, f"{label}{entry.text}", evidence)))
    lines += [item for _, item in sorted(numbered, key=lambda one: one[0])]
    if len(lines) == 1:
        lines.append(Item("", "No other yet: nothing is established by one data set."))
    return _bounded(lines, PRINCIPLES)


def _given_up(
    entries: Sequence[Entry], priors: Sequence[JudgedPrior], numbers: Mapping[str, Numbered]
) -> list[Item]:
    found = []
    for entry in reversed(entries):
        if entry.status in ("weakened", "refuted"):
            label = f"P{numbers[entry.key].number} " if entry.key in numbers else ""
            when = f" in block {entry.since}" if entry.since is not None else ""
            now = f": {entry.instead.rstrip('.')}" if entry.instead else ""
            text = f"{label}~~{entry.text.rstrip('.')}~~ {entry.status}{when}{now}."
            found.append(
                (entry.status == "refuted", -(entry.since or 0), Item(entry.key, text, entry.evidence))
            )
    lines = [item for _, _, item in sorted(found, key=lambda one: one[:2])]
    for prior in priors:
        if prior.status == "refuted":
            text = f"~~{_short(prior.line.text)}~~ prior ({prior.line.source}), refuted: {prior.by[0].text}"
            lines.append(Item(f"prior {prior.line.source}", text, prior.by[0].evidence))
    return _bounded(lines, GIVEN_UP) or [Item("", "None yet.")]


def _priors(priors: Sequence[JudgedPrior]) -> list[Item]:
    """What was brought in and is open; what can be tested comes first."""
    lines = []
    for prior in sorted(priors, key=lambda one: not one.claims):
        if prior.status != "prior":
            continue
        how = "text only" if not prior.claims else "not yet tested"
        if prior.looked:
            how = f"no difference shown yet, {show_runs(prior.looked, limit=3)}"
        if prior.leaning is not None:
            how = f"first runs speak {prior.leaning} it, {show_runs(prior.by[0].runs, limit=3)}"
        lines.append(
            Item(f"prior {prior.line.source}", _short(prior.line.text), f"[{prior.line.source}; {how}]")
        )
    return _bounded(lines, PRIORS)


def _void(view: MemoryView) -> list[Item]:
    label = view.metrics[view.spec.objective].label or view.spec.objective
    retracted = void_baselines(view.void, objective=view.spec.objective, label=label)
    lines = [Item(f"void {text.partition(':')[0]}", text) for text in retracted]
    for line in view.imported:
        if line.kind is LineKind.VOID:
            lines.append(Item(f"void {line.source}", _short(line.text), f"[imported, {line.source}]"))
    return _bounded(lines, VOID) or [Item("", "None.")]


def _questions(view: MemoryView, entries: Sequence[Entry]) -> list[str]:
    lines = questions(view)
    imported = [line for line in view.imported if line.kind is LineKind.QUESTION]
    lines += bounded([f"{_short(line.text)}  [{line.source}]" for line in imported], 5)
    known = (*view.spec.strategies.baseline, *view.spec.strategies.open)
    used = {name for run in view.runs for name in run.proposal.spec.strategies}
    if never := [name for name in known if name not in used]:
        lines.append(f"Never tried: {listed(never)}.")
    narrow = [entry for entry in entries if entry.asserted and entry.claims and entry.n_networks == 1]
    numbers = [f"P{view.principles[entry.key].number}" for entry in narrow if entry.key in view.principles]
    if numbers:
        lines.append(f"Seen on one network only: {listed(numbers)}. Does it hold on another?")
    elif narrow:
        subjects = listed(list(dict.fromkeys(entry.subject for entry in narrow)))
        lines.append(f"What was learned of {subjects} was seen on one network. Does it hold on another?")
    return bounded([line for line in lines if line != "None."], MOST_QUESTIONS) or ["None."]


def _steering(view: MemoryView) -> list[str]:
    lines = []
    for line in view.steering:
        asked = line.number in view.constrained
        since = (
            "from the next batch"
            if line.since is None
            else f"since block {line.since[0]}, batch {line.since[1]}"
        )
        kind = "" if asked else "a note, not a constraint; "
        lines.append(plain(f"#{line.number} {_short(line.text)}") + f"  [{kind}{since}]")
    lines += [plain(f"Not obeyed: {_short(remark)}") for remark in view.remarks]
    return bounded(lines, STEERED)


def _plan(view: MemoryView) -> list[list[str]]:
    """The next block's proposals: a row of cells each, the header first."""
    if not view.plan:
        return []
    fixed = [n for n, p in view.spec.space.root.items() if isinstance(p, PerSlotParameter)]
    rows = [["slot", *map(_initials, fixed), "role", "change", "why"]]
    for proposal in view.plan[: PLANNED - 2]:
        values = [show_value(proposal.spec.values.get(name)) for name in fixed]
        parent = "" if proposal.parent is None else f"run {proposal.parent}"
        change = ", ".join(part for part in (parent, proposal.change) if part) or "none"
        rows.append([str(proposal.slot), *values, proposal.role.value, change, proposal.reason])
    return [[plain(cell) for cell in row] for row in rows]


def _initials(name: str) -> str:
    """ts for time_step: the column is narrow."""
    return "".join(word[0] for word in name.split("_") if word) if "_" in name else name


def _short(text: str) -> str:
    text = plain(text)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3].rstrip()}..."


def _bounded(items: Sequence[Item], limit: int) -> list[Item]:
    if len(items) <= limit:
        return list(items)
    return [*items[: limit - 1], Item("", f"And {len(items) - limit + 1} more, weaker or later ones.")]
