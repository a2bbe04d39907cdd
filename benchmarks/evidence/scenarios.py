"""What is asked of the evidence: no false statements, most true ones, reversals seen, noise not believed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from time import perf_counter

from benchmarks.evidence.histories import by_ucb, greedy, history, matched, squared
from benchmarks.evidence.world import METRICS, NOISES, World, draw_world, spec
from blocks.base import Frozen
from blocks.exploration import ExplorationSpec
from blocks.run import Run
from memory.findings import findings
from memory.past import Past
from memory.statements import Statement

EVERY_BY_UCB = 8
"""One history in so many is planned by the planner of a launch, which takes most of the time."""

PLANTED_SD = 1.5

CROSSED_SD = 2.2
"""By so much an effect differs between the rows of a square: as sure as an effect of 1.5 in a pair."""

CROSSED = {("beta", "time_step"): 1.0, ("beta", "decay"): 0.7, ("rate", "decay"): 0.49}
"""Two factors, and the share of what they do from end to end that a square spans."""


class Row(Frozen):
    """One line of the report."""

    scenario: str
    histories: int
    value: float
    of: int
    """What `value` is a share of."""
    target: str
    met: bool
    examples: tuple[str, ...] = ()
    seconds: float = 0.0


def measure(n: int) -> Iterator[Row]:
    """All scenarios.

    Args:
        n: Histories with planted effects, and as many parts of it as the other scenarios take.
    """
    yield _planted(n)
    yield _noise_alone(max(2, n // 4))
    yield _found(max(10, n // 2))
    yield _crossed(max(6, n // 5))
    yield _reversed(max(3, n // 10))
    yield _only_at_home(max(4, n // 4))


def _planted(n: int) -> Row:
    """Half of the effects are 0; any established statement that is not so counts, whatever it is about."""
    began = perf_counter()
    told: Counter[bool] = Counter()
    examples: list[str] = []
    for index in range(n):
        world, of, runs = _adaptive(index, null=False)
        for statement in _established(of, runs):
            true = world.is_true(statement, runs, maximize=METRICS[of.objective].direction == "maximize")
            if true is None:
                continue
            told[true] += 1
            if not true:
                examples.append(f"history {index} ({world.noise}): {statement.text} {statement.evidence}")
    share = told[False] / max(1, told.total())
    return Row(
        scenario="planted effects: established statements that are false",
        histories=n,
        value=share,
        of=told.total(),
        target="<= 0.05",
        met=share <= 0.05 and told.total() > 0,
        examples=tuple(examples[:10]),
        seconds=perf_counter() - began,
    )


def _noise_alone(n: int) -> Row:
    """136 runs of one and the same worth: what is told of them is that nothing matters, or nothing."""
    began = perf_counter()
    wrong, examples = 0, []
    for index in range(n):
        _, of, runs = _adaptive(index, null=True)
        believed = [one for one in _established(of, runs) if one.kind != "equivalence"]
        wrong += bool(believed)
        examples += [f"history {index}: {one.text} {one.evidence}" for one in believed]
    return Row(
        scenario="noise alone, 136 runs: histories with an established effect",
        histories=n,
        value=wrong / n,
        of=n,
        target="<= 0.05",
        met=wrong / n <= 0.05,
        examples=tuple(examples[:10]),
        seconds=perf_counter() - began,
    )


def _found(n: int) -> Row:
    """Four matched pairs on each of two networks, among 56 further runs of other comparisons on each."""
    began = perf_counter()
    found, missed = 0, []
    for index in range(n):
        rng = Random(f"found {index}")
        world = draw_world(rng)
        world.fails_above, world.synergy, world.fails_at_all = 2.0, 0.0, 0.0
        world.strategies["beta"] = rng.choice((-1, 1)) * PLANTED_SD
        of = spec(replicates=3, objective=rng.choice(list(METRICS)), seed=index)
        # Nothing else changes `beta`, so that it rests on eight pairs.
        runs = history(world, of, propose=[matched("beta", 4)] * 2, runs_each=64, networks=(0, 1))
        about = [one for one in _established(of, runs) if one.key[:2] == ("effect", "beta")]
        true = [one for one in about if world.is_true(one, runs, maximize=of.objective == "gain")]
        found += bool(true)
        if not true:
            missed.append(f"history {index}")
    return Row(
        scenario="8 matched pairs of 3 replicates, effect of 1.5 standard deviations: found",
        histories=n,
        value=found / n,
        of=n,
        target=">= 0.80",
        met=found / n >= 0.8,
        examples=tuple(missed[:10]),
        seconds=perf_counter() - began,
    )


def _crossed(n: int) -> Row:
    """Four squares on each of two networks, among 48 further runs on each; any other interaction is false."""
    began = perf_counter()
    found, wrong, examples = 0, 0, []
    for index in range(n):
        rng, ((subject, other), spanned) = (
            Random(f"crossed {index}"),
            list(CROSSED.items())[index % len(CROSSED)],
        )
        world = draw_world(rng)
        world.fails_above, world.synergy, world.fails_at_all = 2.0, 0.0, 0.0
        world.crossed = {(subject, other): CROSSED_SD / spanned * rng.choice((-1, 1))}
        of = spec(replicates=3, objective=rng.choice(list(METRICS)), seed=index)
        runs = history(world, of, propose=[squared(subject, other, 4)] * 2, runs_each=64, networks=(0, 1))
        told = [one for one in _established(of, runs) if one.kind == "interaction"]
        true = [one for one in told if world.is_true(one, runs, maximize=of.objective == "gain")]
        found += bool(true)
        wrong += len(told) - len(true)
        examples += [f"history {index}: {one.text} {one.evidence}" for one in told if one not in true]
        examples += [] if true else [f"history {index}: {subject} by {other} not found"]
    return Row(
        scenario="8 squares of 3 replicates, an effect that differs by 2.2 sd: found, and none false",
        histories=n,
        value=found / n,
        of=n,
        target=">= 0.80",
        met=found / n >= 0.8 and wrong == 0,
        examples=tuple(examples[:10]),
        seconds=perf_counter() - began,
    )


def _reversed(n: int) -> Row:
    """Two networks on which a strategy helps, then two on which it hurts as much."""
    began = perf_counter()
    seen, examples = 0, []
    for index in range(n):
        path = reversal(index)
        held = [status for status, _ in _runs_of(path)]
        right = held[-3:] == ["established", "weakened", "refuted"]
        seen += right
        if not right:
            examples.append(f"history {index}: {', '.join(held)}")
    return Row(
        scenario="an effect turns half-way: established, then weakened, then refuted",
        histories=n,
        value=seen / n,
        of=n,
        target=">= 0.90",
        met=seen / n >= 0.9,
        examples=tuple(examples[:10]),
        seconds=perf_counter() - began,
    )


def reversal(index: int) -> list[str]:
    """The status of "alpha helps" after every block, while it helps and then hurts."""
    rng = Random(f"reversed {index}")
    world = draw_world(rng, null=True)
    world.strategies["alpha"], world.turned = 2.0, frozenset({"alpha"})
    of = spec(replicates=3, objective="gain", seed=index)
    runs = history(
        world, of, propose=[matched("alpha", 12)] * 4, runs_each=24, networks=(0, 1, 2, 3), in_turns=False
    )
    return _path(of, runs)


def _path(of: ExplorationSpec, runs: Sequence[Run]) -> list[str]:
    """The status of "alpha helps" after every block."""
    path: list[str] = []
    past = Past()
    for block in range(1, runs[-1].block + 1):
        past.update(run for run in runs if run.block == block)
        told = {one.key: one.status for one in findings(of, past, metrics=METRICS)}
        path.append(told.get(("effect", "alpha", "on"), "tentative"))
    return path


def _only_at_home(n: int) -> Row:
    """A strategy helps on the first network and does nothing on the second; asked after every block."""
    began = perf_counter()
    wrong = [f"history {index}" for index in range(n) if "established" in at_home(index)]
    return Row(
        scenario="an effect that one network has and the other has not: established at any time",
        histories=n,
        value=len(wrong) / n,
        of=n,
        target="<= 0.10",
        met=len(wrong) / n <= 0.1,
        examples=tuple(wrong[:10]),
        seconds=perf_counter() - began,
    )


def at_home(index: int) -> list[str]:
    """The status of "alpha helps" after every block, where it does on the first of two networks only."""
    world = draw_world(Random(f"at home {index}"), null=True)
    world.strategies["alpha"], world.at_home = 2.0, frozenset({"alpha"})
    of = spec(replicates=3, objective="gain", seed=index)
    return _path(of, history(world, of, propose=[matched("alpha", 12)] * 2, runs_each=48, networks=(0, 1)))


def _runs_of(path: Sequence[str]) -> list[tuple[str, int]]:
    """Each status with how long it lasted."""
    found: list[tuple[str, int]] = []
    for status in path:
        found[-1:] = (
            [(status, found[-1][1] + 1)] if found and found[-1][0] == status else [*found[-1:], (status, 1)]
        )
    return found


def _adaptive(index: int, *, null: bool) -> tuple[World, ExplorationSpec, list[Run]]:
    """A history of 136 runs on two networks or three, of one kind of noise and one planner."""
    rng = Random(f"{index} {null}")
    world = draw_world(rng, null=null, noise=NOISES[index % len(NOISES)])
    of = spec(replicates=(3, 3, 2, 5)[index % 4], objective=list(METRICS)[index % 2], seed=index)
    networks = (0, 1) if index % 5 else (0, 1, 2)
    propose = [by_ucb() if index % EVERY_BY_UCB == 0 else greedy for _ in networks]
    return world, of, history(world, of, propose=propose, runs_each=136 // len(networks), networks=networks)


def _established(of: ExplorationSpec, runs: Sequence[Run]) -> list[Statement]:
    return [one for one in findings(of, runs, metrics=METRICS) if one.status == "established"]
