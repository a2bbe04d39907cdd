"""A short training on an audit's data, of which hashes alone are kept: of each parameter, after each step.

The reaction model is fitted first, so that Phase 1 is audited with every strategy. Random numbers from
elsewhere than the replicates' generators are made to differ between processes, so that leaning on them shows.
"""

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy import ndarray

from blocks.problem import Progress, Record
from blocks.slot import SlotSpec
from sim.artifacts import load_reaction
from sim.auditing.data import DATASET
from sim.auditing.slots import long_enough
from sim.dataset import load_observations
from sim.reaction.fit import candidate_name, fit_reaction
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.strategies.base import Strategy
from sim.training.slots import resolve
from sim.training.trainer import planned, train_slot

PHASE_1: Final = "reaction model"


def trace_training(slot: SlotSpec, root: Path, record: Record, known: Mapping[str, type[Strategy]]) -> None:
    """Fits a reaction model, trains, and records what the parameters were after each step.

    Args:
        slot: What to train.
        root: Folder of an audit's data.
        record: Takes a step and hashes by name.
        known: Strategies by name.
    """
    random.seed()
    np.random.seed()
    torch.seed()
    observed = load_observations(root / DATASET, verify=False)
    fitted = root / "foundations" / "reaction"
    fit_reaction(observed, FoundationSettings(), fitted, _ignore)
    model = load_reaction(fitted / candidate_name(0))
    record(0, {f"{PHASE_1} {name}": _hash(value) for name, value in model.arrays().items()})

    def observe(step: int, arrays: Mapping[str, ndarray]) -> None:
        record(step, {name: _hash(value) for name, value in arrays.items()})

    reaction = TabulatedReaction(model, observed.stoichiometry, dtype=torch.float64)
    out = root / "trained"
    slot = long_enough(slot, known, n_frames=len(observed.frames))
    # The truth may get into a plan as well; what was chosen by the plan must not hide that.
    steps = planned(resolve(slot, known), len(observed.frames)).steps
    record(0, {"number of steps": f"{steps} in {slot.values['data_augmentation_loop']} passes"})
    train_slot(slot, observed, reaction, out, _ignore, model=model, observer=observe, known=known)


def _hash(value: ndarray) -> str:
    array = np.ascontiguousarray(value)
    digest = hashlib.blake2b(f"{array.dtype.str}{array.shape}".encode(), digest_size=16)
    digest.update(array.tobytes())
    return digest.hexdigest()


def _ignore(progress: Progress) -> None:
    """Nobody waits for the progress of so short a training."""
