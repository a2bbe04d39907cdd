"""What an audit of proxies says: how well a thing that training can see predicts the labels."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from blocks.base import Frozen


class ProxyKind(StrEnum):
    """Whether it may predict a label at all."""

    INCIDENTAL = "incidental"  # columns, orderings, names, seeds: they must not
    SCIENCE = "science"  # what was measured: it may, and is shown for comparison


class Proxy(Frozen):
    """One measure of one thing that training can see, against labels and permutations of them."""

    feature: Annotated[str, Field(description="What is looked at: `column 0 (index)`.")]
    kind: ProxyKind
    measure: Annotated[str, Field(description="How prediction is measured.")]
    value: Annotated[float | None, Field(description="The measure; None where the feature is constant.")]
    chance: Annotated[float, Field(description="Its mean over permutations of the labels.")]
    p: Annotated[float, Field(description="Share of the permutations that do as well.")]
    q: Annotated[float, Field(description="p, corrected for all measures of its kind.")]
    n_permutations: int

    @property
    def predicts(self) -> bool:
        """Whether it gives labels away."""
        return self.q < LEVEL


LEVEL = 0.01
"""False discovery rate below which a feature is said to predict the labels."""
