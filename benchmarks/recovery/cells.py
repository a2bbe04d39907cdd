"""Cells of the table: which launch each of them is, and how it is launched.

A cell is launched by what `setpoint launch` itself calls, with the exploration `recovery` of the catalog and
the overrides of its condition. Its exploration's name holds a hash of settings and code, so that a cell
that is finished is never run again, and one whose settings or code changed is.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from agent.display import PlainDisplay
from agent.launching import launch
from benchmarks.recovery.conditions import BY_NAME, QUICK_DATA, QUICK_VALUES, Condition, Variant
from benchmarks.recovery.networks import networks_of
from benchmarks.targets import Target
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash
from blocks.installed import load_problem
from blocks.loading import load_exploration, validate
from memory import Store, Workspace
from memory.schema import BlockState
from sim.networks.settings import DataSettings
from sim.strategies import catalog as strategy_catalog


@dataclass(frozen=True)
class Cell:
    """One network under one condition and variant."""

    condition: Condition
    variant: Variant
    seed: int
    quick: bool
    workspace: Path
    """Folder of the condition's own workspace: all its networks and variants share it."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is judged: nothing in a quick run, since targets are made for the full size."""
        return () if self.quick else (*self.condition.targets, *self.variant.targets)

    @property
    def label(self) -> str:
        """`seed_regime/joint network 3`."""
        variant = f"/{self.variant.name}" if self.variant.name else ""
        return f"{self.condition.name}{variant} network {self.seed}"

    @property
    def missing(self) -> str:
        """What this version cannot do yet that the cell needs; empty where it can run."""
        known = strategy_catalog()
        wanted = (*(self.variant.strategies or ()), *self.variant.more_strategies)
        if absent := [name for name in wanted if name not in known]:
            return f"there is no strategy {', '.join(absent)} in this version"
        if absent := [name for name in self.condition.data if name not in DataSettings.model_fields]:
            return f"there is no data setting {', '.join(absent)} in this version"
        return ""


def cells_of(names: list[str], seeds: list[int], *, quick: bool, root: Path) -> list[Cell]:
    """The cells of the conditions named, network by network.

    Args:
        names: Conditions.
        seeds: Network seeds; a condition that asks for fewer networks takes the first ones, and for one
            that cannot be simulated another stands in.
        quick: Small networks.
        root: The benchmark's folder.

    Raises:
        SpecError: A condition is not known, or says nothing in a quick run.
    """
    cells = []
    for name in names:
        if name not in BY_NAME:
            raise SpecError(f"--conditions: must be among {', '.join(BY_NAME)}, but got {name!r}")
        condition = BY_NAME[name]
        if quick and condition.sized:
            raise SpecError(f"--quick: leaves out {name}, which is about the network's size; run it without")
        folder = root / (f"quick-{name}" if quick else name)
        cells += [
            Cell(condition, variant, seed, quick, folder)
            for place, seed in enumerate(
                networks_of(condition, seeds[: condition.most_networks], quick=quick)
            )
            for variant in condition.variants
            if variant.most_networks is None or place < variant.most_networks
        ]
    return cells


def spec_of(cell: Cell) -> ExplorationSpec:
    """The exploration of a cell, checked by its problem.

    Raises:
        SpecError: The condition breaks a rule.
    """
    recovery, base = load_exploration("recovery"), load_exploration(cell.variant.exploration)
    strategies = (cell.variant.strategies or base.strategies.baseline) + cell.variant.more_strategies
    data = {**recovery.data, **(QUICK_DATA if cell.quick else {}), **cell.condition.data, "seed": cell.seed}
    content = {
        **base.model_dump(mode="json"),
        "title": f"{cell.condition.title}{': ' if cell.variant.title else ''}{cell.variant.title}",
        "data": data,
        "foundation": {**recovery.foundation, **cell.condition.foundation},
        "baseline": {**base.baseline, **(QUICK_VALUES if cell.quick else {}), **cell.variant.values},
        "sweep": {},
        "strategies": {"baseline": strategies, "open": []},
        "replicates": 2 if cell.quick else recovery.replicates,
        "block": {"batches": 1, "slots": base.block.slots},
        "blocks": 1,
    }
    problem = load_problem(base.problem)
    version = content_hash([{**content, "name": ""}, problem.code_version()])[:8]
    variant = f"-{cell.variant.name}" if cell.variant.name else ""
    quick = "quick-" if cell.quick else ""
    spec = validate(
        ExplorationSpec,
        {**content, "name": f"{quick}{cell.condition.name}{variant}-seed{cell.seed}-{version}"},
    )
    problem.check(spec)
    return spec


def is_finished(spec: ExplorationSpec, root: Path) -> bool:
    """Whether the exploration was launched to its end in that workspace."""
    workspace = Workspace(root)
    if not workspace.database.exists():
        return False
    with Store.open(workspace, create=False) as store:
        blocks = store.blocks(spec.name)
        return any(block.number == spec.blocks and block.state is BlockState.CLOSED for block in blocks)


def run_cell(cell: Cell) -> ExplorationSpec:
    """Launches a cell where it is not finished; what happens is said on stderr.

    Raises:
        SetpointError: One line that says what is wrong.
    """
    spec = spec_of(cell)
    if is_finished(spec, cell.workspace):
        return spec
    with PlainDisplay(sys.stderr) as display:
        launch(spec, root=cell.workspace, workers=1, listener=display)
    return spec
