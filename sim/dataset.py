"""A data set on disk: observations in one folder, ground truth in a sealed file elsewhere.

The observations folder holds `frames.npy` (frames x metabolites x 8, column 6 is NaN), `structure.npz`
(S, E) and `manifest.json` (rate law, dt, SHA-256 of both files). Nothing in it comes from the truth, which
`sim.seal` keeps.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from blocks.errors import DataError
from blocks.identity import content_hash
from sim.checks import (
    FORMAT,
    check_concentration,
    check_hashes,
    file_hash,
    read_frames,
    read_manifest,
    read_structure,
)
from sim.networks.network import Stoichiometry, Truth
from sim.networks.settings import DataSettings
from sim.seal import write_seal

CONCENTRATION: Final = 3
"""Column of the frame that holds the concentration, c.u."""

LABEL: Final = 6
"""Column of the frame that held the metabolite type before it was sealed away: NaN on disk."""

N_COLUMNS: Final = 8


@runtime_checkable
class Trajectory(Protocol):
    """Concentrations and structure: all that a model is fitted to, and nothing of frames or labels."""

    @property
    def concentration(self) -> Float64[ndarray, "frame metabolite"]:
        """Concentrations, c.u."""

    @property
    def unobserved(self) -> Bool[ndarray, " metabolite"]:
        """Metabolites of which nothing was measured."""

    @property
    def stoichiometry(self) -> Stoichiometry:
        """S, E and rate law."""

    @property
    def dt(self) -> float:
        """Time between frames, t.u."""


@dataclass(frozen=True)
class Recorded:
    """A `Trajectory` on its own."""

    concentration: Float64[ndarray, "frame metabolite"]
    unobserved: Bool[ndarray, " metabolite"]
    stoichiometry: Stoichiometry
    dt: float


@dataclass(frozen=True)
class Observations:
    """What training sees."""

    frames: Float64[ndarray, "frame metabolite 8"]
    """Memory-mapped and read-only; column 6 is NaN."""

    stoichiometry: Stoichiometry
    dt: float
    """Time between frames, t.u."""

    sha256: str
    """Hash of the observations, as the manifest has it."""

    @property
    def concentration(self) -> Float64[ndarray, "frame metabolite"]:
        """Concentrations, c.u.: column 3 of the frames, contiguous.

        A metabolite that was never observed stands at 1 c.u., where every response is 1.
        """
        return np.where(self.unobserved, 1.0, self.frames[:, :, CONCENTRATION])

    @property
    def unobserved(self) -> Bool[ndarray, " metabolite"]:
        """Metabolites of which nothing was measured: NaN in every frame."""
        return np.asarray(np.isnan(self.frames[:, :, CONCENTRATION]).all(axis=0))


def write_dataset(
    observations: Path,
    seal: Path,
    *,
    concentration: Float64[ndarray, "frame metabolite"],
    stoichiometry: Stoichiometry,
    truth: Truth,
    settings: DataSettings,
) -> str:
    """Writes a data set, each half whole or not at all; the seal first.

    Args:
        observations: Folder to make; it must not exist yet, or be empty.
        seal: File to make, outside of that folder.
        concentration: As measured, c.u.
        stoichiometry: S, E and rate law.
        truth: Goes into the seal.
        settings: dt goes into the observations, all of it into the seal.

    Returns:
        SHA-256 of the observations.

    Raises:
        DataError: There is a data set already, or the seal lies within the observations.
    """
    if seal.resolve().is_relative_to(observations.resolve()):
        raise DataError(
            f"the seal must lie outside of the observations, but got {seal}; choose another folder"
        )
    _refuse_overwriting(observations)
    with _made_whole(observations) as folder, _made_whole(seal) as sealed:
        sha256 = _write_observations(folder, concentration, stoichiometry, settings.dt)
        write_seal(sealed, truth, settings, observations_sha256=sha256)
    return sha256


def write_observations(
    observations: Path,
    *,
    concentration: Float64[ndarray, "frame metabolite"],
    stoichiometry: Stoichiometry,
    dt: float,
) -> str:
    """Writes a data set without labels, such as one that was measured.

    Args:
        observations: Folder to make; it must not exist yet, or be empty.
        concentration: As measured, c.u.; what is masked or NaN was not measured.
        stoichiometry: S, E and rate law.
        dt: Time between frames, t.u.

    Returns:
        SHA-256 of the observations.

    Raises:
        DataError: There is a data set already, or the concentrations do not fit the network.
    """
    _refuse_overwriting(observations)
    measured = _measured(observations, concentration, stoichiometry.n_metabolites)
    with _made_whole(observations) as folder:
        return _write_observations(folder, measured, stoichiometry, dt)


def load_observations(folder: Path, *, verify: bool = True) -> Observations:
    """Opens the observations of a data set; frames are memory-mapped, so workers share them.

    Args:
        folder: As `write_dataset` made it.
        verify: Compare hashes and look at every concentration. Leave it out only for a folder that
            this machine verified before.

    Raises:
        DataError: Something is missing, malformed, or not what the manifest says.
    """
    manifest = read_manifest(folder)
    if verify:
        check_hashes(folder, manifest)
    stoichiometry = read_structure(folder / "structure.npz", manifest["rate_law"])
    frames = read_frames(folder / "frames.npy", stoichiometry.n_metabolites)
    if verify:
        check_concentration(folder / "frames.npy", frames[:, :, CONCENTRATION])
    return Observations(
        frames=frames, stoichiometry=stoichiometry, dt=float(manifest["dt"]), sha256=manifest["sha256"]
    )


def _write_observations(
    folder: Path,
    concentration: Float64[ndarray, "frame metabolite"],
    stoichiometry: Stoichiometry,
    dt: float,
) -> str:
    folder.mkdir()
    np.save(folder / "frames.npy", _frames(concentration))
    np.savez(folder / "structure.npz", net=stoichiometry.net, exponents=stoichiometry.exponents)
    content = {
        "format": FORMAT,
        "rate_law": stoichiometry.rate_law.value,
        "dt": dt,
        "files": {name: file_hash(folder / name) for name in ("frames.npy", "structure.npz")},
    }
    sha256 = content_hash(content)
    (folder / "manifest.json").write_text(
        json.dumps({**content, "sha256": sha256}, indent=2) + "\n", encoding="utf-8"
    )
    return sha256


def _refuse_overwriting(observations: Path) -> None:
    if observations.exists() and any(observations.iterdir()):
        raise DataError(f"{observations}: must not exist yet, but holds files; remove it or write elsewhere")


def _measured(
    observations: Path, concentration: Float64[ndarray, "frame metabolite"], n_metabolites: int
) -> Float64[ndarray, "frame metabolite"]:
    """The concentrations, NaN where they are masked: a mask is not kept in a file, what it hides would be."""
    given = np.ma.asarray(concentration)
    if given.dtype.kind not in "fiu" or given.ndim != 2 or given.shape[1] != n_metabolites:
        raise DataError(
            f"{observations}: concentrations must be real numbers of shape (frames, {n_metabolites}), "
            f"but are {given.dtype} of shape {given.shape}; give a row per frame, a column per metabolite"
        )
    return np.ma.filled(given.astype(np.float64), np.nan)


def _frames(concentration: Float64[ndarray, "frame metabolite"]) -> Float64[ndarray, "frame metabolite 8"]:
    n_frames, n_metabolites = concentration.shape
    frames = np.zeros((n_frames, n_metabolites, N_COLUMNS))
    index = np.arange(n_metabolites)
    angle = 2 * np.pi * index / n_metabolites
    frames[:, :, 0] = index
    # Places on a circle in index order: a picture needs them, and they say nothing that the index does not.
    frames[:, :, 1], frames[:, :, 2] = np.cos(angle), np.sin(angle)
    frames[:, :, CONCENTRATION] = concentration
    frames[:, :, LABEL] = np.nan
    return frames


@contextmanager
def _made_whole(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that takes its name only when everything was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    _remove(draft)
    try:
        yield draft
        draft.replace(target)
    finally:
        _remove(draft)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
