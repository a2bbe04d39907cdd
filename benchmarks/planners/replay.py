"""One exploration, replayed: a planner plays against a recorded landscape instead of training.

The planner sees what it would see in a launch: replicates with their noise, and confirmations that it pays
for out of its own runs. What counts is the true value of the configuration that is reported as confirmed
best.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.planners.contenders import Contender
from benchmarks.planners.landscape import Landscape
from blocks.base import Frozen
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run, RunState
from blocks.slot import Proposal, SlotSpec
from memory.best import best
from memory.past import Past
from sim.problem import MetabolicProblem


class Moment(Frozen):
    """Where an exploration stands after a batch."""

    runs: int
    trainings: int
    """Every replicate of every run."""

    reported: float | None
    """Value of what is confirmed best, as it is reported; None where nothing is confirmed yet."""

    confirmed: float | None
    """Its true value."""

    maximum: float
    """The highest mean of a run so far: what one reports who confirms nothing."""

    maximum_true: float
    """The true value of that run."""


class Exploration(NamedTuple):
    """An exploration that has come to its end."""

    moments: tuple[Moment, ...]
    best: SlotSpec | None
    """What is reported as confirmed best."""


def replay(
    contender: Contender,
    landscape: Landscape,
    ground: ExplorationSpec,
    problem: MetabolicProblem,
    *,
    seed: int,
) -> Exploration:
    """Plays one exploration.

    Args:
        contender: Who plays.
        landscape: What it plays against.
        ground: The exploration that the landscape was recorded of.
        problem: Says which slots can be trained, and in which order strategies are turned on.
        seed: Of the exploration: its planning and its replicates.
    """
    spec, player = contender.spec(ground, seed), contender.player(problem)
    metrics = problem.metrics(spec.data)
    past, top = Past(), (float("-inf"), 0.0)
    moments: list[Moment] = []
    block, batch = (1, 1) if contender.bound else (2, 1)
    while len(past) < contender.runs:
        try:
            proposals = player.propose(spec, past, block=block, batch=batch, metrics=metrics)
        except SpecError:
            break  # nothing is left in the space
        played = _played(
            spec, landscape, proposals[: contender.runs - len(past)], len(past) + 1, block, batch
        )
        past.update(played)
        truths = landscape.true_value([run.proposal.spec for run in played])
        for run, truth in zip(played, truths, strict=True):
            values = run.values_of(spec.objective)
            if not run.proposal.role.repeats:
                top = max(top, (sum(values) / len(values), float(truth)))
        moments.append(_moment(spec, landscape, past, metrics, top))
        block, batch = (block, batch + 1) if batch < spec.block.batches else (block + 1, 1)
    found = best(spec, past, metrics)
    confirmed = found is not None and found.confirmed
    return Exploration(tuple(moments), found.run.proposal.spec if found is not None and confirmed else None)


def _played(
    spec: ExplorationSpec,
    landscape: Landscape,
    proposals: Sequence[Proposal],
    first: int,
    block: int,
    batch: int,
) -> list[Run]:
    return [
        Run(
            number=number,
            block=block,
            batch=batch,
            proposal=proposal,
            identity=f"{landscape.name} {spec.seed} {number}",
            state=RunState.DONE,
            metrics=tuple({spec.objective: value} for value in landscape.replicates(proposal.spec)),
            dataset=landscape.name,
            certified=True,
        )
        for number, proposal in enumerate(proposals, first)
    ]


def _moment(
    spec: ExplorationSpec,
    landscape: Landscape,
    past: Past,
    metrics: Mapping[str, MetricInfo],
    top: tuple[float, float],
) -> Moment:
    found = best(spec, past, metrics)
    confirmed = found is not None and found.confirmed
    return Moment(
        runs=len(past),
        trainings=sum(len(run.proposal.spec.seeds) for run in past),
        reported=found.estimate.value if found is not None and confirmed else None,
        confirmed=float(landscape.true_value([found.run.proposal.spec])[0])
        if found is not None and confirmed
        else None,
        maximum=top[0],
        maximum_true=top[1],
    )
