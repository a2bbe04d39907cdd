"""Planners: pure functions from the stored history to the next proposals."""

from collections.abc import Callable

from agent.planner.base import Planner
from agent.planner.ucb import UcbPlanner
from blocks.slot import SlotSpec

__all__ = ["Planner", "UcbPlanner", "make_planner"]

_PLANNERS: dict[str, Callable[[Callable[[SlotSpec], bool]], Planner]] = {"ucb": UcbPlanner}


def make_planner(name: str, *, admits: Callable[[SlotSpec], bool]) -> Planner:
    """The planner of that name, one that `PlannerSpec` allows.

    Args:
        name: Its name.
        admits: Whether the problem can train a slot.
    """
    return _PLANNERS[name](admits)
