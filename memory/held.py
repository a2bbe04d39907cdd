"""Sections of a working memory that say what is held: learned, established, given up, brought in, void.

Each has its share of lines, strongest first. What is numbered keeps its number for good.
"""

from collections.abc import Mapping, Sequence

from memory.entries import Entry
from memory.items import Item, bounded_items, shortened
from memory.principles import Numbered
from memory.priors import JudgedPrior
from memory.seed_document import LineKind
from memory.statements import SIGNAL, STRATEGIES, count, plain, show_runs
from memory.view import MemoryView, guard
from memory.void import void_baselines

LEARNED, PRINCIPLES, GIVEN_UP, PRIORS, VOID = 72, 40, 28, 24, 10
"""Lines of the sections, headings not counted."""

LABEL_RULE = "No training path reads the label column."


def learned_how(view: MemoryView, entries: Sequence[Entry]) -> str:
    """What all lines under "What was learned" have in common."""
    networks = len({run.dataset for run in view.runs})
    if networks < 2:
        return f"All of it is tentative: comparisons of single changes, on {count(networks, 'network')}."
    said = f"All here is tentative: comparisons of single changes, each within one of {networks} networks."
    established = any(entry.status == "established" for entry in entries)
    return f"{said} What is established stands further below." if established else said


def learned_lines(view: MemoryView, entries: Sequence[Entry]) -> list[tuple[str, list[Item]]]:
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
        made.append((plain(topic), bounded_items(told[topic], share) or [Item("", nothing)]))
    return made


def principle_lines(view: MemoryView, entries: Sequence[Entry], priors: Sequence[JudgedPrior]) -> list[Item]:
    """What is established, in the order of its numbers; P1 is the guard's."""
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
    return bounded_items(lines, PRINCIPLES)


def given_up_lines(
    entries: Sequence[Entry], priors: Sequence[JudgedPrior], numbers: Mapping[str, Numbered]
) -> list[Item]:
    """What was held once: weakened, then refuted, the latest first; and priors that runs refuted."""
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
            text = (
                f"~~{shortened(prior.line.text)}~~ prior ({prior.line.source}), refuted: {prior.by[0].text}"
            )
            lines.append(Item(f"prior {prior.line.source}", text, prior.by[0].evidence))
    return bounded_items(lines, GIVEN_UP) or [Item("", "None yet.")]


def prior_lines(priors: Sequence[JudgedPrior]) -> list[Item]:
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
            Item(f"prior {prior.line.source}", shortened(prior.line.text), f"[{prior.line.source}; {how}]")
        )
    return bounded_items(lines, PRIORS)


def void_lines(view: MemoryView) -> list[Item]:
    """What retractions hold, and what documents that were read in call void."""
    label = view.metrics[view.spec.objective].label or view.spec.objective
    retracted = void_baselines(view.void, objective=view.spec.objective, label=label)
    lines = [Item(f"void {text.partition(':')[0]}", text) for text in retracted]
    for line in view.imported:
        if line.kind is LineKind.VOID:
            lines.append(Item(f"void {line.source}", shortened(line.text), f"[imported, {line.source}]"))
    return bounded_items(lines, VOID) or [Item("", "None.")]
