"""From the store to memory.md: findings, the next plan and the notes of a human, rendered anew."""

from pathlib import Path

from agent.planner import Planner
from agent.preparation import Ground
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.problem import Problem
from blocks.slot import Proposal
from memory import Store, Workspace
from memory.findings import findings
from memory.markdown import current_notes, render_memory, write_memory
from memory.schema import BlockState
from memory.view import MemoryView


class Remembering:
    """Rewrites the working memory of one exploration."""

    def __init__(
        self,
        spec: ExplorationSpec,
        *,
        problem: Problem,
        planner: Planner,
        workspace: Workspace,
        store: Store,
        ground: Ground,
        version: str,
    ) -> None:
        self._spec = spec
        self._problem = problem
        self._planner = planner
        self._workspace = workspace
        self._store = store
        self._ground = ground
        self._version = version

    def write(self) -> Path:
        """Regenerates memory.md and the snapshot of the last closed block."""
        spec, name = self._spec, self._spec.name
        closed = max(closed_blocks(self._store, name), default=0)
        runs = [run for run in self._store.runs(name) if run.block <= closed]
        metrics = self._problem.metrics()
        view = MemoryView(
            spec=spec,
            runs=tuple(runs),
            statements=tuple(findings(spec, runs, metrics=metrics)),
            metrics=dict(metrics),
            blocks_closed=closed,
            data_title=self._problem.describe_data(spec.data),
            foundation_summary=f"{self._problem.foundation_name} {self._ground.summary}",
            guard_summary=(
                f"static check of {self._ground.guard_files} training files clean; "
                "labels absent from every training process"
            ),
            plan=tuple(self._plan(closed + 1)),
            plan_block=closed + 1,
            version=self._version,
            notes=current_notes(self._workspace, self._store, name),
        )
        write_memory(self._workspace, self._store, name, render_memory(view), closed)
        return self._workspace.memory_file

    def _plan(self, block: int) -> list[Proposal]:
        """What the next launch will propose first; planning is pure, so this is not a forecast."""
        history = [run for run in self._store.runs(self._spec.name) if run.block < block]
        try:
            return self._planner.propose(
                self._spec, history, block=block, batch=1, metrics=self._problem.metrics()
            )
        except SpecError:
            return []  # the space is exhausted: the document then says that nothing is planned


def closed_blocks(store: Store, exploration: str) -> set[int]:
    """Numbers of the blocks that are over."""
    return {block.number for block in store.blocks(exploration) if block.state is BlockState.CLOSED}
