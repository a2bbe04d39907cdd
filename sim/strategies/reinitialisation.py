"""Kaiming re-initialisation of MLP_node's hidden layers, with the output layer at zero."""

import math
from typing import ClassVar

import torch

from sim.node import NodeCohort
from sim.strategies.base import Strategy
from sim.training.data import TrainingData

_TANH_GAIN = torch.nn.init.calculate_gain("tanh")


class Reinitialisation(Strategy):
    """Keeps the variance of signals and gradients through the tanh layers; the response starts at zero."""

    name: ClassVar[str] = "reinitialisation"
    summary: ClassVar[str] = "Kaiming normal hidden layers with zero biases, output layer zero"
    reference: ClassVar[str] = "He et al. 2015, Delving deep into rectifiers, ICCV (gain for tanh: 5/3)"

    def initialise(
        self,
        node: NodeCohort,
        data: TrainingData,  # noqa: ARG002
        generators: tuple[torch.Generator, ...],
    ) -> NodeCohort:
        fan_in = {"input": 1 + node.embedding.shape[2], "hidden": node.parameters["hidden"].shape[1]}
        fan_in["mix"] = fan_in["input"]
        with torch.no_grad():
            for name, value in node.parameters.items():
                if name in fan_in:
                    deviation = _TANH_GAIN / math.sqrt(fan_in[name])
                    for replicate, generator in zip(value, generators, strict=True):
                        replicate.normal_(0.0, deviation, generator=generator)
                elif name.startswith("bias") or name == "output":
                    value.zero_()
        return node
