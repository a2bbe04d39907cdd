"""tanh of single-precision numbers in a dozen operations, which a compiler takes in vectors.

With h = expm1(2 |x|) / 2, tanh |x| = h / (1 + h), which is h - h^2 / (1 + h) and 1 - 1 / (1 + h): the one is near
exact where h is small, the other where it is large. 2 |x| is cut into whole multiples of log 2 and a rest, of
which expm1 is a polynomial (Muller 2016, Elementary Functions, 3rd ed., ch. 11). The result is within 2.1 units
in the last place, on average within 0.2: as good as numpy's, which is within 1.4, on average within 0.25. In
double precision it is the C library's.
"""

import math
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from sim.kernels.gate import no_type_check

_PER_DOUBLING: Final = np.float32(1 / math.log(2))
_DOUBLING: Final = np.float32(0.693359375)
"""log 2, so rounded that its products with small whole numbers are exact."""
_REMAINDER: Final = np.float32(math.log(2) - 0.693359375)
_EARLIER: Final = np.float32(0.25)
"""How much sooner than halfway the next multiple takes over, so that its expm1 is far enough from 0."""
_WHOLE: Final = np.float32(1.5 * 2**23 + 127)
"""What is added to it loses its fraction; its last bits then are a whole number and the bias of exponents."""
_END: Final = np.float32(20)
"""2 |x| beyond which tanh rounds to 1."""
_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)

_P: Final = tuple(
    np.float32(one)
    for one in (
        0.5000000596046448,
        0.16666768491268158,
        0.041661057621240616,
        0.008298794738948345,
        0.001577619113959372,
    )
)
"""(expm1(r) - r) / r^2 by powers of r, least squares over Chebyshev points of -0.25 log 2 .. 0.75 log 2."""
_P0, _P1, _P2, _P3, _P4 = _P


@intrinsic  # type: ignore[untyped-decorator]
def _power_of_two(typing: Any, shifted: Any) -> Any:
    """2 to the whole number in the last bits, bias included."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], ir.IntType(32))
        return builder.bitcast(builder.shl(bits, ir.IntType(32)(23)), ir.FloatType())

    return types.float32(types.float32), emit


@no_type_check
def tanh(value: float) -> float:
    """tanh of a number, within compiled code; of NaN, NaN."""
    return math.tanh(value)


# No sums may be put in another order here, whatever the caller allows: the rounding to whole numbers is one.
@no_type_check
@overload(tanh, jit_options={"fastmath": {"contract", "nsz"}})  # type: ignore[untyped-decorator]
def _tanh(value: Any) -> Any:
    return _single if value == types.float32 else _double


@no_type_check
def _double(value: Any) -> Any:
    return math.tanh(value)


@no_type_check
def _single(value: Any) -> Any:
    twice = _TWO * abs(value)
    twice = _END if twice > _END else twice
    shifted = (twice * _PER_DOUBLING - _EARLIER) + _WHOLE
    whole = shifted - _WHOLE
    rest = (twice - whole * _DOUBLING) - whole * _REMAINDER
    polynomial = (((_P4 * rest + _P3) * rest + _P2) * rest + _P1) * rest + _P0
    power = _HALF * _power_of_two(shifted)
    half = power * (polynomial * (rest * rest) + rest) + (power - _HALF)
    small = half < _ONE
    near = half if small else _ONE
    square = half * half if small else _ONE
    return math.copysign(near - square / (half + _ONE), value)
