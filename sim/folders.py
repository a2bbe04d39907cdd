"""Data sets that lie in a folder of the user's: found, identified by content, and copied.

A folder is what `setpoint simulate` writes (`observations/`, and `truth.seal` beside it), or such an
observations folder itself, or a data set of a workspace (`datasets/KEY`, its seal in `sealed/KEY.seal`).
Without a seal there are no labels: metrics that need the truth are missing, and everything else works.

Every command reads the settings of its problem, and so this module; what reads arrays is imported where it
is used, so that no command waits for NumPy without need.
"""

import shutil
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from blocks.base import Frozen
from blocks.errors import DataError
from blocks.identity import file_hash

OBSERVATIONS: Final = "observations"
SEAL: Final = "truth.seal"
MANIFEST: Final = "manifest.json"


class DataFolder(NamedTuple):
    """Where the parts of a data set lie."""

    observations: Path
    seal: Path | None
    """None where there are no labels."""

    name: str
    """For people."""


class FolderSettings(Frozen):
    """The `data:` section of an exploration of one's own data, instead of a preset."""

    folder: Annotated[
        str,
        Field(
            min_length=1,
            description="Folder of a data set; a relative path starts where the exploration's file is.",
        ),
    ]
    sha256: Annotated[
        str | None,
        Field(description="Hash of the observations, as the manifest has it; left out: whatever is there."),
    ] = None
    seal_sha256: Annotated[
        str | None, Field(description="Hash of the seal; filled in where there is a seal.")
    ] = None

    @property
    def title(self) -> str:
        """Short name for people."""
        return _name(Path(self.folder))

    @property
    def has_labels(self) -> bool:
        """Whether there is a seal, once `with_hashes` has looked."""
        return self.seal_sha256 is not None


def find_data(path: Path) -> DataFolder:
    """Observations and seal of a data set.

    Args:
        path: One of the three kinds of folders.

    Raises:
        DataError: It is none of them.
    """
    if (path / MANIFEST).is_file():
        return DataFolder(path, _seal_of(path), _name(path))
    if (path / OBSERVATIONS / MANIFEST).is_file():
        inner = path / OBSERVATIONS
        return DataFolder(inner, _seal_of(inner), _name(path))
    found = "is no data set" if path.is_dir() else "is a file" if path.exists() else "does not exist"
    raise DataError(
        f"{path}: must be a data set folder ({OBSERVATIONS}/{MANIFEST}, or {MANIFEST} itself), but it "
        f"{found}; make one with `setpoint simulate`, or check the path"
    )


def with_hashes(settings: FolderSettings, *, base: Path) -> FolderSettings:
    """The settings with an absolute path and the hashes of what lies there: so content is part of identity.

    Args:
        settings: As the file has them.
        base: Folder at which a relative path starts.

    Raises:
        DataError: There is no data set, it was changed since it was written, or it is not the one whose
            hash the settings name.
    """
    from sim.checks import check_hashes, read_manifest

    path = Path(settings.folder).expanduser()
    path = (path if path.is_absolute() else base / path).resolve()
    found = find_data(path)
    manifest = read_manifest(found.observations)
    check_hashes(found.observations, manifest)
    hashes = {
        "sha256": str(manifest["sha256"]),
        "seal_sha256": None if found.seal is None else file_hash(found.seal),
    }
    for name, value in hashes.items():
        wanted = getattr(settings, name)
        if wanted is not None and wanted != value:
            raise DataError(
                f"data.{name}: must be that of {path} ({(value or 'no seal')[:12]}), but got {wanted[:12]}; "
                "the data set is another one than before: bring it back, or correct the hash"
            )
    return FolderSettings(folder=str(path), **hashes)


def copy_data(settings: FolderSettings, observations: Path, seal: Path) -> None:
    """Copies a data set, verified, to where an exploration keeps it.

    Args:
        settings: As `with_hashes` gave them.
        observations: Folder to make.
        seal: File to make, where there is a seal.

    Raises:
        DataError: The data set is malformed, was changed meanwhile, or the seal belongs to another one.
    """
    from sim.checks import check_no_labels
    from sim.dataset import LABEL, load_observations
    from sim.seal import load_seal

    found = find_data(Path(settings.folder))
    loaded = load_observations(found.observations)
    if settings.sha256 not in (None, loaded.sha256):
        raise DataError(
            f"{found.observations}: must have hash {str(settings.sha256)[:12]}, but has "
            f"{loaded.sha256[:12]}; it was changed meanwhile: launch again"
        )
    check_no_labels(found.observations / "frames.npy", loaded.frames[:, :, LABEL])
    if found.seal is not None:
        load_seal(found.seal, observations_sha256=loaded.sha256)
        seal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found.seal, seal)
    draft = observations.with_name(f".{observations.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name in (MANIFEST, "frames.npy", "structure.npz"):
        shutil.copyfile(found.observations / name, draft / name)
    draft.replace(observations)


def _seal_of(observations: Path) -> Path | None:
    beside = observations.parent / SEAL
    if observations.name == OBSERVATIONS and beside.is_file():
        return beside
    kept = observations.parent.parent / "sealed" / f"{observations.name}.seal"
    return kept if observations.parent.name == "datasets" and kept.is_file() else None


def _name(path: Path) -> str:
    named = path.parent if path.name == OBSERVATIONS else path
    return named.name or str(path)
