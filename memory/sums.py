"""Sums that can be taken back: what was added can be subtracted again, and no order leaves a trace.

A sum of floats depends on their order in its last digits, and forgets small ones beside large ones; then a
statement that grew with the runs would not be the one that is worked out from all of them at once.
"""

import math
import sys

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
        whole = [exact(value) for value in values]
        self.n += sign * len(whole)
        self._total += sign * sum(whole)
        if self._squared:
            self._squares += sign * sum([one * one for one in whole])

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


def _ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator  # Python rounds the quotient of whole numbers correctly
    except OverflowError:
        return -math.inf if numerator < 0 else math.inf
