"""The planners table: landscapes are what was recorded, replays are honest, figures are right."""

from pathlib import Path
from random import Random
from statistics import fmean

import numpy as np
import pytest

from agent.planner.base import replicate_seeds
from benchmarks.machine import this_machine
from benchmarks.planners.contenders import CONTENDERS, RUNS, Contender
from benchmarks.planners.docs import page
from benchmarks.planners.draws import FILLING, slot_at
from benchmarks.planners.grounds import FOUNDATIONS, admitted, ground
from benchmarks.planners.landscape import Landscape
from benchmarks.planners.record import Network, train
from benchmarks.planners.recorded import (
    FRACTIONS,
    Header,
    Recording,
    Replicate,
    Slot,
    append,
    read,
    read_part,
    write,
    write_part,
)
from benchmarks.planners.replay import Moment, replay
from benchmarks.planners.results import DEFAULT, Ground, Judgement, Played, Report
from blocks.errors import DataError
from blocks.slot import SlotSpec
from sim.problem import MetabolicProblem

SPEC = ground("quickstart")
PROBLEM = MetabolicProblem()
LANDSCAPES = Path(__file__).parents[2] / "benchmarks" / "planners" / "landscapes"


def worth(slot: SlotSpec) -> float:
    lr = np.log10(float(slot.values["lr_node_homeo"]))
    return float(0.4 * np.exp(-((lr + 3) ** 2)) + 0.4 * ("residual" in slot.strategies))


def recording(n: int = 60, noise: float = 0.05) -> Recording:
    """Made-up slots at the places that would be recorded."""
    rng, slots = Random(1), []
    for index in range(n):
        spec = slot_at(SPEC, index, slots, admits=lambda one: admitted(PROBLEM, one))
        found = tuple(
            Replicate(objective=worth(spec) + rng.gauss(0, noise), heldout_gain=None) for _ in spec.seeds
        )
        slots.append(
            Slot(
                values=spec.values,
                strategies=spec.strategies,
                seeds=spec.seeds,
                replicates=found,
                train_s=1.0,
            )
        )
    header = Header(
        landscape="made up", command="", objective="", foundation="none", code_version="", space={}
    )
    return Recording(header=header, slots=tuple(slots))


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return Landscape(recording(), SPEC)


@pytest.mark.parametrize("name", list(FOUNDATIONS))
def test_a_recorded_landscape_has_400_slots_of_three_replicates_and_says_how_it_was_made(name: str):
    found = read(LANDSCAPES / f"{name}.jsonl.gz")
    assert len(found.slots) >= 400
    assert found.header.command.startswith(f"python -m benchmarks.planners record {name} ")
    spec = ground(name)
    for slot in found.slots:
        assert len(slot.seeds) == 3
        assert all(spec.space[key].contains(slot.values[key]) for key in spec.space.names())
        assert all(len(one.objectives) == FRACTIONS for one in slot.replicates)
        assert slot.replicates or slot.failure
    seeds = [seed for slot in found.slots for seed in slot.seeds]
    assert len(set(seeds)) == len(seeds)


def test_the_next_slot_depends_on_what_is_recorded_and_on_nothing_else():
    slots = recording(FILLING + 2).slots

    def again(index: int) -> SlotSpec:
        return slot_at(SPEC, index, slots[:index], admits=lambda one: admitted(PROBLEM, one))

    for index in (0, 5, 20, FILLING, FILLING + 1):
        slot = again(index)
        assert (slot.values, slot.strategies, slot.seeds) == (
            slots[index].values,
            slots[index].strategies,
            slots[index].seeds,
        )


def test_a_recording_that_was_cut_off_goes_on_from_its_last_whole_line(tmp_path: Path):
    made, part = recording(3), tmp_path / "x.part"
    assert read_part(part) is None
    write_part(part, Recording(header=made.header, slots=made.slots[:1]))
    append(part, made.slots[1])
    append(part, made.slots[2])
    part.write_bytes(part.read_bytes()[:-10])
    assert read_part(part) == Recording(header=made.header, slots=made.slots[:2])


def test_the_same_recording_is_the_same_file(tmp_path: Path):
    for name in ("a", "b"):
        write(tmp_path / name, recording(3))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read(tmp_path / "a") == recording(3)
    (tmp_path / "b").write_bytes(b"nothing")
    with pytest.raises(DataError, match="must be a recorded landscape"):
        read(tmp_path / "b")


@pytest.mark.slow
def test_what_is_recorded_is_what_a_training_gives(tmp_path: Path):
    network = Network.prepare(SPEC, PROBLEM, tmp_path)
    values = {**SPEC.baseline, "time_step": 16, "data_augmentation_loop": 10}
    slot = SlotSpec(values=values, strategies=("residual", "rollout"), seeds=(1, 2))
    recorded = train(network, slot)
    out = tmp_path / "out"
    out.mkdir()
    PROBLEM.train(slot, network.observations, network.foundation, out, lambda _: None)
    judged = PROBLEM.evaluate(slot, network.observations, network.foundation, out, network.seal)
    for one, metrics in zip(recorded.replicates, judged, strict=True):
        assert one.objective == pytest.approx(metrics["slope_recovery"], rel=1e-4)
        assert one.heldout_gain == pytest.approx(metrics["heldout_gain"], rel=1e-4)
        assert len(one.losses) == len(one.gains) == FRACTIONS


def test_true_values_are_near_those_that_made_the_recording(landscape: Landscape):
    slots = [slot_at(SPEC, index, (), admits=lambda one: admitted(PROBLEM, one)) for index in range(60, 160)]
    found, truth = landscape.true_value(slots), np.array([worth(slot) for slot in slots])
    assert np.corrcoef(found, truth)[0, 1] > 0.9
    assert landscape.explained() > 0.7


def test_replicates_scatter_about_the_true_value_as_recorded_ones_did(landscape: Landscape):
    slot = slot_at(SPEC, 100, (), admits=lambda one: admitted(PROBLEM, one))
    many = slot.model_copy(update={"seeds": replicate_seeds(SPEC, 1, 600)})
    values = landscape.replicates(many)
    assert values == landscape.replicates(many)
    assert fmean(values) == pytest.approx(float(landscape.true_value([slot])[0]), abs=0.02)
    assert 0.02 < np.std(values) < 0.1
    assert landscape.noise == pytest.approx(0.05, rel=0.3)


@pytest.mark.parametrize("contender", [one for one in CONTENDERS if "tpe" not in one.name])
def test_an_exploration_pays_for_its_confirmations_and_reports_without_optimism(
    landscape: Landscape, contender: Contender
):
    found = replay(contender, landscape, SPEC, PROBLEM, seed=3)
    last = found.moments[-1]
    assert last.runs == contender.runs
    assert last.trainings > 3 * contender.runs, "confirmations have five seeds"
    assert found.best is not None
    assert last.confirmed == pytest.approx(float(landscape.true_value([found.best])[0]))
    assert last.reported == pytest.approx(last.confirmed, abs=0.1)
    assert found == replay(contender, landscape, SPEC, PROBLEM, seed=3)


def moments(*confirmed: float | None) -> tuple[Moment, ...]:
    return tuple(
        Moment(
            runs=8 * place,
            trainings=24 * place,
            reported=None if value is None else value + 0.1,
            confirmed=value,
            maximum=1.0,
            maximum_true=0.6,
        )
        for place, value in enumerate(confirmed, 1)
    )


def played(name: str, *explorations: tuple[Moment, ...]) -> Played:
    return Played(
        landscape="here", contender=name, note="", runs=2 * RUNS, explorations=explorations, seconds=1.0
    )


def test_figures_are_medians_and_those_that_never_arrive_are_the_slowest():
    one = played("x", moments(None, 0.5, 0.9), moments(None, 0.2, 0.3), moments(None, 0.9, 0.9))
    assert one.final == 0.9
    assert one.runs_to(0.5) == 16
    assert one.runs_to(0.8) == 24
    assert one.trainings_to(0.8) == 72
    assert one.runs_to(0.95) is None
    assert one.reaching(0.8) == 2
    assert one.at(16) == 0.5
    assert one.optimism == pytest.approx(0.1)
    assert one.optimism_of_the_maximum == pytest.approx(0.4)


def test_what_lies_beyond_the_runs_of_an_exploration_only_says_how_many_were_needed():
    late = moments(*[0.5] * (RUNS // 8), 0.9)
    assert late[-1].runs > RUNS
    one = played("random", late)
    assert (one.final, one.quartiles, one.reaching(0.9)) == (0.5, (0.5, 0.5), 0)
    assert one.runs_to(0.9) == late[-1].runs


@pytest.mark.parametrize(
    ("ours", "theirs", "limit", "most", "met"),
    [
        (24, 48, RUNS, 0.5, True),
        (25, 48, RUNS, 0.5, False),
        (32, None, RUNS, 0.5, True),
        (40, None, RUNS, 0.5, False),
        (40, None, 2 * RUNS, 0.5, True),
        (None, None, RUNS, 1, False),
    ],
)
def test_the_default_is_judged_by_the_runs_that_it_needs(
    ours: int | None, theirs: int | None, limit: int, most: float, met: bool
):
    judged = Judgement(
        landscape="here",
        against="random",
        value=0.9,
        default_runs=ours,
        other_runs=theirs,
        most_of=most,
        default_limit=RUNS,
        other_limit=limit,
    )
    assert judged.met is met


def test_the_page_has_the_command_the_default_and_a_verdict_per_landscape():
    report = Report(
        command="python -m benchmarks.planners",
        made_at="2026-01-02 03:04 UTC",
        machine=this_machine(),
        code_version="0123456789abcdef",
        grounds=(
            Ground(
                name="here", slots=400, trainings=1200, best=1.0, noise=0.1, explained=0.8, foundation="R2 1"
            ),
        ),
        played=(
            played(DEFAULT, moments(None, 0.95)),
            played("random", moments(None, 0.4, 0.5)),
            played("tpe", moments(None, 0.95)),
        ),
    )
    text = page(report)
    assert "    python -m benchmarks.planners\n" in text
    assert f"The default planner is `{DEFAULT}`" in text
    assert "| here | random | 0.900 | 16 | > 128 | at most half | met |" in text
    assert "| here | random | 0.500 | 16 | 24 | at most half | MISSED |" in text
    assert "| here | tpe | 0.900 | 16 | 16 | no more | met |" in text
    assert not report.all_met
