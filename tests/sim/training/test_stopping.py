"""Early stop of a training: it ends where its rule says, and the rule changes nothing else."""

import json
from pathlib import Path

from blocks.slot import SlotSpec
from blocks.stopping import Course, StopRule, why_stopped
from sim.evaluation.heldout import Unseen, heldout_gain
from sim.training.outcome import HISTORY, TRAINED
from sim.training.slots import resolve_slot
from sim.training.trainer import train_slot
from tests.sim.training.tiny import silent, simulated, slot

LOOKS = (0.25, 0.5)


def ruled(*limits: float) -> SlotSpec:
    return slot("residual").model_copy(update={"stop": StopRule(shares=LOOKS, limits=limits, why="by test")})


def trained(spec: SlotSpec, out: Path) -> Course:
    observations, _, reaction = simulated()
    return train_slot(spec, observations, reaction, out, silent)


def test_a_run_that_is_looked_at_has_the_bits_of_one_that_is_not(tmp_path: Path):
    plain = trained(slot("residual"), tmp_path / "plain")
    for name, limits in (("seen", ()), ("good", (-1e9, -1e9))):
        course = trained(ruled(*limits), tmp_path / name)
        assert (tmp_path / name / TRAINED).read_bytes() == (tmp_path / "plain" / TRAINED).read_bytes()
        assert not course.stopped
        assert course.curve is not None
        assert course.curve.steps == (*ruled().stop.steps(plain.steps), plain.steps)  # type: ignore[union-attr]


def test_a_lost_run_ends_at_its_look_and_says_why_and_does_so_again(tmp_path: Path):
    spec = ruled(-1e9, 1e9)
    course = trained(spec, tmp_path / "one")
    assert (course.steps, course.stopped) == (spec.stop.steps(course.planned)[1], True)  # type: ignore[union-attr]
    history = json.loads((tmp_path / "one" / HISTORY).read_text())
    assert (history["steps"][-1], history["total"]) == (course.steps, course.planned)
    said = why_stopped(spec.stop, course)
    assert said.startswith(f"stopped early at step {course.steps} of {course.planned}: held-out gain ")
    assert said.endswith(" < 1e+09, by test")
    assert trained(spec, tmp_path / "other") == course
    for file in (TRAINED, HISTORY):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_progress_is_the_gain_on_frames_that_nothing_was_fitted_to(tmp_path: Path):
    from sim.artifacts import load_node

    observations, _, reaction = simulated()
    course = trained(ruled(), tmp_path)
    unseen = Unseen.of(observations, reaction, heldout_fraction=0.1)
    assert course.curve is not None
    assert list(course.curve.reached[-1]) == heldout_gain(load_node(tmp_path / TRAINED), unseen)


def test_the_rule_is_part_of_what_a_run_is_and_its_wording_is_not():
    rule = ruled(0.1, 0.2)
    reworded = rule.model_copy(
        update={"stop": StopRule(shares=LOOKS, limits=(0.1, 0.2), why="in other words")}
    )
    assert resolve_slot(rule) == resolve_slot(reworded)
    assert resolve_slot(rule) != resolve_slot(ruled(0.1, 0.3))
    assert "stop" not in resolve_slot(slot("residual"))
