"""What training computes by hand-written gradients is what autograd makes of the plain formulas."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sim.networks.rate_law import RateLaw
from sim.node import EMBEDDING, NodeCohort
from sim.reaction.table import TabulatedReaction
from sim.response import evaluate, pull_back
from sim.training.rollout import rollout, rollout_loss
from sim.weights import ROWS_AT_ONCE, NodeWeights, Stack
from tests.sim.reaction.test_table import bent_model, stoichiometry
from tests.sim.training.tiny import DT, N_METABOLITES, tiny_data

EXACT = {"rtol": 1e-9, "atol": 1e-11}


def cohort(
    *, replicates: int = 2, metabolites: int = N_METABOLITES, skip: bool, gain: float = 1.0
) -> NodeCohort:
    """Replicates in float64 with a response that is not zero, curved, and different for each metabolite."""
    node = NodeCohort.create(
        metabolites,
        range(replicates),
        concentration_scale=3.0,
        response_scale=0.05,
        hidden_width=8,
        embedding_spread=0.7,
        skip=skip,
    )
    generator = torch.Generator().manual_seed(5)
    node.parameters = {
        name: (
            value.detach().double() + 0.3 * torch.randn(value.shape, generator=generator).double()
        ).requires_grad_()
        for name, value in node.parameters.items()
    }
    node.gain = gain
    return node


def plain_response(node: NodeCohort, concentration: Tensor) -> Tensor:
    """MLP_node(c, a) as its definition has it, through autograd."""
    p = node.parameters
    shape = concentration.shape
    c = (concentration / node.concentration_scale).reshape(shape[0], -1, shape[-1], 1)
    embedding = p[EMBEDDING][:, None].expand(-1, c.shape[1], -1, -1)

    def spread(name: str) -> Tensor:
        return p[name][:, None]

    first = torch.tanh(c * spread("input") + embedding @ spread("mix") + spread("bias_1"))
    second = torch.tanh(first @ spread("hidden") + spread("bias_2"))
    answer = second @ spread("output") + spread("bias_3")
    if "skip" in p:
        answer = answer + c * (spread("skip") + embedding @ spread("skip_mix"))
    return (answer * node.gain * node.response_scale).reshape(shape)


def gradients(loss: Tensor, node: NodeCohort, *others: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, [*node.parameters.values(), *others]))


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("windows", [1, 7, 3 * ROWS_AT_ONCE // N_METABOLITES])
def test_a_response_has_the_values_and_gradients_of_the_plain_network(skip: bool, windows: int):
    node = cohort(skip=skip, gain=4.0)
    c = (9 * torch.rand(2, windows, N_METABOLITES, dtype=torch.float64)).requires_grad_()
    weights = torch.randn(2, windows, N_METABOLITES, dtype=torch.float64)
    fast, plain = node(c), plain_response(node, c)
    torch.testing.assert_close(fast, plain, **EXACT)
    for ours, theirs in zip(
        gradients((fast * weights).sum(), node, c), gradients((plain * weights).sum(), node, c), strict=True
    ):
        assert theirs.abs().max() > 0
        torch.testing.assert_close(ours, theirs, **EXACT)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("windows", [1, 7, 11])
def test_other_devices_compute_by_tensor_operations_what_kernels_compute_on_this_one(
    skip: bool, windows: int
):
    weights = NodeWeights(
        *(None if one is None else one.detach() for one in cohort(skip=skip).bound().weights)  # type: ignore[arg-type]
    )
    c = 9 * torch.rand(2, N_METABOLITES, windows, dtype=torch.float64)
    pull = torch.randn(c.shape, dtype=torch.float64)

    def found(*, compiled: bool) -> list[Tensor]:
        own, gradient = weights.copied(compiled=compiled), weights.zeros(compiled=compiled)
        parts = own.parts(windows, compiled=compiled)
        assert isinstance(parts, Stack) == compiled
        answer, behind = evaluate(parts, c, keep=True)
        moved = pull_back(parts, gradient.parts(windows, compiled=compiled), behind, pull)
        return [answer, moved, *(one for one in gradient if one is not None)]

    for ours, theirs in zip(found(compiled=True), found(compiled=False), strict=True):
        assert theirs.abs().max() > 0
        torch.testing.assert_close(ours, theirs, **EXACT)


def plain_rollout(node: NodeCohort, rate: object, start: Tensor, steps: int, *, isolated: bool) -> Tensor:
    """Euler steps one after the other, back-propagated by autograd."""
    trajectory, concentration = [], start
    for _ in range(steps):
        seen = concentration.detach() if isolated else concentration
        change = plain_response(node, concentration) + rate(seen)  # type: ignore[operator]
        concentration = (concentration + DT * change).clamp(min=0)
        trajectory.append(concentration)
    return torch.stack(trajectory)


@pytest.mark.parametrize("compiled", [True, False], ids=["kernels", "tensors"])
@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("skip", [False, True])
def test_a_rollout_is_the_plain_euler_loop_in_values_and_gradients(
    skip: bool, isolated: bool, compiled: bool
):
    data, reaction = tiny_data()
    node = cohort(skip=skip, gain=-30.0)
    start = data.concentration[torch.tensor([[0, 50, 99], [7, 8, 9]])].clone()
    start[:, :, ::3] = 1e-3  # some of these will be held at zero for a while
    start.requires_grad_()
    observed = data.concentration[torch.arange(10)][:, None, None].expand(10, 2, 3, -1)

    def loss(trajectory: Tensor) -> Tensor:
        return rollout_loss(trajectory, observed, spread=data.spread, dt=DT).sum()

    fast = rollout(node.bound(), reaction, start=start, steps=10, dt=DT, isolated=isolated, compiled=compiled)
    plain = plain_rollout(node, reaction.rate, start, 10, isolated=isolated)
    assert (plain == 0).any(), "some concentration must be held at zero for the test to say all"
    torch.testing.assert_close(fast, plain, **EXACT)
    for ours, theirs in zip(
        gradients(loss(fast), node, start), gradients(loss(plain), node, start), strict=True
    ):
        assert theirs.abs().max() > 0
        torch.testing.assert_close(ours, theirs, **EXACT)


@pytest.mark.parametrize("orders", [1, 2])
@pytest.mark.parametrize("law", list(RateLaw))
def test_a_tabulated_reaction_has_the_gradient_of_its_own_pieces(law: RateLaw, orders: int):
    model, _ = bent_model(orders)
    shape = stoichiometry(law, orders)
    table = TabulatedReaction(model, shape, dtype=torch.float64)
    c = torch.from_numpy(np.random.default_rng(1).uniform(0.1, 20, (7, shape.n_metabolites))).requires_grad_()
    assert torch.autograd.gradcheck(table.rate, (c,), eps=1e-7, atol=1e-4, rtol=1e-5)
    rate, back = table.linearised(c.detach().T.contiguous()[None])
    weights = torch.randn_like(rate)
    (expected,) = torch.autograd.grad((table.rate(c) * weights[0].T).sum(), c)
    torch.testing.assert_close(rate[0].T, table.rate(c).detach(), rtol=0, atol=0)
    torch.testing.assert_close(back(weights)[0].T, expected, rtol=0, atol=0)


@pytest.mark.parametrize("orders", [1, 2])
@pytest.mark.parametrize("law", list(RateLaw))
def test_a_tabulated_reaction_is_the_same_by_kernels_and_by_tensor_operations(law: RateLaw, orders: int):
    model, _ = bent_model(orders)
    shape = stoichiometry(law, orders)
    kernels, tensors = (
        TabulatedReaction(model, shape, dtype=torch.float64, compiled=compiled) for compiled in (True, False)
    )
    c = torch.from_numpy(np.exp(np.random.default_rng(1).uniform(-16, 7, (3, shape.n_metabolites, 9))))
    c[0, 0, 0], c[1, 1, 1] = 0.0, torch.nan  # below the floor, and diverged
    pull = torch.randn_like(c)
    (rate, back), (plain, plain_back) = kernels.linearised(c), tensors.linearised(c)
    torch.testing.assert_close(rate, plain, rtol=1e-9, atol=1e-11, equal_nan=True)
    torch.testing.assert_close(back(pull), plain_back(pull), rtol=1e-9, atol=1e-11, equal_nan=True)
    assert plain_back(pull)[0, 0, 0] == 0


def test_company_changes_no_bit_of_a_rollout_or_its_gradient():
    reaction = TabulatedReaction(bent_model()[0], stoichiometry(RateLaw.MASS_ACTION), dtype=torch.float64)
    start = torch.from_numpy(np.random.default_rng(1).uniform(0.1, 9, (3, 7, 5)))

    def run(kept: slice) -> tuple[Tensor, list[Tensor]]:
        node = cohort(replicates=3, metabolites=5, skip=True)
        node.parameters = {
            name: value.detach()[kept].float().requires_grad_() for name, value in node.parameters.items()
        }
        trajectory = rollout(node.bound(), reaction, start=start[kept], steps=6, dt=DT)
        return trajectory, gradients(trajectory.square().sum(), node)

    together, alone = run(slice(0, 3)), run(slice(1, 2))
    assert torch.equal(together[0][:, 1:2], alone[0])
    for all_of_them, one in zip(together[1], alone[1], strict=True):
        assert torch.equal(all_of_them[1:2], one)


def test_nothing_is_kept_of_a_rollout_whose_gradient_nobody_asks_for():
    data, reaction = tiny_data()
    node = cohort(skip=True)
    with torch.no_grad():
        silent = rollout(
            node.bound(), reaction, start=data.concentration[None, :5].expand(2, -1, -1), steps=4, dt=DT
        )
    assert silent.grad_fn is None
