"""How kernels are compiled, and what they are given."""

import numpy as np
import pytest
import torch

from sim.kernels.build import compiled
from sim.kernels.gate import gates, memory_of


def test_a_kernel_that_nothing_can_be_kept_of_is_compiled_all_the_same():
    names: dict[str, object] = {}
    exec("def double(values):\n    for place in range(values.size):\n        values[place] *= 2\n", names)
    values = np.arange(3.0)
    compiled("void(float64[::1])")(names["double"])(values)  # type: ignore[operator, type-var]
    assert values.tolist() == [0.0, 2.0, 4.0]


def test_a_gate_is_asked_before_numbers_go_to_a_kernel():
    def closed(tensor: torch.Tensor) -> None:
        raise PermissionError(tuple(tensor.shape))

    gates.append(closed)
    try:
        with pytest.raises(PermissionError):
            memory_of(torch.zeros(2))
    finally:
        gates.remove(closed)
    assert memory_of(torch.zeros(2)).tolist() == [0.0, 0.0]
