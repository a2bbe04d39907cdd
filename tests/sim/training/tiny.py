"""A hand-made network, small enough to think about, with the exact reaction term as its model."""

import numpy as np
import torch
from torch import Tensor

from blocks.base import Value
from blocks.problem import Progress
from blocks.slot import SlotSpec
from sim.dataset import Observations
from sim.networks.network import Stoichiometry, Truth
from sim.networks.rate_law import RateLaw
from sim.response import BoundNode
from sim.training.data import Reaction, TrainingData, training_data
from sim.weights import NodeWeights

N_METABOLITES = 12
DT = 0.1


class ExactReaction(Reaction):
    """v_j = k_j c_a c_b for three-cycles of autocatalysis, in any dtype."""

    def __init__(self, stoichiometry: Stoichiometry, rate_constants: np.ndarray) -> None:
        pairs = np.array([np.flatnonzero(column) for column in stoichiometry.exponents.T])
        self._pairs = torch.from_numpy(pairs)
        self._weights = torch.from_numpy((stoichiometry.net * rate_constants).T.copy())

    def rate(self, concentration: Tensor) -> Tensor:
        substrates = concentration[..., self._pairs]
        flux = substrates[..., 0] * substrates[..., 1]
        # Not by a matrix product, which rounds by how many rows there are: company must change no bit.
        return (flux.unsqueeze(-1) * self._weights.to(concentration.dtype)).sum(dim=-2)


def network() -> tuple[Stoichiometry, Truth]:
    """Four three-cycles on twelve metabolites, two types that no ordering gives away."""
    rng = np.random.default_rng(3)
    net, exponents = np.zeros((N_METABOLITES, 12)), np.zeros((N_METABOLITES, 12))
    for reaction in range(12):
        start = 3 * (reaction // 3)
        prey, predator = start + reaction % 3, start + (reaction + 1) % 3
        net[prey, reaction], net[predator, reaction] = -1, 1
        exponents[[prey, predator], reaction] = 1
    truth = Truth(
        rate_constants=10 ** rng.uniform(-1.5, -0.8, 12),
        types=rng.permutation(np.arange(N_METABOLITES) % 2),
        decay=np.array([0.001, 0.002]),
        baseline=np.array([4.0, 6.0]),
    )
    return Stoichiometry(net, exponents, RateLaw.MASS_ACTION), truth


def simulated(n_frames: int = 400, *, label: float = np.nan) -> tuple[Observations, Truth, ExactReaction]:
    """A trajectory of the network, its answer key, and its exact reaction term."""
    stoichiometry, truth = network()
    reaction = ExactReaction(stoichiometry, truth.rate_constants)
    decay, baseline = truth.decay[truth.types], truth.baseline[truth.types]
    concentration = np.random.default_rng(4).uniform(1, 9, N_METABOLITES)
    frames = np.zeros((n_frames, N_METABOLITES, 8))
    frames[:, :, 6] = label
    for frame in frames:
        frame[:, 3] = concentration
        change = reaction.rate(torch.from_numpy(concentration)).numpy() - decay * (concentration - baseline)
        concentration = np.maximum(0, concentration + DT * change)
    return Observations(frames, stoichiometry, DT, "0" * 64), truth, reaction


def tiny_data(n_frames: int = 400) -> tuple[TrainingData, ExactReaction]:
    """Training frames of the trajectory."""
    observations, _, reaction = simulated(n_frames)
    return training_data(observations, reaction, heldout_fraction=0.1), reaction


def slot(*strategies: str, seeds: tuple[int, ...] = (1, 2, 3), **values: Value) -> SlotSpec:
    """A slot that trains in a moment; options of strategies are given as `strategy__option`."""
    chosen: dict[str, Value] = {
        "time_step": 4,
        "lr_node_homeo": 1e-2,
        "lr_emb_homeo": 3e-3,
        "data_augmentation_loop": 1,
        "batch_size": 4,
        "hidden_width": 16,
    }
    chosen |= {name.replace("__", "."): value for name, value in values.items()}
    return SlotSpec(values=chosen, strategies=strategies, seeds=seeds)


def line_response(slope: Tensor, offset: Tensor) -> BoundNode:
    """A line for each metabolite of one replicate: slopes in the skip connection, offsets in the layers."""
    largest = 10 * float(offset.abs().max()) or 1.0
    return BoundNode(
        NodeWeights(
            share=torch.atanh(torch.atanh(offset / largest))[None, :, None],
            input=torch.zeros(1, 1, dtype=torch.float64),
            hidden=torch.ones(1, 1, 1, dtype=torch.float64),
            bias=torch.zeros(1, 1, dtype=torch.float64),
            output=torch.full((1, 1), largest, dtype=torch.float64),
            offset=torch.zeros(1, dtype=torch.float64),
            slope=slope[None],
        )
    )


def silent(progress: Progress) -> None:
    """Takes progress and keeps nothing."""
