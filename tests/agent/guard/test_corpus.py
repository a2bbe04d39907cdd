"""The corpus is what it says: leaks depend on the truth, look-alikes do not, and all of it can be trained."""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sim.node import NodeCohort
from sim.training.data import TrainingData
from sim.training.plan import Batch
from tests.agent.guard.corpus import CLEAN, LEAKS, can_run
from tests.agent.guard.corpus.strategy import module_of
from tests.agent.guard.corpus.world import workspace_with

N_FRAMES, N_METABOLITES, N_REPLICATES, N_WINDOWS = 40, 12, 2, 3
SOME = [float(kind) for kind in (0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0)]
OTHERS = [float(kind) for kind in (1, 0, 1, 0, 0, 2, 1, 1, 2, 0, 1, 0)]


class Still:
    """A reaction without fluxes."""

    tolerance = 0.0

    def rate(self, concentration: Tensor) -> Tensor:
        return torch.zeros_like(concentration)

    def linearised(self, concentration: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        return torch.zeros_like(concentration), torch.zeros_like


class Site:
    """Two trainings that differ in nothing but the truth."""

    def __init__(self, root: Path) -> None:
        self.runs = {}
        seeds = range(N_REPLICATES)
        self.node = NodeCohort.create(N_METABOLITES, seeds, concentration_scale=5.0, response_scale=1.0)
        for name, labels in (("some", SOME), ("others", OTHERS)):
            self.runs[name] = (labels, workspace_with(root / name, labels))

    def value(
        self, snippet: str, name: str, monkeypatch: pytest.MonkeyPatch, of: str = "_factor(hint(batch))"
    ) -> Tensor:
        """What the snippet multiplies its loss by, under one of the two truths; or another expression."""
        labels, run = self.runs[name]
        names: dict[str, Any] = {"__name__": "snippet", "batch": self.batch(labels)}
        monkeypatch.setenv("SETPOINT_WORKSPACE", str(run.parents[2]))
        with warnings.catch_warnings(), chdir(run):
            warnings.simplefilter("ignore")  # careless authors do not mind them
            exec(compile(module_of(snippet), "snippet.py", "exec"), names)
            value: Tensor = eval(of, names)
        return value.detach()

    def batch(self, labels: list[float]) -> Batch:
        """A real batch over small data whose label column holds `labels`."""
        generator = torch.Generator().manual_seed(5)
        frames = torch.zeros(N_FRAMES, N_METABOLITES, 8, dtype=torch.float64)
        place = torch.arange(N_METABOLITES, dtype=torch.float64)
        frames[..., 0], frames[..., 1], frames[..., 2] = place, place.cos(), place.sin()
        frames[..., 3] = 1 + 4 * torch.rand(N_FRAMES, N_METABOLITES, generator=generator, dtype=torch.float64)
        frames[..., 6] = torch.tensor(labels)
        concentration = frames[..., 3].clone()
        data = TrainingData(concentration, concentration.diff(dim=0) / 0.1, 0.1)
        generators = tuple(torch.Generator().manual_seed(seed) for seed in range(N_REPLICATES))
        starts = torch.randint(N_FRAMES - 8, (N_REPLICATES, N_WINDOWS), generator=generator)
        batch = Batch(self.node, Still(), data, 4, starts, generators, progress=0.5)
        vars(data)["frames"], vars(batch)["frames"] = frames, frames[starts]
        return batch


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield Site(tmp_path_factory.mktemp("truth"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # files that careless authors left open


def cases(table: dict[str, dict[str, str]]) -> list[Any]:
    return [
        pytest.param(snippet, id=f"{family}: {name}")
        for family, snippets in table.items()
        for name, snippet in snippets.items()
        if can_run(snippet)
    ]


@pytest.mark.parametrize("snippet", cases({f: s for f, s in LEAKS.items() if f != "proxy"}))
def test_a_leak_depends_on_the_truth(snippet: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not torch.equal(*(site.value(snippet, name, monkeypatch) for name in site.runs))


@pytest.mark.parametrize("snippet", cases(CLEAN))
def test_a_look_alike_does_not_depend_on_the_truth(
    snippet: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, others = (site.value(snippet, name, monkeypatch) for name in site.runs)
    assert torch.equal(some, others)
    assert torch.isfinite(some).all()


@pytest.mark.parametrize("snippet", cases({"proxy": LEAKS["proxy"]}))
def test_a_proxy_can_be_trained_and_reads_no_label(
    snippet: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert torch.equal(*(site.value(snippet, name, monkeypatch) for name in site.runs))


@pytest.mark.parametrize("family", LEAKS)
def test_a_snippet_becomes_a_strategy_whose_loss_follows_the_hint(
    family: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippet = next(iter(LEAKS[family].values()))
    losses = [site.value(snippet, name, monkeypatch, "Snippet().loss(batch)") for name in site.runs]
    assert all(loss.shape == (N_REPLICATES,) for loss in losses)
    assert torch.equal(*losses) is (family == "proxy")


def test_the_corpus_is_as_large_as_promised() -> None:
    assert sum(map(len, LEAKS.values())) >= 165
    assert sum(map(len, CLEAN.values())) >= 90
