"""Planners: pure functions from the stored history to the next proposals."""

from collections.abc import Callable, Sequence

from agent.planner.base import Planner
from agent.planner.confirming import ConfirmingPlanner
from agent.planner.escalation import EscalatingPlanner
from agent.planner.ucb import UcbPlanner
from blocks.slot import SlotSpec

__all__ = ["ConfirmingPlanner", "EscalatingPlanner", "Planner", "UcbPlanner", "make_planner"]

_PLANNERS: dict[str, Callable[[Callable[[SlotSpec], bool]], Planner]] = {"ucb": UcbPlanner}


def make_planner(
    name: str,
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
    inner = _PLANNERS[name](admits)
    return ConfirmingPlanner(
        EscalatingPlanner(inner, order=order, admits=admits), has_fresh_networks=has_fresh_networks
    )
