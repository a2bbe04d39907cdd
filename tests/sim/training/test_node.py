"""MLP_node of a cohort: replicates are independent, start at zero, and are stored byte by byte."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from blocks.errors import DataError
from sim.arrays import write_arrays
from sim.artifacts import load_node
from sim.node import PARAMETERS, NodeCohort


def cohort(*seeds: int, width: int = 16) -> NodeCohort:
    return NodeCohort.create(
        5, seeds, concentration_scale=3.0, response_scale=0.01, hidden_width=width, embedding_spread=0.5
    )


def with_output(node: NodeCohort) -> NodeCohort:
    """A response that is not zero, the same for each replicate's own parameters."""
    with torch.no_grad():
        node.parameters["output"].copy_(node.parameters["hidden"][:, :, :1])
        node.parameters["bias_3"].fill_(0.3)
    return node


def plain_response(node: NodeCohort, concentration: Tensor) -> Tensor:
    """The definition, replicate by replicate and metabolite by metabolite."""
    p = {name: value.detach().double() for name, value in node.parameters.items()}
    answer = torch.empty_like(concentration)
    for r in range(concentration.shape[0]):
        for b in range(concentration.shape[1]):
            for m in range(concentration.shape[2]):
                inputs = torch.cat([concentration[r, b, m, None] / 3.0, p["embedding"][r, m]])
                first = torch.tanh(inputs @ torch.cat([p["input"][r], p["mix"][r]]) + p["bias_1"][r, 0])
                second = torch.tanh(first @ p["hidden"][r] + p["bias_2"][r, 0])
                answer[r, b, m] = (second @ p["output"][r] + p["bias_3"][r, 0])[0]
    return answer * node.gain * 0.01


def test_the_response_is_zero_before_training():
    assert not cohort(1, 2)(torch.rand(2, 7, 5)).any()


def test_the_batched_response_is_that_of_one_small_network_per_metabolite():
    node = with_output(cohort(1, 2, 3))
    node.gain = 10.0
    concentration = 20 * torch.rand(3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(node(concentration), plain_response(node, concentration), rtol=1e-5, atol=1e-8)


def test_a_replicate_starts_from_the_same_bits_alone_and_in_company():
    together = cohort(7, 8, 9)
    alone = cohort(8)
    for name in PARAMETERS:
        assert torch.equal(together.parameters[name][1:2], alone.parameters[name])
    assert not torch.equal(together.embedding[0], together.embedding[1])


def test_the_response_of_a_replicate_does_not_depend_on_its_company():
    concentration = 9 * torch.rand(1, 6, 5, dtype=torch.float64)
    together = with_output(cohort(7, 8, 9))(concentration.expand(3, -1, -1))
    torch.testing.assert_close(together[1:2], with_output(cohort(8))(concentration), rtol=1e-6, atol=1e-9)


def test_a_cohort_comes_back_from_its_file_as_it_was(tmp_path: Path):
    node = with_output(cohort(1, 2))
    node.gain = 3.0
    write_arrays(tmp_path / "trained.npz", node.arrays())
    back = load_node(tmp_path / "trained.npz")
    for name in PARAMETERS:
        assert torch.equal(back.parameters[name], node.parameters[name])
    concentration = torch.rand(2, 3, 5)
    assert torch.equal(back(concentration), node(concentration))


def test_the_same_parameters_are_the_same_bytes_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    node = cohort(1, 2)
    write_arrays(tmp_path / "now.npz", node.arrays())
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 2, 3, 4, 5, 6, 0, 0, 0))
    monkeypatch.setattr("time.time", lambda: 981173106.0)
    write_arrays(tmp_path / "then.npz", node.arrays())
    assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "then.npz").read_bytes()


def test_a_file_of_something_else_is_one_clear_error(tmp_path: Path):
    write_arrays(tmp_path / "trained.npz", {"hidden": cohort(1).arrays()["hidden"]})
    with pytest.raises(DataError, match=r"trained\.npz: must hold trained parameters.*train the slot again"):
        load_node(tmp_path / "trained.npz")


def test_a_replicate_with_a_parameter_that_is_not_finite_is_named():
    node = cohort(1, 2, 3)
    with torch.no_grad():
        node.parameters["bias_2"][1, 0, 3] = torch.nan
    assert node.finite_replicates() == [True, False, True]


def test_a_skip_connection_adds_a_line_whose_slope_depends_on_the_embedding(tmp_path: Path):
    plain, skipping = (
        NodeCohort.create(5, (1, 2), concentration_scale=4.0, response_scale=0.1, skip=skip)
        for skip in (False, True)
    )
    concentration = torch.linspace(0, 100, 7, dtype=torch.float64)[None, :, None].expand(2, 7, 5)
    assert not skipping(concentration).any()  # the response is zero before training, as without
    with torch.no_grad():
        skipping.embedding.copy_(torch.arange(20.0).view(2, 5, 2))
        skipping.parameters["skip"].fill_(0.5)
        skipping.parameters["skip_mix"].copy_(torch.tensor([[[1.0], [-2.0]]] * 2))
        a = skipping.embedding.double()
        slope = 0.5 + a[:, :, 0] - 2 * a[:, :, 1]
        expected = 0.1 * slope[:, None] * concentration / 4.0
        torch.testing.assert_close(skipping(concentration), expected, rtol=1e-5, atol=1e-6)
    write_arrays(tmp_path / "node.npz", skipping.arrays())
    back = load_node(tmp_path / "node.npz")
    torch.testing.assert_close(back(concentration), skipping(concentration).detach())
    assert plain.parameters.keys() < skipping.parameters.keys()
