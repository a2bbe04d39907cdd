"""The noise of a measurement, told from the trajectory alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.reaction.noise import ORDER, noise_level
from tests.sim.reaction.trajectories import record

RANDOM = {"topology": "random", "exponents": (1, 2), "max_substrates": 4, "flux_limit": True}


@pytest.mark.parametrize("preset", ["quickstart", "oscillatory_rank_50", "homeostatic"])
@pytest.mark.parametrize("noise", [0.001, 0.01, 0.05])
def test_the_level_of_the_noise_is_found(preset, noise):
    seen = record(preset=preset, seed=1, n_frames=600, noise=noise).seen
    assert noise_level(seen) == pytest.approx(noise, rel=0.1)


def test_the_level_is_found_where_substrates_run_out():
    values = {"preset": "oscillatory_rank_50", "seed": 5, "n_frames": 600, **RANDOM}
    assert noise_level(record(**values, noise=0.01).seen) == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize(
    "values",
    [
        {"preset": "quickstart"},
        {"preset": "oscillatory_rank_50"},
        {"preset": "oscillatory_rank_70"},
        {"preset": "pure"},
        {"preset": "oscillatory_rank_50", **RANDOM},
    ],
    ids=["quickstart", "rank 50", "rank 70", "additive", "random"],
)
def test_exact_data_have_no_noise_however_fast_they_move(values):
    for seed in (1, 5):
        assert noise_level(record(seed=seed, n_frames=900, **values).seen) == 0.0


@pytest.mark.parametrize("n_frames", [2, ORDER, 2 * ORDER])
def test_of_too_few_frames_no_noise_is_told(n_frames):
    rng = np.random.default_rng(0)
    assert noise_level(rng.uniform(1, 9, (n_frames, 5))) == 0.0


def test_a_frame_more_tells_it():
    rng = np.random.default_rng(0)
    assert noise_level(5 * (1 + 0.01 * rng.standard_normal((2 * ORDER + 1, 200)))) == pytest.approx(
        0.01, rel=0.2
    )


def test_a_few_metabolites_that_nobody_can_measure_do_not_set_the_level():
    seen = record(seed=1, noise=0.01).seen.copy()
    rng = np.random.default_rng(1)
    seen[:, :5] *= np.exp(rng.standard_normal((len(seen), 5)))
    assert noise_level(seen) == pytest.approx(0.01, rel=0.2)


@settings(max_examples=30)
@given(
    level=st.floats(1e-4, 0.05),
    scales=st.lists(st.floats(0.01, 100), min_size=8, max_size=8),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_level_is_relative_and_has_no_direction_in_time(level, scales, seed):
    rng = np.random.default_rng(seed)
    time = np.arange(800)[:, None] * 0.01
    smooth = np.exp(np.sin(time + rng.uniform(0, 6, 8)))
    seen = smooth * (1 + level * rng.standard_normal(smooth.shape))
    found = noise_level(seen)
    assert found == pytest.approx(level, rel=0.2)
    assert noise_level(seen * scales) == pytest.approx(found, rel=1e-6)
    assert noise_level(np.ascontiguousarray(seen[::-1])) == pytest.approx(found, rel=1e-6)
