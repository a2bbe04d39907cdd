"""A certificate of non-interference: what a strategy's training did when the ground truth was another one.

Three short trainings: twice with the same labels, and once with labels permuted and true parameters changed
in the whole data set. Where all parameters have the same bits at every step, no truth got into them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from blocks.base import Frozen


class CertificateOutcome(StrEnum):
    """What the three trainings showed."""

    CERTIFIED = "certified"  # the same bits, whatever the truth was
    INTERFERES = "interferes"  # another truth gave other bits
    NONDETERMINISTIC = "nondeterministic"  # the same truth gave other bits: nothing can be told
    UNVERIFIED = "unverified"  # it could not be trained to the end on the audit's data


class Difference(Frozen):
    """Where two trainings that should have been equal first were not."""

    parameter: Annotated[str, Field(description="Name of the parameter, or of what else differed.")]
    step: Annotated[int | None, Field(description="Optimiser step, from 1; 0 is the initial state.")] = None
    detail: Annotated[str, Field(description="What was seen, where it is more than other bits.")] = ""

    @property
    def where(self) -> str:
        """When it showed: ` at step 3`."""
        if self.step is None:
            return ""
        return f" at step {self.step}" if self.step else " before the first step"

    def __str__(self) -> str:
        return f"{self.parameter}{self.where}" + (f" ({self.detail})" if self.detail else "")


class Certificate(Frozen):
    """The outcome for one version of one strategy."""

    strategy: str
    version: Annotated[str, Field(description="Hash of its source and of the training code below it.")]
    data_hash: Annotated[str, Field(description="Hash of all data that the trainings were given.")]
    outcome: CertificateOutcome
    difference: Difference | None = None
    composition: Annotated[tuple[str, ...], Field(description="Strategies that were on with it.")] = ()
    steps: Annotated[int, Field(description="Optimiser steps that were compared.")] = 0
    reason: Annotated[str, Field(description="Why it is unverified.")] = ""
    seconds: Annotated[float, Field(description="Wall-clock time of the three trainings, s.")] = 0.0


class StoredCertificate(Certificate):
    """A certificate as the store keeps it."""

    id: int
    at: datetime

    @property
    def line(self) -> str:
        """One line for people."""
        what = str(self.outcome) + (f": {self.difference}" if self.difference else "")
        why = f": {self.reason}" if self.reason else ""
        return f"c{self.id} {self.strategy} {self.version[:12]} {what}{why}"
