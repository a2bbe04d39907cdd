"""Multi-step rollout loss: predicted against observed trajectories over `time_step` Euler steps."""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from sim.strategies.base import Strategy
from sim.training.plan import Batch
from sim.training.rollout import rollout_loss


class Rollout(Strategy):
    """Back-propagation through time; a weak term adds up over the steps until it shows."""

    name: ClassVar[str] = "rollout"
    summary: ClassVar[str] = "loss on trajectories of time_step Euler steps, back-propagated through time"
    reference: ClassVar[str] = (
        "Werbos 1990, Backpropagation through time, Proc. IEEE 78(10); "
        "Chen et al. 2018, Neural ordinary differential equations, NeurIPS 31"
    )
    supplies_loss: ClassVar[bool] = True
    rolls_out: ClassVar[bool] = True

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"]:
        windows, data = batch.windows, batch.data
        trajectory = batch.rollout(windows[0], batch.time_step)
        return rollout_loss(trajectory, windows[1:], spread=data.spread, dt=data.dt)
