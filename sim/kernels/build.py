"""Machine code for the loops of training that tensor operations are too coarse for.

A loop is compiled for the processor at hand when its module is first imported, and kept beside the module
(or, where that folder is not to be written to, in the user's cache), so that later processes load it in a
moment. It takes nothing on the machine but the wheels of numba and llvmlite. Kernels are for CPUs; what runs
on other devices is written in tensor operations, and tests hold the two together.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import njit
from numpy import ndarray
from torch import Tensor

REASSOCIATED: Final = ("contract", "nsz", "reassoc")
"""Lets a sum be taken in vectors. Its order then depends on its length alone."""

gates: Final[list[Callable[[Tensor], None]]] = []
"""Asked before numbers go to a kernel, where no mode of torch follows them: a watch over labels is one."""

Function = TypeVar("Function", bound=Callable[..., Any])


def no_type_check(function: Function) -> Function:
    """Spares a function the run-time check of shapes that tests switch on: it takes longer than the work.

    The check goes by this name; static checkers do look at the function.
    """
    return function


def compiled(*signatures: str, fast: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Compiles a function for arguments of the given types, now; for others when it first meets them.

    Args:
        signatures: In numba's notation.
        fast: Freedoms in rounding that the compiler may take, in LLVM's words. Default: none, so that each
            number is what its formula says, wherever in a vector it stands.
    """
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": set(fast) or False}

    def compile_now(function: Function) -> Function:
        try:
            kernel = njit(cache=True, **options)(function)
        except RuntimeError:  # there is no folder to keep it in; then every process compiles for itself
            kernel = njit(**options)(function)
        for signature in signatures:
            kernel.compile(signature)
        return kernel  # type: ignore[no-any-return]

    return compile_now


@no_type_check
def memory_of(tensor: Tensor) -> ndarray:
    """The same numbers as an array, for a kernel.

    Raises:
        LabelLeakError: Code is being watched, and a label is among the numbers.
    """
    for gate in gates:
        gate(tensor)
    return tensor.numpy()
