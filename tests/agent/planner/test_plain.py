"""The planner and the findings say what they said when every answer was worked out anew from all runs."""

import re
from random import Random

import pytest

from agent.planner import UcbPlanner
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec, StrategyChoice
from blocks.run import Failure, FailureKind, MetricInfo, Run, RunState
from blocks.slot import Proposal
from blocks.space import CategoricalParameter, LinearParameter, SearchSpace
from memory.findings import findings, observed
from memory.past import Past
from tests.agent.landscapes import METRICS, admits, toy_spec
from tests.plain.findings import findings as plain_findings
from tests.plain.ucb import UcbPlanner as PlainPlanner

WORSE = {"gain": METRICS["gain"].model_copy(update={"direction": "minimize", "target": 0.0})}

NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")

SMALL = {
    "space": SearchSpace(
        {
            "width": CategoricalParameter(choices=(8, 16, 32), topic="Width"),
            "clipping.norm": CategoricalParameter(choices=(0.1, 1.0, 10.0)),
            "damping": LinearParameter(low=0, high=1),
        }
    ),
    "baseline": {"width": 16, "clipping.norm": 1.0, "damping": 0.5, "constant": 3},
    "sweep": {"damping": (0.1, 0.3, 0.7, 0.9)},
    "strategies": StrategyChoice(
        baseline=("rollout", "clipping"), open=("residual", "contrastive", "warm_up")
    ),
}


def ended(number: int, proposal: Proposal, rng: Random, *, noise: float, digits: int, block: int) -> Run:
    """A run with a made-up end: smooth in its values, noisy, now and then failed or without a number."""
    spec = proposal.spec
    level = sum(
        0.1 * abs(hash_of(name, value)) for name, value in spec.values.items() if not isinstance(value, str)
    )
    level += sum({"residual": 0.5, "contrastive": -0.2, "clipping": 0.1}.get(s, 0.0) for s in spec.strategies)
    fails = rng.random() < (0.5 if "contrastive" in spec.strategies else 0.05)
    gains = [round(level + rng.gauss(0, noise), digits) if rng.random() > 0.05 else None for _ in spec.seeds]
    kinds = (FailureKind.DIVERGED, FailureKind.CRASHED, FailureKind.TIMEOUT)
    return Run(
        number=number,
        block=block,
        batch=1,
        proposal=proposal,
        # Now and then a result that was taken over from an earlier run of the same identity.
        identity=str(number if rng.random() > 0.03 else max(number - 5, 1)),
        state=RunState.FAILED if fails else RunState.DONE,
        failure=Failure(kind=rng.choice(kinds), reason="made up") if fails else None,
        metrics=() if fails else tuple({"gain": gain} for gain in gains),
        certified=True,
        dataset="d" if rng.random() > 0.1 else "e",
    )


def hash_of(name: str, value: float | str) -> float:
    return {"lr": 3.0, "loops": 0.001, "width": 0.01}.get(name, 0.05) * float(value)


def in_steps(past: Past, batch: list[Run], rng: Random) -> None:
    """A batch as the store shows it: planned, then under way, then ended in any order."""
    waiting = {"state": RunState.PLANNED, "failure": None, "metrics": ()}
    past.update(run.model_copy(update=waiting) for run in batch)
    for run in rng.sample(batch, len(batch)):
        past.update([run.model_copy(update={**waiting, "state": RunState.RUNNING})])
        past.update([run])
        if rng.random() < 0.3:
            findings_of(past)  # a look in between leaves no trace


def findings_of(past: Past) -> None:
    findings(toy_spec(), past, metrics=METRICS)


@pytest.mark.parametrize("metrics", [METRICS, WORSE], ids=["maximize", "minimize"])
@pytest.mark.parametrize("changes", [{}, SMALL], ids=["toy", "small"])
@pytest.mark.parametrize(("noise", "digits"), [(0.05, 9), (0.0, 2), (0.02, 3)])
@pytest.mark.parametrize("seed", [1, 2])
def test_proposals_and_statements_are_those_of_the_plain_planner(
    metrics: dict[str, MetricInfo], changes: dict[str, object], noise: float, digits: int, seed: int
) -> None:
    spec, rng = toy_spec(seed=seed, **changes), Random(seed)
    plain, planner = PlainPlanner(admits), UcbPlanner(admits)
    runs: list[Run] = []
    grown = Past()
    for block in range(1, 11):
        for batch in (1, 2):
            place = {"block": block, "batch": batch, "metrics": metrics}
            wanted = proposals(plain, spec, runs, **place)
            assert proposals(planner, spec, grown, **place) == wanted
            assert proposals(planner, spec, runs, **place) == wanted
            made = [
                ended(len(runs) + i, proposal, rng, noise=noise, digits=digits, block=block)
                for i, proposal in enumerate(wanted, 1)
            ]
            runs += made
            in_steps(grown, made, rng)
            if block % 5 == 0:  # the whole history of verdicts is worked out anew
                whole = [s.model_dump() for s in findings(spec, grown, metrics=metrics)]
                assert whole == [s.model_dump() for s in findings(spec, runs, metrics=metrics)]
            said = [s.model_dump() for s in observed(spec, grown, metrics=metrics)]
            assert [about(s) for s in said] == [
                nearly(about(s.model_dump())) for s in plain_findings(spec, runs, metrics=metrics)
            ]


def about(statement: dict[str, object]) -> dict[str, object]:
    """A statement with its numbers as people see them: sums in another order differ in the last digits."""
    evidence = str(statement["evidence"])
    return {key: value for key, value in statement.items() if key not in ("effect", "interval", "key")} | {
        "evidence": NUMBER.sub("#", evidence),
        "numbers": [float(number) for number in NUMBER.findall(evidence)],
    }


def nearly(statement: dict[str, object]) -> dict[str, object]:
    """The same, where a last digit that people see may have been rounded up or down."""
    return {**statement, "numbers": pytest.approx(statement["numbers"], rel=0.01, abs=0.0011)}


def proposals(
    planner: UcbPlanner | PlainPlanner, spec: ExplorationSpec, *args: object, **place: object
) -> list[Proposal]:
    try:
        return planner.propose(spec, *args, **place)  # type: ignore[arg-type]
    except SpecError:
        return []
