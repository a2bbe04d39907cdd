"""Runs as tables and planners read them."""

import pytest

from blocks.run import MetricInfo, Run, RunState, best_run, show_number, spread_of
from blocks.slot import Proposal, Role, SlotSpec, show_value

UP = MetricInfo(direction="maximize", needs_labels=False, meaning="")
DOWN = MetricInfo(direction="minimize", needs_labels=False, meaning="")


def run(number: int, *gains: float | None, state: RunState = RunState.DONE, certified: bool = True) -> Run:
    spec = SlotSpec(values={"lr": 0.1}, strategies=(), seeds=tuple(range(len(gains) or 1)))
    return Run(
        number=number,
        block=1,
        batch=1,
        proposal=Proposal(slot=0, spec=spec, role=Role.BASELINE),
        identity="x",
        state=state,
        certified=certified,
        metrics=tuple({"gain": gain} for gain in gains),
    )


def test_a_missing_metric_is_no_number() -> None:
    spread = run(1, 0.2, None, 0.4).spread("gain")
    assert spread is not None
    assert (spread.n, spread.median) == (2, pytest.approx(0.3))
    assert run(1, None).spread("gain") is None


def test_a_single_replicate_has_no_spread() -> None:
    spread = spread_of([0.5])
    assert spread is not None
    assert spread.sd is None
    assert str(spread) == "0.500"


def test_the_best_run_follows_the_direction_and_skips_failed_ones() -> None:
    runs = [run(1, 0.1), run(2, 0.9), run(3, 5.0, state=RunState.FAILED), run(4)]
    assert (best := best_run(runs, "gain", UP)) is not None
    assert best.number == 2
    assert (best := best_run(runs, "gain", DOWN)) is not None
    assert best.number == 1


def test_of_two_equal_runs_the_older_is_best() -> None:
    best = best_run([run(2, 0.5), run(1, 0.5)], "gain", UP)
    assert best is not None
    assert best.number == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8714, "0.871"),
        (14.62, "14.6"),
        (396.4, "396"),
        (-0.13, "-0.130"),
        (0, "0"),
        (1.2e5, "1.2e5"),
        (2.1e-4, "2.1e-4"),
    ],
)
def test_numbers_are_shown_with_three_digits(value: float, text: str) -> None:
    assert show_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0032, "3.2e-3"),
        (0.001, "1e-3"),
        (16, "16"),
        (True, "on"),
        (None, "unset"),
        (0.05, "0.05"),
        (10.0, "10"),
        ("a", "a"),
    ],
)
def test_hyperparameters_are_shown_as_people_write_them(value: float | None, text: str) -> None:
    assert show_value(value) == text


def test_a_change_is_named_in_words() -> None:
    one = SlotSpec(values={"lr": 0.001, "ts": 4}, strategies=("clipping",), seeds=(1,))
    two = SlotSpec(values={"lr": 0.003, "ts": 4}, strategies=("residual",), seeds=(2,))
    assert two.differs_from(one) == ["lr 1e-3 -> 3e-3", "without clipping", "with residual"]


def test_an_uncertified_run_is_never_the_best() -> None:
    runs = [run(1, 0.1), run(2, 0.9, certified=False)]
    assert [one.is_evidence for one in runs] == [True, False]
    best = best_run(runs, "gain", UP)
    assert best is not None
    assert best.number == 1
