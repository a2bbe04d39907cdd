"""Planners: pure functions from the stored history to the next proposals."""

from collections.abc import Callable, Sequence

from agent.planner.base import Planner
from agent.planner.confirming import ConfirmingPlanner
from agent.planner.escalation import EscalatingPlanner
from agent.planner.halving import HalvingPlanner
from agent.planner.hybrid import HybridPlanner
from agent.planner.random_search import RandomPlanner
from agent.planner.stopping import StoppingPlanner
from agent.planner.sweeping import SweepPlanner
from agent.planner.tpe import TpePlanner
from agent.planner.ucb import UcbPlanner
from blocks.planning import PlannerName
from blocks.slot import SlotSpec

__all__ = ["ConfirmingPlanner", "EscalatingPlanner", "Planner", "UcbPlanner", "make_planner", "plain_planner"]

_PLANNERS: dict[PlannerName, Callable[[Callable[[SlotSpec], bool]], Planner]] = {
    "hybrid": HybridPlanner,
    "ucb": UcbPlanner,
    "sweep": SweepPlanner,
    "random": RandomPlanner,
    "halving": HalvingPlanner,
    "tpe": TpePlanner,
}


def plain_planner(name: PlannerName, *, admits: Callable[[SlotSpec], bool]) -> Planner:
    """The planner of that name by itself.

    Args:
        name: Its name.
        admits: Whether the problem can train a slot.
    """
    return _PLANNERS[name](admits)


def make_planner(
    name: PlannerName,
    *,
    admits: Callable[[SlotSpec], bool],
    order: Callable[[Sequence[str]], Sequence[str]] = tuple,
    has_fresh_networks: bool = False,
) -> Planner:
    """The planner of that name, one that `PlannerSpec` allows, under the layers that all planners share.

    Args:
        name: Its name.
        admits: Whether the problem can train a slot.
        order: Puts strategies into the order in which a search that is stuck turns them on.
        has_fresh_networks: Whether there are further networks like the exploration's own.
    """
    inner = plain_planner(name, admits=admits)
    enough = 1 if name == "hybrid" else None
    escalating = EscalatingPlanner(inner, order=order, admits=admits, enough=enough)
    return ConfirmingPlanner(StoppingPlanner(escalating), has_fresh_networks=has_fresh_networks)
