"""Histories as planners make them: adaptive, so that what was lucky is built upon.

Every network is explored by a planner of its own, and their blocks take turns.
"""

from collections.abc import Callable, Sequence
from random import Random

from agent.planner import UcbPlanner
from benchmarks.evidence.world import METRICS, NUMBERS, STRATEGIES, TIME_STEPS, World
from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import Failure, FailureKind, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec

Propose = Callable[[ExplorationSpec, Sequence[Run], int, int], list[Proposal]]


def by_ucb() -> Propose:
    """The planner of a launch."""
    planner = UcbPlanner(lambda slot: len(slot.strategies) > 0)

    def propose(spec: ExplorationSpec, runs: Sequence[Run], block: int, batch: int) -> list[Proposal]:
        return planner.propose(spec, runs, block=block, batch=batch, metrics=METRICS)

    return propose


def greedy(
    spec: ExplorationSpec, runs: Sequence[Run], block: int, batch: int, *, kept: str = ""
) -> list[Proposal]:
    """One change to the best run so far, or to one of the four best: the strongest winner's curse.

    Args:
        spec: The exploration.
        runs: What has ended.
        block: The block that is planned.
        batch: And the batch.
        kept: A strategy that is never turned on or off.
    """
    rng = Random(f"{spec.seed} {block} {batch}")
    sign = 1 if METRICS[spec.objective].direction == "maximize" else -1

    def reward(run: Run) -> float:
        spread = run.spread(spec.objective)
        return -float("inf") if spread is None else sign * spread.median

    best = sorted((run for run in runs if run.state is RunState.DONE), key=reward, reverse=True)[:4]
    made = []
    for slot in range(spec.block.slots):
        if not best:
            values: dict[str, Value] = {"time_step": TIME_STEPS[slot], **dict.fromkeys(NUMBERS, 0.5)}
            chosen = _slot(values, STRATEGIES[:2], spec, rng)
        else:
            home = (best[0] if rng.random() < 0.6 else rng.choice(best)).proposal.spec
            values, strategies = dict(home.values), set(home.strategies)
            kind = rng.random()
            if kind < 0.6:
                strategies ^= {rng.choice([name for name in STRATEGIES if name != kept])}
            elif kind < 0.8:
                name = rng.choice(NUMBERS)
                values[name] = round(min(1.0, max(0.0, float(values[name]) + rng.gauss(0, 0.3))), 2)
            else:
                values["time_step"] = rng.choice(TIME_STEPS)
            chosen = _slot(values, tuple(strategies) or STRATEGIES[:1], spec, rng)
        made.append(Proposal(slot=slot, spec=chosen, role=Role.EXPLOIT))
    return made


def matched(subject: str, n_pairs: int) -> Propose:
    """Pairs that differ in one strategy alone, each in surroundings of its own; then `greedy` on the rest."""

    def propose(spec: ExplorationSpec, runs: Sequence[Run], block: int, batch: int) -> list[Proposal]:
        rng = Random(f"{spec.seed} {block} {batch}")
        if len(runs) >= 2 * n_pairs:
            return greedy(spec, runs, block, batch, kept=subject)
        made: list[Proposal] = []
        for slot in range(0, min(spec.block.slots, 2 * n_pairs - len(runs)), 2):
            values: dict[str, Value] = {name: rng.random() for name in NUMBERS}
            values["time_step"] = rng.choice(TIME_STEPS)
            others = tuple(name for name in STRATEGIES if name != subject and rng.random() < 0.5)
            for strategies in (others, (*others, subject)):
                chosen = _slot(values, strategies, spec, rng)
                made.append(Proposal(slot=slot, spec=chosen, role=Role.EXPLORE))
        return made

    return propose


def squared(subject: str, other: str, n_squares: int) -> Propose:
    """Squares of one factor at two values of a number, each in surroundings of its own; then `greedy`."""

    def propose(spec: ExplorationSpec, runs: Sequence[Run], block: int, batch: int) -> list[Proposal]:
        rng = Random(f"{spec.seed} {block} {batch}")
        if len(runs) >= 4 * n_squares:
            return greedy(spec, runs, block, batch, kept=subject)
        made: list[Proposal] = []
        for slot in range(0, min(spec.block.slots, 4 * n_squares - len(runs)), 4):
            values: dict[str, Value] = {name: rng.random() for name in NUMBERS}
            values["time_step"] = rng.choice(TIME_STEPS)
            others = tuple(name for name in STRATEGIES if name != subject and rng.random() < 0.5)
            for low_or_high, on in ((0, False), (0, True), (1, False), (1, True)):
                end = TIME_STEPS[-low_or_high] if other == "time_step" else 0.15 + 0.7 * low_or_high
                change = {subject: 0.15 + 0.7 * on} if subject in values else {}
                strategies = (*others, subject) if on and subject not in values else others
                chosen = _slot({**values, other: end, **change}, strategies, spec, rng)
                made.append(Proposal(slot=slot, spec=chosen, role=Role.EXPLORE))
        return made

    return propose


def history(
    world: World,
    spec: ExplorationSpec,
    *,
    propose: Sequence[Propose],
    runs_each: int,
    networks: Sequence[int],
    in_turns: bool = True,
) -> list[Run]:
    """Runs of several networks, in blocks.

    Args:
        world: The truth.
        spec: The exploration.
        propose: A planner per network.
        runs_each: Runs on each network.
        networks: Which networks.
        in_turns: Whether their blocks take turns, or each network is done before the next.
    """
    told = [
        _alone(world, spec.model_copy(update={"seed": spec.seed + 7 * i}), propose[i], runs_each, network)
        for i, network in enumerate(networks)
    ]
    n_blocks = max(len(blocks) for blocks in told)
    if in_turns:
        order = [blocks[i] for i in range(n_blocks) for blocks in told if i < len(blocks)]
    else:
        order = [block for blocks in told for block in blocks]
    found: list[Run] = []
    for number, block in enumerate(order, 1):
        for run in block:
            place = {"number": len(found) + 1, "block": number, "identity": str(len(found) + 1)}
            found.append(run.model_copy(update=place))
    return found


def _alone(
    world: World, spec: ExplorationSpec, propose: Propose, n_runs: int, network: int
) -> list[list[Run]]:
    rng = Random(f"{spec.seed} {network}")
    runs: list[Run] = []
    blocks: list[list[Run]] = []
    while len(runs) < n_runs:
        begin = len(runs)
        for batch in range(1, spec.block.batches + 1):
            proposals = propose(spec, runs, len(blocks) + 1, batch)
            first = len(runs) + 1
            runs += [
                _outcome(world, spec, proposal, first + i, len(blocks) + 1, batch, network, rng)
                for i, proposal in enumerate(proposals)
            ]
        if len(runs) == begin:
            break
        blocks.append(runs[begin:n_runs])
    return blocks


def _outcome(
    world: World,
    spec: ExplorationSpec,
    proposal: Proposal,
    number: int,
    block: int,
    batch: int,
    network: int,
    rng: Random,
) -> Run:
    fails = world.fails(proposal.spec, rng)
    results = [] if fails else world.results(proposal.spec, network, rng)
    return Run(
        number=number,
        block=block,
        batch=batch,
        proposal=proposal,
        identity=str(number),
        state=RunState.FAILED if fails else RunState.DONE,
        failure=Failure(kind=FailureKind.DIVERGED, reason="made up") if fails else None,
        metrics=tuple({spec.objective: value} for value in results),
        dataset=f"network {network}",
        certified=True,
    )


def _slot(
    values: dict[str, Value], strategies: tuple[str, ...], spec: ExplorationSpec, rng: Random
) -> SlotSpec:
    seeds = tuple(rng.sample(range(2**31), spec.replicates))
    return SlotSpec(values=values, strategies=strategies, seeds=seeds)
