"""Records a landscape: trains its slots one after the other, each with its learning curve.

The training is the one that `Problem.train` does, taken step by step so that parameters can be copied on
the way; it sees observations alone. All that needs the truth is computed afterwards, from the copies.
"""

import copy
import math
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import torch

from benchmarks.planners.draws import slot_at
from benchmarks.planners.grounds import admitted, ground
from benchmarks.planners.recorded import (
    FRACTIONS,
    Header,
    Recording,
    Replicate,
    Slot,
    append,
    read_part,
    write,
    write_part,
)
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.problem import Progress
from blocks.slot import SlotSpec
from sim.artifacts import load_reaction
from sim.dataset import load_observations
from sim.evaluation.heldout import Unseen, heldout_gain
from sim.evaluation.lines import ratios, response_curves, response_lines, slope_recovery, visited_range
from sim.node import NodeCohort
from sim.problem import MetabolicProblem
from sim.reaction.table import TabulatedReaction
from sim.seal import load_seal
from sim.training.data import training_data
from sim.training.slots import resolve
from sim.training.trainer import CohortTraining

SLOTS: Final = 640
"""Slots of a landscape."""

PER_PROCESS: Final = 50
"""Slots that one process trains."""


def record(name: str, out: Path, *, command: str, n_slots: int = SLOTS, said: Callable[[str], None]) -> None:
    """Records a landscape, from where an interrupted recording stands.

    Args:
        name: The landscape.
        out: File to write, `.jsonl.gz`; beside it `.part` while it is recorded.
        command: What makes the same file, for its header.
        n_slots: How many slots.
        said: Takes a line per slot.

    Raises:
        SpecError: There is no such landscape, or `out.part` is a recording of something else.
    """
    spec, problem = ground(name), MetabolicProblem()
    problem.check(spec)
    part = out.with_name(out.name + ".part")
    with TemporaryDirectory() as folder:
        network = Network.prepare(spec, problem, Path(folder))
        header = Header(
            landscape=name,
            command=command,
            objective=spec.objective,
            foundation=network.summary,
            code_version=problem.code_version(),
            space={key: spec.space[key].allowed for key in spec.space.names()},
        )
        recording = read_part(part) or Recording(header=header, slots=())
        if recording.header.model_copy(update={"command": command}) != header:
            raise SpecError(
                f"{part}: must be of the same landscape and code, but is not; delete it to begin anew"
            )
        write_part(part, recording)
        slots = list(recording.slots)
        # Memory that trainings of many sizes hold on to goes with their process.
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=PER_PROCESS) as pool:
            while len(slots) < n_slots:
                slot = slot_at(spec, len(slots), slots, admits=lambda one: admitted(problem, one))
                slots.append(pool.submit(train, network, slot).result())
                append(part, slots[-1])
                scores = " ".join(f"{value:.2f}" for value in slots[-1].objective_or(math.nan))
                said(f"{name} slot {len(slots)} of {n_slots}: {scores}, {slots[-1].train_s:.1f} s")
    write(out, Recording(header=header, slots=tuple(slots)))
    part.unlink()


class Network(NamedTuple):
    """Where a landscape's network and its reaction model lie."""

    observations: Path
    seal: Path
    foundation: Path
    summary: str

    @classmethod
    def prepare(cls, spec: ExplorationSpec, problem: MetabolicProblem, folder: Path) -> "Network":
        """Simulates and fits.

        Args:
            spec: The exploration.
            problem: The metabolic networks.
            folder: Empty.
        """
        observations, seal, fits = folder / "observations", folder / "seal", folder / "fits"
        problem.provide_data(problem.resolve_data(spec.data, folder), observations, seal)
        fits.mkdir()
        problem.fit_foundation(spec.foundation, observations, fits, _unheard)
        report = problem.evaluate_foundation(spec.foundation, observations, fits, seal)
        return cls(observations, seal, fits / report.chosen, report.summary)


def train(network: Network, slot: SlotSpec) -> Slot:
    """Trains a slot to its end, or until no replicate is finite."""
    torch.set_num_threads(1)
    return Trainer(network).train(slot)


class Trainer:
    """Trains and judges slots on a network."""

    def __init__(self, network: Network) -> None:
        self._seal = network.seal
        self._observed = load_observations(network.observations, verify=False)
        self._model = load_reaction(network.foundation)

    def train(self, slot: SlotSpec) -> Slot:
        """The slot, trained to its end or until no replicate is finite."""
        resolved, began = resolve(slot), time.process_time()
        reaction = TabulatedReaction(self._model, self._observed.stoichiometry, dtype=torch.float64)
        heldout = resolved.hyperparameters.heldout_fraction
        data = training_data(self._observed, reaction, heldout_fraction=heldout, model=self._model)
        training = CohortTraining(resolved, data, reaction, n_frames=len(self._observed.frames))
        total = training.plan.steps
        stops = [max(1, round(total * part / FRACTIONS)) for part in range(1, FRACTIONS + 1)]
        copies: list[NodeCohort] = []
        losses: list[list[float]] = []
        for step in range(total):
            loss = training.step(step)
            if step + 1 in stops:
                alive = training.finite_replicates()
                copies += [copy.deepcopy(training.node)] * stops.count(step + 1)
                losses += [loss.tolist()] * stops.count(step + 1)
                if not any(alive):
                    break
        took = time.process_time() - began
        same: dict[str, Any] = {
            "values": slot.values,
            "strategies": slot.strategies,
            "seeds": slot.seeds,
            "train_s": round(took, 3),
        }
        if not any(alive):
            return Slot(**same, failure=f"diverged before step {step + 1} of {total}")
        curves = [self._judged(node, reaction, heldout) for node in copies]
        return Slot(**same, replicates=tuple(_replicate(n, curves, losses) for n in range(len(slot.seeds))))

    def _judged(
        self, node: NodeCohort, reaction: TabulatedReaction, heldout: float
    ) -> list[tuple[float | None, float | None]]:
        """Slope recovery and held-out gain of each replicate."""
        truth = load_seal(self._seal)
        unseen = Unseen.of(self._observed, reaction, heldout_fraction=heldout, model=self._model)
        gains, visited = heldout_gain(node, unseen), visited_range(self._observed.concentration)
        lines = ratios(response_lines(visited, response_curves(node, visited)), visited, truth)
        finite = node.finite_replicates()
        return [
            (slope_recovery(line, truth.n_types), gain) if alive else (None, None)
            for line, gain, alive in zip(lines, gains, finite, strict=True)
        ]


def _replicate(
    number: int, curves: list[list[tuple[float | None, float | None]]], losses: list[list[float]]
) -> Replicate:
    objectives = [_short(one[number][0]) for one in curves]
    gains = [_short(one[number][1]) for one in curves]
    return Replicate(
        objective=objectives[-1],
        heldout_gain=gains[-1],
        losses=tuple(_short(row[number]) for row in losses),
        objectives=tuple(objectives),
        gains=tuple(gains),
    )


def _short(value: float | None) -> float | None:
    """Five digits: more than replicates agree on."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


def _unheard(progress: Progress) -> None:
    """Nobody looks at it here."""
