"""Tests of statements on other networks: both sides of a pair once more, where nobody chose them.

A statement is established once two networks show it. The search stays on its own network, and what is run of
it elsewhere is the best alone, which makes no pair. So a few slots of a block repeat a pair of runs on a
fresh network: of the strongest statement that is significant and that the best configuration rests on, then
of the others. A side that ran there already is not run again.
"""

from collections.abc import Iterator, Mapping, Sequence

from agent.planner.repeating import Repeat
from agent.planner.stakes import follows
from blocks.exploration import ExplorationSpec
from blocks.guidance import Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Role, SlotSpec
from memory.ended import Ended
from memory.findings import Claim
from memory.past import Configuration, Past, configuration
from memory.waiting import HomePair, Waiting, waiting

FROM_BLOCK = 3
"""By then the best stood fresh seeds, and fresh networks are paid for anyway."""

MOST_PAIRS = 2
"""Pairs of one statement on one network: to go on until it agrees would be to choose the answer."""


class Elsewhere:
    """What ran on fresh networks, fed with runs as they end."""

    def __init__(self) -> None:
        self._came_through: dict[tuple[int, Configuration], bool] = {}

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended."""
        if network := ended.run.proposal.network:
            key = network, ended.configuration
            self._came_through[key] = ended.counts or self._came_through.get(key, False)

    def came_through(self, network: int, chosen: Configuration) -> bool | None:
        """Whether a configuration came through on a network; None where it was not tried."""
        return self._came_through.get((network, chosen))


def replications(
    spec: ExplorationSpec,
    past: Past,
    *,
    leader: Run | None,
    metrics: Mapping[str, MetricInfo],
    guidance: Guidance,
    room: int,
) -> list[Repeat]:
    """What is to be run on fresh networks in this batch.

    Args:
        spec: The exploration.
        past: Its runs.
        leader: The first run of what looks best.
        metrics: What the problem says of its metrics.
        guidance: A pair with a side that a constraint forbids is left alone.
        room: So many slots of the batch at most.

    Returns:
        Whole pairs first; where one slot is left, one side of a pair that is completed later.
    """
    room = min(room, spec.planner.replication.slots)
    if room <= 0:
        return []
    elsewhere = past.derive(Elsewhere)
    best = None if leader is None else leader.proposal.spec
    found: list[Repeat] = []
    planned: set[tuple[int, Configuration]] = set()
    for one in _ordered(spec, waiting(spec, past, metrics=metrics), best):
        for network in range(1, spec.planner.replication.networks + 1):
            if len(found) < room and one.tested.get(network, 0) < MOST_PAIRS:
                repeats = _of_pair(spec, one, network, past, elsewhere, leader, planned, guidance)[
                    : room - len(found)
                ]
                found += repeats
                planned |= {(network, configuration(repeat.of.proposal.spec)) for repeat in repeats}
    return found


def _of_pair(
    spec: ExplorationSpec,
    one: Waiting,
    network: int,
    past: Past,
    elsewhere: Elsewhere,
    leader: Run | None,
    planned: set[tuple[int, Configuration]],
    guidance: Guidance,
) -> list[Repeat]:
    """The sides that are missing of the pair that tells most for least."""
    usable: list[tuple[tuple[object, ...], list[Run], HomePair]] = []
    for pair in one.pairs:
        numbers = pair.better, pair.other
        sides = [chosen for number in numbers if (chosen := past.configuration_of(number)) is not None]
        there = [elsewhere.came_through(network, chosen) for chosen in sides]
        coming = [(network, chosen) in planned for chosen in sides]
        if len(sides) < 2 or False in there:
            continue  # what failed there makes no pair
        missing = [
            run
            for number, was, comes in zip(numbers, there, coming, strict=True)
            if not was and not comes and (run := past.by_number(number)) is not None
        ]
        if not missing and not any(coming):
            continue  # it stands already
        slots = [run.proposal.spec for run in missing]
        if not all(guidance.allows(slot.values, slot.strategies) for slot in slots):
            continue
        of_leader = leader is not None and leader.number in numbers
        usable.append(((len(missing), not of_leader, -pair.lead, *numbers), missing, pair))
    if not usable:
        return []
    _, missing, pair = min(usable, key=lambda item: item[0])
    statement = one.statement
    said = f"{statement.text.rstrip('.')} ({one.standing}): does it hold on fresh network {network}?"
    return [
        Repeat(
            Role.PRINCIPLE_TEST,
            run,
            max(2, spec.replicates),
            network,
            f"fresh network {network}",
            f"{said} One side of the pair r{pair.better} r{pair.other}",
        )
        for run in missing
    ]


def _ordered(spec: ExplorationSpec, found: Sequence[Waiting], best: SlotSpec | None) -> Iterator[Waiting]:
    """What the best rests on, strongest first, then the rest."""
    rests = [best is not None and _rests_on(spec, one, best) for one in found]
    yield from (one for one, needed in zip(found, rests, strict=True) if needed)
    yield from (one for one, needed in zip(found, rests, strict=True) if not needed)


def _rests_on(spec: ExplorationSpec, one: Waiting, best: SlotSpec) -> bool:
    """Whether a slot has what a statement says is better."""
    subject, better, other = one.statement.subject, one.statement.better, one.statement.other
    if better is None or other is None:
        return False
    if one.statement.key[0] == "instead":
        return better in best.strategies and other not in best.strategies
    return follows(Claim(subject, better, other, one.statement.text), best, spec)
