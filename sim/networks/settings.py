"""The `data:` section of an exploration: which network, how it is simulated, how it is measured.

Everything that decides a data set is here, so equal settings give equal data. The preset fills in
what is not said; the settings as they stand are ground truth and go into the seal, never into the
observations.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from blocks.base import Frozen
from sim.networks.presets import PRESETS, PresetName
from sim.networks.rate_law import RateLaw

Count = Annotated[int, Field(ge=1, le=100_000)]
NonNegative = Annotated[float, Field(ge=0)]


class DataSettings(Frozen):
    """Everything that decides a simulated data set."""

    preset: Annotated[PresetName, Field(description="Named network that gives the other values.")]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="Seed of network and noise.")] = 42

    n_metabolites: Annotated[int, Field(ge=3, le=100_000, description="Number of metabolites.")] = 100
    n_reactions: Annotated[int, Field(ge=1, le=100_000, description="Number of reactions.")] = 256
    topology: Annotated[
        Literal["cycles", "random"],
        Field(description="Autocatalytic 3-cycles, or reactions with random substrates and products."),
    ] = "cycles"
    rate_law: Annotated[RateLaw, Field(description="How the substrates of a reaction combine.")] = (
        RateLaw.MASS_ACTION
    )
    exponents: Annotated[
        tuple[Literal[1, 2], ...],
        Field(
            min_length=1, max_length=2, description="Orders that a substrate of a random reaction may have."
        ),
    ] = (1,)
    max_substrates: Annotated[int, Field(ge=1, le=4, description="Most substrates of a random reaction.")] = 2
    substrate: Annotated[
        Literal["power", "saturating"],
        Field(description="A substrate enters as c^E, or as (c / (1 + c / 5))^E."),
    ] = "power"
    log10_k: Annotated[
        tuple[float, float],
        Field(description="Range of log10 k, drawn evenly; k of order two is in 1 per c.u. and t.u."),
    ] = (-2.0, -1.0)
    initial: Annotated[
        tuple[NonNegative, NonNegative],
        Field(description="Range of initial concentrations, c.u., drawn evenly."),
    ] = (1.0, 9.0)

    decay: Annotated[
        tuple[NonNegative, ...], Field(min_length=1, description="lambda of each metabolite type, 1 per t.u.")
    ] = (0.001, 0.002)
    baseline: Annotated[
        tuple[NonNegative, ...], Field(min_length=1, description="Baseline of each metabolite type, c.u.")
    ] = (4.0, 6.0)
    type_fractions: Annotated[
        tuple[NonNegative, ...] | None,
        Field(description="Share of the metabolites that each type has; left out: even."),
    ] = None
    regulation: Annotated[
        Literal["linear", "saturating"],
        Field(description="Regulation -lambda (c - b), or that divided by 1 + |c - b| / 5."),
    ] = "linear"

    n_frames: Annotated[int, Field(ge=2, le=1_000_000, description="Frames, the first at time 0.")] = 2880
    dt: Annotated[float, Field(gt=0, le=10, description="Time between frames and Euler step, t.u.")] = 0.1
    flux_limit: Annotated[
        bool, Field(description="Slow reactions so that no substrate is over-consumed in one step.")
    ] = False
    noise: Annotated[
        float, Field(ge=0, le=1, description="Measurement noise, standard deviation over concentration.")
    ] = 0.0
    unobserved: Annotated[
        float,
        Field(ge=0, lt=1, description="Share of the metabolites whose concentration is never measured."),
    ] = 0.0
    process_noise: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Relative noise of the dynamics, standard deviation per square root of t.u.",
        ),
    ] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("preset"), str):
            return {**PRESETS.get(values["preset"], {}), **values}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "DataSettings":
        for name, (low, high) in (("log10_k", self.log10_k), ("initial", self.initial)):
            if not low <= high:
                raise ValueError(f"{name}: `low <= high` must hold, but got (low={low:g}, high={high:g})")
        if len(self.baseline) != self.n_types:
            raise ValueError(
                f"baseline: must have one value per type ({self.n_types}, as decay has), "
                f"but got {len(self.baseline)}"
            )
        if self.n_types > self.n_metabolites:
            raise ValueError(
                f"decay: must have at most {self.n_metabolites} types (n_metabolites), but got {self.n_types}"
            )
        if self.type_fractions is not None:
            if len(self.type_fractions) != self.n_types:
                raise ValueError(
                    f"type_fractions: must have one value per type ({self.n_types}, as decay has), "
                    f"but got {len(self.type_fractions)}"
                )
            if not math.isclose(total := sum(self.type_fractions), 1.0, abs_tol=1e-6):
                raise ValueError(f"type_fractions: must sum to 1, but got {total:g}")
        if self.topology == "random" and self.max_substrates >= self.n_metabolites:
            raise ValueError(
                f"max_substrates: must be below n_metabolites ({self.n_metabolites}) to leave a product, but "
                f"got {self.max_substrates}"
            )
        return self

    @property
    def n_types(self) -> int:
        """Number of metabolite types."""
        return len(self.decay)

    @property
    def title(self) -> str:
        """Short name for people: `oscillatory_rank_50 #42`."""
        return f"{self.preset} #{self.seed}"
