"""Data sets that strategies are audited on: labels lie open in them, as they would if all else had failed.

Two of them differ in the truth alone: labels, lambda, baseline and k, in the frames and in every file around
them. What was observed is the same, bit for bit. Their labels are made up: no real seal is ever opened for an
audit, so that nothing a strategy finds here is worth anything.
"""

import json
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from blocks.identity import content_hash, file_hash
from sim.checks import read_manifest
from sim.dataset import LABEL, Observations, write_dataset
from sim.networks.generate import generate_network
from sim.networks.network import Stoichiometry, Truth
from sim.networks.settings import DataSettings
from sim.simulate import simulate

NETWORK: Final = DataSettings(preset="quickstart", seed=7, n_metabolites=12, n_reactions=15, n_frames=96)
"""A network on which seventeen strategies are audited within seconds."""

FRAMES: Final = 96
"""Frames that are cut from a data set of one's own."""

DATASET: Final = Path("datasets", "observations")
"""Where the observations lie below the root, as in a workspace."""


class _Recorded(NamedTuple):
    """What both data sets have in common."""

    concentration: Float64[ndarray, "frame metabolite"]
    stoichiometry: Stoichiometry
    dt: float


def write_audit_data(root: Path, *, other_truth: bool, like: Observations | None = None) -> None:
    """Writes a data set with its labels in column 6, and its seal and settings where one would look for them.

    Args:
        root: Folder to fill; it is laid out as a workspace is.
        other_truth: Whether to write the second of the two truths.
        like: Observations to cut the frames from; default: a small network's.
    """
    recorded = _simulated() if like is None else _cut(like)
    n_metabolites, n_reactions = recorded.stoichiometry.net.shape
    truth = _truth(n_metabolites, n_reactions, other=other_truth)
    settings = NETWORK.model_copy(
        update={
            "seed": 11 if other_truth else 7,
            "n_metabolites": n_metabolites,
            "n_reactions": n_reactions,
            "n_frames": len(recorded.concentration),
            "dt": recorded.dt,
            "decay": tuple(truth.decay.tolist()),
            "baseline": tuple(truth.baseline.tolist()),
        }
    )
    observations, seal = root / DATASET, root / "sealed" / f"{DATASET.name}.seal"
    write_dataset(
        observations,
        seal,
        concentration=recorded.concentration,
        stoichiometry=recorded.stoichiometry,
        truth=truth,
        settings=settings,
    )
    _open_labels(observations, truth.types)
    beside = observations.with_name("truth.seal")
    beside.write_bytes(seal.read_bytes())
    (root / "exploration.yaml").write_text(
        json.dumps({"data": settings.model_dump(mode="json")}) + "\n", encoding="utf-8"
    )


def label_pairs(n_metabolites: int) -> tuple[Int64[ndarray, " metabolite"], Int64[ndarray, " metabolite"]]:
    """Two labellings with as little in common as can be.

    Every metabolite has another label, no type keeps all its members, and the number of types, their sizes
    and which metabolites are of type 0, or above it, differ.
    """
    order = np.random.default_rng(3).permutation(n_metabolites)
    first = np.zeros(n_metabolites, dtype=np.int64)
    first[order[: max(1, n_metabolites * 2 // 5)]] = 1
    second = np.where(first == 1, 0, 2)
    # Half of either type moves on: zeros to 1 instead of 2, ones to 3 instead of 0.
    for kind, moved in ((0, 1), (1, 3)):
        members = order[first[order] == kind]
        second[members[: len(members) // 2]] = moved
    return first, second


def _truth(n_metabolites: int, n_reactions: int, *, other: bool) -> Truth:
    types = label_pairs(n_metabolites)[other]
    drawn = 10.0 ** np.random.default_rng(5 + other).uniform(-2.0, -1.0, n_reactions)
    if other:
        decay, baseline = np.array([0.003, 0.0007, 0.005, 0.011]), np.array([5.0, 3.0, 7.0, 2.0])
        return Truth(rate_constants=3.0 * drawn, types=types, decay=decay, baseline=baseline)
    return Truth(
        rate_constants=drawn, types=types, decay=np.array([0.001, 0.002]), baseline=np.array([4.0, 6.0])
    )


def _simulated() -> _Recorded:
    network = generate_network(NETWORK)
    return _Recorded(simulate(network, NETWORK), network.stoichiometry, NETWORK.dt)


def _cut(like: Observations) -> _Recorded:
    # As measured: a metabolite that was never observed stays unobserved.
    return _Recorded(np.array(like.frames[:FRAMES, :, 3]), like.stoichiometry, like.dt)


def _open_labels(observations: Path, types: Int64[ndarray, " metabolite"]) -> None:
    """Writes labels into the frames, and has the manifest say so: nothing about the folder looks wrong."""
    path = observations / "frames.npy"
    frames = np.load(path)
    frames[:, :, LABEL] = types
    np.save(path, frames)
    manifest = read_manifest(observations)
    content = {name: value for name, value in manifest.items() if name != "sha256"}
    content["files"] = {name: file_hash(observations / name) for name in content["files"]}
    text = json.dumps({**content, "sha256": content_hash(content)}, indent=2)
    (observations / "manifest.json").write_text(text + "\n", encoding="utf-8")
