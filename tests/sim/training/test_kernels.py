"""How kernels are compiled, and what they are given."""

import numpy as np
import pytest
import torch

from sim.kernels import elementary
from sim.kernels.build import compiled
from sim.kernels.gate import gates, memory_of
from sim.kernels.products import add_product


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "inner", "columns"), [(5, 7, 83), (8, 1, 128), (3, 4, 5)])
def test_a_product_in_tiles_is_the_product(dtype: type, rows: int, inner: int, columns: int):
    random = np.random.default_rng(1)
    left, right, out = (
        random.normal(size=shape).astype(dtype)
        for shape in ((rows, inner), (inner + 2, columns), (rows + 3, columns))
    )
    expected = out.astype(np.float64)
    expected[1 : rows + 1] += left.astype(np.float64) @ right[2:].astype(np.float64)
    upright, turned = out.copy(), out.copy()
    add_product(left, 0, inner, 1, right, 2, upright, 1, rows + 1, inner, right, 0)
    lying = np.ascontiguousarray(left.T)
    add_product(lying, 0, 1, rows, right, 2, turned, 1, rows + 1, inner, right, 0)
    np.testing.assert_allclose(upright, expected, rtol=0, atol=20 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(turned, upright)


def _of_each(function: object, values: np.ndarray) -> np.ndarray:
    """By the same loop that training has it in: in vectors, with sums in any order."""
    names: dict[str, object] = {"function": function}
    exec(
        "def each(values, out):\n    for n in range(values.size):\n        out[n] = function(values[n])\n",
        names,
    )
    out = np.empty_like(values)
    compiled(fast=("contract", "nsz", "reassoc"))(names["each"])(values, out)  # type: ignore[operator, type-var]
    return out


@pytest.mark.parametrize(
    ("name", "values", "units"),
    [
        ("tanh", np.linspace(-12, 12, 400_001, dtype=np.float32), 2.1),
        ("tanh", np.geomspace(1e-30, 1, 400_001, dtype=np.float32), 2.1),
        ("log", np.geomspace(1e-6, 1e6, 400_001), 2.0),
        ("exp", np.linspace(-700, 700, 400_001), 2.0),
    ],
)
def test_an_elementary_function_is_within_its_units_in_the_last_place(
    name: str, values: np.ndarray, units: float
):
    exact = getattr(np, name)(values.astype(np.longdouble))
    found = _of_each(getattr(elementary, name), values)
    last_place = np.spacing(np.abs(exact).astype(values.dtype)).astype(np.longdouble)
    assert (np.abs(found - exact) / last_place).max() <= units


def test_elementary_functions_pass_on_what_has_diverged():
    single = _of_each(elementary.tanh, np.array([np.nan, np.inf, -np.inf, -0.0], dtype=np.float32))
    np.testing.assert_array_equal(single, [np.nan, 1.0, -1.0, 0.0])
    np.testing.assert_array_equal(_of_each(elementary.log, np.array([np.nan, np.inf])), [np.nan, np.inf])
    far = np.array([np.nan, 800.0, -800.0, np.inf, -np.inf])
    np.testing.assert_array_equal(_of_each(elementary.exp, far), [np.nan, np.inf, 0.0, np.inf, 0.0])
