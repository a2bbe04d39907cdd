"""Sums that can be taken back: what was added can be subtracted again, and no order leaves a trace.

A sum of floats depends on their order in its last digits, and forgets small ones beside large ones; then a
statement that grew with the runs would not be the one that is worked out from all of them at once.
"""

import math
import sys
from collections.abc import Sequence

import numpy as np

_SCALE = 1074
"""The smallest positive float is 2**-1074, so every finite one is a whole number of these."""


def exact(value: float) -> int:
    """A float as a whole number of 2**-1074; what has become infinite counts as the largest float."""
    try:
        numerator, denominator = value.as_integer_ratio()
    except OverflowError:
        numerator, denominator = math.copysign(sys.float_info.max, value).as_integer_ratio()
    return numerator << (_SCALE + 1 - denominator.bit_length())


class ExactSum:
    """Sum, and sum of squares, of finite floats, without any rounding.

    Args:
        squared: Whether squares are summed as well; without them there is no `sd`.
    """

    __slots__ = ("_squared", "_squares", "_total", "n")

    def __init__(self, *, squared: bool = True) -> None:
        self.n = 0
        self._squared = squared
        self._total = 0
        self._squares = 0

    def add(self, *values: float, sign: int = 1) -> None:
        """Adds values, or with `sign` -1 takes back what was added."""
        self.n += sign * len(values)
        if len(values) >= _MANY:
            total, squares = _sums(values)
        else:
            whole = [exact(value) for value in values]
            total, squares = sum(whole), sum([one * one for one in whole]) if self._squared else 0
        self._total += sign * total
        self._squares += sign * squares

    @property
    def total(self) -> float:
        """The sum, rounded once; infinity where it is too large for a float."""
        return _ratio(self._total, 1 << _SCALE)

    @property
    def mean(self) -> float:
        """The mean, rounded once."""
        return _ratio(self._total, self.n << _SCALE)

    @property
    def sd(self) -> float:
        """The sample standard deviation; of at least two values."""
        spread = self.n * self._squares - self._total**2
        return math.sqrt(_ratio(spread, self.n * (self.n - 1) << 2 * _SCALE))


_MANY = 16
"""Values from which on they are summed by their exponents."""

_DIGITS = 53
_HALF = 27


def _sums(values: Sequence[float]) -> tuple[int, int]:
    """Exact sums of values and of their squares, as whole numbers of 2**-1074 and of its square."""
    largest = sys.float_info.max
    mantissas, exponents = np.frexp(np.clip(np.array(values, dtype=np.float64), -largest, largest))
    whole = np.ldexp(mantissas, _DIGITS).astype(np.int64)
    shifts = exponents.astype(np.int64) + (_SCALE - _DIGITS)
    total = squares = 0
    for shift in np.unique(shifts).tolist():
        here = whole[shifts == shift]
        # Halves, whose sums are no larger than 64 bits.
        part = (int((here >> _HALF).sum()) << _HALF) + int((here & ((1 << _HALF) - 1)).sum())
        square = sum([one * one for one in here.tolist()])
        # The smallest floats have fewer digits: what is cut off is 0.
        total += part << shift if shift >= 0 else part >> -shift
        squares += square << 2 * shift if shift >= 0 else square >> -2 * shift
    return total, squares


def _ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator  # Python rounds the quotient of whole numbers correctly
    except OverflowError:
        return -math.inf if numerator < 0 else math.inf
