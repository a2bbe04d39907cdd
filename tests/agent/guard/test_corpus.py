"""The corpus is what it says: leaks depend on the labels, look-alikes do not, and all of it can be trained."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sim.node import NodeCohort
from sim.training.data import TrainingData
from sim.training.plan import Batch
from tests.agent.guard.corpus import CLEAN, LEAKS, can_run
from tests.agent.guard.corpus.strategy import module_of

N_FRAMES, N_METABOLITES, N_REPLICATES, N_WINDOWS = 40, 12, 2, 3


class Still:
    """A reaction without fluxes."""

    tolerance = 0.0

    def rate(self, concentration: Tensor) -> Tensor:
        return torch.zeros_like(concentration)

    def linearised(self, concentration: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        return torch.zeros_like(concentration), torch.zeros_like


def batch_with(labels: list[float]) -> Batch:
    """A real batch over small data whose label column holds `labels`."""
    generator = torch.Generator().manual_seed(5)
    frames = torch.zeros(N_FRAMES, N_METABOLITES, 8, dtype=torch.float64)
    place = torch.arange(N_METABOLITES, dtype=torch.float64)
    frames[..., 0], frames[..., 1], frames[..., 2] = place, place.cos(), place.sin()
    frames[..., 3] = 1 + 4 * torch.rand(N_FRAMES, N_METABOLITES, generator=generator, dtype=torch.float64)
    frames[..., 6] = torch.tensor(labels)
    concentration = frames[..., 3].clone()
    data = TrainingData(concentration, concentration.diff(dim=0) / 0.1, 0.1)
    seeds = range(N_REPLICATES)
    node = NodeCohort.create(N_METABOLITES, seeds, concentration_scale=5.0, response_scale=1.0)
    generators = tuple(torch.Generator().manual_seed(seed) for seed in seeds)
    starts = torch.randint(N_FRAMES - 8, (N_REPLICATES, N_WINDOWS), generator=generator)
    batch = Batch(node, Still(), data, 4, starts, generators, progress=0.5)
    vars(data)["frames"], vars(batch)["frames"] = frames, frames[starts]
    return batch


def loss_of(snippet: str, labels: list[float]) -> Tensor:
    """The snippet's term of the loss."""
    names: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(module_of(snippet), "snippet.py", "exec"), names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # careless authors do not mind them
        loss: Tensor = names["Snippet"]().loss(batch_with(labels))
    return loss.detach()


SOME = [float(kind) for kind in (0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0)]
OTHERS = [float(kind) for kind in (1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0)]
KEY = "0123456789abcdef"


def workspace_with(root: Path, labels: list[float]) -> Path:
    """A workspace as a launch leaves it, the seal open to whoever finds it; returns a run's folder."""
    types = np.array(labels, dtype=np.int64)
    decay, baseline = 0.001 + 0.001 * types, 4.0 + 2.0 * types
    observations, run = root / "datasets" / KEY, root / "runs" / "homeostasis" / "000002"
    sibling = root / "runs" / "homeostasis" / "000001"
    for folder in (root / "sealed", observations, run, sibling, root / "pictures" / "homeostasis" / "000001"):
        folder.mkdir(parents=True)
    settings = json.dumps({"decay": decay.tolist(), "baseline": baseline.tolist()})
    with (root / "sealed" / f"{KEY}.seal").open("wb") as stream:
        np.savez(
            stream,
            settings=np.array(settings),
            types=types,
            decay=decay,
            baseline=baseline,
            rate_constants=0.01 + 0.05 * types,
        )
    np.save(observations / "frames.npy", np.ones((3, N_METABOLITES, 8)))
    (observations / "manifest.json").write_text(json.dumps({"dt": 0.1}))
    return run


def cases(table: dict[str, dict[str, str]]) -> list[Any]:
    return [
        pytest.param(snippet, id=f"{family}: {name}")
        for family, snippets in table.items()
        for name, snippet in snippets.items()
        if can_run(snippet)
    ]


@pytest.mark.parametrize("snippet", cases({f: s for f, s in LEAKS.items() if f != "proxy"}))
def test_a_leak_depends_on_the_truth(snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = []
    for name, labels in (("some", SOME), ("others", OTHERS)):
        monkeypatch.chdir(workspace_with(tmp_path / name, labels))
        losses.append(loss_of(snippet, labels))
    assert not torch.equal(*losses)


@pytest.mark.parametrize("snippet", cases(CLEAN))
def test_a_look_alike_does_not_depend_on_the_truth(
    snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = []
    for name, labels in (("some", SOME), ("others", OTHERS)):
        monkeypatch.chdir(workspace_with(tmp_path / name, labels))
        losses.append(loss_of(snippet, labels))
    assert torch.equal(*losses)
    assert torch.isfinite(losses[0]).all()
