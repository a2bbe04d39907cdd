"""A real problem to measure on: a simulated network, its fitted reaction model, and training steps of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import torch

from blocks.problem import Progress
from blocks.slot import SlotSpec
from sim.artifacts import load_reaction
from sim.dataset import Observations, load_observations
from sim.networks.settings import DataSettings
from sim.reaction.fit import candidate_name, fit_reaction
from sim.reaction.model import ReactionModel
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.simulate import simulate_dataset
from sim.training.data import TrainingData, training_data
from sim.training.slots import resolve
from sim.training.trainer import CohortTraining

PRESET = "oscillatory_rank_50"


@dataclass(frozen=True)
class Setting:
    """A network that was simulated and fitted."""

    observations: Observations
    model: ReactionModel
    data: TrainingData
    reaction: TabulatedReaction

    def steps(self, *, replicates: int, time_step: int, batch_size: int = 8) -> Callable[[], object]:
        """A function that takes one optimiser step of a rollout training."""
        slot = SlotSpec(
            values=slot_values(time_step=time_step, batch_size=batch_size),
            strategies=("rollout",),
            seeds=tuple(range(1, replicates + 1)),
        )
        n_frames = len(self.observations.frames)
        training = CohortTraining(resolve(slot), self.data, self.reaction, n_frames=n_frames)
        return lambda: training.step(0)


def slot_values(**overrides: Any) -> dict[str, Any]:
    """Hyperparameters of a plain slot of the study."""
    return {
        "time_step": 32,
        "lr_node_homeo": 1e-3,
        "lr_emb_homeo": 1e-3,
        "data_augmentation_loop": 60,
        "batch_size": 8,
        **overrides,
    }


@cache
def setting(
    n_metabolites: int | None = None, n_reactions: int | None = None, preset: str = PRESET
) -> Setting:
    """Simulates and fits, once per size.

    Args:
        n_metabolites: Default: the preset's.
        n_reactions: Default: the preset's.
        preset: Name of the preset.
    """
    sizes = {"n_metabolites": n_metabolites, "n_reactions": n_reactions}
    given = {name: value for name, value in sizes.items() if value is not None}
    with TemporaryDirectory() as folder:
        settings = DataSettings.model_validate({"preset": preset, "seed": 1, **given})
        observations = simulated(settings, Path(folder))
        model, _ = fitted(observations, Path(folder) / "fit")
    reaction = TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64)
    data = training_data(observations, reaction, heldout_fraction=0.1, model=model)
    return Setting(observations, model, data, reaction)


def simulated(settings: DataSettings, folder: Path) -> Observations:
    """The observations of a data set, in memory."""
    simulate_dataset(settings, observations=folder / "observations", seal=folder / "seal")
    return load_observations(folder / "observations")


def fitted(observations: Observations, folder: Path) -> tuple[ReactionModel, float]:
    """The reaction model, and how long Phase 1 took, s."""
    began = perf_counter()
    fit_reaction(observations, FoundationSettings(), folder, _unheard)
    return load_reaction(folder / candidate_name(0)), perf_counter() - began


def _unheard(progress: Progress) -> None:
    """Nobody looks at it here."""
