"""The contrastive loss gathers embeddings by learned curves, in any units, without a label."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.strategies.contrastive import Contrastive, common_grid, curve_differences, visits
from tests.sim.strategies.problems import Problem, batch, cohort, outcome, plain

VALUES = {
    "embedding_spread": 0.4,
    "lr_emb_homeo": 0.03,
    "lr_node_homeo": 0.03,
    "data_augmentation_loop": 160,
    "seeds": (1, 2, 3, 4, 5),
}
"""Embeddings start far apart: each metabolite learns its response from wherever it stands."""


def relabelled(problem: Problem) -> Problem:
    return replace(problem, truth=replace(problem.truth, types=1 - problem.truth.types))


@pytest.mark.slow
def test_types_become_clusters_where_right_curves_alone_leave_embeddings_scattered():
    scattered = outcome(plain(600), "residual", **VALUES)
    gathered = outcome(plain(600), "residual", "contrastive", contrastive__weight=1.0, **VALUES)
    assert np.max(scattered.errors) < 0.1
    assert np.mean(gathered.ari) > np.mean(scattered.ari) + 0.4


def test_it_is_silent_until_its_share_of_the_steps_is_done():
    strategy = Contrastive(Contrastive.Options(begin=0.5))
    inputs = batch(cohort(1))
    assert strategy.loss(replace(inputs, progress=0.49)) is None
    assert strategy.loss(replace(inputs, progress=0.5)) is not None


def test_its_gradient_reaches_the_embeddings_alone():
    inputs = batch(cohort(1, 2))
    Contrastive().loss(inputs).sum().backward()
    moved = {name for name, value in inputs.node.parameters.items() if value.grad is not None}
    assert moved == {"embedding"}


def pulled(scale: float, unit: float) -> torch.Tensor:
    """The embeddings' gradient for responses in other units and embeddings at another scale."""
    node = cohort(1)
    with torch.no_grad():
        node.parameters["output"].normal_(generator=torch.Generator().manual_seed(0))
        node.embedding.mul_(scale)
        node.parameters["mix"].div_(scale)
    node.response_scale *= unit
    Contrastive().loss(batch(node)).sum().backward()
    return node.embedding.grad


def test_it_knows_neither_the_unit_of_the_response_nor_the_scale_of_the_embeddings():
    torch.testing.assert_close(pulled(1.0, 1000.0), pulled(1.0, 1.0), rtol=1e-3, atol=1e-7)
    torch.testing.assert_close(pulled(50.0, 1.0), pulled(1.0, 1.0), rtol=1e-3, atol=1e-7)


def test_alike_curves_attract_and_unlike_ones_repel():
    node = cohort(1)
    with torch.no_grad():
        # The response is that of the first coordinate's sign; the second one is idle.
        for value in node.parameters.values():
            value.zero_()
        node.parameters["mix"][0, 0, 0] = 100.0
        node.parameters["hidden"][0, 0, 0] = 1.0
        node.parameters["output"][0, 0, 0] = 1.0
        side = torch.tensor([1.0, -1.0]).repeat(6)
        node.embedding[0, :, 0] = 0.05 * side
        node.embedding[0, :, 1] = torch.linspace(-1, 1, 12)
    Contrastive(Contrastive.Options(margin=2.0)).loss(batch(node)).sum().backward()
    step = -node.embedding.grad[0]
    assert torch.all(step[:, 0] * side > 0)
    assert step[0, 1] > 0 > step[-1, 1]


def test_curves_are_compared_where_both_metabolites_have_been():
    curves = torch.tensor([[[0.0, 1.0, 2.0], [0.0, 1.0, 9.0], [5.0, 3.0, 2.0]]], dtype=torch.float64)
    visited = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 1, 1]], dtype=torch.float64)
    difference = curve_differences(curves, visited)[0]
    assert difference[0, 1] == 0
    assert difference[0, 2] > 0
    assert torch.equal(difference, difference.T)


def test_the_average_pair_differs_by_one_at_every_concentration():
    curves = torch.randn(2, 30, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    difference = curve_differences(curves * torch.logspace(-3, 3, 5), torch.ones(30, 5, dtype=torch.float64))
    assert difference.mean(dim=(1, 2)).tolist() == pytest.approx([1.0, 1.0])


def test_the_grid_lies_within_what_the_data_visit():
    data = plain().data
    grid = common_grid(data, 16)
    assert data.concentration.min() < grid[0] < grid[-1] < data.concentration.max()
    assert visits(data, grid).any(dim=0).all()


def test_labels_have_no_part_in_it():
    values = VALUES | {"data_augmentation_loop": 4}
    one, other = (
        outcome(problem, "residual", "contrastive", **values) for problem in (plain(), relabelled(plain()))
    )
    for name, value in one.node.parameters.items():
        assert torch.equal(value, other.node.parameters[name])
