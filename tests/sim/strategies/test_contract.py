"""What holds for every strategy: it says what it is, mixes no replicates, composes, is refused where idle."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blocks.errors import SpecError
from blocks.installed import load_problem
from blocks.loading import load_exploration
from sim.node import PARAMETERS
from sim.strategies import Strategy, catalog
from sim.strategies.base import Latent
from sim.strategies.rollout import Rollout
from sim.training.plan import Batch, TrainingPlan
from sim.training.slots import resolve
from sim.training.trainer import train_cohort
from tests.sim.strategies.problems import batch, cohort, constant, generators
from tests.sim.training.tiny import N_METABOLITES, silent, slot, tiny_data

NAMES = tuple(catalog())
TABLE = Path(__file__).parents[3] / "docs" / "strategies.md"


def with_latents(strategy: Strategy, *seeds: int) -> Batch:
    """A batch as the trainer makes it for one strategy."""
    plain = batch(constant(cohort(*seeds), 0.01))
    plan = TrainingPlan(frozenset(), time_step=plain.time_step, batch_size=8, steps=10)
    latents = strategy.latents(plan, plain.data, generators(*seeds))
    return replace(plain, latents={name: one.value.requires_grad_() for name, one in latents.items()})


def test_the_catalog_is_in_the_order_in_which_hooks_run():
    assert list(NAMES) == sorted(NAMES)


@pytest.mark.parametrize("strategy", catalog().values(), ids=str)
def test_a_strategy_says_what_it_is_for_and_where_it_comes_from(strategy: type[Strategy]):
    assert catalog()[strategy.name] is strategy
    assert strategy.summary
    assert any(
        year.isdigit() and 1900 < int(year) < 2030 for year in strategy.reference.replace(",", " ").split()
    )
    assert all(field.description for field in strategy.Options.model_fields.values())
    assert inspect.getmodule(strategy).__doc__
    assert strategy.__doc__


def test_the_documentation_has_a_row_for_every_strategy_with_its_reference():
    rows = re.findall(
        r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [name for name, *_ in rows] == list(NAMES)
    assert {name: reference for name, _, _, reference in rows} == {
        name: strategy.reference for name, strategy in catalog().items()
    }


@pytest.mark.parametrize("strategy", catalog().values(), ids=str)
def test_every_option_is_reachable_from_a_slots_hyperparameters(strategy: type[Strategy]):
    defaults = strategy.Options().model_dump()
    values = {f"{strategy.name}__{option}": value for option, value in defaults.items()}
    resolved = resolve(slot("rollout", strategy.name, **values)).description()
    assert resolved["strategies"][strategy.name] == defaults


@pytest.mark.parametrize("strategy", catalog().values(), ids=str)
def test_a_loss_is_per_replicate_and_mixes_none(strategy: type[Strategy]):
    inputs = with_latents(strategy(), 1, 2, 3)
    loss = strategy().loss(inputs)
    if loss is None:
        return
    assert loss.shape == (3,)
    loss[1].backward()
    for value in (*inputs.node.parameters.values(), *inputs.latents.values()):
        if value.grad is not None:
            assert not value.grad[[0, 2]].any()


@pytest.mark.parametrize("strategy", catalog().values(), ids=str)
def test_a_loss_is_the_same_whatever_the_company(strategy: type[Strategy]):
    alone = strategy().loss(with_latents(strategy(), 1))
    together = strategy().loss(with_latents(strategy(), 1, 2, 3))
    if alone is not None:
        torch.testing.assert_close(together[:1], alone)


def test_all_strategies_work_together():
    data, reaction = tiny_data()
    spec = slot(*NAMES, data_augmentation_loop=4)
    node, history = train_cohort(resolve(spec), data, reaction, silent, n_frames=400)
    assert history.alive == [True, True, True]
    assert node(torch.rand(3, 1, N_METABOLITES)).any()


def test_all_strategies_together_are_reproducible_and_independent_of_company():
    data, reaction = tiny_data()

    def trained(*seeds: int):
        return train_cohort(resolve(slot(*NAMES, seeds=seeds)), data, reaction, silent, n_frames=400)[0]

    together, again = trained(1, 2, 3), trained(1, 2, 3)
    for replicate, seed in enumerate((1, 2, 3)):
        alone = trained(seed)
        for name in PARAMETERS:
            assert torch.equal(together.parameters[name], again.parameters[name])
            torch.testing.assert_close(
                together.parameters[name][replicate], alone.parameters[name][0], rtol=1e-4, atol=1e-5
            )


@pytest.mark.parametrize("name", [name for name, strategy in catalog().items() if strategy.needs_rollout])
def test_a_strategy_that_acts_on_rollouts_is_refused_without_one(name: str):
    with pytest.raises(
        SpecError, match=rf"must hold one that rolls out \(.*\) for {name} to act on, but got"
    ):
        resolve(slot("residual", name))
    for rolling in (key for key, strategy in catalog().items() if strategy.rolls_out):
        assert resolve(slot(rolling, name)).strategies


def test_unknowns_that_leave_the_finite_numbers_make_their_replicate_nan(monkeypatch: pytest.MonkeyPatch):
    value = torch.zeros(3, 2)
    value[1] = torch.nan
    monkeypatch.setattr(Rollout, "latents", lambda *_: {"rollout.unused": Latent(value, 0.1)})
    data, reaction = tiny_data()
    node, _ = train_cohort(resolve(slot("rollout")), data, reaction, silent, n_frames=400)
    assert node.finite_replicates() == [True, False, True]


def test_label_free_baselines_come_before_auxiliary_losses() -> None:
    problem = load_problem("metabolism")
    assert problem.escalation(("contrastive", "residual", "warm_up")) == (
        "residual",
        "warm_up",
        "contrastive",
    )
    spec = load_exploration("phase2_homeostasis")
    wrong = spec.strategies.model_copy(update={"escalation": ("contrastive", "residual")})
    with pytest.raises(SpecError, match="must have label-free baselines before auxiliary losses"):
        problem.check(spec.model_copy(update={"strategies": wrong}))
