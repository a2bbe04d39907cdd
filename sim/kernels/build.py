"""Machine code for the loops of training that tensor operations are too coarse for.

A loop is compiled for the processor at hand when its module is first imported, and kept beside the module
(or, where that folder is not to be written to, in the user's cache), so that later processes load it in a
moment. It takes nothing on the machine but the wheels of numba and llvmlite. Kernels are for CPUs; what runs
on other devices is written in tensor operations, and tests hold the two together.

Modules of kernels are imported within the functions that call them: it takes half a second, which processes
that do not train need not pay.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import njit

from sim.kernel_files import CHANGED

REASSOCIATED: Final = ("contract", "nsz", "reassoc")
"""Lets a sum be taken in vectors. Its order then depends on its length alone."""

Function = TypeVar("Function", bound=Callable[..., Any])


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
        _stamp(kernel)
        for signature in signatures:
            kernel.compile(signature)
        return kernel  # type: ignore[no-any-return]

    return compile_now


def _stamp(kernel: Any) -> None:
    """What is kept of a kernel holds as long as no file of kernels changes, since kernels hold one another.

    Numba looks at the file of the kernel alone, and has no public way to tell it of others.
    """
    file = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if file is not None:
        file._source_stamp = CHANGED
