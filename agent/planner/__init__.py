"""Planners: pure functions from the stored history to the next proposals."""

from collections.abc import Callable

from agent.planner.base import Planner
from agent.planner.halving import HalvingPlanner
from agent.planner.hybrid import HybridPlanner
from agent.planner.random_search import RandomPlanner
from agent.planner.sweeping import SweepPlanner
from agent.planner.tpe import TpePlanner
from agent.planner.ucb import UcbPlanner
from blocks.exploration import PlannerName
from blocks.slot import SlotSpec

__all__ = ["Planner", "UcbPlanner", "make_planner"]

_PLANNERS: dict[PlannerName, Callable[[Callable[[SlotSpec], bool]], Planner]] = {
    "hybrid": HybridPlanner,
    "ucb": UcbPlanner,
    "sweep": SweepPlanner,
    "random": RandomPlanner,
    "halving": HalvingPlanner,
    "tpe": TpePlanner,
}


def make_planner(name: PlannerName, *, admits: Callable[[SlotSpec], bool]) -> Planner:
    """The planner of that name, one that `PlannerSpec` allows.

    Args:
        name: Its name.
        admits: Whether the problem can train a slot.
    """
    return _PLANNERS[name](admits)
