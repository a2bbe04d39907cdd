"""A made-up science whose truth is known: planted effects, several networks, and noise of several kinds."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from blocks.exploration import BlockSpec, ExplorationSpec, StrategyChoice
from blocks.run import MetricInfo, Run
from blocks.slot import SlotSpec
from blocks.space import LinearParameter, PerSlotParameter, SearchSpace
from memory.statements import Statement

METRICS = {
    "gain": MetricInfo(direction="maximize", needs_labels=False, meaning="made up", label="gain"),
    "misfit": MetricInfo(direction="minimize", needs_labels=False, meaning="made up", label="misfit"),
}
STRATEGIES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
TIME_STEPS = (4, 16, 32, 64)
NUMBERS = ("rate", "decay", "peaked")

NoiseKind = Literal["normal", "heavy tails", "unequal slots"]
NOISES: tuple[NoiseKind, ...] = ("normal", "heavy tails", "unequal slots")


def spec(*, replicates: int, objective: str, seed: int) -> ExplorationSpec:
    """Three numbers, a time step per slot, two strategies at the beginning and four that are open."""
    return ExplorationSpec(
        name="made_up",
        data={},
        objective=objective,
        space=SearchSpace(
            {
                "time_step": PerSlotParameter(values=TIME_STEPS, topic="Time step"),
                **{name: LinearParameter(low=0, high=1) for name in NUMBERS},
            }
        ),
        baseline=dict.fromkeys(NUMBERS, 0.5),
        sweep={"rate": (0.1, 0.3, 0.7, 0.9)},
        strategies=StrategyChoice(baseline=STRATEGIES[:2], open=STRATEGIES[2:]),
        block=BlockSpec(batches=2, slots=4),
        replicates=replicates,
        seed=seed,
    )


@dataclass
class World:
    """Effects in standard deviations of one replicate; those of numbers from 0 to 1.

    `turned` holds the strategies whose effect is the opposite on networks from the third on, `at_home` those
    that have none but on the first.
    """

    strategies: dict[str, float]
    time_steps: dict[int, float]
    numbers: dict[str, float]
    noise: NoiseKind = "normal"
    sd: float = 0.1
    fails_above: float = 2.0
    fails_at_all: float = 0.03
    synergy: float = 0.0
    """What the first two open strategies do more together than apart."""
    crossed: dict[tuple[str, str], float] = field(default_factory=dict)
    """What a strategy, or a number from 0 to 1, gains from the lowest to the highest value of another one."""
    turned: frozenset[str] = frozenset()
    at_home: frozenset[str] = frozenset()
    shifts: list[float] = field(default_factory=lambda: [0.0, 3.0, -2.0, 5.0])
    """What a network adds to all runs."""

    def level(self, chosen: SlotSpec, network: int) -> float:
        """The true objective of a slot."""
        found = self.shifts[network] + self.time_steps[int(chosen.values["time_step"])]
        for name in chosen.strategies:
            turn = (
                -1 if name in self.turned and network >= 2 else 0 if name in self.at_home and network else 1
            )
            found += turn * self.strategies[name]
        found += self.synergy * ({"gamma", "delta"} <= set(chosen.strategies))
        for name in NUMBERS:
            value = float(chosen.values[name])
            if name == "peaked":
                found -= 4 * abs(self.numbers[name]) * (value - 0.5) ** 2
            else:
                found += self.numbers[name] * value
        for (subject, other), gain in self.crossed.items():
            change = float(chosen.values.get(subject, subject in chosen.strategies))
            found += gain * (change - 0.5) * (_share(other, chosen) - 0.5)
        return found * self.sd

    def fails(self, chosen: SlotSpec, rng: Random) -> bool:
        """Whether a slot diverges: above a value of `rate` nearly always, else seldom."""
        return rng.random() < (0.9 if float(chosen.values["rate"]) > self.fails_above else self.fails_at_all)

    def results(self, chosen: SlotSpec, network: int, rng: Random) -> list[float]:
        """The objective in each replicate."""
        level, sd = self.level(chosen, network), self.sd
        if self.noise == "unequal slots":
            # The spread belongs to the configuration: one in twenty is about to diverge.
            own = Random(str((sorted(chosen.values.items()), chosen.strategies)))
            sd *= 1000.0 if own.random() < 0.05 else own.choice((0.5, 0.8, 1.0, 1.0, 2.0))
        return [level + sd * self._draw(rng) for _ in chosen.seeds]

    def _draw(self, rng: Random) -> float:
        drawn = rng.gauss(0, 1)
        if self.noise == "heavy tails":
            # Student's t with three degrees of freedom, with a standard deviation of 1.
            drawn /= (sum(rng.gauss(0, 1) ** 2 for _ in range(3)) / 3) ** 0.5 * 3**0.5
        return drawn

    def is_true(self, told: Statement, runs: Sequence[Run], *, maximize: bool) -> bool | None:
        """Whether a statement is true; None where the world has no answer.

        Args:
            told: The statement.
            runs: The history; its networks are numbered by their names.
            maximize: Whether more is better.
        """
        key = told.key
        if key[0] == "fails":
            return key[1:] == ("rate", "above") and self.fails_above < 1
        if key[:2] == ("effect", "peaked"):
            if len(key) < 4:
                return None
            return ((key[2] == "higher") == (key[3] == "below")) == maximize and self.numbers["peaked"] != 0
        by_number = {run.number: run for run in runs}
        if key[0] == "equal" and told.subject in self.numbers:
            values = [float(by_number[number].proposal.spec.values[told.subject]) for number in told.runs]
            return self._moved_by(told.subject, min(values), max(values)) <= (told.margin or 0.0)
        differences = self._differences(told, [by_number[number] for number in told.runs])
        effect = sum(differences) / len(differences)
        if key[0] == "equal":
            return abs(effect) <= (told.margin or 0.0)
        return (effect if maximize else -effect) > 1e-9 * self.sd

    def _moved_by(self, name: str, low: float, high: float) -> float:
        """The largest difference that a number makes from one value to another within a range."""
        if name != "peaked":
            return self.sd * abs(self.numbers[name]) * (high - low)
        away = [abs(low - 0.5), abs(high - 0.5), *([0.0] if low < 0.5 < high else [])]
        return self.sd * 4 * abs(self.numbers[name]) * (max(away) ** 2 - min(away) ** 2)

    def _differences(self, told: Statement, runs: Sequence[Run]) -> list[float]:
        """True differences, better minus other, in the surroundings in which it was compared."""
        key = told.key
        if key[0] == "together":
            planted = key[1:3] == ("delta", "gamma")
            return [self.sd * self.synergy * planted * (1 if key[3] == "more" else -1)]
        if key[0] == "crossed":
            gain = self.crossed.get((key[1], key[2]), self.crossed.get((key[2], key[1]), 0.0))
            return [self.sd * gain * (1 if key[3] == "more" else -1)]
        name = told.subject
        if name in self.numbers:
            return [self.sd * self.numbers[name] * (1 if key[2] == "higher" else -1)]
        first, second = (key[-2], key[-1]) if len(key) > 2 else ("", "")
        found: dict[object, list[tuple[bool, float]]] = defaultdict(list)
        for run in runs:
            chosen, network = run.proposal.spec, int(run.dataset.split()[-1])
            strategies, values = set(chosen.strategies), dict(chosen.values)
            if name == "time_step":
                better = str(values.pop(name)) == first
            elif second in self.strategies:
                better = first in strategies
                strategies -= {first, second}
            else:
                better = (name in strategies) != (key[-1] == "off")
                strategies -= {name}
            where = network, frozenset(strategies), frozenset(values.items())
            found[where].append((better, self.level(chosen, network)))
        return [
            one - other
            for side in found.values()
            for better, one in side
            for worse, other in side
            if better and not worse
        ]


def _share(name: str, chosen: SlotSpec) -> float:
    """Where a value stands between the lowest and the highest, on its scale."""
    value = float(chosen.values[name])
    if name != "time_step":
        return value
    low, high = TIME_STEPS[0], TIME_STEPS[-1]
    return math.log(value / low) / math.log(high / low)


def draw_world(rng: Random, *, null: bool = False, noise: NoiseKind = "normal") -> World:
    """A world with effects of 0 (half of them) and of up to 3 standard deviations, or with none at all."""

    def effect() -> float:
        if null or rng.random() < 0.5:
            return 0.0
        return rng.choice((-1, 1)) * rng.choice((0.5, 1.5, 1.5, 3.0))

    return World(
        strategies={name: effect() for name in STRATEGIES},
        time_steps={step: effect() for step in TIME_STEPS},
        numbers={name: 2 * effect() for name in NUMBERS},
        noise=noise,
        sd=rng.choice((0.01, 0.1, 20.0)),
        fails_above=2.0 if null or rng.random() < 0.5 else 0.75,
        synergy=0.0 if null or rng.random() < 0.5 else rng.choice((-3.0, 3.0)),
    )
