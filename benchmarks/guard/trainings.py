"""Short trainings of a snippet, two optimiser steps each: under one truth, under the other, and under none.

The certificate compares the first two. The third is the layer of absence as a run meets it: behind the fence,
with NaN for labels; what leaves the finite numbers there is replayed under the runtime layer. Many trainings
share a process, and a process that is ended by the fence is followed by another one.
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from agent.guard import EXIT_LEAK, Fence, FileId, denied, fence_off
from agent.guard.traces import Step, Trace, judge, without_places
from benchmarks.guard.cases import Case, Said
from benchmarks.guard.worlds import inside
from blocks.certificate import CertificateOutcome
from blocks.errors import DivergenceError, LabelLeakError
from blocks.problem import Progress
from blocks.slot import SlotSpec
from sim.artifacts import load_reaction
from sim.auditing.data import DATASET, NETWORK, label_pairs, write_audit_data
from sim.dataset import LABEL, load_observations
from sim.guarding.rehearsal import rehearse
from sim.reaction.fit import candidate_name, fit_reaction
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.strategies import catalog
from sim.training.data import TrainingData, training_data
from sim.training.slots import Resolved, resolve
from sim.training.trainer import train_cohort
from tests.agent.guard.corpus.world import workspace_with

VALUES: Final = {
    "time_step": 4,
    "batch_size": 2,
    "lr_node_homeo": 1e-2,
    "lr_emb_homeo": 1e-2,
    "data_augmentation_loop": 1,
    "embedding_delay": 0.0,
}
SLOT: Final = SlotSpec(values=VALUES, strategies=("residual", "snippet"), seeds=(1,))
N_FRAMES: Final = 20  # by which two steps are planned
CALLED: Final = {
    CertificateOutcome.CERTIFIED: Said.PASSED,
    CertificateOutcome.INTERFERES: Said.LEAK,
    CertificateOutcome.NONDETERMINISTIC: Said.STOPPED,
    CertificateOutcome.UNVERIFIED: Said.STOPPED,
}


class Ground(NamedTuple):
    """A workspace, and what a training in it is given."""

    run: Path
    reaction: TabulatedReaction
    data: TrainingData

    @property
    def workspace(self) -> Path:
        return self.run.parents[2]


class Grounds:
    """The two truths of an audit, and observations without any."""

    def __init__(self, root: Path) -> None:
        first, other = label_pairs(NETWORK.n_metabolites)
        self.first = _ground(root / "first", first, other=False)
        self.other = _ground(root / "other", other, other=True)
        self.blind = _ground(root / "blind", first, other=False, is_open=False)
        torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports what every process would import

    def certificate(self, case: Case) -> CertificateOutcome:
        """What a certificate would say of a snippet; a leak's determinism is taken for granted."""
        first, other = _trace(case, self.first), _trace(case, self.other)
        again = first if case.leaks else _trace(case, self.first)
        return judge(first, again, other).outcome

    def absence(self, chosen: Sequence[Case]) -> Iterator[tuple[Case, Said]]:
        """What becomes of each in a training that is given no label."""
        context, place, out = multiprocessing.get_context("fork"), 0, self.blind.run
        while place < len(chosen):
            process = context.Process(target=self._fenced, args=(chosen, place))
            process.start()
            process.join()
            for line in (out / "said.jsonl").read_text().splitlines():
                yield chosen[place], Said(json.loads(line))
                place += 1
            (out / "leak.json").unlink(missing_ok=True)
            if place < len(chosen):
                yield chosen[place], Said.LEAK if process.exitcode == EXIT_LEAK else Said.STOPPED
                place += 1

    def _fenced(self, chosen: Sequence[Case], begin: int) -> None:
        run, workspace = self.blind.run, self.blind.workspace
        log = os.open(run / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sealed = workspace / "sealed"
        fence = Fence(
            workspace=FileId.of(workspace),
            sealed=frozenset(FileId.of(path) for path in (sealed, *sealed.iterdir())),
            readable=(workspace / "audited" / DATASET,),
            writable=(run,),
            report=run / "leak.json",
        )
        with (run / "said.jsonl").open("w", buffering=1) as stream:
            fence_off(fence)
            for case in chosen[begin:]:
                stream.write(json.dumps(_blindly(case, self.blind, fence)) + "\n")


def _blindly(case: Case, ground: Ground, fence: Fence) -> Said:
    """A training without labels, and its replay where it diverged: as a launch does it."""
    try:
        with denied.told(fence):
            resolved = _resolved(case)
            data = replace(ground.data)  # of which nobody has asked for frames
            try:
                train_cohort(resolved, data, ground.reaction, _ignore, n_frames=N_FRAMES)
            except DivergenceError as error:
                if error.frames_read:
                    rehearse(
                        resolved, replace(ground.data), ground.reaction, n_frames=N_FRAMES, steps=error.step
                    )
                return Said.STOPPED
    except LabelLeakError:
        return Said.LEAK
    except Exception:
        return Said.STOPPED
    return Said.PASSED


def _trace(case: Case, ground: Ground) -> Trace:
    steps: list[Step] = []

    def observe(step: int, arrays: Mapping[str, np.ndarray]) -> None:
        steps.append(Step(step, {name: value.tobytes().hex() for name, value in arrays.items()}))

    with inside(ground.run):
        try:
            train_cohort(
                _resolved(case), ground.data, ground.reaction, _ignore, n_frames=N_FRAMES, observer=observe
            )
        except Exception as error:
            return Trace(tuple(steps), type(error).__name__, without_places(str(error), ground.workspace))
    return Trace(tuple(steps))


def _resolved(case: Case) -> Resolved:
    names: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(case.source, "snippet.py", "exec"), names)
    return resolve(SLOT, {**catalog(), "snippet": names["Snippet"]})


def _ground(root: Path, labels: np.ndarray, *, other: bool, is_open: bool = True) -> Ground:
    run = workspace_with(root, labels.tolist())
    write_audit_data(root / "audited", other_truth=other)
    observed = load_observations(root / "audited" / DATASET)
    if not is_open:
        frames = np.array(observed.frames)
        frames[..., LABEL] = np.nan
        observed = replace(observed, frames=frames)
    fit_reaction(observed, FoundationSettings(), root / "fitted", _ignore)
    model = load_reaction(root / "fitted" / candidate_name(0))
    shutil.rmtree(root / "fitted")
    reaction = TabulatedReaction(model, observed.stoichiometry, dtype=torch.float64)
    return Ground(run, reaction, training_data(observed, reaction, heldout_fraction=0.1, model=model))


def _ignore(progress: Progress) -> None:
    """Nobody waits."""
