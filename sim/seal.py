"""The answer key of a data set: one sealed file with the labels, the true parameters and the settings.

It is written with the observations and lies elsewhere. It is opened for the evaluator, never for a process
that trains: the static guard refuses this module as a whole.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from blocks.errors import DataError
from sim.checks import FORMAT, file_hash
from sim.networks.network import Truth
from sim.networks.settings import DataSettings


def write_seal(path: Path, truth: Truth, settings: DataSettings, *, observations_sha256: str) -> None:
    """Writes the answer key; only the owner may read it.

    Args:
        path: The file.
        truth: Labels and true parameters.
        settings: What the data set was made of.
        observations_sha256: Hash of the observations that it belongs to.
    """
    with path.open("wb") as stream:
        np.savez(
            stream,
            format=np.array(FORMAT),
            observations_sha256=np.array(observations_sha256),
            settings=np.array(settings.model_dump_json()),
            rate_constants=truth.rate_constants,
            types=truth.types,
            decay=truth.decay,
            baseline=truth.baseline,
        )
    path.chmod(0o600)


def load_seal(path: Path, *, observations_sha256: str | None = None) -> Truth:
    """Opens the answer key. For the evaluator, never for a process that trains.

    Args:
        path: The sealed file.
        observations_sha256: Hash of the observations that it is to belong to, where that is known.

    Raises:
        DataError: It is missing, malformed, or belongs to other observations.
    """
    content = _read_seal(path)
    belongs_to = str(content["observations_sha256"])
    if observations_sha256 is not None and belongs_to != observations_sha256:
        raise DataError(
            f"{path.name}: must be the seal of observations {observations_sha256[:12]}, but is that of "
            f"{belongs_to[:12]}; give the seal that was written with the data set"
        )
    settings = DataSettings.model_validate_json(str(content["settings"]))
    return Truth(
        rate_constants=content["rate_constants"],
        types=content["types"],
        decay=content["decay"],
        baseline=content["baseline"],
        regulation=settings.regulation,
        substrate=settings.substrate,
    )


def load_sealed_settings(path: Path) -> DataSettings:
    """The settings that made a data set, out of its seal; they are truth as well.

    Raises:
        DataError: The seal is missing or malformed.
    """
    return DataSettings.model_validate_json(str(_read_seal(path)["settings"]))


def seal_hash(path: Path) -> str:
    """SHA-256 of the sealed file's bytes, so that a record can name the answer key it was judged by.

    Raises:
        DataError: There is no such file.
    """
    try:
        return file_hash(path)
    except OSError as error:
        raise DataError(
            f"{path.name}: cannot be read ({error.strerror}); check the path of the seal"
        ) from error


def _read_seal(path: Path) -> dict[str, Any]:
    names = ("observations_sha256", "settings", "rate_constants", "types", "decay", "baseline")
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in names}
    except OSError as error:
        raise DataError(
            f"{path.name}: the seal cannot be read ({error.strerror or error}); check its path"
        ) from error
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name}: is not a seal ({error}); give the one of this data set") from error
