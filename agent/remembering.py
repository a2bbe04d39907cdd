"""From the store to memory.md: findings, the next plan and the notes of a human, rendered anew.

Everything in it comes from the store and the problem, so it can be rendered without a launch: when runs have
become void, say. One process renders at a time, and each reads the store when its turn has come, so what is
written last knows most.
"""

from collections.abc import Collection
from pathlib import Path

from agent.guiding import follow_notes, plan_batch
from agent.session import Session
from blocks.errors import SpecError
from blocks.slot import Proposal
from memory.blindness import cost_once_open
from memory.digest import digest
from memory.document import document, principle_keys
from memory.findings import findings
from memory.markdown import current_notes, render_memory, shown_exploration, write_memory
from memory.past import Past
from memory.steering_lines import Place
from memory.view import MemoryView, joined_titles
from memory.void import voided_of


class Remembering:
    """Rewrites the working memory of one exploration."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, *, cut_by: str | None = None) -> Path:
        """Regenerates memory.md and the snapshot of the last closed block.

        Args:
            cut_by: The budget that ended the launch. Then memory.md, and no snapshot, tells also of the block
                that is open, and what its plan still holds.
        """
        with self._session.workspace.memory_lock():
            return self._write(snapshot_only=False, cut_by=cut_by)

    def refresh(self) -> None:
        """Regenerates the snapshot of the last closed block, and memory.md where it is this exploration's."""
        with self._session.workspace.memory_lock():
            shown = shown_exploration(self._session.workspace)
            self._write(snapshot_only=shown not in (None, self._session.name))

    def _write(self, *, snapshot_only: bool, cut_by: str | None = None) -> Path:
        workspace, store, name = self._session.workspace, self._session.store, self._session.name
        due = store.due_memory(name)  # before anything else is read
        remarks = follow_notes(self._session)
        view = self.view(cut_by=cut_by)
        closed = view.blocks_closed
        whole = cut_by is None  # of a block that goes on, nothing is kept
        if closed and whole:
            store.record_statements(name, closed, view.statements)
        numbers = store.number_principles(name, principle_keys(view), block=closed)
        view = view.model_copy(update={"remarks": tuple(remarks), "principles": dict(numbers)})
        made = document(view)
        write_memory(
            workspace,
            store,
            name,
            render_memory(view, made),
            closed if whole else None,
            digest=digest(made) if whole else None,
            snapshot_only=snapshot_only,
        )
        if due is not None:
            store.memory_rendered(name, due)
        return workspace.memory_file

    def view(self, *, cut_by: str | None = None) -> MemoryView:
        """What the working memory is made of now; see `write`."""
        session = self._session
        spec, name, store, problem = session.spec, session.name, session.store, session.problem
        closed = max(session.closed_blocks(), default=0)
        # Asked for once: others may be recording, and a past that is asked for again has grown.
        past = self._past()
        void = past.void
        runs = past.until(closed) if cut_by is None else past
        metrics = problem.metrics(spec.data)
        foundation = store.stood_on(name)
        summary = "" if foundation is None else foundation.summary or ""
        following = Place(closed + 1, 1)
        constraints, steering = store.steering_as_of(name, following, spec)
        return MemoryView(
            spec=spec,
            runs=runs,
            statements=tuple(findings(spec, runs, metrics=metrics)),
            metrics=dict(metrics),
            blocks_closed=closed,
            data_title=data_title(session, {run.proposal.network for run in runs}),
            foundation_summary=f"{problem.foundation_name} {summary}",
            guard_summary=f"{sum(run.certified for run in runs)} of {len(runs)} certified",
            certificates=tuple(store.certificates_used(name)),
            plan=tuple(self._plan(closed + 1, runs) if cut_by is None else self._open_plan(runs, closed)),
            plan_block=closed + 1,
            version=session.version,
            notes=current_notes(session.workspace, store, name),
            steering=steering,
            constrained=frozenset(one.number for one in constraints if one.number is not None),
            imported=tuple(store.priors_as_of(name, following)),
            principles=store.principles(name),
            void=voided_of(name, store.retractions(), void),
            truth=store.truth_use(
                name,
                objective=spec.objective,
                needs_labels=metrics[spec.objective].needs_labels,
                ways=problem.truth_guided_by(spec),
            ),
            cut_by=cut_by,
            blind_cost=tuple(cost_once_open(store, spec, metrics)),
            has_fresh_networks=problem.fresh_data(spec.data, 1) is not None,
        )

    def _past(self) -> Past:
        return self._session.store.past(self._session.name, self._session.spec.objective)

    def _open_plan(self, runs: Past, closed: int) -> list[Proposal]:
        """What is planned and not begun; where all of it has ended, the batch that comes next."""
        if waiting := [run.proposal for run in runs if not run.state.is_final]:
            return waiting
        last = runs.whole[-1] if runs.whole else None
        if last is None or last.block <= closed:
            return self._plan(closed + 1, runs.until(closed))
        return self._plan(last.block, runs, batch=last.batch + 1)

    def _plan(self, block: int, past: Past, *, batch: int = 1) -> list[Proposal]:
        """What the next launch will propose first; planning is pure, so this is not a forecast."""
        session = self._session
        try:
            return plan_batch(session, past, block=block, batch=batch, take_up=False)
        except SpecError:
            return []  # the space is exhausted: the document then says that nothing is planned


def data_title(session: Session, networks: Collection[int]) -> str:
    """Short name of the data, the fresh networks among them: `oscillatory_rank_50 #42, #43`."""
    problem, data = session.problem, session.spec.data
    fresh = [problem.fresh_data(data, network) for network in sorted(set(networks) - {0})]
    titles = [problem.describe_data(data), *(problem.describe_data(one) for one in fresh if one is not None)]
    return joined_titles(titles)
