"""The proxy audit on the family of proxies: where one of them gives the types away, is it reported?

Each is evaluated on a data set of forty metabolites, and types are made of what it says: the upper half of
its values is one type. Then the audit is asked about that data set. A proxy that says one number per run,
and not one per metabolite, tells no types apart.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy import ndarray

from benchmarks.guard.cases import Case, Said
from benchmarks.guard.worlds import N_REPLICATES, batch_of, frames_of, inside
from blocks.proxy import ProxyKind
from sim.auditing.proxies import find_proxies
from sim.dataset import Observations
from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.node import NodeCohort
from tests.agent.guard.corpus.world import workspace_with

N_METABOLITES: Final = 40
N_PERMUTATIONS: Final = 9999


class Told(NamedTuple):
    """What the audit says where a proxy gives the types away."""

    case: Case
    said: Said | None
    """None where it tells no types apart."""

    feature: str = ""
    """What the audit names first."""


def told(chosen: list[Case], root: Path) -> Iterator[Told]:
    """The audit's word on each."""
    run = workspace_with(root, [0.0, 1.0] * 6)
    frames = frames_of(N_METABOLITES)
    rng = np.random.default_rng(8)
    for column in (1, 2, 4, 7):
        frames[..., column] = torch.from_numpy(rng.normal(size=N_METABOLITES))
    cycle = np.arange(N_METABOLITES)
    net = np.zeros((N_METABOLITES, N_METABOLITES))
    net[cycle, cycle], net[rng.permutation(N_METABOLITES), cycle] = -1.0, 1.0
    observed = Observations(
        frames.numpy(), Stoichiometry(net, np.maximum(-net, 0), RateLaw.MASS_ACTION), 0.1, "0" * 64
    )
    seeds = range(N_REPLICATES)
    for case in chosen:
        node = NodeCohort.create(N_METABOLITES, seeds, concentration_scale=5.0, response_scale=1.0)
        names: dict[str, Any] = {"__name__": "snippet"}
        with inside(run):
            exec(compile(case.source, "snippet.py", "exec"), names)
            value = names["_numbers"](names["hint"](batch_of(frames, node))).numpy()
        types = _types(value)
        if types is None:
            yield Told(case, None)
            continue
        found = find_proxies(observed, types, run, seeds=tuple(seeds), n_permutations=N_PERMUTATIONS)
        named = [one.feature for one in found if one.kind is ProxyKind.INCIDENTAL and one.predicts]
        yield Told(case, Said.LEAK if named else Said.PASSED, named[0] if named else "")


def _types(value: ndarray) -> ndarray | None:
    """Two types by what a hint says of each metabolite; None where it says nothing of each."""
    if len(value) < N_METABOLITES:
        return None
    each = value[:N_METABOLITES]
    types = (each > np.median(each)).astype(np.int64)
    if types.min() == types.max():
        types = (each > each.min()).astype(np.int64)
    return None if types.min() == types.max() else types
