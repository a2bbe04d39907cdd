"""Plan one, record one: Setpoint beside Optuna, each with its own SQLite file in one folder, in turns.

Both propose a point of seven parameters, are given its objective and store it, so many times. Optuna asks
its TPE sampler and tells one value. Setpoint reads its past, plans one slot, and writes a run's whole life, a
transaction for each step, with three replicates of every metric of the real problem.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, Final, Protocol

from agent.planner import plain_planner
from benchmarks.speed.filling import TRAIN_S, certificates_of, certify
from benchmarks.speed.made_up import DATA, FOUNDATION, MadeUp
from benchmarks.speed.results import Figure, Timing, ratio_of
from benchmarks.targets import Target
from blocks.base import Value
from blocks.errors import SetpointError
from blocks.exploration import BlockSpec, ExplorationSpec, StrategyChoice
from blocks.identity import content_hash
from blocks.planning import PlannerName, PlannerSpec
from blocks.run import Metrics
from blocks.space import LinearParameter, LogParameter, SearchSpace
from memory import Store, Workspace

SECTION: Final = "Beside Optuna"

TRIALS: Final = 1_000
TURN: Final = 50
"""Trials of one turn."""

REPLICATES: Final = 3
RATES: Final = ("rate_0", "rate_1", "rate_2", "rate_3")
SHARES: Final = ("share_0", "share_1", "share_2")


class Contender(Protocol):
    """One of the two."""

    def trial(self) -> None:
        """Proposes one point, and records what came of it."""

    def close(self) -> None:
        """Gives its file back."""


def measure(quick: bool) -> Iterable[Figure]:
    """How many times faster: with the default planner, and with the quickest.

    Args:
        quick: Whether few trials will do.

    Raises:
        SetpointError: Optuna is not installed.
    """
    trials, turn = (40, 10) if quick else (TRIALS, TURN)
    with tempfile.TemporaryDirectory(prefix="setpoint-speed-") as folder:
        contenders: dict[str, Contender] = {
            "setpoint": Setpoint(Path(folder) / "setpoint"),
            "setpoint, ucb": Setpoint(Path(folder) / "ucb", planner="ucb"),
            "optuna": Optuna(Path(folder) / "optuna.db"),
        }
        taken: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(trials // turn):
            for name, contender in contenders.items():
                began = perf_counter()
                for _ in range(turn):
                    contender.trial()
                taken[name].append((perf_counter() - began) / turn)
        for contender in contenders.values():
            contender.close()
    timings = {name: _timing(times) for name, times in taken.items()}
    for ours, planner in (("setpoint", PlannerSpec().name), ("setpoint, ucb", "ucb")):
        yield Figure(
            section=SECTION,
            what=f"propose ({planner}) and record, {trials} trials of 7 parameters: Optuna's time over ours",
            value=ratio_of(timings, "optuna", ours),
            unit="times",
            target=Target(metric="ratio", label="", low=20),
            timings={name: timings[name] for name in (ours, "optuna")},
            details={
                f"{name}, trials per second": len(taken[name]) / sum(taken[name]) for name in (ours, "optuna")
            },
            note=f"TPE, ask and tell, SQLite; turns of {turn}; the value is of the medians over turns",
        )


class Setpoint:
    """Our store and planner, as a launch with one slot per batch uses them."""

    def __init__(self, folder: Path, *, planner: PlannerName | None = None) -> None:
        self._made_up = MadeUp()
        self._metrics = self._made_up.metrics
        self._spec = _spec(self._made_up.spec.objective)
        if planner is not None:
            self._spec = self._spec.model_copy(update={"planner": PlannerSpec(name=planner)})
        self._planner = plain_planner(self._spec.planner.name, admits=lambda _: True)
        self._rng = Random(1)
        self._store = Store.open(Workspace(folder))
        self._store.begin(self._spec, version="0")
        self._store.plan_dataset("data", name="made up")
        self._store.ready_dataset("data", observations_hash=DATA, seal_hash="s" * 64)
        self._store.plan_foundation(FOUNDATION, dataset=DATA, settings={})
        self._store.record_guard_check(code_hash="c" * 64, verdict="clean", files=1)
        certify(self._store, [*self._spec.strategies.baseline, *self._spec.strategies.open])

    def trial(self) -> None:
        """Proposes one point, and records what came of it."""
        name, store = self._spec.name, self._store
        past = store.past(name, self._spec.objective)
        block, batch = len(past) // self._spec.block.batches + 1, len(past) % self._spec.block.batches + 1
        if batch == 1:
            store.open_block(name, block)
        proposals = self._planner.propose(self._spec, past, block=block, batch=batch, metrics=self._metrics)
        (run,) = store.plan(
            name,
            block=block,
            batch=batch,
            proposals=[(proposal, content_hash(proposal.spec)) for proposal in proposals],
            dataset=DATA,
            foundation=FOUNDATION,
            guard_check=1,
            certificates=certificates_of(self._store),
        )
        store.start(name, run.number)
        store.trained(name, run.number, trained_hash=run.identity, train_s=TRAIN_S, opens_truth=True)
        store.finish(name, run.number, self._results(run.proposal.spec.values))
        if batch == self._spec.block.batches:
            store.close_block(name, block)

    def _results(self, values: dict[str, Value]) -> list[Metrics]:
        level = objective([float(values[name]) for name in RATES], [float(values[name]) for name in SHARES])
        levels = [level + self._rng.gauss(0, 0.02) for _ in range(REPLICATES)]
        return [{name: gain + i for i, name in enumerate(self._metrics)} for gain in levels]

    def close(self) -> None:
        """Gives its file back."""
        self._store.close()


class Optuna:
    """Optuna's TPE sampler over its RDBStorage."""

    def __init__(self, path: Path) -> None:
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._rng = Random(1)
        self._study = optuna.create_study(
            storage=f"sqlite:///{path}", sampler=optuna.samplers.TPESampler(seed=1), direction="maximize"
        )
        self._ask: Callable[[], Any] = self._study.ask

    def trial(self) -> None:
        """Proposes one point, and records what came of it."""
        trial = self._ask()
        rates = [trial.suggest_float(name, 1e-4, 1e-1, log=True) for name in RATES]
        shares = [trial.suggest_float(name, 0.0, 1.0) for name in SHARES]
        level = objective(rates, shares)
        self._study.tell(trial, median(level + self._rng.gauss(0, 0.02) for _ in range(REPLICATES)))

    def close(self) -> None:
        """Gives its file back."""
        self._study._storage.remove_session()


def objective(rates: Sequence[float], shares: Sequence[float]) -> float:
    """Best at a rate of 0.01 and a share of a half."""
    return 1.0 - sum(abs(rate - 0.01) for rate in rates) - sum((share - 0.5) ** 2 for share in shares)


def _spec(objective_name: str) -> ExplorationSpec:
    space = {name: LogParameter(low=1e-4, high=1e-1) for name in RATES}
    return ExplorationSpec(
        name="seven",
        data={},
        objective=objective_name,
        space=SearchSpace({**space, **{name: LinearParameter(low=0, high=1) for name in SHARES}}),
        baseline={**dict.fromkeys(RATES, 1e-3), **dict.fromkeys(SHARES, 0.2)},
        strategies=StrategyChoice(baseline=("rollout",), open=("residual", "contrastive")),
        block=BlockSpec(batches=8, slots=1),
        replicates=REPLICATES,
    )


def _timing(times: Sequence[float]) -> Timing:
    return Timing(seconds=median(times), low=min(times), high=max(times), repeats=len(times))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise SetpointError(
            "the section optuna must have Optuna to compare with, but it is not installed; "
            "pip install -e '.[bench]', or leave the section out with --only"
        ) from error
    return optuna
