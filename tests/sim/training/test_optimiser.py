"""Adam as it is written out here is torch's."""

import pytest
import torch

from sim.training.optimiser import Moments


@pytest.mark.parametrize("compiled", [True, False], ids=["kernel", "tensors"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_a_step_is_that_of_torchs_adam(compiled: bool, dtype: torch.dtype, tolerance: float):
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(3, 7, 5, generator=generator, dtype=dtype)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    moments, adam = Moments(ours, eps=0.01), torch.optim.Adam([theirs], eps=0.01)
    for number in range(6):
        gradient = torch.randn(start.shape, generator=generator, dtype=dtype).mul_(10.0**-number)
        ours.grad = theirs.grad = None if number == 2 else gradient.mT.contiguous().mT  # of other strides
        moments.lr = adam.param_groups[0]["lr"] = 0.1 / (1 + number)
        moments.step(compiled=compiled)
        adam.step()
    assert (theirs - start).abs().max() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def test_company_changes_no_bit_of_a_step():
    stack, gradient = torch.randn(3, 13), torch.randn(3, 13)

    def stepped(kept: slice) -> torch.Tensor:
        value = stack[kept].clone().requires_grad_()
        moments = Moments(value, lr=0.1)
        for _ in range(3):
            value.grad = gradient[kept]
            moments.step()
        return value.detach()

    together = stepped(slice(0, 3))
    for one in range(3):
        assert torch.equal(stepped(slice(one, one + 1))[0], together[one])
