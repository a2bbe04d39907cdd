"""The `foundation:` section of an exploration: how the reaction model is fitted, and how well."""

from typing import Annotated

from pydantic import Field

from blocks.base import Frozen


class FoundationSettings(Frozen):
    """How Phase 1 is done. Nothing here comes from the truth, the target is read by the evaluator."""

    knots: Annotated[int, Field(ge=4, le=64, description="Spline knots between the quantiles of log c.")] = 16
    stride: Annotated[int, Field(ge=1, le=1000, description="Every how many-th frame is fitted.")] = 3
    validation: Annotated[
        float, Field(ge=0, le=0.5, description="Share of the frames, the last ones, that is held out.")
    ] = 0.1
    max_iterations: Annotated[int, Field(ge=1, le=1000, description="Most Gauss-Newton steps per start.")] = (
        40
    )
    tolerance: Annotated[
        float, Field(gt=0, le=0.1, description="Relative decrease of the objective that ends the fit.")
    ] = 1e-6
    smoothness: Annotated[
        float, Field(ge=0, le=1, description="Weight of the spline's squared second differences.")
    ] = 1e-9
    shooting: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Frames of a window in which noisy trajectories are refined; 0: not refined.",
        ),
    ] = 432
    target_r2: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="Stop early where R2 of log10 k is nearest this; left out: fit to the end.",
        ),
    ] = None
    candidates: Annotated[
        int, Field(ge=2, le=1000, description="Models short of the fit, where it is to be stopped early.")
    ] = 80
