"""Named arrays in a file whose bytes depend on the arrays and on nothing else.

A zip of plain arrays, as numpy writes it, but without the time of writing, which would get into the
hash of what a training made. Writing is open to training code; reading is not: the guard refuses it
there, and the loaders in sim/artifacts.py do it.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.lib import format as npy

from blocks.errors import DataError

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_arrays(path: Path, arrays: Mapping[str, ndarray]) -> None:
    """Writes arrays without pickle; the same arrays give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w") as entry:
                npy.write_array(entry, np.asarray(arrays[name]), allow_pickle=False)


def read_arrays(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """Reads what `write_arrays` wrote.

    Args:
        path: The file.
        what: What it is to hold, for the message: `a reaction model`.
        remedy: What to do where it does not.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name}: must hold {what}, but cannot be read ({error}); {remedy}") from error
