"""Networks: the reactions that were asked for, the same every time, and types that nothing gives away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.networks.generate import generate_network
from sim.networks.presets import PRESETS
from sim.networks.settings import DataSettings

seeds = st.integers(0, 2**31 - 1)
small = st.builds(
    DataSettings,
    preset=st.just("quickstart"),
    seed=seeds,
    n_metabolites=st.integers(6, 30),
    n_reactions=st.integers(1, 60),
    topology=st.sampled_from(["cycles", "random"]),
    rate_law=st.sampled_from(["mass_action", "additive"]),
    exponents=st.sampled_from([(1,), (1, 2)]),
    max_substrates=st.integers(1, 4),
)


@given(small)
def test_a_network_has_exactly_the_reactions_asked_for_and_none_is_empty(data):
    network = generate_network(data)
    assert network.stoichiometry.n_reactions == data.n_reactions == network.truth.rate_constants.size
    assert network.stoichiometry.n_metabolites == data.n_metabolites == network.truth.types.size
    assert network.stoichiometry.net.any(axis=0).all()
    assert network.stoichiometry.exponents.any(axis=0).all()


@given(small)
@settings(max_examples=25)
def test_equal_settings_give_equal_networks(data):
    first, second = generate_network(data), generate_network(data)
    np.testing.assert_array_equal(first.stoichiometry.net, second.stoichiometry.net)
    np.testing.assert_array_equal(first.truth.rate_constants, second.truth.rate_constants)
    np.testing.assert_array_equal(first.truth.types, second.truth.types)
    np.testing.assert_array_equal(first.initial, second.initial)


def test_another_seed_gives_another_network():
    first, second = (generate_network(DataSettings(preset="quickstart", seed=seed)) for seed in (1, 2))
    assert (first.stoichiometry.net != second.stoichiometry.net).any()
    assert (first.truth.rate_constants != second.truth.rate_constants).any()


def test_other_types_leave_the_wiring_alone():
    plain = generate_network(DataSettings(preset="quickstart"))
    uneven = generate_network(DataSettings(preset="quickstart", type_fractions=(0.8, 0.2)))
    np.testing.assert_array_equal(plain.stoichiometry.net, uneven.stoichiometry.net)
    np.testing.assert_array_equal(plain.truth.rate_constants, uneven.truth.rate_constants)


@given(small)
def test_every_metabolite_reacts_before_any_is_used_twice(data):
    if data.topology == "cycles" and data.n_reactions >= data.n_metabolites + 2:
        assert generate_network(data).stoichiometry.net.any(axis=1).all()


def test_a_cycle_feeds_each_member_from_the_one_before():
    stoichiometry = generate_network(DataSettings(preset="quickstart", n_reactions=3)).stoichiometry
    eaten, grown = stoichiometry.net.argmin(axis=0), stoichiometry.net.argmax(axis=0)
    np.testing.assert_array_equal(grown, np.roll(eaten, -1))
    np.testing.assert_array_equal(stoichiometry.exponents, np.abs(stoichiometry.net))


def test_types_are_evenly_split_and_their_index_does_not_tell_them():
    advantage = []
    for seed in range(40):
        types = generate_network(DataSettings(preset="oscillatory_rank_50", seed=seed)).truth.types
        assert np.bincount(types).tolist() == [50, 50]
        by_index = np.arange(100) >= 50
        advantage.append((types == by_index).mean() - 0.5)
    # Standard deviation of the mean over 40 networks is 0.008; sorted types would give 0.5.
    assert abs(np.mean(advantage)) < 0.03
    assert max(np.abs(advantage)) < 0.25


def test_fractions_decide_how_many_metabolites_a_type_has():
    four = DataSettings(
        preset="oscillatory_rank_50",
        decay=(0.001, 0.002, 0.004, 0.008),
        baseline=(4, 6, 5, 3),
        type_fractions=(0.4, 0.3, 0.2, 0.1),
    )
    assert np.bincount(generate_network(four).truth.types).tolist() == [40, 30, 20, 10]


def test_random_reactions_conserve_molecules_and_keep_to_their_limits():
    data = DataSettings(preset="pure", rate_law="mass_action", exponents=(1, 2), max_substrates=4)
    stoichiometry = generate_network(data).stoichiometry
    np.testing.assert_allclose(stoichiometry.net.sum(axis=0), 0, atol=1e-12)
    assert set(np.unique(stoichiometry.exponents)) == {0.0, 1.0, 2.0}
    assert (stoichiometry.exponents > 0).sum(axis=0).max() == 4


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_built(name):
    data = DataSettings(preset=name)
    assert generate_network(data).stoichiometry.n_reactions == data.n_reactions
    assert data.title == f"{name} #42"


def test_what_is_said_overrides_the_preset():
    data = DataSettings(preset="oscillatory_rank_70", n_reactions=7)
    assert (data.n_reactions, DataSettings(preset="oscillatory_rank_70").n_reactions) == (7, 512)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"preset": "oscilatory"}, "preset"),
        ({"preset": "pure", "noise": 2}, "noise"),
        ({"preset": "quickstart", "baseline": (4,)}, "one value per type"),
        ({"preset": "quickstart", "type_fractions": (0.5, 0.6)}, "sum to 1"),
        ({"preset": "quickstart", "log10_k": (-1, -2)}, "low <= high"),
        ({"preset": "quickstart", "n_frame": 3}, "n_frame"),
        ({"preset": "pure", "n_metabolites": 3, "max_substrates": 3}, "to leave a product"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(values, complaint):
    with pytest.raises(ValidationError, match=complaint):
        DataSettings.model_validate(values)
