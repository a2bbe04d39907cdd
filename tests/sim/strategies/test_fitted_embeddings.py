"""Embeddings that start from fits of each residual: types part that training alone would blur."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from sim.evaluation.clusters import clusters_of
from sim.node import NodeCohort
from sim.strategies.fitted_embeddings import FittedEmbeddings
from sim.training.data import TrainingData
from tests.sim.strategies.problems import (
    Problem,
    generators,
    mixed,
    outcome,
    with_an_idle_metabolite,
)

VALUES = {"lr_emb_homeo": 1e-3, "data_augmentation_loop": 60, "seeds": (1, 2, 3, 4, 5)}


def started(data: TrainingData, *, coordinates: int = 2, distance: float = 1.0) -> torch.Tensor:
    """Where embeddings without any spread of their own are put: metabolite, coordinate."""
    node = NodeCohort.create(
        data.concentration.shape[1],
        (1,),
        concentration_scale=data.concentration_scale,
        response_scale=data.response_scale,
        hidden_width=4,
        embedding_dim=coordinates,
        embedding_spread=0.0,
    )
    options = FittedEmbeddings.Options(distance=distance)
    return FittedEmbeddings(options).initialise(node, data, generators(1)).embedding.detach()[0]


@pytest.mark.parametrize("members", [(15, 15), (10, 10, 10), (24, 6), (24, 3, 3)], ids=str)
def test_types_part_in_every_replicate_where_residual_supervision_alone_blurs_them(members: tuple[int, ...]):
    """How many there are is told to no one, nor that one of them may be rare."""
    problem = mixed(*members)
    alone = outcome(problem, "residual", **VALUES)
    fitted = outcome(problem, "residual", "fitted_embeddings", **VALUES)
    assert np.max(alone.ari) < 0.9
    assert np.mean(alone.ari) < 0.7
    assert fitted.n_clusters == [len(members)] * 5
    assert fitted.ari.tolist() == [1.0] * 5
    assert np.max(fitted.errors) < 0.6 * np.min(alone.errors)


@pytest.mark.parametrize("members", [(15, 15), (10, 10, 10)], ids=str)
def test_slopes_are_those_of_the_types_and_no_average(members: tuple[int, ...]):
    problem = mixed(*members)
    alone = outcome(problem, "residual", **VALUES)
    fitted = outcome(problem, "residual", "fitted_embeddings", **VALUES)
    assert np.all(np.abs(fitted.slopes - 1) < 0.08)
    assert np.all(np.abs(alone.slopes - 1).max(axis=1) > 0.25)


@pytest.mark.parametrize("coordinates", [1, 2, 3, 5])
def test_embeddings_of_any_size_are_told_apart(coordinates: int):
    problem = mixed(10, 10, 10)
    start = started(problem.data, coordinates=coordinates)
    assert start.shape == (30, coordinates)
    assert adjusted_rand_score(problem.truth.types, clusters_of(start.numpy())[0]) == 1.0
    values = VALUES | {"seeds": (1, 2), "data_augmentation_loop": 80}
    trained = outcome(problem, "residual", "fitted_embeddings", embedding_dim=coordinates, **values)
    assert trained.ari.tolist() == [1.0, 1.0]


def test_neighbours_on_a_line_are_types_whose_slopes_are_neighbours():
    problem = mixed(10, 10, 10)
    start = started(problem.data, coordinates=1)[:, 0].numpy()
    places = [start[problem.truth.types == kind].mean() for kind in range(3)]
    slopes = -problem.truth.decay
    assert np.argsort(places).tolist() == np.argsort(slopes).tolist()


def test_groups_start_at_the_distance_that_is_asked_for():
    data = mixed(15, 15).data
    norms = started(data, distance=2.5).norm(dim=1)
    torch.testing.assert_close(norms, torch.full_like(norms, 2.5))
    torch.testing.assert_close(started(data, distance=2.5), 2.5 * started(data))


def test_the_same_data_give_the_same_start_and_the_seed_has_no_part_in_it():
    problem = mixed(15, 15)
    assert torch.equal(started(problem.data), started(problem.data))
    one, other = (outcome(problem, "residual", "fitted_embeddings", **VALUES) for _ in range(2))
    assert torch.equal(one.node.embedding, other.node.embedding)
    relabelled = replace(problem, truth=replace(problem.truth, types=1 - problem.truth.types))
    assert torch.equal(started(relabelled.data), started(problem.data))


def with_doubt(problem: Problem, metabolite: int, deviation: float) -> TrainingData:
    """Lines are known closely, in units of the response to be expected, but for one metabolite's."""
    data = problem.data
    unit = data.response_scale
    deviations = np.full(data.concentration.shape[1], 1e-3)
    deviations[metabolite] = deviation
    sizes = np.array([unit / data.concentration_scale, unit]) ** 2
    covariance = torch.from_numpy(deviations[:, None, None] ** 2 * np.diag(sizes))
    return TrainingData(data.concentration, data.residual, data.dt, line_covariance=covariance)


def test_a_metabolite_whose_curve_is_uncertain_starts_in_between():
    problem = mixed(15, 15)
    types, doubtful = problem.truth.types, 3
    away = []
    for deviation in (1e-3, 2.0, 1e3):
        start = started(with_doubt(problem, doubtful, deviation))
        own = start[(types == types[doubtful]) & (np.arange(30) != doubtful)].mean(dim=0)
        other = start[types != types[doubtful]].mean(dim=0)
        away.append(float((start[doubtful] - own).norm() / (other - own).norm()))
    assert away[0] < 1e-3
    assert away[0] < away[1] < away[2]
    assert away[2] == pytest.approx(0.5, abs=0.03)


def test_a_metabolite_that_never_moves_disturbs_no_other():
    problem = mixed(15, 15)
    beside = with_an_idle_metabolite(problem)
    start = started(beside.data)
    torch.testing.assert_close(start[:-1], started(problem.data), atol=1e-3, rtol=0)
    # Nothing is known of it: it starts between the groups, by their shares.
    torch.testing.assert_close(start[-1], start[:-1].mean(dim=0), atol=1e-3, rtol=0)
    trained = outcome(beside, "residual", "fitted_embeddings", **VALUES)
    for embedding in trained.node.embedding.detach().numpy():
        assert np.isfinite(embedding).all()
        assert adjusted_rand_score(problem.truth.types, clusters_of(embedding[:-1])[0]) == 1.0


def test_metabolites_that_answer_alike_start_at_one_place():
    one_type = started(mixed(30).data)
    assert not one_type.any()
