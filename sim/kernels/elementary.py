"""Elementary functions that compilers can take in vectors: a dozen or two of operations, and no branch.

Muller 2016, Elementary Functions (3rd ed., ch. 11): an argument is cut into whole multiples of log 2 and a
rest, for which a short polynomial holds; the multiples are put together bit by bit.

- `tanh` of single precision is within 2.1 units in the last place, on average within 0.2, as good as numpy's
  (1.4 and 0.25). With h = expm1(2 |x|) / 2 it is h / (1 + h), which is h - h^2 / (1 + h) and 1 - 1 / (1 + h):
  the one is near exact where h is small, the other where it is large. In double precision it is the C
  library's.
- `log` and `exp` of double precision are within 2 units.
"""

import math
from typing import Any, Final

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from sim.kernels.build import compiled
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

# (expm1(r) - r) / r^2 by powers of r, least squares over Chebyshev points of -0.25 log 2 .. 0.75 log 2.
_P0, _P1 = np.float32(0.5000000596046448), np.float32(0.16666768491268158)
_P2, _P3, _P4 = (
    np.float32(0.041661057621240616),
    np.float32(0.008298794738948345),
    np.float32(0.001577619113959372),
)

_LONG_PER_DOUBLING: Final = 1 / math.log(2)
_LONG_DOUBLING: Final = 0.6931471803691238
_LONG_REMAINDER: Final = 1.9082149292705877e-10
_LONG_WHOLE: Final = 1.5 * 2**52 + 1023
_HIGHEST, _LOWEST = 709.78, -708.0
"""Beyond which exp is infinite, or too small for a full number and so 0."""

_HALF_ROOT_BITS: Final = np.int64(np.float64(math.sqrt(0.5)).view(np.int64))


def _reread(source: Any, target: Any) -> Any:
    """The same bits as a number of another type."""

    @intrinsic
    def reread(_typing: Any, _value: Any) -> Any:
        def emit(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(target))

        return target(source), emit

    return reread


_bits_of_single, _single_of_bits = _reread(types.float32, types.int32), _reread(types.int32, types.float32)
_bits, _of_bits = _reread(types.float64, types.int64), _reread(types.int64, types.float64)


@no_type_check
def tanh(value: float) -> float:
    """tanh of a number, within compiled code; of NaN, NaN."""
    return math.tanh(value)


# No sums may be put in another order here, whatever the caller allows: the rounding to whole numbers is one.
@no_type_check
@overload(tanh, jit_options={"fastmath": {"contract", "nsz"}})
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
    power = _HALF * _single_of_bits(_bits_of_single(shifted) << np.int32(23))
    half = power * (polynomial * (rest * rest) + rest) + (power - _HALF)
    small = half < _ONE
    near = half if small else _ONE
    square = half * half if small else _ONE
    return math.copysign(near - square / (half + _ONE), value)


@compiled()
@no_type_check
def log(value: float) -> float:
    """Natural logarithm of a normal number above 0; of infinity or NaN, itself."""
    bits = _bits(value)
    doublings = (bits - _HALF_ROOT_BITS) >> 52
    fraction = _of_bits(bits - (doublings << 52)) - 1.0  # of a number between the roots of 1/2 and 2
    ratio = fraction / (2.0 + fraction)
    square = ratio * ratio
    series = 1 / 21
    series = series * square + 1 / 19
    series = series * square + 1 / 17
    series = series * square + 1 / 15
    series = series * square + 1 / 13
    series = series * square + 1 / 11
    series = series * square + 1 / 9
    series = series * square + 1 / 7
    series = series * square + 1 / 5
    series = series * square + 1 / 3
    twice = ratio + ratio
    found = doublings * _LONG_DOUBLING + (twice + (twice * (square * series) + doublings * _LONG_REMAINDER))
    return found if value < math.inf else value


@compiled()
@no_type_check
def exp(value: float) -> float:
    """e to a number; 0 where that is below the smallest normal number, NaN of NaN."""
    held = _HIGHEST if value > _HIGHEST else _LOWEST if value < _LOWEST else value
    shifted = held * _LONG_PER_DOUBLING + _LONG_WHOLE
    whole = shifted - _LONG_WHOLE
    rest = (held - whole * _LONG_DOUBLING) - whole * _LONG_REMAINDER
    series = 1 / 6227020800
    series = series * rest + 1 / 479001600
    series = series * rest + 1 / 39916800
    series = series * rest + 1 / 3628800
    series = series * rest + 1 / 362880
    series = series * rest + 1 / 40320
    series = series * rest + 1 / 5040
    series = series * rest + 1 / 720
    series = series * rest + 1 / 120
    series = series * rest + 1 / 24
    series = series * rest + 1 / 6
    series = series * rest + 1 / 2
    found = ((series * rest) * rest + rest) + 1.0
    found *= _of_bits(_bits(shifted) << 52)
    return math.inf if value > _HIGHEST else 0.0 if value < _LOWEST else found
