"""Batched rollouts are the plain Euler loop, in values and in gradients."""

import torch
from torch import Tensor

from sim.training.rollout import rollout, rollout_loss
from tests.sim.training.tiny import DT, N_METABOLITES, tiny_data


def test_a_rollout_is_the_plain_euler_loop_in_values_and_gradients():
    data, reaction = tiny_data()
    slope = torch.full((2, 1, 1), -0.01, dtype=torch.float64, requires_grad=True)
    offset = torch.full((2, 1, N_METABOLITES), 0.05, dtype=torch.float64, requires_grad=True)
    start = data.concentration[torch.tensor([[0, 50, 99], [7, 8, 9]])]

    def loss_and_gradients(trajectory: Tensor) -> tuple[Tensor, ...]:
        observed = data.concentration[torch.arange(10)][:, None, None].expand_as(trajectory)
        loss = rollout_loss(trajectory, observed, spread=data.spread, dt=DT)
        return loss, *torch.autograd.grad(loss.sum(), (slope, offset))

    batched = rollout(lambda c: slope * c + offset, reaction, start=start, steps=10, dt=DT)
    plain = torch.empty_like(batched)
    for replicate in range(2):
        for window in range(3):
            concentration = start[replicate, window]
            for step in range(10):
                response = slope[replicate, 0, 0] * concentration + offset[replicate, 0]
                concentration = concentration + DT * (reaction.rate(concentration) + response)
                concentration = concentration.clamp(min=0)
                plain[step, replicate, window] = concentration
    torch.testing.assert_close(batched, plain, rtol=1e-9, atol=1e-12)
    for fast, slow in zip(loss_and_gradients(batched), loss_and_gradients(plain), strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-12)


def test_concentrations_never_fall_below_zero():
    _, reaction = tiny_data()
    start = torch.ones(1, 2, N_METABOLITES, dtype=torch.float64)
    trajectory = rollout(lambda c: torch.full_like(c, -30.0), reaction, start=start, steps=3, dt=DT)
    assert not trajectory.any()


def test_the_loss_weighs_metabolites_by_spread_and_steps_by_what_adds_up_until_then():
    observed = torch.zeros(3, 1, 1, 2, dtype=torch.float64)
    spread = torch.tensor([0.5, 20.0], dtype=torch.float64)
    steps = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    trajectory = (steps[:, None] * spread * DT)[:, None, None]
    assert torch.allclose(rollout_loss(trajectory, observed, spread=spread, dt=DT), torch.ones(1).double())


def test_the_loss_is_that_of_each_replicate_alone():
    observed = torch.zeros(2, 3, 4, 5, dtype=torch.float64)
    trajectory = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    spread = torch.ones(5, dtype=torch.float64)
    together = rollout_loss(trajectory, observed, spread=spread, dt=DT)
    for replicate in range(3):
        alone = rollout_loss(trajectory[:, replicate : replicate + 1], observed[:, :1], spread=spread, dt=DT)
        assert torch.allclose(together[replicate], alone)
