"""R2 of rate constants in log10, and what a rate that is not positive costs."""

import numpy as np
import pytest

from sim.evaluation.rate_constants import r_squared, rate_constant_metrics
from sim.networks.generate import generate_network
from sim.networks.settings import DataSettings
from sim.networks.substrates import anchored_rate_constants

TRUE = 10.0 ** np.array([-2.0, -1.5, -1.0, -0.5])
ALL = np.ones(4, dtype=bool)


def test_the_true_constants_reach_every_target():
    assert rate_constant_metrics(TRUE, TRUE, ALL) == {
        "rate_constants_R2": 1.0,
        "rate_constants_R2_identifiable": 1.0,
        "n_outliers": 0.0,
    }


def test_one_constant_off_by_ten_is_one_outlier_and_costs_its_square():
    learned = TRUE * [1, 1, 10, 1]
    metrics = rate_constant_metrics(learned, TRUE, np.array([True, True, False, True]))
    assert metrics["rate_constants_R2"] == pytest.approx(1 - 1 / 1.25)
    assert metrics["rate_constants_R2_identifiable"] == pytest.approx(1.0)
    assert metrics["n_outliers"] == 1.0


@pytest.mark.parametrize("value", [0.0, -0.1])
def test_a_constant_that_is_not_positive_is_an_outlier_and_no_better_than_the_mean(value: float):
    learned = TRUE.copy()
    learned[0] = value
    metrics = rate_constant_metrics(learned, TRUE, ALL)
    assert metrics["n_outliers"] == 1.0
    assert metrics["rate_constants_R2"] == pytest.approx(1 - 0.75**2 / 1.25)


def test_constants_without_spread_have_no_r2():
    assert r_squared(np.ones(3), np.ones(3)) is None
    assert r_squared(np.ones(1), np.zeros(1)) is None
    assert rate_constant_metrics(TRUE, TRUE, ~ALL)["rate_constants_R2_identifiable"] is None


def test_constants_are_judged_in_the_gauge_of_the_learned_response():
    settings = DataSettings(preset="quickstart", substrate="saturating")
    network = generate_network(settings)
    k, stoichiometry = network.truth.rate_constants, network.stoichiometry
    anchored = anchored_rate_constants(k, stoichiometry, substrate="saturating")
    np.testing.assert_allclose(anchored, k / 1.2**2)  # two substrates, each 1 / (1 + 1/5) at 1 c.u.
    np.testing.assert_array_equal(anchored_rate_constants(k, stoichiometry, substrate="power"), k)
