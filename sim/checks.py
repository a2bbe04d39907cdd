"""What makes an observations folder acceptable: each check refuses with one line that names the place.

The files of a folder are judged one by one here; `sim.dataset` puts them together.
"""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from blocks.errors import DataError
from blocks.identity import content_hash
from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw

FORMAT: Final = 1
"""Version of the folder's layout."""


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises:
        DataError: It is missing or says something that cannot be.
    """
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); this is not a data set folder"
        ) from error
    except ValueError as error:
        raise DataError(f"{path}: is not valid JSON ({error}); make the data set again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else manifest
        raise DataError(f"{path}: format must be {FORMAT}, but got {found!r}; make the data set again")
    dt = manifest.get("dt")
    if not isinstance(dt, int | float) or isinstance(dt, bool) or not 0 < dt < float("inf"):
        raise DataError(f"{path}: dt must be a finite number above 0, but got {dt!r}; correct the manifest")
    if manifest.get("rate_law") not in list(RateLaw):
        raise DataError(
            f"{path}: rate_law must be one of {', '.join(RateLaw)}, but got {manifest.get('rate_law')!r}; "
            f"correct the manifest"
        )
    if not isinstance(manifest.get("sha256"), str) or not isinstance(manifest.get("files"), dict):
        raise DataError(f"{path}: must name sha256 and the files with their hashes; make the data set again")
    return manifest


def check_hashes(folder: Path, manifest: dict[str, Any]) -> None:
    """Compares every file, and the manifest itself, with the recorded hashes.

    Raises:
        DataError: Something was changed since the data set was written.
    """
    for name in ("frames.npy", "structure.npz"):
        try:
            found = file_hash(folder / name)
        except OSError as error:
            raise DataError(
                f"{folder / name}: cannot be read ({error.strerror}); make the data set again"
            ) from error
        recorded = manifest["files"].get(name)
        if found != recorded:
            raise DataError(
                f"{folder / name}: its hash must be {str(recorded)[:12]}, as the manifest has it, but is "
                f"{found[:12]}; the file was changed, make the data set again"
            )
    content = {key: manifest[key] for key in ("format", "rate_law", "dt", "files")}
    if (found := content_hash(content)) != manifest["sha256"]:
        raise DataError(
            f"{folder / 'manifest.json'}: its hash must be {manifest['sha256'][:12]}, as it says itself, but "
            f"is {found[:12]}; the manifest was changed, make the data set again"
        )


def read_structure(path: Path, rate_law: str) -> Stoichiometry:
    """S and E.

    Raises:
        DataError: They are missing, misshapen, not finite, or a reaction has no substrate.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            net, exponents = stored["net"], stored["exponents"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read as S and E ({error}); make the data set again") from error
    if (
        net.ndim != 2
        or net.shape != exponents.shape
        or net.dtype != np.float64
        or exponents.dtype != np.float64
    ):
        raise DataError(
            f"{path}: S and E must be float64 of one shape (metabolites, reactions), but are {net.dtype} "
            f"{net.shape} and {exponents.dtype} {exponents.shape}; make the data set again"
        )
    if not (np.isfinite(net).all() and np.isfinite(exponents).all()):
        raise DataError(f"{path}: S and E must be finite, but are not; correct the structure")
    # A reaction without an entry in S changes nothing: it is kept, and its constant reported as undetermined.
    if (empty := np.flatnonzero(net.any(axis=0) & ~exponents.any(axis=0))).size:
        raise DataError(
            f"{path}: every reaction must have a substrate in E, but column {empty[0]} is empty "
            f"({empty.size} of {net.shape[1]}); leave those reactions out"
        )
    if not net.any():
        raise DataError(
            f"{path}: some reaction must have an entry in S, but all are 0; correct the structure"
        )
    return Stoichiometry(net=net, exponents=exponents, rate_law=RateLaw(rate_law))


def check_concentration(path: Path, concentration: Float64[ndarray, "frame metabolite"]) -> None:
    """Concentrations must be finite and not negative; a metabolite that is NaN throughout is unobserved.

    Raises:
        DataError: Naming the first metabolite and frame that are not, or where none is observed.
    """
    unobserved = np.isnan(concentration).all(axis=0)
    if unobserved.all():
        raise DataError(
            f"{path}: some metabolite must be observed, but all {unobserved.size} are NaN; check column 3"
        )
    wrong = ~(np.isfinite(concentration) & (concentration >= 0)) & ~unobserved
    if wrong.any():
        frame, metabolite = map(int, np.argwhere(wrong)[0])
        raise DataError(
            f"{path}: concentrations must be finite and at least 0, but metabolite {metabolite} has "
            f"{concentration[frame, metabolite]:g} at frame {frame} ({int(wrong.sum())} such values); "
            f"correct or leave out those frames"
        )


def check_no_labels(path: Path, labels: Float64[ndarray, "frame metabolite"]) -> None:
    """The label column must be empty: a folder of the user's own may hold what must not be trained on.

    Raises:
        DataError: It holds something.
    """
    if not np.isnan(labels).all():
        raise DataError(
            f"{path}: column 6 of the frames, the label, must be NaN throughout, but holds values; write the "
            "data with sim.dataset.write_observations, or set that column to NaN and correct the manifest"
        )


def read_frames(path: Path, n_metabolites: int) -> Float64[ndarray, "frame metabolite 8"]:
    """The frames, memory-mapped and read-only.

    Raises:
        DataError: They are no float64 array of the right shape, or fewer than two.
    """
    try:
        frames: ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as an array ({error}); make the data set again") from error
    if frames.dtype != np.float64 or frames.ndim != 3 or frames.shape[1:] != (n_metabolites, 8):
        raise DataError(
            f"{path}: must be float64 of shape (frames, {n_metabolites}, 8), but is {frames.dtype} of "
            f"shape {frames.shape}; make the data set again"
        )
    if frames.shape[0] < 2:
        raise DataError(f"{path}: must hold at least 2 frames, but holds {frames.shape[0]}; record more")
    return frames
