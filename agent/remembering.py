"""From the store to memory.md: findings, the next plan and the notes of a human, rendered anew."""

from pathlib import Path

from agent.guard import landlock
from agent.preparation import Ground
from agent.session import Session
from blocks.errors import SpecError
from blocks.slot import Proposal
from memory.findings import findings
from memory.markdown import current_notes, render_memory, write_memory
from memory.past import Past
from memory.view import MemoryView


class Remembering:
    """Rewrites the working memory of one exploration."""

    def __init__(self, session: Session, ground: Ground) -> None:
        self._session = session
        self._ground = ground

    def write(self) -> Path:
        """Regenerates memory.md and the snapshot of the last closed block."""
        session, ground = self._session, self._ground
        spec, name, store = session.spec, session.name, session.store
        closed = max(session.closed_blocks(), default=0)
        runs = self._until(closed)
        metrics = session.problem.metrics(session.spec.data)
        view = MemoryView(
            spec=spec,
            runs=tuple(runs),
            statements=tuple(findings(spec, runs, metrics=metrics)),
            metrics=dict(metrics),
            blocks_closed=closed,
            data_title=session.problem.describe_data(spec.data),
            foundation_summary=f"{session.problem.foundation_name} {ground.summary}",
            guard_summary=(
                f"static check of {ground.guard_files} training files clean; "
                f"labels absent from every training process, {landlock.status()}"
            ),
            plan=tuple(self._plan(closed + 1)),
            plan_block=closed + 1,
            version=session.version,
            notes=current_notes(session.workspace, store, name),
        )
        write_memory(session.workspace, store, name, render_memory(view), closed)
        return session.workspace.memory_file

    def _until(self, block: int) -> Past:
        """Runs up to the end of a block, each with the objective."""
        past = self._session.store.past(self._session.name, self._session.spec.objective)
        return past if all(run.block <= block for run in past) else Past(r for r in past if r.block <= block)

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
