"""Amplification and re-initialisation: how fast a weak signal is learned from the start."""

import math

import numpy as np
import pytest
import torch

from sim.node import NodeCohort
from sim.strategies.amplification import Amplification
from sim.strategies.reinitialisation import Reinitialisation
from sim.strategies.rollout import Rollout
from sim.training.plan import TrainingPlan
from tests.sim.strategies.problems import batch, cohort, generators, outcome, plain
from tests.sim.training.tiny import N_METABOLITES, tiny_data


def test_amplification_learns_a_weak_signal_at_a_step_size_that_is_too_small_for_it():
    values = {"lr_node_homeo": 1e-3, "data_augmentation_loop": 20}
    without = outcome(plain(), "residual", **values)
    amplified = outcome(plain(), "residual", "amplification", amplification__gain=10.0, **values)
    assert np.max(without.slopes.mean(axis=1)) < 0.3
    assert np.min(amplified.slopes.mean(axis=1)) > 0.7
    assert amplified.node.gain == 10.0


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


def test_reinitialisation_tells_responses_apart_sooner():
    """Signals keep their variance on the way through the layers, so the embedding's share is felt."""
    values = {"data_augmentation_loop": 40, "seeds": (1, 2, 3, 4, 5)}
    without = outcome(plain(), "residual", **values)
    drawn = outcome(plain(), "residual", "reinitialisation", **values)
    assert np.max(drawn.losses[-1]) < 0.7 * np.min(without.losses[-1])
    assert np.median(drawn.errors) < 0.8 * np.median(without.errors)


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
