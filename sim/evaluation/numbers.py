"""The one gate between arithmetic and a stored metric: what is not a finite number is missing."""

import math
from typing import SupportsFloat

from blocks.run import Metrics

__all__ = ["Metrics", "finite"]


def finite(value: SupportsFloat) -> float | None:
    """The value as a plain float, or None where it is NaN or infinite."""
    plain = float(value)
    return plain if math.isfinite(plain) else None
