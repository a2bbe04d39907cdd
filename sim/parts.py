"""Puts together what trainings of parts of a slot wrote: the files of an undivided training, byte for byte.

Parameters and loss curves are joined in the order of the seeds; everything else must be the same in all
parts. No training code: it reads files, which training code must not.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from blocks.errors import DataError
from blocks.slot import SlotSpec
from sim.arrays import read_arrays, write_arrays
from sim.training.outcome import HISTORY, REFINED, TRAINED, divergence, history_text

_REMEDY = "train the slot again"


def merge_parts(slot: SlotSpec, parts: Sequence[Path], out: Path) -> None:
    """Writes the whole slot's parameters and history into `out`, and the reaction model if it was refined.

    Args:
        slot: The whole slot.
        parts: Folders that trainings of its parts wrote, in the order of its seeds.
        out: Folder to write into.

    Raises:
        DivergenceError: Every replicate of every part diverged.
        DataError: A file is missing or damaged, or the parts are not those of one slot.
    """
    history = _joined_histories(slot, [_history(part / HISTORY) for part in parts])
    if None not in history["diverged_at"]:
        raise divergence(
            history["diverged_at"], history["total"], history["slot"], frames_read="frames_read" in history
        )
    arrays = [read_arrays(part / TRAINED, what="trained parameters", remedy=_REMEDY) for part in parts]
    write_arrays(out / TRAINED, _joined_arrays(arrays))
    (out / HISTORY).write_text(history_text(history), encoding="utf-8")
    _take_over_refined([part / REFINED for part in parts], out / REFINED)


def _history(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path.name}: must hold a history, but cannot be read ({error}); {_REMEDY}"
        ) from error
    return found


def _joined_histories(slot: SlotSpec, histories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    seeds = [seed for one in histories for seed in one["slot"]["seeds"]]
    if seeds != list(slot.seeds):
        raise DataError(f"parts: must have the seeds {list(slot.seeds)}, but have {seeds}; {_REMEDY}")
    joined = {name: [value for one in histories for value in one[name]] for name in ("loss", "diverged_at")}
    whole = [{**one, **joined, "slot": {**one["slot"], "seeds": seeds}} for one in histories]
    _refuse_difference(HISTORY, whole)
    return whole[0]


def _joined_arrays(parts: Sequence[Mapping[str, ndarray]]) -> dict[str, ndarray]:
    """Stacks along the axis of the replicates; a value without axes holds for all of them."""
    _refuse_difference(TRAINED, [list(part) for part in parts])
    _refuse_difference(TRAINED, [{k: v.tolist() for k, v in part.items() if v.ndim == 0} for part in parts])
    return {
        name: first if first.ndim == 0 else np.concatenate([part[name] for part in parts])
        for name, first in parts[0].items()
    }


def _take_over_refined(models: Sequence[Path], out: Path) -> None:
    """Refining knows no seed, so that every part has come to the same model."""
    _refuse_difference(REFINED, [model.read_bytes() if model.exists() else None for model in models])
    if models[0].exists():
        shutil.copyfile(models[0], out)


def _refuse_difference(name: str, found: Sequence[object]) -> None:
    if any(one != found[0] for one in found):
        raise DataError(f"{name}: must say the same in all parts of a slot, but does not; {_REMEDY}")
