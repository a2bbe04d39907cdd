"""Gradient isolation of the homeostatic term: no gradient through the reaction's Jacobian.

A rollout's gradient holds a product of one Jacobian per Euler step. The reaction's share of each is hundreds
of times larger than that of the homeostatic term, and over long rollouts of fast or unstable
concentrations the product grows without bound.
"""

from dataclasses import replace
from typing import ClassVar

from sim.strategies.base import Strategy
from sim.training.plan import TrainingPlan


class Isolation(Strategy):
    """Detaches the state on its way into the reaction, in every rollout of every loss.

    Trajectories keep their values. The gradient reaches MLP_node through its own contributions, which
    add up along the trajectory, and is bounded by their number; that an earlier contribution has changed
    later reaction rates is left out of it. It thus misleads where the trajectories themselves run away
    from the observed ones; there, take shorter rollouts, or multi_scale.
    """

    name: ClassVar[str] = "isolation"
    summary: ClassVar[str] = (
        "keeps the reaction's Jacobian out of the gradient, which explodes in long rollouts"
    )
    reference: ClassVar[str] = (
        "Metz et al. 2021, Gradients are not all you need, arXiv:2111.05803 "
        "(truncated Jacobian products of chaotic rollouts)"
    )
    needs_rollout: ClassVar[bool] = True

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        return replace(plan, isolated=True)
