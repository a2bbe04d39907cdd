"""What rollouts never do, and how their distance to the observed ones is measured."""

import torch

from sim.node import NodeCohort
from sim.training.rollout import rollout, rollout_loss
from tests.sim.training.tiny import DT, N_METABOLITES, tiny_data


def test_concentrations_never_fall_below_zero():
    _, reaction = tiny_data()
    node = NodeCohort.create(N_METABOLITES, (1,), concentration_scale=1.0, response_scale=1.0)
    with torch.no_grad():
        node.parameters["bias_3"].fill_(-30.0)
    start = torch.ones(1, 2, N_METABOLITES, dtype=torch.float64)
    trajectory = rollout(node.bound(), reaction, start=start, steps=3, dt=DT)
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
