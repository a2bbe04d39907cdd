"""Strategies as users might bring them, for the audit: leaks of every kind, chance of every kind, neither.

Each is a module whose class is `Own`. The leaks go where no syntax gives them away; what catches them is that
training comes out otherwise.
"""

from pathlib import Path
from textwrap import dedent, indent

from blocks.identity import content_hash
from blocks.installed import load_problem
from blocks.problem import Problem
from blocks.user_strategy import UserStrategy

_HEAD = """
import os, random, time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sim.strategies.base import Latent, StepFactors, Strategy
from sim.training.replicates import mean_of_each


def seal():
    for folder in Path.cwd().parents:
        if (folder / "sealed").is_dir():
            return np.load(folder / "sealed" / "observations.seal")


class Own(Strategy):
    name = "{name}"
    summary = "for the audit"
    reference = "none"
"""

LEAKS = {
    "a term of the loss": """
        def loss(self, batch):
            wanted = batch.frames[..., -2].mean(dim=(1, 2))
            return (batch.node.embedding.double().mean(dim=(1, 2)) - wanted).square()
    """,
    "a term without a gradient": """
        def loss(self, batch):
            nothing = 0 * mean_of_each(batch.node.embedding.double())
            return nothing + 1e-9 * batch.frames[..., 6].sum(dim=(1, 2))
    """,
    "where embeddings start": """
        def initialise(self, node, data, generators):
            with torch.no_grad():
                node.embedding[:, :, 0] += 1e-6 * data.frames[0, :, 6]
            return node
    """,
    "a latent": """
        def latents(self, plan, data, generators):
            start = data.frames[0, :, 6].float().expand(len(generators), -1).clone()
            return {"offset": Latent(start, lr=1e-3)}

        def loss(self, batch):
            return 0 * batch.latents["offset"].double().sum(dim=1)
    """,
    "when training stops": """
        def gradients(self, node):
            self.steps = getattr(self, "steps", 0) + 1
            if self.steps >= 5 + self.known:
                raise StopIteration("good enough")

        def loss(self, batch):
            self.known = int(batch.data.frames[0, 3, 6])
    """,
    "how many steps there are": """
        def configure(self, plan):
            return replace(plan, steps=plan.steps + int(seal()["types"].max()))
    """,
    "a true parameter from a file": """
        def schedule(self, step, total):
            return StepFactors(node=1 + float(seal()["decay"][0]) if step == 7 else 1.0)
    """,
    "a setting from a file": """
        def gradients(self, node):
            root = Path(os.environ["SETPOINT_WORKSPACE"])
            node.embedding.grad.mul_(1 + len((root / "exploration.yaml").read_text()) % 7)
    """,
    "how many types there are": """
        def loss(self, batch):
            types = batch.data.frames[0, :, 6].unique()
            return len(types) * mean_of_each(batch.node.embedding.double().square())
    """,
    "how many random numbers are drawn": """
        def loss(self, batch):
            for _ in range(int(batch.data.frames[0, 0, 6])):
                batch.draw(1, 2)
    """,
    "gradients of one metabolite": """
        def initialise(self, node, data, generators):
            self.first = int(data.frames[0, :, 6].argmax())
            return node

        def gradients(self, node):
            node.embedding.grad[:, self.first] *= 1.5
    """,
}
"""Modules in which the truth decides something, by what it decides."""

CHANCE = {
    "time": """
        def schedule(self, step, total):
            return StepFactors(node=1 + time.perf_counter_ns() % 1000 / 1000)
    """,
    "the system's randomness": """
        def gradients(self, node):
            node.embedding.grad.mul_(1 + os.urandom(1)[0] / 256)
    """,
    "torch's own generator": """
        def loss(self, batch):
            chance = torch.rand(batch.node.n_replicates)
            return chance * mean_of_each(batch.node.embedding.double().square())
    """,
    "numpy's own generator": """
        def schedule(self, step, total):
            return StepFactors(embedding=np.random.rand())
    """,
    "Python's own generator": """
        def schedule(self, step, total):
            return StepFactors(embedding=random.random())
    """,
}
"""Modules that train otherwise each time, by what they lean on."""

CLEAN = {
    "random numbers of the replicates": """
        def initialise(self, node, data, generators):
            with torch.no_grad():
                for one, generator in zip(node.embedding, generators):
                    one += 0.1 * torch.randn(one.shape, generator=generator)
            return node

        def loss(self, batch):
            picked = batch.draw(3, batch.node.embedding.shape[1])
            drawn = torch.gather(batch.node.embedding, 1, picked[..., None].expand(-1, -1, 2))
            return 0.01 * mean_of_each(drawn.double().square())
    """,
    "frames moved whole": """
        def loss(self, batch):
            both = torch.cat([batch.frames.clone(), batch.frames.float().double()], dim=1)
            return 0.001 * mean_of_each(both[..., 3]) * mean_of_each(batch.node.embedding.double().square())
    """,
    "a label for show": """
        def loss(self, batch):
            print("types seen:", batch.data.frames[0, :, 6].tolist())
    """,
}
"""Modules into whose training no truth and no chance gets."""


def own_strategies(folder: Path, modules: dict[str, str]) -> tuple[Problem, dict[str, str]]:
    """The problem with these strategies, and what each stands for by the strategy's name.

    Args:
        folder: Where to write the modules.
        modules: Bodies of `Own` by what they stand for.
    """
    names, added = {}, []
    for number, (what, body) in enumerate(modules.items()):
        name = f"own_{number}"
        names[name] = what
        source = _HEAD.format(name=name) + indent(dedent(body), "    ")
        added.append(write(folder / name, source))
    return load_problem("metabolism", added), names


def write(folder: Path, source: str) -> UserStrategy:
    """Writes a module, as a launch would keep it."""
    folder.mkdir(parents=True)
    (folder / "own.py").write_text(source)
    return UserStrategy(folder, "own.py", "Own", content_hash(source))
