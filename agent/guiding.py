"""Planning with what people brought in: steering and prior knowledge, as of the batch that is planned.

What is known when a batch is planned is stored as known to it, before the planner is asked: a launch that was
killed in between, or a later look back, plans the same again. Whatever the planner, its proposals keep every
constraint and say so.
"""

from collections.abc import Mapping

from agent.session import Session
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import Guidance
from blocks.run import MetricInfo
from blocks.slot import Proposal
from memory.entries import entries_of
from memory.findings import findings
from memory.markdown import current_notes
from memory.orders import order_entries
from memory.past import Past
from memory.priors import judged, open_priors
from memory.steering_lines import Place
from memory.store import Store


def plan_batch(session: Session, past: Past, *, block: int, batch: int, take_up: bool) -> list[Proposal]:
    """The slots of a batch.

    Args:
        session: The launch.
        past: Every run before the batch.
        block: Number of the block.
        batch: Number of the batch within it.
        take_up: Whether the batch is going to be run: then it takes up what people said until now. Else the
            plan is only shown.

    Raises:
        SpecError: Nothing is left to try.
    """
    store, spec, place = session.store, session.spec, Place(block, batch)
    metrics = session.problem.metrics(spec.data)
    follow_notes(session)
    if take_up:
        store.take_up_steering(spec.name, place)
        store.take_up_priors(spec.name, place)
    guidance = guidance_as_of(store, spec, past, place, metrics=metrics)
    proposals = session.planner.propose(
        spec, past, block=block, batch=batch, metrics=metrics, guidance=guidance
    )
    if not (kept := guidance.obeyed_by(proposals, spec)):
        raise SpecError(
            f"block {block}, batch {batch}: every proposal breaks the steering in force; lift some"
        )
    return kept


def follow_notes(session: Session) -> list[str]:
    """Takes in what the notes of memory.md ask for now.

    Returns:
        Remarks: what they ask for and is not obeyed, with the reason.
    """
    notes = current_notes(session.workspace, session.store, session.name)
    return session.store.follow_notes(session.name, notes, session.spec)


def guidance_as_of(
    store: Store, spec: ExplorationSpec, past: Past, place: Place, *, metrics: Mapping[str, MetricInfo]
) -> Guidance:
    """What the planner of a batch is given beside the history; a function of what is stored.

    Args:
        store: The store.
        spec: The exploration.
        past: Every run before the batch: what they settled is no prior any more.
        place: The batch.
        metrics: What the problem says of its metrics.
    """
    constraints, _ = store.steering_as_of(spec.name, place, spec)
    lines = store.priors_as_of(spec.name, place)
    if not lines:
        return Guidance(constraints=constraints)
    entries = entries_of(spec, findings(spec, past, metrics=metrics))
    entries += order_entries(spec, past, lines, metrics=metrics)
    return Guidance(constraints=constraints, priors=open_priors(spec, judged(spec, lines, entries)))
