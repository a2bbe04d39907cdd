"""What training sees: concentrations of the first frames, and no label whatever it holds."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import DataError
from sim.training.averages import moving, residual_spread
from sim.training.data import training_data, training_frames
from tests.sim.training.tiny import simulated


@given(n_frames=st.integers(4, 10_000), fraction=st.floats(0.01, 0.5))
def test_frames_are_either_trained_on_or_held_out_and_training_has_the_larger_part(n_frames, fraction):
    try:
        kept = training_frames(n_frames, fraction)
    except DataError:
        assert round(n_frames * fraction) < 2 or n_frames - round(n_frames * fraction) < 2
    else:
        assert 2 <= n_frames - kept <= kept + 1
        assert n_frames - kept == round(n_frames * fraction)


def test_a_data_set_too_short_to_be_split_is_refused_with_a_remedy():
    with pytest.raises(DataError, match="at least 2 frames each, but 3 frames split into 3 and 0"):
        training_frames(3, 0.1)


def test_training_data_ends_where_the_held_out_frames_begin():
    observations, _, reaction = simulated(400)
    data = training_data(observations, reaction, heldout_fraction=0.1)
    assert len(data.concentration) == 360
    assert len(data.residual) == 359
    np.testing.assert_array_equal(data.concentration, observations.concentration[:360])


def test_the_residual_is_the_regulation_where_the_reaction_model_is_exact():
    observations, truth, reaction = simulated()
    data = training_data(observations, reaction, heldout_fraction=0.1)
    decay, baseline = truth.decay[truth.types], truth.baseline[truth.types]
    expected = -decay * (observations.concentration[:359] - baseline)
    np.testing.assert_allclose(data.residual, expected, atol=1e-11)


def test_no_column_but_the_concentration_reaches_the_training_data():
    unsealed, _, reaction = simulated(label=1.0)
    sealed, _, _ = simulated(label=np.nan)
    one = training_data(unsealed, reaction, heldout_fraction=0.1)
    other = training_data(sealed, reaction, heldout_fraction=0.1)
    reached = {field.name for field in dataclasses.fields(one) if field.compare}
    assert reached == {"concentration", "residual", "dt", "trusted", "line_covariance"}
    assert torch.equal(one.concentration, other.concentration)
    assert torch.equal(one.residual, other.residual)
    for data in (one, other):
        assert data.trusted is None
        assert data.line_covariance is None


def test_a_metabolite_that_never_moves_has_a_scale_all_the_same():
    residual = torch.randn(50, 3, dtype=torch.float64)
    residual[:, 1] = 0.0
    spread = residual_spread(residual)
    assert (spread > 0).all()
    assert spread[1] == pytest.approx(1e-3 * float(spread.median()), rel=0.5)
    assert (residual_spread(torch.zeros(50, 3, dtype=torch.float64)) > 0).all()


def test_a_metabolite_that_never_moves_has_no_weight_and_moves_no_other_scale():
    residual = torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    concentration = residual.cumsum(dim=0)
    still = concentration.clone()
    still[:, 2] = 1.5
    before = residual_spread(residual, moving=moving(concentration))
    spread = residual_spread(residual, moving=moving(still))
    assert torch.isinf(spread[2])
    assert torch.equal(spread[[0, 1, 3]], before[[0, 1, 3]])
    assert torch.isfinite(residual_spread(residual, moving=moving(torch.ones(51, 4)))).all()
