"""Where whole frames come from: copied off the disk for a strategy that asks, marked if somebody watches."""

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from sim.dataset import Observations
from sim.guarding.watch import active


def whole_frames(observations: Observations, count: int) -> Float64[Tensor, "frame metabolite 8"]:
    """The first frames as they were observed, column 6 NaN.

    A copy: those on disk are read-only, and shared by all that train on them.

    Args:
        observations: The data set.
        count: How many.
    """
    frames = torch.from_numpy(np.array(observations.frames[:count]))
    watch = active.get()
    if watch is not None:
        watch.guard(frames)
    return frames
