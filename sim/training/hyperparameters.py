"""What a slot may set about training, with its bounds; strategies bring their own options.

In a slot's values a plain name is a field of `Hyperparameters` and a dotted one, `strategy.option`,
an option of a strategy. The search tunes some of them and leaves the rest at their defaults.
"""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from blocks.base import Frozen

SAMPLED_SHARE = 0.2
"""The study's factor between samples drawn and frames present, per pass over the data."""


class Hyperparameters(Frozen):
    """Everything that decides a training, save strategies and seeds."""

    time_step: Annotated[int, Field(ge=1, le=1024, description="Euler steps per rollout.")]
    lr_node_homeo: Annotated[PositiveFloat, Field(le=1, description="Adam step size of MLP_node.")]
    lr_emb_homeo: Annotated[PositiveFloat, Field(le=1, description="Adam step size of the embeddings.")]
    data_augmentation_loop: Annotated[PositiveInt, Field(description="Passes over the frames.")]
    batch_size: Annotated[PositiveInt, Field(description="Windows per replicate and micro-batch.")]
    hidden_width: Annotated[int, Field(ge=1, le=1024, description="Units of each hidden layer.")] = 64
    skip: Annotated[
        bool, Field(description="Whether MLP_node has a skip connection, linear in the concentration.")
    ] = False
    embedding_dim: Annotated[int, Field(ge=1, le=16, description="Coordinates of an embedding.")] = 2
    embedding_spread: Annotated[
        float, Field(ge=0, le=10, description="Standard deviation of the initial embeddings.")
    ] = 0.01
    embedding_delay: Annotated[
        float,
        Field(ge=0, lt=1, description="Share of the steps, at the start, in which embeddings stay put."),
    ] = 0.25
    cooldown: Annotated[
        float, Field(ge=0, le=1, description="Share of the steps, at the end, in which step sizes fall to 0.")
    ] = 0.5
    heldout_fraction: Annotated[
        float,
        Field(gt=0, le=0.5, description="Share of the frames, the last ones, that is never trained on."),
    ] = 0.1

    def optimiser_steps(self, n_frames: int) -> int:
        """Optimiser steps by the study's count: every time_step sees the same number of Euler steps.

        Args:
            n_frames: Frames of the data set, held-out ones included.
        """
        samples = n_frames * self.data_augmentation_loop / self.batch_size * SAMPLED_SHARE
        return max(1, round(samples / self.time_step))
