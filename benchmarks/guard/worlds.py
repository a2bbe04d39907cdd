"""Two launches that differ in nothing but the truth: what a hint is worth under each, in one batch.

Labels lie open in column 6, and around them is a disk as a careless launch would leave it.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float64
from torch import Tensor

from sim.node import NodeCohort
from sim.training.data import TrainingData
from sim.training.plan import Batch
from tests.agent.guard.corpus.strategy import module_of
from tests.agent.guard.corpus.world import environment, workspace_with

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


class Worlds:
    """Both launches, on disk below `root`."""

    def __init__(self, root: Path) -> None:
        self.labels = {"some": SOME, "others": OTHERS}
        self.runs = {name: workspace_with(root / name, labels) for name, labels in self.labels.items()}
        self._node = NodeCohort.create(
            N_METABOLITES, range(N_REPLICATES), concentration_scale=5.0, response_scale=1.0
        )

    def value(self, snippet: str, name: str, of: str = "_factor(hint(batch))") -> Tensor:
        """What the snippet multiplies its loss by, under one of the two truths; or another expression."""
        names: dict[str, Any] = {"__name__": "snippet", "batch": self.batch(name)}
        with inside(self.runs[name]):
            exec(compile(module_of(snippet), "snippet.py", "exec"), names)
            value: Tensor = eval(of, names)
        return value.detach()

    def batch(self, name: str) -> Batch:
        """A real batch over small data whose label column holds one of the two truths."""
        frames = frames_of(N_METABOLITES)
        frames[..., 6] = torch.tensor(self.labels[name])
        return batch_of(frames, self._node)


def frames_of(n_metabolites: int) -> Float64[Tensor, "frame metabolite 8"]:
    """Frames without labels."""
    frames = torch.zeros(N_FRAMES, n_metabolites, 8, dtype=torch.float64)
    place = torch.arange(n_metabolites, dtype=torch.float64)
    frames[..., 0], frames[..., 1], frames[..., 2] = place, place.cos(), place.sin()
    generator = torch.Generator().manual_seed(5)
    frames[..., 3] = 1 + 4 * torch.rand(N_FRAMES, n_metabolites, generator=generator, dtype=torch.float64)
    return frames


def batch_of(frames: Float64[Tensor, "frame metabolite 8"], node: NodeCohort) -> Batch:
    """A batch over frames."""
    concentration = frames[..., 3].clone()
    data = TrainingData(concentration, concentration.diff(dim=0) / 0.1, 0.1)
    generators = tuple(torch.Generator().manual_seed(seed) for seed in range(N_REPLICATES))
    starts = torch.randint(
        N_FRAMES - 8, (N_REPLICATES, N_WINDOWS), generator=torch.Generator().manual_seed(6)
    )
    batch = Batch(node, Still(), data, 4, starts, generators, progress=0.5)
    vars(data)["frames"], vars(batch)["frames"] = frames, frames[starts]
    return batch


@contextmanager
def inside(run: Path) -> Iterator[None]:
    """As code finds itself in a training: in the run's folder, and careless about warnings."""
    with warnings.catch_warnings(), chdir(run), environment(run.parents[2]):
        warnings.simplefilter("ignore")
        yield
