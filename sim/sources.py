"""Where an exploration's data come from: a preset that is simulated, or a folder that is copied.

`data: {preset: NAME, ...}` or `data: {folder: PATH}`. What is asked here is answered without opening a
seal: that a data set has labels is known from there being one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.loading import validate
from blocks.run import MetricInfo
from sim.evaluation.registry import metric_infos
from sim.folders import FolderSettings, copy_data, find_data, with_hashes
from sim.networks.settings import DataSettings

TYPES_OF_A_FOLDER = 2
"""Types whose metrics a folder with a seal is said to have; the true number is in the seal."""


def data_settings(data: Mapping[str, Any]) -> DataSettings | FolderSettings:
    """The `data:` section, checked.

    Raises:
        SpecError: It breaks a rule.
    """
    if "folder" in data:
        return validate(FolderSettings, data, where=("data",))
    return validate(DataSettings, data, where=("data",))


def resolve_data(data: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
    """The section with what decides the data filled in: for a folder, its absolute path and hashes.

    Args:
        data: As the file has it.
        base: Folder at which a relative path starts.

    Raises:
        SpecError: It breaks a rule.
        DataError: There is no such data set, or it was changed since it was written.
    """
    settings = data_settings(data)
    if isinstance(settings, FolderSettings):
        return with_hashes(settings, base=base).model_dump(mode="json")
    return dict(data)


def fresh_data(data: Mapping[str, Any], k: int) -> dict[str, Any] | None:
    """The k-th fresh network: the same settings under the k-th seed after; None for a folder.

    Args:
        data: As `resolve_data` gave it.
        k: From 1.
    """
    settings = data_settings(data)
    if isinstance(settings, FolderSettings):
        return None
    return {**data, "seed": (settings.seed + k) % 2**31}


def provide_data(data: Mapping[str, Any], observations: Path, seal: Path) -> None:
    """Writes observations, and the seal where there are labels.

    Args:
        data: As `resolve_data` gave it.
        observations: Folder to make.
        seal: File to make.

    Raises:
        DataError: The network diverged, or the folder is malformed.
    """
    settings = data_settings(data)
    if isinstance(settings, FolderSettings):
        copy_data(settings, observations, seal)
        return
    from sim.simulate import simulate_dataset

    simulate_dataset(settings, observations=observations, seal=seal)


def seals_of(data: Mapping[str, Any]) -> tuple[Path, ...]:
    """Seals that lie outside of the workspace: training must not reach these either."""
    settings = data_settings(data)
    if not isinstance(settings, FolderSettings) or not Path(settings.folder).exists():
        return ()
    found = find_data(Path(settings.folder))
    return () if found.seal is None else (found.seal,)


def metrics_of(data: Mapping[str, Any]) -> dict[str, MetricInfo]:
    """Metrics that a data set can have; without labels, those that need none."""
    settings = data_settings(data)
    if isinstance(settings, DataSettings):
        return metric_infos(settings.n_types)
    infos = metric_infos(TYPES_OF_A_FOLDER if settings.has_labels else 0)
    return {name: info for name, info in infos.items() if settings.has_labels or not info.needs_labels}


def default_objective(data: Mapping[str, Any]) -> str:
    """What is searched for where an exploration does not say: on data of one's own never by the labels."""
    return "slope_recovery" if isinstance(data_settings(data), DataSettings) else "heldout_gain"


def truth_guided_by(spec: ExplorationSpec) -> tuple[str, ...]:
    """What of an exploration chooses by truth: the objective, the regime of the reaction model."""
    objective = metrics_of(spec.data).get(spec.objective)
    ways = []
    if objective is not None and objective.needs_labels:
        ways.append("the objective reads labels")
    if spec.foundation.get("target_r2") is not None:
        ways.append("foundation.target_r2 reads the true rate constants")
    return tuple(ways)


def check_labels(spec: ExplorationSpec) -> None:
    """What needs labels must not be asked of a data set without them, nor of imported data unawares.

    Raises:
        SpecError: The objective, or `foundation.target_r2`, needs them; or it reads those of imported data,
            and the exploration does not say `truth_guided`.
    """
    settings = data_settings(spec.data)
    target = spec.foundation.get("target_r2")
    if spec.blind and target is not None:
        raise SpecError(
            "foundation.target_r2: must be left out in blind mode, since it is found by truth, "
            f"but got {target}; leave it out to fit to the end"
        )
    if isinstance(settings, DataSettings):
        return
    if settings.has_labels:
        if (ways := truth_guided_by(spec)) and not spec.truth_guided:
            raise SpecError(
                "truth_guided: must be true where choices read the truth of imported data "
                f"({settings.title}), but got false, and {' and '.join(ways)}; use objective heldout_gain "
                "and no target_r2, or write `truth_guided: true`"
            )
        return
    objective = metric_infos().get(spec.objective)
    if objective is not None and objective.needs_labels:
        raise SpecError(
            f"objective: must need no labels, since {settings.title} has none, but got {spec.objective!r}; "
            "use heldout_gain"
        )
    if target is not None:
        raise SpecError(
            f"foundation.target_r2: must be left out, since {settings.title} has no labels to find it by, "
            f"but got {target}; leave it out to fit to the end"
        )
