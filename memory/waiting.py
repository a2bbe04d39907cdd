"""Statements that are significant and wait for another network, and the pairs of runs that could show it.

What is significant on the exploration's own network becomes established once another network shows it by
itself. That takes a pair there; here is of which runs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from memory.anytime import RATE
from memory.findings import evidence_of
from memory.measured import Looked
from memory.past import Past
from memory.statements import Statement
from memory.telling import told
from memory.tried import Tried

PAIRED = ("number", "value", "strategy", "instead")
"""Kinds of comparisons that two runs are enough for."""

MOST_OF_A_CHAIN = 12
"""Runs of one chain of a number that are held against each other; of longer ones, the ends."""


class HomePair(NamedTuple):
    """A pair on the exploration's own network, by the first runs of its sides."""

    better: int
    """What the statement says is better."""
    other: int
    lead: float
    """By how many of its standard errors the better side is ahead; negative where it is behind."""


@dataclass(frozen=True)
class Waiting:
    """A direction that is significant, and not yet shown by enough networks."""

    statement: Statement
    strength: float
    """Normal score of its evidence."""
    standing: str
    """What keeps it from being established."""
    _tried: Tried
    _sign: int
    _past: Past
    _looked: Looked

    @cached_property
    def pairs(self) -> tuple[HomePair, ...]:
        """Those on the exploration's own network; thousands, of which few statements need any."""
        return tuple(_home_pairs(self._tried, self._sign, self._past, self._looked))

    @cached_property
    def tested(self) -> Mapping[int, int]:
        """Pairs on each fresh network, by its number."""
        return _tested(self._tried, self._past)


def waiting(
    spec: ExplorationSpec, runs: Sequence[Run], *, metrics: Mapping[str, MetricInfo]
) -> list[Waiting]:
    """Directions that are significant over all that was tried and still tentative, strongest first.

    Args:
        spec: The exploration; its objective is what is compared.
        runs: Its runs in any state; what has not ended says nothing.
        metrics: What the problem says of its metrics.
    """
    past, info = Past.of(runs), metrics[spec.objective]
    evidence = evidence_of(spec, past)
    significant = [
        (verdict, verdict.weight)
        for verdict in evidence.verdicts()
        if verdict.status == "tentative"
        and verdict.sign
        and verdict.q <= RATE
        and verdict.about.kind in PAIRED
        and verdict.weight is not None
    ]
    if not significant:
        return []
    contrasts, looked = evidence.contrasts(), evidence.looked()
    found = []
    for verdict, weight in significant:
        one = contrasts.get(verdict.about)
        if one is None:
            continue
        found.append(
            Waiting(
                statement=told(spec, verdict, info),
                strength=weight.score(verdict.sign),
                standing=verdict.standing,
                _tried=one,
                _sign=verdict.sign,
                _past=past,
                _looked=looked,
            )
        )
    return sorted(found, key=lambda one: (-one.strength, one.statement.key))


def _tested(one: Tried, past: Past) -> Mapping[int, int]:
    networks = [past.by_number(first) for first in one.contrasts[:, 0].tolist()]
    counted = Counter(run.proposal.network for run in networks if run is not None)
    return {network: n for network, n in counted.items() if network}


def _home_pairs(one: Tried, sign: int, past: Past, looked: Looked) -> Iterator[HomePair]:
    """Pairs in the order of their runs; of a number, any two of a chain, since its ends are far apart."""
    pairs = [(before, after) for before, after in one.contrasts.tolist()]
    if one.about.kind == "number":
        pairs = list(_of_chains(pairs, one.groups.tolist()))
    sides = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    # All samples of a data set are on one network.
    network = looked.network[sides[:, 0]]
    _, places = np.unique(network, return_index=True)
    firsts = [past.by_number(number) for number in sides[places, 0].tolist()]
    at_home = [
        int(network[at])
        for at, run in zip(places, firsts, strict=True)
        if run is not None and not run.proposal.network
    ]
    before, after = sides[np.isin(network, at_home)].T
    errors = np.sqrt(looked.variance[before] + looked.variance[after])
    leads = sign * (looked.level[after] - looked.level[before])
    leads = np.divide(leads, errors, out=leads, where=errors > 0)
    better, other = (after, before) if sign > 0 else (before, after)
    return map(HomePair, better.tolist(), other.tolist(), leads.tolist())


def _of_chains(pairs: Sequence[tuple[int, int]], groups: Sequence[int]) -> Iterator[tuple[int, int]]:
    chains: dict[int, list[int]] = defaultdict(list)
    for (before, after), group in zip(pairs, groups, strict=True):
        chain = chains[group]
        chain += [before, after] if not chain else [after]
    for _, chain in sorted(chains.items()):
        yield from combinations(chain, 2) if len(chain) <= MOST_OF_A_CHAIN else [(chain[0], chain[-1])]
