"""Each strategy changes what it claims to change, and composes with all others."""

import inspect
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sim.node import NodeCohort
from sim.strategies import Strategy, catalog
from sim.strategies.accumulation import Accumulation
from sim.strategies.amplification import Amplification
from sim.strategies.clipping import Clipping
from sim.strategies.offset_penalty import OffsetPenalty
from sim.strategies.reinitialisation import Reinitialisation
from sim.strategies.residual import Residual
from sim.strategies.rollout import Rollout
from sim.training.plan import Batch, TrainingPlan
from sim.training.slots import resolve
from sim.training.trainer import train_cohort
from tests.sim.training.tiny import N_METABOLITES, silent, slot, tiny_data

NAMES = (
    "accumulation",
    "amplification",
    "clipping",
    "offset_penalty",
    "reinitialisation",
    "residual",
    "rollout",
)


def generators(*seeds: int) -> tuple[torch.Generator, ...]:
    return tuple(torch.Generator().manual_seed(seed) for seed in seeds)


def cohort(*seeds: int) -> NodeCohort:
    data, _ = tiny_data()
    return NodeCohort.create(
        N_METABOLITES,
        seeds,
        concentration_scale=data.concentration_scale,
        response_scale=data.response_scale,
        hidden_width=16,
    )


def batch(node: NodeCohort, *, time_step: int = 4, windows: int = 8) -> Batch:
    data, reaction = tiny_data()
    starts = torch.arange(windows).expand(node.n_replicates, -1) * 9
    return Batch(node, reaction, data, time_step, starts, generators(*range(node.n_replicates)))


def constant(node: NodeCohort, response: float) -> NodeCohort:
    """A response that is the same everywhere, c.u. per t.u."""
    with torch.no_grad():
        node.parameters["bias_3"].fill_(response / node.response_scale / node.gain)
    return node


def gradient_norms(node: NodeCohort) -> Tensor:
    squares = [
        value.grad.square().flatten(1).sum(1) for value in node.parameters.values() if value.grad is not None
    ]
    return torch.stack(squares).sum(0).sqrt()


def test_the_catalog_holds_the_seeds_strategies():
    assert tuple(catalog()) == NAMES


@pytest.mark.parametrize("strategy", catalog().values(), ids=str)
def test_a_strategy_says_what_it_is_for_and_where_it_comes_from(strategy: type[Strategy]):
    assert catalog()[strategy.name] is strategy
    assert strategy.summary
    assert any(
        year.isdigit() and 1900 < int(year) < 2030 for year in strategy.reference.replace(",", " ").split()
    )
    assert all(field.description for field in strategy.Options.model_fields.values())
    assert inspect.getmodule(strategy).__doc__


@pytest.mark.parametrize("strategy", catalog().values(), ids=str)
def test_a_loss_is_per_replicate_and_mixes_none(strategy: type[Strategy]):
    node = cohort(1, 2, 3)
    loss = strategy().loss(batch(constant(node, 0.01)))
    if loss is None:
        return
    assert loss.shape == (3,)
    loss[1].backward()
    for value in node.parameters.values():
        if value.grad is not None:
            assert not value.grad[[0, 2]].any()


def test_rollout_measures_a_wrong_constant_alike_over_any_number_of_steps():
    """Over one step it is the error of the residual; over more it adds up, and so does its unit."""
    node = constant(cohort(1), 0.05)
    short, long = (Rollout().loss(batch(node, time_step=steps)).item() for steps in (1, 8))
    data, starts = batch(node).data, batch(node).starts[0]
    expected = ((0.05 - data.residual[starts]) / data.spread).square().mean()
    assert short == pytest.approx(expected.item(), rel=1e-4)
    assert long == pytest.approx(short, rel=0.5)


def test_rollout_backpropagates_through_all_of_its_steps():
    """A later state depends on the response at an earlier one, and the gradient says so."""
    node = constant(cohort(1), 0.05)
    inputs = batch(node, time_step=8)
    start = inputs.windows[0].clone().requires_grad_()
    inputs.__dict__["windows"] = torch.cat([start[None], inputs.windows[1:]])
    Rollout().loss(inputs).sum().backward()
    assert start.grad is not None
    assert start.grad.any()


def test_residual_is_zero_for_the_true_regulation_and_one_scale_away_without_it():
    untrained = batch(cohort(1))
    data = untrained.data
    typical = (data.residual / data.spread).square().mean()
    assert Residual().loss(untrained).item() == pytest.approx(typical.item(), rel=0.5)
    perfect = batch(cohort(1))
    perfect.__dict__["response"] = _true_response(data.residual, data.concentration[:-1])
    assert Residual().loss(perfect).item() < 1e-9


def _true_response(residual: Tensor, concentration: Tensor) -> Callable[[Tensor], Tensor]:
    """Each metabolite's own straight line; exact for linear regulation under an exact reaction model."""
    away = concentration - concentration.mean(0)
    slope = (away * residual).sum(0) / away.square().sum(0)
    offset = residual.mean(0) - slope * concentration.mean(0)
    return lambda c: slope * c + offset


def test_residual_alone_computes_no_rollout():
    inputs = batch(cohort(1))
    Residual().loss(inputs)
    assert "windows" not in inputs.__dict__


def test_amplification_multiplies_the_output_and_its_gradient():
    plan = TrainingPlan(frozenset(), time_step=4, batch_size=2, steps=10)
    gain = Amplification(Amplification.Options(gain=30.0)).configure(plan).gain
    assert gain == 30.0
    gradients = []
    for factor in (1.0, gain):
        node = cohort(1)
        node.gain = factor
        Rollout().loss(batch(node)).sum().backward()
        gradients.append(node.parameters["output"].grad)
    torch.testing.assert_close(gradients[1], 30 * gradients[0], rtol=1e-3, atol=1e-6)


def test_amplification_reaches_the_trained_parameters():
    data, reaction = tiny_data()
    spec = slot("rollout", "amplification", amplification__gain=30.0)
    assert train_cohort(resolve(spec), data, reaction, silent, n_frames=400)[0].gain == 30.0


def test_offset_penalty_punishes_a_constant_and_pulls_it_to_zero():
    node = constant(cohort(1, 2), 0.02)
    loss = OffsetPenalty(OffsetPenalty.Options(weight=0.5)).loss(batch(node))
    assert loss.tolist() == pytest.approx([0.5 * (0.02 / node.response_scale) ** 2] * 2, rel=1e-5)
    loss.sum().backward()
    assert (node.parameters["bias_3"].grad > 0).all()


def test_offset_penalty_leaves_a_response_that_is_zero_at_mid_concentration_alone():
    inputs = batch(cohort(1))
    middle = inputs.data.mid_concentration
    inputs.__dict__["response"] = lambda c: -0.01 * (c - middle)
    assert OffsetPenalty().loss(inputs).item() == 0.0


def test_accumulation_averages_gradients_over_micro_batches():
    plan = TrainingPlan(frozenset(), time_step=4, batch_size=2, steps=10)
    assert Accumulation(Accumulation.Options(micro_batches=4)).configure(plan).micro_batches == 4
    data, reaction = tiny_data()
    few = slot("rollout", "accumulation", batch_size=2, accumulation__micro_batches=8)
    many = slot("rollout", batch_size=2)
    spreads = [
        train_cohort(resolve(spec), data, reaction, silent, n_frames=400)[1].losses for spec in (few, many)
    ]
    # Early on nothing is learned yet: the losses of single steps scatter by the batch alone.
    assert _scatter(spreads[0]) < _scatter(spreads[1])


def _scatter(losses: list[list[float]]) -> float:
    return float(torch.tensor(losses[:8]).diff(dim=0).std())


def test_one_pass_over_all_micro_batches_is_their_mean():
    inputs = batch(constant(cohort(1, 2), 0.03))
    parts = [replace(inputs, starts=inputs.starts[:, part]) for part in (slice(0, 4), slice(4, 8))]
    mean = torch.stack([Rollout().loss(part) for part in parts]).mean(0)
    torch.testing.assert_close(Rollout().loss(inputs), mean)


@pytest.mark.parametrize("rows", [0, 10**9], ids=["one by one", "in one pass"])
def test_micro_batches_are_trained_on_however_they_are_passed(rows: int, monkeypatch: pytest.MonkeyPatch):
    data, reaction = tiny_data()
    monkeypatch.setattr("sim.training.trainer.FUSED_ROWS", rows)
    spec = slot("rollout", "accumulation", data_augmentation_loop=16)
    _, history = train_cohort(resolve(spec), data, reaction, silent, n_frames=400)
    assert all(last < 0.5 * first for last, first in zip(history.losses[-1], history.losses[0], strict=True))


def test_clipping_bounds_each_replicate_by_its_own_norm():
    node = cohort(1, 2)
    for scale, value in enumerate(node.parameters.values(), start=1):
        value.grad = torch.full_like(value, 0.001 * scale)
        value.grad[1] *= 1000
    before = {name: value.grad.clone() for name, value in node.parameters.items()}
    small, large = gradient_norms(node)
    Clipping(Clipping.Options(max_norm=1.0)).gradients(node)
    assert small < 1 < large
    assert gradient_norms(node).tolist() == pytest.approx([float(small), 1.0], rel=1e-5)
    for name, value in node.parameters.items():
        assert torch.equal(value.grad[0], before[name][0])
        torch.testing.assert_close(value.grad[1], before[name][1] / large)


def test_clipping_leaves_a_gradient_of_zero_alone():
    node = cohort(1)
    for value in node.parameters.values():
        value.grad = torch.zeros_like(value)
    Clipping().gradients(node)
    assert all(torch.equal(value.grad, torch.zeros_like(value)) for value in node.parameters.values())


def test_reinitialisation_draws_kaiming_layers_and_leaves_the_embeddings():
    data, _ = tiny_data()
    wide = NodeCohort.create(
        N_METABOLITES, (1, 2), concentration_scale=1.0, response_scale=1.0, hidden_width=200
    )
    embedding = wide.embedding.detach().clone()
    node = Reinitialisation().initialise(wide, data, generators(1, 2))
    assert node.parameters["hidden"].std().item() == pytest.approx(5 / 3 / math.sqrt(200), rel=0.02)
    assert node.parameters["mix"].std().item() == pytest.approx(5 / 3 / math.sqrt(3), rel=0.1)
    assert not node.parameters["bias_1"].any()
    assert not node.parameters["bias_2"].any()
    assert not node(torch.rand(2, 3, N_METABOLITES)).any()
    assert torch.equal(node.embedding, embedding)


def test_all_strategies_work_together():
    data, reaction = tiny_data()
    node, history = train_cohort(resolve(slot(*NAMES)), data, reaction, silent, n_frames=400)
    assert history.alive == [True, True, True]
    assert node(torch.rand(3, 1, N_METABOLITES)).any()
