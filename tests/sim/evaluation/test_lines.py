"""Slopes and offsets: known answers for responses that are written down by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.evaluation.lines import (
    Lines,
    mean_ratio,
    ratios,
    response_errors,
    response_lines,
    slope_recovery,
    visited_range,
    wide_range,
)
from sim.networks.network import Truth

TRUTH = Truth(
    rate_constants=np.ones(1),
    types=np.array([0, 1, 0, 1]),
    decay=np.array([0.001, 0.002]),
    baseline=np.array([4.0, 6.0]),
)


def line_metrics(slope: np.ndarray, offset: np.ndarray) -> dict[str, float | None]:
    points = wide_range(4)
    lines = response_lines(points, (slope * points + offset)[None])
    metrics = ratios(lines, points, TRUTH)[0] | ratios(lines, points, TRUTH, suffix="_wide")[0]
    return metrics | {
        "avg_slope_ratio": mean_ratio(metrics, 2, suffix="_wide"),
        "slope_recovery": slope_recovery(metrics, 2),
    }


def test_the_true_response_has_every_ratio_one():
    decay, baseline = TRUTH.decay[TRUTH.types], TRUTH.baseline[TRUTH.types]
    metrics = line_metrics(-decay, decay * baseline)
    assert len(metrics) == 10
    assert list(metrics.values()) == pytest.approx([1.0] * 10)


def test_one_shared_slope_fools_the_mean_ratio_but_not_the_recovery():
    metrics = line_metrics(np.full(4, -0.0015), np.full(4, 0.008))
    assert metrics["slope_ratio_0"] == pytest.approx(1.5)
    assert metrics["slope_ratio_1"] == pytest.approx(0.75)
    assert metrics["avg_slope_ratio"] == pytest.approx(1.125)
    assert metrics["slope_recovery"] == pytest.approx(0.625)


def test_a_response_of_zero_recovers_nothing():
    metrics = line_metrics(np.zeros(4), np.zeros(4))
    assert metrics["slope_recovery"] == 0.0
    assert metrics["offset_ratio_1"] == 0.0


def test_a_slope_of_the_wrong_sign_costs_no_more_than_none():
    metrics = line_metrics(np.array([-0.001, 0.3, -0.001, 0.3]), np.zeros(4))
    assert metrics["slope_recovery"] == pytest.approx(0.5)


@given(
    slope=st.floats(-10, 10),
    offset=st.floats(-10, 10),
    low=st.floats(0, 50),
    width=st.floats(0.01, 100),
)
def test_a_line_is_read_off_as_it_was_drawn(slope: float, offset: float, low: float, width: float):
    points = np.linspace(low, low + width, 50)[:, None]
    lines = response_lines(points, (slope * points + offset)[None])
    assert lines.slope[0, 0] == pytest.approx(slope, rel=1e-6, abs=1e-9 * (1 + (low + abs(offset)) / width))
    assert lines.offset[0, 0] == pytest.approx(offset, rel=1e-6, abs=1e-6 * (1 + low / width))


def test_a_metabolite_that_never_moves_has_no_line_and_is_left_out_of_its_type():
    concentration = np.linspace(1, 9, 30)[:, None] * np.ones(4)
    concentration[:, 2] = 5.0
    points = visited_range(concentration)
    decay, baseline = TRUTH.decay[TRUTH.types], TRUTH.baseline[TRUTH.types]
    lines = response_lines(points, (-decay * (points - baseline))[None])
    assert np.isnan(lines.slope[0]).tolist() == [False, False, True, False]
    assert ratios(lines, points, TRUTH)[0]["slope_ratio_0"] == pytest.approx(1.0)


def test_a_type_without_a_line_and_a_true_slope_of_zero_have_no_ratio():
    gone = Lines(np.array([[np.nan, -0.002, np.nan, -0.002]]), np.zeros((1, 4)))
    points = wide_range(4)
    metrics = ratios(gone, points, TRUTH)[0]
    assert metrics["slope_ratio_0"] is None
    assert slope_recovery(metrics, 2) is None
    flat = Truth(TRUTH.rate_constants, np.zeros(4, dtype=np.int64), np.zeros(1), np.zeros(1))
    assert ratios(gone, points, flat)[0] == {"slope_ratio_0": None, "offset_ratio_0": None}


def test_a_saturating_response_is_compared_with_the_line_through_its_own_curve():
    bent = replace(TRUTH, regulation="saturating")
    points = visited_range(np.linspace(0, 40, 100)[:, None] * np.ones(4))
    curve = bent.response(points)
    lines = response_lines(points, curve[None])
    assert ratios(lines, points, bent)[0]["slope_ratio_1"] == pytest.approx(1.0)
    assert ratios(lines, points, TRUTH)[0]["slope_ratio_1"] < 0.3
    assert response_errors(curve[None], points, bent)[0] == {"response_error_0": 0.0, "response_error_1": 0.0}


def test_the_response_error_sees_a_bend_that_the_line_does_not():
    points = visited_range(np.linspace(0, 8, 100)[:, None] * np.ones(4))
    bend = np.square(points - points.mean()) - np.square(points - points.mean()).mean()
    curves = (TRUTH.response(points) + 0.001 * bend)[None]
    assert ratios(response_lines(points, curves), points, TRUTH)[0]["slope_ratio_0"] == pytest.approx(1.0)
    rms = np.sqrt(np.square(0.001 * bend[:, 0]).mean() / np.square(TRUTH.response(points)[:, 0]).mean())
    assert response_errors(curves, points, TRUTH)[0]["response_error_0"] == pytest.approx(rms)


def test_the_visited_range_leaves_the_extremes_out():
    concentration = np.linspace(0, 100, 1001)[:, None]
    points = visited_range(concentration)
    assert (points[0, 0], points[-1, 0], len(points)) == (pytest.approx(5), pytest.approx(95), 50)
