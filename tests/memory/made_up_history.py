"""A made-up but realistic exploration, for the tests of the memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from blocks.base import Value
from blocks.certificate import Certificate, CertificateOutcome, Difference
from blocks.exploration import BlockSpec, ExplorationSpec, MemorySpec, StrategyChoice
from blocks.identity import content_hash
from blocks.problem import FoundationReport
from blocks.run import Failure, FailureKind, MetricInfo, Metrics, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import CategoricalParameter, LogParameter, PerSlotParameter, SearchSpace
from memory.store import Store
from memory.workspace import Workspace

TIME_STEPS = (4, 16, 32, 64)
DATA = "o" * 64
STRATEGIES = ("amplification", "residual", "rollout")
BASELINE: dict[str, Value] = {"lr_node_homeo": 1e-2, "amplification.gain": 10.0}
METRICS = {
    "gain": MetricInfo(direction="maximize", needs_labels=False, meaning="Share explained.", target=1.0),
    "slope_recovery": MetricInfo(direction="maximize", needs_labels=True, meaning="Slopes.", target=1.0),
    "misfit": MetricInfo(direction="minimize", needs_labels=False, meaning="Misfit.", target=0.0),
}


def spec(name: str = "made_up", *, objective: str = "gain", blocks: int = 1) -> ExplorationSpec:
    """Four slots with a time_step each, two tunable parameters, three strategies."""
    return ExplorationSpec(
        name=name,
        data={"preset": "quickstart", "seed": 42},
        objective=objective,
        space=SearchSpace(
            {
                "time_step": PerSlotParameter(values=TIME_STEPS, topic="Time step", unit="Euler steps"),
                "lr_node_homeo": LogParameter(low=1e-4, high=1e-1),
                "amplification.gain": CategoricalParameter(choices=(3.0, 10.0, 30.0), topic="Strategies"),
            }
        ),
        baseline=BASELINE,
        sweep={"lr_node_homeo": (1e-3, 3e-3, 3e-2, 1e-1)},
        strategies=StrategyChoice(baseline=("amplification", "rollout"), open=("residual",)),
        block=BlockSpec(batches=2, slots=4),
        blocks=blocks,
        memory=MemorySpec(
            context=("The homeostatic term is weak.",),
            key_open_problem="Do the embeddings separate without labels?",
            open_questions=("Which time_step is best?",),
        ),
    )


def slot(
    time_step: int,
    *,
    strategies: Sequence[str] = ("amplification", "rollout"),
    seeds: Sequence[int] = (1, 2, 3),
    **values: Value,
) -> SlotSpec:
    """A slot with the baseline's values, save those given."""
    return SlotSpec(
        values={"time_step": time_step, **BASELINE, **values},
        strategies=tuple(strategies),
        seeds=tuple(seeds),
    )


def proposals(batch: int, *, block: int = 1) -> list[tuple[Proposal, str]]:
    """The baseline batch, a sweep, or in later blocks the strategy `residual` in every slot."""
    made = []
    for index, time_step in enumerate(TIME_STEPS):
        rate = spec().sweep["lr_node_homeo"][index] if batch == 2 else BASELINE["lr_node_homeo"]
        strategies = ("amplification", "rollout") if block == 1 else ("amplification", "residual", "rollout")
        chosen = slot(time_step, strategies=strategies, lr_node_homeo=rate)
        role = Role.BASELINE if batch == 1 else Role.SWEEP
        proposal = Proposal(
            slot=index, spec=chosen, role=role if block == 1 else Role.EXPLOIT, change="lr", reason="a | b"
        )
        made.append((proposal, content_hash([chosen.model_dump(mode="json"), block])))
    return made


def results(slot_spec: SlotSpec, *, rng: Random) -> list[Metrics]:
    """32 beats 4, residual supervision beats rollout; the rest is noise."""
    base = {4: 0.10, 16: 0.30, 32: 0.50, 64: 0.40}[int(slot_spec.values["time_step"])]
    base += 0.4 if "residual" in slot_spec.strategies else 0.0
    return [
        {
            "gain": base + rng.gauss(0, 0.01),
            "slope_recovery": base + rng.gauss(0, 0.02),
            "misfit": None if rng.random() < 0.2 else 1 - base,
        }
        for _ in slot_spec.seeds
    ]


def run(
    number: int,
    chosen: SlotSpec,
    *,
    gains: Sequence[float | None] = (),
    failed: FailureKind | None = None,
    metric: str = "gain",
) -> Run:
    """A run that ended, without a store."""
    return Run(
        number=number,
        block=1,
        batch=1,
        proposal=Proposal(slot=0, spec=chosen, role=Role.EXPLOIT),
        identity=content_hash([number, chosen]),
        state=RunState.DONE if failed is None else RunState.FAILED,
        failure=None if failed is None else Failure(kind=failed, reason="loss is NaN at step 3"),
        metrics=tuple({metric: gain} for gain in gains),
        certified=True,
        dataset=DATA,
    )


def new_store(folder: Path, *names: str) -> Store:
    """A store with a data set, a foundation and explorations that have begun."""
    store = Store.open(Workspace(folder))
    for name in names or ("made_up",):
        store.begin(spec(name), version="0.1.0")
    store.plan_dataset("data", name="quickstart #42")
    store.ready_dataset("data", observations_hash=DATA, seal_hash="s" * 64)
    store.plan_foundation("base", dataset=DATA, settings={})
    store.fitted_foundation("base", fitted_hash="f" * 64, fit_s=1.5)
    store.judged_foundation(
        "base",
        FoundationReport(
            chosen="fit.pt", chosen_by_truth=False, metrics={"r2": 0.999}, summary="reaction model R2 0.999"
        ),
    )
    store.record_guard_check(code_hash="c" * 64, verdict="clean", files=7)
    for name in STRATEGIES:
        store.record_certificate(certificate(name))
    return store


def certificate(
    strategy: str, *, outcome: CertificateOutcome = CertificateOutcome.CERTIFIED, version: str = "v" * 64
) -> Certificate:
    """What an audit might have said."""
    difference = (
        Difference(parameter="hidden", step=3) if outcome is not CertificateOutcome.CERTIFIED else None
    )
    return Certificate(
        strategy=strategy,
        version=version,
        data_hash="d" * 64,
        outcome=outcome,
        difference=difference,
        composition=(strategy, "rollout"),
        steps=12,
        seconds=0.5,
    )


def plan(store: Store, chosen: Sequence[tuple[Proposal, str]], **where: int) -> list[Run]:
    """Plans proposals into block 1, batch 1 of the exploration `made_up`."""
    place: Mapping[str, int] = {"block": 1, "batch": 1, **where}
    return store.plan(
        "made_up",
        block=place["block"],
        batch=place["batch"],
        proposals=chosen,
        dataset=DATA,
        foundation="base",
        guard_check=1,
        certificates={name: number for number, name in enumerate(STRATEGIES, 1)},
    )


def carry_out(store: Store, runs: Sequence[Run], *, rng: Random) -> None:
    """Trains and evaluates runs; the one with time_step 64 and the largest rate diverges."""
    for planned in runs:
        chosen = planned.proposal.spec
        store.start("made_up", planned.number)
        if chosen.values["lr_node_homeo"] == 1e-1:
            failure = Failure(kind=FailureKind.DIVERGED, reason="loss is NaN at step 12")
            store.fail("made_up", planned.number, failure, train_s=3.0)
            continue
        store.trained("made_up", planned.number, trained_hash=planned.identity, train_s=12.5)
        store.truth_opened("made_up", planned.number)
        store.finish("made_up", planned.number, results(chosen, rng=rng))


def explored(folder: Path, *, blocks: int = 1) -> Store:
    """A store after blocks of 2 batches x 4 slots."""
    store, rng = new_store(folder), Random(1)
    for block in range(1, blocks + 1):
        store.open_block("made_up", block)
        for batch in (1, 2):
            carry_out(store, plan(store, proposals(batch, block=block), block=block, batch=batch), rng=rng)
        store.close_block("made_up", block)
    return store
