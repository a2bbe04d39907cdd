"""Who plays: every planner of the product, and those of the field without what the product adds to them."""

from typing import Any, Final

from pydantic import Field

from agent.planner import ConfirmingPlanner, make_planner, plain_planner
from benchmarks.planners.grounds import admitted
from blocks.base import Frozen
from blocks.exploration import ExplorationSpec
from blocks.planning import PlannerName, PlannerSpec
from blocks.slot import SlotSpec
from sim.problem import MetabolicProblem

RUNS: Final = 64
"""Runs of an exploration, confirmations included."""

LONGER: Final = 2 * RUNS
"""Runs of one that is to show how many it needs where others need fewer."""


class Contender(Frozen):
    """A planner, and how much of the product is around it."""

    name: str
    planner: PlannerName
    options: dict[str, Any] = Field(default_factory=dict)
    bound: bool = True
    """Whether it keeps the rule of block 1, in which no open strategy is turned on."""

    replicates: int = 3
    note: str = ""
    runs: int = RUNS
    """Runs of an exploration."""

    def spec(self, ground: ExplorationSpec, seed: int) -> ExplorationSpec:
        """The exploration as this contender plays it."""
        planner = PlannerSpec.model_validate({"name": self.planner, **self.options})
        return ground.model_copy(
            update={"planner": planner, "seed": seed, "replicates": self.replicates, "blocks": 1000}
        )

    def player(self, problem: MetabolicProblem) -> ConfirmingPlanner:
        """What proposes: our planner with all its layers, or one of the field with confirmations alone."""

        def admits(slot: SlotSpec) -> bool:
            return admitted(problem, slot)

        if self.planner in ("random", "halving", "tpe"):
            return ConfirmingPlanner(plain_planner(self.planner, admits=admits), has_fresh_networks=False)
        planner = make_planner(self.planner, admits=admits, order=problem.escalation)
        assert isinstance(planner, ConfirmingPlanner)
        return planner


CONTENDERS: Final = (
    Contender(name="hybrid", planner="hybrid"),
    Contender(name="ucb", planner="ucb"),
    Contender(name="halving", planner="halving", note="successive halving, reduction 3"),
    Contender(name="random", planner="random", runs=LONGER),
    Contender(name="tpe", planner="tpe", note="Optuna's defaults"),
    Contender(
        name="random, unbound", planner="random", bound=False, note="all strategies from the second batch on"
    ),
    Contender(
        name="tpe, unbound", planner="tpe", bound=False, note="all strategies from the second batch on"
    ),
)
