"""The certificate alone finds every leak of the corpus that changes a training, and refuses no look-alike.

Trainings of two steps, many to a process: what is tested here is whether two truths can be told apart in the
parameters, the processes and their fence being tested elsewhere.
"""

import multiprocessing
import os
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from agent.guard.traces import Step, Trace, judge
from blocks.problem import Progress
from blocks.slot import SlotSpec
from sim.artifacts import load_reaction
from sim.auditing.data import DATASET, NETWORK, label_pairs, write_audit_data
from sim.dataset import load_observations
from sim.reaction.fit import candidate_name, fit_reaction
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.strategies import catalog
from sim.training.data import TrainingData, training_data
from sim.training.slots import resolve
from sim.training.trainer import train_cohort
from tests.agent.guard.corpus import CLEAN, LEAKS, can_run
from tests.agent.guard.corpus.strategy import module_of
from tests.agent.guard.corpus.world import workspace_with

pytestmark = pytest.mark.slow

VALUES = {
    "time_step": 4,
    "batch_size": 2,
    "lr_node_homeo": 1e-2,
    "lr_emb_homeo": 1e-2,
    "data_augmentation_loop": 1,
    "embedding_delay": 0.0,
}
SLOT = SlotSpec(values=VALUES, strategies=("residual", "snippet"), seeds=(1,))
N_FRAMES = 20  # by which two steps are planned


class Site(NamedTuple):
    """One of the two truths."""

    run: Path
    reaction: TabulatedReaction
    data: TrainingData


class Case(NamedTuple):
    """A snippet of the corpus."""

    family: str
    name: str
    leaks: bool

    @property
    def source(self) -> str:
        return (LEAKS if self.leaks else CLEAN)[self.family][self.name]


SITES: dict[str, Site] = {}
"""Filled before the processes are forked, which then have it."""


def test_the_certificate_finds_every_leak_that_changes_a_training_and_refuses_no_look_alike(
    tmp_path: Path,
) -> None:
    for name, labels in zip(("first", "other"), label_pairs(NETWORK.n_metabolites), strict=True):
        SITES[name] = _site(tmp_path / name, labels, other=name == "other")
    # Proxies do not depend on the truth; finding them is the proxy audit's part.
    corpora = [(True, {f: s for f, s in LEAKS.items() if f != "proxy"}), (False, CLEAN)]
    cases = [Case(f, name, leaks) for leaks, corpus in corpora for f, s in corpus.items() for name in s]
    cases = [case for case in cases if can_run(case.source)]
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports what every process would import
    with multiprocessing.get_context("fork").Pool(2) as pool:
        outcomes = dict(zip(cases, pool.map(verdict, cases, chunksize=16), strict=True))
    leaks = {case: outcome for case, outcome in outcomes.items() if case.leaks}
    # What fails alike under both truths changes nothing; it is unverified, and so no evidence either.
    able = {case: outcome for case, outcome in leaks.items() if outcome != "unverified"}
    known = Counter(case.family for case in able)
    found = Counter(case.family for case, outcome in able.items() if outcome == "interferes")
    print({family: f"{found[family]} of {n}" for family, n in known.items()})
    assert [case for case, outcome in able.items() if outcome != "interferes"] == []
    assert known.total() >= 400
    assert len(leaks) - known.total() <= 3
    assert [case for case, outcome in outcomes.items() if not case.leaks and outcome != "certified"] == []


def verdict(case: Case) -> str:
    """What a certificate would say of a snippet; a leak's determinism is taken for granted."""
    source = compile(module_of(case.source), "snippet.py", "exec")
    first, other = (_trace(source, SITES[name]) for name in ("first", "other"))
    again = first if case.leaks else _trace(source, SITES["first"])
    return judge(first, again, other).outcome.value


def _trace(source: Any, site: Site) -> Trace:
    names: dict[str, Any] = {"__name__": "snippet"}
    steps: list[Step] = []

    def observe(step: int, arrays: Mapping[str, np.ndarray]) -> None:
        steps.append(Step(step, {name: value.tobytes().hex() for name, value in arrays.items()}))

    os.environ["SETPOINT_WORKSPACE"] = str(site.run.parents[2])
    with warnings.catch_warnings(), chdir(site.run):
        warnings.simplefilter("ignore")  # careless authors do not mind them
        try:
            exec(source, names)
            resolved = resolve(SLOT, {**catalog(), "snippet": names["Snippet"]})
            train_cohort(resolved, site.data, site.reaction, _ignore, n_frames=N_FRAMES, observer=observe)
        except Exception as error:
            return Trace(tuple(steps), type(error).__name__, str(error).replace(str(site.run.parents[2]), ""))
    return Trace(tuple(steps))


def _site(root: Path, labels: np.ndarray, *, other: bool) -> Site:
    run = workspace_with(root, labels.tolist())
    write_audit_data(root / "audited", other_truth=other)
    observed = load_observations(root / "audited" / DATASET)
    fit_reaction(observed, FoundationSettings(), root / "fitted", _ignore)
    model = load_reaction(root / "fitted" / candidate_name(0))
    reaction = TabulatedReaction(model, observed.stoichiometry, dtype=torch.float64)
    return Site(run, reaction, training_data(observed, reaction, heldout_fraction=0.1, model=model))


def _ignore(progress: Progress) -> None:
    """Nobody waits."""
