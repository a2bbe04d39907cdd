"""What `setpoint identify` finds out about a data set: constants, formulas, regulation, in one record."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from sim.conditioning import Conditioning, regulation_conditioning
from sim.dataset import load_observations
from sim.formulas import formula
from sim.identifiability import Cause, Identifiability, verdict_on

QUANTILES: Final = {"best": 0.0, "quarter": 0.25, "median": 0.5, "three quarters": 0.75, "worst": 1.0}
"""Which metabolites of the ordered ones stand for all."""

"""Every how many-th frame decides which constants are determined: the same as in evaluation."""


@dataclass(frozen=True)
class Identified:
    """A data set's verdict."""

    shape: tuple[int, int]
    """Frames, metabolites."""

    dt: float
    """Time between frames, t.u."""

    constants: Identifiability
    regulation: Conditioning
    formulas: tuple[str, ...]

    @property
    def n_reactions(self) -> int:
        return len(self.formulas)

    def undetermined(self) -> dict[str, list[tuple[int, ...]]]:
        """Reactions by cause, and within a cause by what is determined in combination only."""
        found: dict[str, list[tuple[int, ...]]] = {}
        for cause in Cause:
            members = [j for j, named in enumerate(self.constants.causes) if named is cause]
            if not members:
                continue
            groups = [
                kept
                for group in self.constants.groups
                if (kept := tuple(j for j in group if j in members)) and cause is Cause.SAME_SUBSTRATES
            ]
            grouped = {j for group in groups for j in group}
            found[cause.value] = groups + [(j,) for j in members if j not in grouped]
        return found

    def unregulated(self) -> dict[str, list[int]]:
        """Metabolites whose regulation cannot be determined, by cause."""
        found: dict[str, list[int]] = {}
        for metabolite, cause in enumerate(self.regulation.causes):
            if cause is not None:
                found.setdefault(cause, []).append(metabolite)
        return found

    def worst_first(self) -> list[int]:
        """Metabolites whose slope is determined, the one with the largest standard error first."""
        slope = self.regulation.slope
        return [int(m) for m in np.argsort(-slope, kind="stable") if np.isfinite(slope[m])]

    def quantiles(self, *quantities: Float64[ndarray, " metabolite"]) -> dict[str, list[float]]:
        """Each quantity over the metabolites that have it, ordered from good to bad."""
        kept = [quantity[np.isfinite(quantity)] for quantity in quantities]
        return {
            label: [float(np.quantile(values, share)) for values in kept]
            for label, share in QUANTILES.items()
        }

    def record(self) -> Mapping[str, Any]:
        """Everything, as JSON can hold it."""
        verdict, regulation = self.constants, self.regulation
        return {
            "frames": self.shape[0],
            "metabolites": self.shape[1],
            "reactions": self.n_reactions,
            "dt": self.dt,
            "rate_constants": {
                "undetermined": [
                    {
                        "reaction": j,
                        "formula": self.formulas[j],
                        "cause": cause.value,
                        "group": next((list(group) for group in verdict.groups if j in group), None),
                    }
                    for j, cause in enumerate(verdict.causes)
                    if cause is not None
                ],
                "open_directions": verdict.n_open,
                "r2_ceiling": verdict.r2_ceiling,
                "r2_of_guesses": verdict.r2_of_guesses,
            },
            "regulation": [
                {
                    "metabolite": m,
                    "slope_se": _plain(regulation.slope[m]),
                    "offset_se": _plain(regulation.offset[m]),
                    "inflation": _plain(regulation.inflation[m]),
                    "not_determinable": regulation.causes[m],
                }
                for m in range(self.shape[1])
            ],
        }


def identify_data(folder: Path) -> Identified:
    """The verdict on a data set.

    Args:
        folder: Its observations.

    Raises:
        DataError: It is malformed.
    """
    observations = load_observations(folder)
    concentration, stoichiometry = observations.concentration, observations.stoichiometry
    return Identified(
        shape=(concentration.shape[0], concentration.shape[1]),
        dt=observations.dt,
        constants=verdict_on(observations),
        regulation=regulation_conditioning(stoichiometry, concentration, unobserved=observations.unobserved),
        formulas=tuple(formula(stoichiometry, j) for j in range(stoichiometry.n_reactions)),
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
