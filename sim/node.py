"""MLP_node and the embeddings of all replicates of a slot, stacked and evaluated together.

    response_i(c) = gain * response_scale * MLP_node(c / concentration_scale, a_i)        c.u. per t.u.

With a skip connection (He et al. 2016, doi:10.1109/CVPR.2016.90) MLP_node holds a term that is linear in
c, with a slope that depends on a_i: tanh layers alone go flat beyond what most metabolites visit.

Every parameter carries a leading replicate axis. A replicate is drawn from its own seed by its own
generator, so that it starts from the same bits alone and in company.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray
from torch import Tensor

from sim.response import BoundNode
from sim.weights import NodeWeights

EMBEDDING: Final = "embedding"
PARAMETERS: Final = ("input", EMBEDDING, "mix", "bias_1", "hidden", "bias_2", "output", "bias_3")
"""Names of the stacked parameters: concentration and embedding part of layer 1, layers 2 and 3."""

SKIP: Final = ("skip", "skip_mix")
"""Parameters of the skip connection, where there is one: slope, and the embedding's share in it."""

_SCALES: Final = ("concentration_scale", "response_scale", "gain")


class NodeCohort:
    """A stack of MLP_node (1 + embedding -> width -> width -> 1, tanh) with their embeddings.

    The multilayer perceptron computes in float32; concentrations come and go in their own dtype.
    """

    def __init__(
        self,
        parameters: dict[str, Tensor],
        *,
        concentration_scale: float,
        response_scale: float,
        gain: float = 1.0,
    ) -> None:
        """Takes parameters as they are; `create` draws fresh ones.

        Args:
            parameters: One tensor per name of `PARAMETERS`, and of `SKIP` where there is such a connection;
                float32, replicate axis first.
            concentration_scale: Concentration that enters the network as 1, c.u.
            response_scale: Response that the network gives as 1, c.u. per t.u.
            gain: Factor on the output, so that the weak homeostatic signal gets a large gradient.
        """
        names = PARAMETERS + SKIP if SKIP[0] in parameters else PARAMETERS
        self.parameters = {name: parameters[name] for name in names}
        self.concentration_scale = concentration_scale
        self.response_scale = response_scale
        self.gain = gain

    @classmethod
    def create(
        cls,
        n_metabolites: int,
        seeds: Sequence[int],
        *,
        concentration_scale: float,
        response_scale: float,
        hidden_width: int = 64,
        embedding_dim: int = 2,
        embedding_spread: float = 0.01,
        skip: bool = False,
    ) -> "NodeCohort":
        """Fresh replicates: hidden layers uniform in +-1/sqrt(fan-in), response exactly zero.

        Args:
            n_metabolites: Rows of the embedding table.
            seeds: One per replicate.
            concentration_scale: Concentration that enters the network as 1, c.u.
            response_scale: Response that the network gives as 1, c.u. per t.u.
            hidden_width: Units of both hidden layers.
            embedding_dim: Coordinates of an embedding.
            embedding_spread: Standard deviation of the initial embeddings about the origin.
            skip: Whether to add a term that is linear in the concentration.
        """
        drawn = []
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            first, second = 1 / math.sqrt(1 + embedding_dim), 1 / math.sqrt(hidden_width)
            drawn.append(
                {
                    "input": _uniform((1, hidden_width), first, generator),
                    "mix": _uniform((embedding_dim, hidden_width), first, generator),
                    "bias_1": _uniform((1, hidden_width), first, generator),
                    "hidden": _uniform((hidden_width, hidden_width), second, generator),
                    "bias_2": _uniform((1, hidden_width), second, generator),
                    "output": torch.zeros(hidden_width, 1),
                    "bias_3": torch.zeros(1, 1),
                    EMBEDDING: embedding_spread
                    * torch.randn(n_metabolites, embedding_dim, generator=generator),
                }
            )
        stacked = {name: torch.stack([one[name] for one in drawn]).requires_grad_() for name in PARAMETERS}
        if skip:  # at zero, as the output layer is
            n_replicates = len(drawn)
            stacked["skip"] = torch.zeros(n_replicates, 1, 1, requires_grad=True)
            stacked["skip_mix"] = torch.zeros(n_replicates, embedding_dim, 1, requires_grad=True)
        return cls(stacked, concentration_scale=concentration_scale, response_scale=response_scale)

    @property
    def n_replicates(self) -> int:
        return int(self.embedding.shape[0])

    @property
    def embedding(self) -> Float[Tensor, "replicate metabolite coordinate"]:
        """a_i of every metabolite."""
        return self.parameters[EMBEDDING]

    @property
    def network_parameters(self) -> list[Tensor]:
        """Weights and biases of MLP_node, without the embeddings."""
        return [value for name, value in self.parameters.items() if name != EMBEDDING]

    def bound(self) -> BoundNode:
        """The response as a function of concentration alone.

        The embedding's part of the first layer is computed here, once, and not again at every
        Euler step of a rollout.
        """
        p = self.parameters
        unit = self.gain * self.response_scale
        slope = None
        if "skip" in p:
            steepness = p["skip"] + _mixed(p[EMBEDDING], p["skip_mix"])
            slope = (steepness * (unit / self.concentration_scale)).squeeze(-1)
        return BoundNode(
            NodeWeights(
                share=p["bias_1"] + _mixed(p[EMBEDDING], p["mix"]),
                input=(p["input"] / self.concentration_scale).squeeze(1),
                hidden=p["hidden"],
                bias=p["bias_2"].squeeze(1),
                output=(p["output"] * unit).squeeze(-1),
                offset=(p["bias_3"] * unit).view(-1),
                slope=slope,
            )
        )

    def __call__(
        self, concentration: Float[Tensor, "replicate *batch metabolite"]
    ) -> Float[Tensor, "replicate *batch metabolite"]:
        """Response of every metabolite at the given concentrations (c.u.), c.u. per t.u."""
        return self.bound()(concentration)

    def of(self, metabolites: Bool[ndarray, " metabolite"]) -> "NodeCohort":
        """The cohort for some of the metabolites alone."""
        part = {**self.parameters, EMBEDDING: self.embedding[:, torch.from_numpy(metabolites)]}
        return NodeCohort(part, **{name: getattr(self, name) for name in _SCALES})

    def finite_replicates(self) -> list[bool]:
        """For each replicate, whether all of its parameters are finite."""
        finite = [torch.isfinite(value.detach()).flatten(1).all(dim=1) for value in self.parameters.values()]
        return [bool(flag) for flag in torch.stack(finite).all(dim=0)]

    def arrays(self) -> dict[str, ndarray]:
        """Everything that `from_arrays` needs, by name."""
        arrays = {name: value.detach().numpy() for name, value in self.parameters.items()}
        return arrays | {name: np.asarray(getattr(self, name)) for name in _SCALES}

    @classmethod
    def from_arrays(cls, stored: Mapping[str, ndarray]) -> "NodeCohort":
        """The cohort that `arrays` came from.

        Raises:
            KeyError: An array is missing.
        """
        names = PARAMETERS + SKIP if SKIP[0] in stored else PARAMETERS
        parameters = {name: torch.from_numpy(stored[name]) for name in names}
        return cls(parameters, **{name: float(stored[name]) for name in _SCALES})


def _mixed(
    embedding: Float[Tensor, "replicate metabolite coordinate"],
    mix: Float[Tensor, "replicate coordinate unit"],
) -> Float[Tensor, "replicate metabolite unit"]:
    """Their product for each replicate.

    Not by a matrix product, whose rounding depends on where in memory a replicate's share of a stack lies.
    """
    return (embedding.unsqueeze(-1) * mix.unsqueeze(1)).sum(dim=2)


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * bound
