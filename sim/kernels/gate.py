"""The way of numbers from tensors to kernels, which compute outside of torch."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numpy import ndarray
from torch import Tensor

gates: Final[list[Callable[[Tensor], None]]] = []
"""Asked before numbers go to a kernel, where no mode of torch follows them: a watch over labels is one."""

Function = TypeVar("Function", bound=Callable[..., Any])


def no_type_check(function: Function) -> Function:
    """Spares a function the run-time check of shapes that tests switch on: it takes longer than the work.

    The check goes by this name; static checkers do look at the function.
    """
    return function


@no_type_check
def memory_of(tensor: Tensor) -> ndarray:
    """The same numbers as an array, for a kernel.

    Raises:
        LabelLeakError: Code is being watched, and a label is among the numbers.
    """
    for gate in gates:
        gate(tensor)
    return tensor.numpy()
