"""What every planner keeps, whichever one an exploration names."""

import sys

import pytest

from agent.planner import plain_planner
from agent.planner.whole_space import switches
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.loading import validate
from blocks.planning import PlannerName, PlannerSpec
from blocks.run import Run
from blocks.slot import Role
from memory.past import Past, configuration
from tests.agent.landscapes import METRICS, admits, play, toy_spec

NAMES: tuple[PlannerName, ...] = ("hybrid", "ucb", "sweep", "random", "halving", "tpe")


def spec_for(name: PlannerName, **changes: object) -> ExplorationSpec:
    options = {"resource": "loops"} if name == "halving" else {}
    return toy_spec(planner=PlannerSpec(name=name, **options), **changes)


def played(name: PlannerName, blocks: int, **changes: object) -> list[Run]:
    return play(plain_planner(name, admits=admits), spec_for(name, **changes), blocks=blocks)


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> PlannerName:
    found: PlannerName = request.param
    return found


@pytest.fixture(scope="module")
def runs(name: PlannerName) -> list[Run]:
    return played(name, 4)


def test_proposals_depend_on_the_history_alone(name: PlannerName, runs: list[Run]):
    spec = spec_for(name)
    for block, batch in ((1, 2), (2, 1), (4, 2)):
        before = [run for run in runs if (run.block, run.batch) < (block, batch)]
        wanted = [run.proposal for run in runs if (run.block, run.batch) == (block, batch)]
        for history in (before, Past(before)):
            fresh = plain_planner(name, admits=admits)
            assert fresh.propose(spec, history, block=block, batch=batch, metrics=METRICS) == wanted


def test_another_seed_gives_another_search(name: PlannerName, runs: list[Run]):
    other = [run.proposal.spec for run in played(name, 2, seed=2)]
    assert other != [run.proposal.spec for run in runs[: len(other)]]


def test_every_slot_lies_in_the_space_and_keeps_its_invariants(name: PlannerName, runs: list[Run]):
    spec = spec_for(name, baseline={"lr": 1e-2, "loops": 100, "clipping.norm": 1.0, "constant": 7})
    for run in play(plain_planner(name, admits=admits), spec, blocks=3) if name != "tpe" else runs:
        values = run.proposal.spec.values
        assert values["time_step"] == (4, 16, 32, 64)[run.proposal.slot]
        assert name == "tpe" or values["constant"] == 7
        assert all(spec.space[key].contains(value) for key, value in values.items() if key in spec.space)
        assert admits(run.proposal.spec)
        assert set(run.proposal.spec.strategies) <= set(switches(spec, run.block))


def test_block_1_begins_with_the_baseline_in_every_slot(runs: list[Run]):
    assert [run.proposal.role for run in runs[:4]] == [Role.BASELINE] * 4


def test_nothing_is_tried_twice_and_no_seed_comes_back(runs: list[Run]):
    assert len({configuration(run.proposal.spec) for run in runs}) == len(runs) == 32
    seeds = [seed for run in runs for seed in run.proposal.spec.seeds]
    assert len(set(seeds)) == len(seeds)


def test_every_proposal_says_in_one_line_why(runs: list[Run]):
    for run in runs:
        assert run.proposal.reason
        assert "\n" not in run.proposal.reason + run.proposal.change
        assert run.proposal.change


def test_a_child_says_all_that_it_changes(runs: list[Run]):
    by_number = {run.number: run.proposal.spec for run in runs}
    for run in runs:
        if run.proposal.parent is not None:
            changes = run.proposal.spec.differs_from(by_number[run.proposal.parent])
            assert run.proposal.change == ", ".join(changes)


def test_without_optuna_tpe_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(
        SpecError, match=r"planner\.name: tpe must have Optuna.*pip install 'setpoint\[optuna\]'"
    ):
        played("tpe", 1)


@pytest.mark.parametrize(
    ("planner", "said"),
    [
        ({"name": "ucb", "points": 3}, "planner.points: is for the planner sweep, but the planner is ucb"),
        ({"name": "random", "boldness": 2.0}, "boldness: is for the planner hybrid"),
        (
            {"name": "halving", "resource": "width"},
            r"resource: must be a tunable number \(lr, loops\)",
        ),
        ({"name": "halving", "resource": "clipping.norm"}, "must be a tunable number"),
        ({"name": "halving", "resource": "lr", "reduction": 17}, r"planner.reduction: must be 2 \.\. 16"),
    ],
)
def test_an_option_that_does_nothing_is_refused(planner: dict[str, object], said: str):
    content = {**toy_spec().model_dump(mode="json"), "planner": planner}
    with pytest.raises(SpecError, match=said):
        validate(ExplorationSpec, content)


def test_halving_needs_a_range_that_can_be_halved():
    content = toy_spec().model_dump(mode="json")
    content["space"]["loops"] = {"kind": "int", "low": 100, "high": 150}
    content["planner"] = {"name": "halving", "resource": "loops"}
    with pytest.raises(SpecError, match=r"space.loops: must span a factor of 3 .* but got 100 \.\. 150"):
        validate(ExplorationSpec, content)
