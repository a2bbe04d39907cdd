"""A slot's names and values: defaults filled in, mistakes named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import SpecError
from sim.training.hyperparameters import Hyperparameters
from sim.training.slots import resolve, resolve_slot
from sim.training.trainer import planned
from tests.sim.training.tiny import slot


def test_a_resolved_slot_names_every_default():
    resolved = resolve_slot(slot("rollout", "amplification", seeds=(4, 5)))
    assert resolved["hyperparameters"].keys() == Hyperparameters.model_fields.keys()
    assert resolved["strategies"] == {"amplification": {"gain": 10.0}, "rollout": {}}
    assert resolved["seeds"] == [4, 5]


def test_dotted_values_are_options_of_a_strategy():
    resolved = resolve_slot(slot("rollout", "amplification", amplification__gain=30.0))
    assert resolved["strategies"]["amplification"] == {"gain": 30.0}


def test_values_of_a_strategy_that_is_off_decide_nothing():
    assert resolve_slot(slot("rollout", amplification__gain=30.0)) == resolve_slot(slot("rollout"))


@pytest.mark.parametrize(
    ("strategies", "values", "message"),
    [
        (
            ("amplification",),
            {},
            "must hold one that supplies a loss .*residual, rollout.*, but got amplification",
        ),
        ((), {}, "must hold one that supplies a loss"),
        (("rolout",), {}, "must be among .* but got 'rolout'; did you mean rollout?"),
        (("rollout",), {"lr_node": 0.1}, "lr_node: is not a known key; did you mean lr_node_homeo?"),
        (("rollout",), {"lr_node_homeo": -1.0}, "lr_node_homeo: must be above 0.* but got -1"),
        (("rollout",), {"amplification__gian": 2.0}, "amplification.gian: is not an option .* known: gain"),
        (("rollout",), {"accumulation__micro_batches": 2, "rollout__x": 1}, "rollout.x: .* known: none"),
        (
            ("rollout", "accumulation"),
            {"accumulation__micro_batches": 1},
            "accumulation.micro_batches: must be",
        ),
    ],
)
def test_a_mistake_in_a_slot_is_named_with_its_remedy(strategies, values, message):
    with pytest.raises(SpecError, match=message):
        resolve(slot(*strategies, **values))


@given(
    time_step=st.sampled_from([4, 16, 32, 64]), loops=st.integers(100, 5000), batch_size=st.integers(4, 32)
)
def test_every_time_step_sees_the_same_number_of_euler_steps(time_step, loops, batch_size):
    hyperparameters = Hyperparameters(
        time_step=time_step,
        lr_node_homeo=0.01,
        lr_emb_homeo=0.001,
        data_augmentation_loop=loops,
        batch_size=batch_size,
    )
    euler_steps = hyperparameters.optimiser_steps(2880) * time_step
    assert euler_steps == pytest.approx(2880 * loops / batch_size * 0.2, abs=time_step / 2)


def test_at_least_one_step_is_taken():
    assert planned(resolve(slot("rollout", data_augmentation_loop=1, time_step=64)), n_frames=4).steps == 1


def test_residual_alone_is_as_long_at_every_time_step_and_follows_the_rollout_beside_it():
    def steps(*strategies: str, time_step: int) -> int:
        chosen = slot(*strategies, time_step=time_step, data_augmentation_loop=64)
        return planned(resolve(chosen), n_frames=400).steps

    assert steps("residual", time_step=4) == steps("residual", time_step=64) == 320
    assert steps("residual", "rollout", time_step=64) == steps("rollout", time_step=64) == 20
