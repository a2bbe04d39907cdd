"""Runs held against each other: differences, and whether they are noise."""

from random import Random

import pytest
from made_up_history import run, slot

from blocks.run import MetricInfo, Run
from memory.contrast import contrast

GAIN = {"gain": MetricInfo(direction="maximize", needs_labels=False, meaning="made up")}


def _run(number: int, gains: list[float], **values: float) -> Run:
    made = run(number, slot(4))
    spec = made.proposal.spec
    spec = spec.model_copy(update={"values": {**spec.values, **values}, "seeds": tuple(range(len(gains)))})
    return made.model_copy(
        update={
            "proposal": made.proposal.model_copy(update={"spec": spec}),
            "metrics": tuple({"gain": gain} for gain in gains),
        }
    )


def test_only_what_differs_is_named_and_the_rest_is_shared() -> None:
    made = contrast([_run(1, [1.0, 1.1], lr=0.1), _run(2, [1.0, 1.1], lr=0.3)], metrics=GAIN)
    assert made.settings == {"lr": (0.1, 0.3)}
    assert "lr" not in made.shared


def test_a_difference_within_the_noise_is_called_so_about_as_often_as_it_should() -> None:
    rng = Random(1)
    noise = 0
    for _ in range(300):
        one, other = ([rng.gauss(0, 1) for _ in range(4)] for _ in range(2))
        (found,) = contrast([_run(1, one), _run(2, other)], metrics=GAIN).differences["gain"]
        assert found is not None
        noise += not found.exceeds_noise
    assert 270 <= noise <= 298


def test_a_large_difference_exceeds_the_noise_and_its_interval_holds_it() -> None:
    (found,) = contrast([_run(1, [0.0, 0.1, 0.2]), _run(2, [2.0, 2.1, 2.2])], metrics=GAIN).differences[
        "gain"
    ]
    assert found is not None
    assert found.exceeds_noise
    assert found.interval is not None
    assert found.interval[0] < 2.0 < found.interval[1]
    assert found.mean == pytest.approx(2.0)


def test_one_replicate_tells_nothing_of_the_noise() -> None:
    (found,) = contrast([_run(1, [0.0]), _run(2, [2.0, 2.1])], metrics=GAIN).differences["gain"]
    assert found is not None
    assert (found.interval, found.p, found.exceeds_noise) == (None, None, None)


@pytest.mark.parametrize(("other", "exceeds"), [([1.0, 1.0], False), ([1.5, 1.5], True)])
def test_replicates_without_any_spread_are_equal_or_they_are_not(other: list[float], exceeds: bool) -> None:
    (found,) = contrast([_run(1, [1.0, 1.0]), _run(2, other)], metrics=GAIN).differences["gain"]
    assert found is not None
    assert found.exceeds_noise is exceeds


def test_a_run_without_the_metric_has_no_difference() -> None:
    assert contrast([_run(1, [1.0]), run(2, slot(4))], metrics=GAIN).differences == {"gain": (None,)}
