"""A working memory as sections of lines: what is rendered, what is compared between blocks.

Every section has its share of lines, so that the document is bounded however many runs, statements, priors
and notes there are. What is listed was compacted, and is checked: a document that contradicts itself is not
made.
"""

from typing import NamedTuple

from blocks.slot import show_value
from memory.ahead import plan_rows, question_lines, steering_lines
from memory.best import best
from memory.compaction import compacted
from memory.contradictions import require_consistent
from memory.entries import Entry, entries_of
from memory.held import given_up_lines, learned_how, learned_lines, principle_lines, prior_lines, void_lines
from memory.items import Item
from memory.orders import order_entries
from memory.priors import judged
from memory.statements import plain
from memory.view import MemoryView, context, header, standing


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
        learned_how=learned_how(view, entries),
        learned=learned_lines(view, entries),
        priors=prior_lines(priors),
        principles=principle_lines(view, entries, priors),
        given_up=given_up_lines(entries, priors, view.principles),
        void=void_lines(view),
        problem=plain(view.spec.memory.key_open_problem) or "None stated.",
        questions=question_lines(view, entries),
        steering=steering_lines(view),
        plan=plan_rows(view),
        plan_block=view.plan_block,
    )
