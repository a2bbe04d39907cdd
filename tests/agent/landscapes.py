"""Synthetic histories: a planner plays against a formula, with replicate noise and failures."""

from collections.abc import Callable
from random import Random

from agent.planner import Planner
from blocks.exploration import ExplorationSpec, StrategyChoice
from blocks.run import Failure, FailureKind, MetricInfo, Run, RunState
from blocks.slot import Proposal, SlotSpec
from blocks.space import (
    CategoricalParameter,
    IntParameter,
    LogParameter,
    PerSlotParameter,
    SearchSpace,
)

METRICS = {
    "gain": MetricInfo(
        direction="maximize", needs_labels=False, meaning="share explained", target=1.0, label="gain"
    ),
}

Landscape = Callable[[SlotSpec], float | None]
"""The true objective of a slot; None where training fails."""


def toy_spec(**changes: object) -> ExplorationSpec:
    """Four slots, three tunables, two open strategies."""
    fields: dict[str, object] = {
        "name": "toy",
        "data": {},
        "objective": "gain",
        "space": SearchSpace(
            {
                "time_step": PerSlotParameter(values=(4, 16, 32, 64), topic="Time step"),
                "lr": LogParameter(low=1e-4, high=1e-1),
                "loops": IntParameter(low=10, high=1000, log=True),
                "clipping.norm": CategoricalParameter(choices=(0.1, 1.0, 10.0)),
            }
        ),
        "baseline": {"lr": 1e-2, "loops": 100, "clipping.norm": 1.0},
        "sweep": {"lr": (1e-3, 3e-3, 3e-2, 1e-1)},
        "strategies": StrategyChoice(baseline=("rollout", "clipping"), open=("residual", "contrastive")),
        **changes,
    }
    return ExplorationSpec(**fields)  # type: ignore[arg-type]


def admits(slot: SlotSpec) -> bool:
    """A toy rule: some loss must be left."""
    return "rollout" in slot.strategies or "residual" in slot.strategies


def smooth(slot: SlotSpec) -> float | None:
    """Residual helps much, a middling lr helps, large lr with long rollouts fails."""
    lr, time_step = float(slot.values["lr"]), float(slot.values["time_step"])
    if lr > 0.05 and time_step > 32:
        return None
    gain = 0.3 if "residual" in slot.strategies else 0.0
    return gain + 0.1 / (1 + abs(lr - 0.01) * 100) + 0.001 * time_step


def outcome(number: int, proposal: Proposal, block: int, batch: int, landscape: Landscape) -> Run:
    """The finished run of a proposal."""
    truth = landscape(proposal.spec)
    rng = Random(str(proposal.spec.seeds))
    failure = Failure(kind=FailureKind.DIVERGED, reason="loss is not finite") if truth is None else None
    metrics = (
        () if truth is None else tuple({"gain": truth + rng.gauss(0, 0.01)} for _ in proposal.spec.seeds)
    )
    return Run(
        number=number,
        block=block,
        batch=batch,
        proposal=proposal,
        identity=str(number),
        state=RunState.FAILED if truth is None else RunState.DONE,
        failure=failure,
        metrics=metrics,
        certified=True,
        dataset=f"d{proposal.network}",
    )


def play(
    planner: Planner,
    spec: ExplorationSpec,
    *,
    blocks: int,
    landscape: Landscape = smooth,
    history: list[Run] | None = None,
    elsewhere: Landscape | None = None,
) -> list[Run]:
    """Plays so many blocks, going on from a history; on fresh networks another landscape may hold."""
    runs = list(history or [])
    for block in range(1, blocks + 1):
        for batch in range(1, spec.block.batches + 1):
            if any((run.block, run.batch) == (block, batch) for run in runs):
                continue
            proposals = planner.propose(spec, runs, block=block, batch=batch, metrics=METRICS)
            first = len(runs) + 1
            runs += [
                outcome(first + i, p, block, batch, (elsewhere or landscape) if p.network else landscape)
                for i, p in enumerate(proposals)
            ]
    return runs
