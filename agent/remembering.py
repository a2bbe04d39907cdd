"""From the store to memory.md: findings, the next plan and the notes of a human, rendered anew.

Everything in it comes from the store and the problem, so it can be rendered without a launch: when runs have
become void, say. One process renders at a time, and each reads the store when its turn has come, so what is
written last knows most.
"""

from pathlib import Path

from agent.session import Session
from blocks.errors import SpecError
from blocks.slot import Proposal
from memory.findings import findings
from memory.markdown import current_notes, render_memory, shown_exploration, write_memory
from memory.past import Past
from memory.view import MemoryView
from memory.void import voided_of


class Remembering:
    """Rewrites the working memory of one exploration."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self) -> Path:
        """Regenerates memory.md and the snapshot of the last closed block."""
        with self._session.workspace.memory_lock():
            return self._write(snapshot_only=False)

    def refresh(self) -> None:
        """Regenerates the snapshot of the last closed block, and memory.md where it is this exploration's."""
        with self._session.workspace.memory_lock():
            shown = shown_exploration(self._session.workspace)
            self._write(snapshot_only=shown not in (None, self._session.name))

    def _write(self, *, snapshot_only: bool) -> Path:
        workspace, store, name = self._session.workspace, self._session.store, self._session.name
        due = store.due_memory(name)  # before anything else is read
        view = self.view()
        text = render_memory(view)
        write_memory(workspace, store, name, text, view.blocks_closed, snapshot_only=snapshot_only)
        if due is not None:
            store.memory_rendered(name, due)
        return workspace.memory_file

    def view(self) -> MemoryView:
        """What the working memory is made of now."""
        session = self._session
        spec, name, store, problem = session.spec, session.name, session.store, session.problem
        closed = max(session.closed_blocks(), default=0)
        runs = self._until(closed)
        metrics = problem.metrics(spec.data)
        foundation = store.stood_on(name)
        summary = "" if foundation is None else foundation.summary or ""
        return MemoryView(
            spec=spec,
            runs=tuple(runs),
            statements=tuple(findings(spec, runs, metrics=metrics)),
            metrics=dict(metrics),
            blocks_closed=closed,
            data_title=problem.describe_data(spec.data),
            foundation_summary=f"{problem.foundation_name} {summary}",
            guard_summary=f"{sum(run.certified for run in runs)} of {len(runs)} certified",
            certificates=tuple(store.certificates_used(name)),
            plan=tuple(self._plan(closed + 1)),
            plan_block=closed + 1,
            version=session.version,
            notes=current_notes(session.workspace, store, name),
            void=voided_of(name, store.retractions(), self._past().void),
            truth=store.truth_use(
                name,
                objective=spec.objective,
                needs_labels=metrics[spec.objective].needs_labels,
                ways=problem.truth_guided_by(spec),
            ),
        )

    def _past(self) -> Past:
        return self._session.store.past(self._session.name, self._session.spec.objective)

    def _until(self, block: int) -> Past:
        """Runs up to the end of a block, each with the objective."""
        return self._past().until(block)

    def _plan(self, block: int) -> list[Proposal]:
        """What the next launch will propose first; planning is pure, so this is not a forecast."""
        session = self._session
        try:
            return session.planner.propose(
                session.spec,
                self._until(block - 1),
                block=block,
                batch=1,
                metrics=session.problem.metrics(session.spec.data),
            )
        except SpecError:
            return []  # the space is exhausted: the document then says that nothing is planned
