"""From the store to memory.md: findings, the next plan and the notes of a human, rendered anew."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from agent.session import Session
from blocks.errors import SpecError
from blocks.slot import Proposal
from memory.blindness import blind_cost
from memory.findings import findings
from memory.markdown import current_notes, render_memory, write_memory
from memory.past import Past
from memory.view import MemoryView, joined_titles


class Facts(Protocol):
    """What the memory tells of the ground that runs stand on."""

    @property
    def summary(self) -> str:
        """One line about the foundation."""

    @property
    def guard_files(self) -> int:
        """How many files of training code the guard has parsed."""


class Remembering:
    """Rewrites the working memory of one exploration."""

    def __init__(self, session: Session, ground: Facts) -> None:
        self._session = session
        self._ground = ground

    def write(self, *, cut_by: str | None = None) -> Path:
        """Regenerates memory.md and the snapshot of the last closed block.

        Args:
            cut_by: The budget that ended the launch. Then memory.md, and no snapshot, tells also of the block
                that is open, and what its plan still holds.
        """
        session, ground = self._session, self._ground
        spec, name, store = session.spec, session.name, session.store
        closed = max(session.closed_blocks(), default=0)
        runs = self._until(closed) if cut_by is None else store.past(name, spec.objective)
        networks = {run.proposal.network for run in runs}
        metrics = session.problem.metrics(session.spec.data)
        view = MemoryView(
            spec=spec,
            runs=tuple(runs),
            statements=tuple(findings(spec, runs, metrics=metrics)),
            metrics=dict(metrics),
            blocks_closed=closed,
            data_title=data_title(session, networks),
            foundation_summary=f"{session.problem.foundation_name} {ground.summary}",
            guard_summary=(
                f"static check of {ground.guard_files} training files clean; "
                "labels absent from every training process"
            ),
            plan=tuple(self._plan(closed + 1) if cut_by is None else self._open_plan(runs, closed)),
            plan_block=closed + 1,
            version=session.version,
            notes=current_notes(session.workspace, store, name),
            cut_by=cut_by,
            blind_cost=tuple(self._blind_cost()),
            has_fresh_networks=session.problem.fresh_data(spec.data, 1) is not None,
        )
        kept = closed if cut_by is None else None
        write_memory(session.workspace, store, name, render_memory(view), kept)
        return session.workspace.memory_file

    def _until(self, block: int) -> Past:
        """Runs up to the end of a block, each with the objective."""
        past = self._session.store.past(self._session.name, self._session.spec.objective)
        return past if all(run.block <= block for run in past) else Past(r for r in past if r.block <= block)

    def _open_plan(self, runs: Past, closed: int) -> list[Proposal]:
        """What is planned and not begun; where all of it has ended, the batch that comes next."""
        if waiting := [run.proposal for run in runs if not run.state.is_final]:
            return waiting
        if not runs or runs[-1].block <= closed:
            return self._plan(closed + 1)
        return self._plan(runs[-1].block, batch=runs[-1].batch + 1, past=runs)

    def _blind_cost(self) -> list[str]:
        """Nothing before the truth of a blind exploration is open."""
        session = self._session
        closed_at = session.store.closed_at(session.name)
        if closed_at is None:
            return []
        runs = [
            run
            for run in session.store.runs(session.name)
            if run.ended_at is not None and run.ended_at <= closed_at
        ]
        return blind_cost(session.spec, runs, session.problem.metrics(session.spec.data))

    def _plan(self, block: int, *, batch: int = 1, past: Past | None = None) -> list[Proposal]:
        """What the next launch will propose first; planning is pure, so this is not a forecast."""
        session = self._session
        try:
            return session.planner.propose(
                session.spec,
                self._until(block - 1) if past is None else past,
                block=block,
                batch=batch,
                metrics=session.problem.metrics(session.spec.data),
            )
        except SpecError:
            return []  # the space is exhausted: the document then says that nothing is planned


def data_title(session: Session, networks: Collection[int]) -> str:
    """Short name of the data, the fresh networks among them: `oscillatory_rank_50 #42, #43`."""
    problem, data = session.problem, session.spec.data
    fresh = [problem.fresh_data(data, network) for network in sorted(set(networks) - {0})]
    titles = [problem.describe_data(data), *(problem.describe_data(one) for one in fresh if one is not None)]
    return joined_titles(titles)
