"""What a working memory is made of, and the lines that it comes down to.

Everything is bounded: however many runs and statements there are, each section has its share of lines.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, PlainValidator

from blocks.base import Frozen
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, RunState
from blocks.slot import Proposal
from memory.best_lines import best_lines
from memory.past import Past
from memory.principles import Numbered
from memory.prior_store import PriorLine
from memory.samples import distinct
from memory.statements import Statement, count, plain, show_runs
from memory.steering_lines import SteeringLine
from memory.truth import TruthUse
from memory.void import Voided

CONTEXT_LINES, QUESTION_LINES = 16, 12


class MemoryView(Frozen):
    """All that a working memory is rendered from; equal views give equal bytes."""

    spec: ExplorationSpec
    runs: Annotated[Past, PlainValidator(Past.of)]
    statements: tuple[Statement, ...]
    metrics: dict[str, MetricInfo]
    blocks_closed: int
    data_title: Annotated[str, Field(description="Short name of the data: `oscillatory_rank_50 #42`.")]
    foundation_summary: Annotated[str, Field(description="What all slots share, in one line; may be empty.")]
    guard_summary: Annotated[str, Field(description="How many runs are certified, in a few words.")]
    certificates: Annotated[tuple[int, ...], Field(description="Ids of those that the runs rest on.")] = ()
    plan: tuple[Proposal, ...] = ()
    plan_block: int
    version: str
    notes: Annotated[str, Field(description="A human's notes, kept as they are.")] = ""
    cut_by: Annotated[str | None, Field(description="The budget that ended the last launch.")] = None
    blind_cost: Annotated[tuple[str, ...], Field(description="Once the truth is open: its lines.")] = ()
    has_fresh_networks: bool = True
    steering: Annotated[tuple[SteeringLine, ...], Field(description="In force at the next batch.")] = ()
    constrained: Annotated[
        frozenset[int], Field(description="Numbers of those that are constraints; others are notes.")
    ] = frozenset()
    remarks: Annotated[tuple[str, ...], Field(description="Notes that are not obeyed, and why.")] = ()
    imported: Annotated[tuple[PriorLine, ...], Field(description="Lines of documents read in.")] = ()
    principles: Annotated[
        dict[str, Numbered], Field(description="Numbers of all that was ever established, by key.")
    ] = Field(default_factory=dict)
    void: Annotated[tuple[Voided, ...], Field(description="What retractions hold; not among `runs`.")] = ()
    truth: Annotated[TruthUse, Field(description="How far choices read ground truth.")] = TruthUse()


def header(view: MemoryView) -> list[str]:
    """After which block, about what, under which guard, on which data."""
    info = view.metrics[view.spec.objective]
    done = [run for run in view.runs if run.state is RunState.DONE]
    replicates = sum(len(run.metrics) for run in distinct(done))
    networks = len({run.dataset for run in done})
    when = (
        f"Regenerated after block {view.blocks_closed}" if view.blocks_closed else "Before the end of block 1"
    )
    if view.cut_by is not None:
        when = f"Regenerated before the end of block {view.plan_block}"
    kind = "reads labels" if info.needs_labels else "label-free"
    if view.blind_cost:
        kind += "; chosen blind until it was closed"
    elif view.spec.blind:
        kind += "; blind: what needs labels is sealed until `setpoint close`"
    guided = f" · {view.truth}" if view.truth.ways else ""
    return [
        f"{when} ({count(len(view.runs), 'run')}, {count(replicates, 'replicate')}, "
        f"{count(networks, 'network')}) · objective {view.spec.objective} ({kind}){guided} ·",
        f"guard: {plain(view.guard_summary)} · data {plain(view.data_title)} · "
        f"setpoint {plain(view.version)}",
    ]


def context(view: MemoryView) -> list[str]:
    """Why the exploration is run."""
    return bounded([plain(line) for line in view.spec.memory.context], CONTEXT_LINES) or ["None given."]


def standing(view: MemoryView) -> list[str]:
    """The best run, what failed, and what all slots share."""
    lines = []
    if view.cut_by is not None:
        lines.append(
            plain(f"Ended by its budget ({view.cut_by}); the next launch goes on with the open plan.")
        )
    lines += best_lines(view.spec, view.runs, view.metrics, has_fresh_networks=view.has_fresh_networks) or [
        "No run has finished with two or more replicates yet."
    ]
    failed = [run for run in view.runs if run.failure is not None]
    kinds = Counter(run.failure.kind.value for run in failed if run.failure is not None)
    if failed:
        named = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        runs = show_runs([run.number for run in failed])
        lines.append(f"{len(failed)} of {count(len(view.runs), 'run')} failed: {named}.  [{runs}]")
    elif view.runs:
        lines.append("No run failed.")
    lines += _stopped_early(view)
    open_ = [run.number for run in view.runs if not run.state.is_final]
    if open_:
        lines.append(f"{count(len(open_), 'run')} not ended yet.  [{show_runs(open_)}]")
    if marked := next((one for one in view.statements if one.kind == "failure"), None):
        lines.append(plain(f"Bottleneck: {marked.text}") + f"  {plain(marked.evidence)}")
    if view.foundation_summary:
        lines.append(f"Shared by all slots: {plain(view.foundation_summary)}.".replace("..", "."))
    return lines


def _stopped_early(view: MemoryView) -> list[str]:
    """Runs that ended early, what that saved, and what keeps it from passing for evidence."""
    stopped = [run for run in view.runs if run.state is RunState.STOPPED]
    ruled = sum(run.proposal.spec.may_stop for run in view.runs)
    if not ruled:
        return []
    shares = [
        run.trained_steps / run.planned_steps for run in stopped if run.trained_steps and run.planned_steps
    ]
    said = "none was"
    if stopped:
        measure = next((run.curve.measure for run in stopped if run.curve is not None), "learning curve")
        said = f"{len(stopped)} {'was' if len(stopped) == 1 else 'were'}, by {measure}, "
        said += f"after {sum(shares) / max(1, len(shares)):.0%} of the steps"
    runs = f"  [{show_runs([run.number for run in stopped])}]" if stopped else ""
    return [f"Of {count(ruled, 'run')} that could end early {said}; they stand in no comparison.{runs}"]


def guard(view: MemoryView) -> str:
    """What it rests on that no label is read: the certificates, and how many runs have them."""
    rests = f", certificates {show_certificates(view.certificates)}" if view.certificates else ""
    return plain(f"guard{rests}: {view.guard_summary}")


def show_certificates(ids: Sequence[int]) -> str:
    """Ids as people write them: c1-c3 c7."""
    parts: list[list[int]] = []
    for key in ids:
        if parts and key == parts[-1][-1] + 1:
            parts[-1].append(key)
        else:
            parts.append([key])
    return " ".join(f"c{part[0]}" if len(part) == 1 else f"c{part[0]}-c{part[-1]}" for part in parts)


def questions(view: MemoryView) -> list[str]:
    """The exploration's own, and what no pair of runs has isolated yet."""
    tried = {
        statement.subject for statement in view.statements if statement.kind in ("comparison", "equivalence")
    }
    values = [name for name in view.spec.space.names() if name not in tried]
    strategies = [*view.spec.strategies.baseline, *view.spec.strategies.open]
    untried = [name for name in strategies if name not in tried]
    lines = bounded([plain(question) for question in view.spec.memory.open_questions], QUESTION_LINES)
    if values:
        lines.append(f"What is the effect of {listed(values)}? No isolated pair yet.")
    if untried:
        lines.append(f"Do the strategies {listed(untried)} matter? No isolated pair yet.")
    return lines or ["None."]


def bounded(lines: Sequence[str], limit: int) -> list[str]:
    """At most `limit` lines; the last one says how many are not shown."""
    if len(lines) <= limit:
        return list(lines)
    return [*lines[: limit - 1], f"And {len(lines) - limit + 1} more, weaker or later ones."]


def joined_titles(titles: Sequence[str]) -> str:
    """Names of data sets, what they share said once: `oscillatory_rank_50 #42, #43`."""
    first, *others = titles
    shared = first.rpartition(" ")[0] + " "
    return ", ".join([first, *(other.removeprefix(shared) if shared.strip() else other for other in others)])


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    shown = [*names[:12], f"{len(names) - 12} more"] if len(names) > 12 else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
