"""What an Euler step does to all concentrations, and to the gradient with respect to them: one pass each."""

from typing import Final

from jaxtyping import Float
from numpy import ndarray

from sim.kernels.build import compiled
from sim.kernels.gate import no_type_check

_STATE: Final = "float64[:,:,::1]"


@compiled(f"void({_STATE}, {_STATE}, float64, {_STATE})")
@no_type_check
def advance(
    concentration: Float[ndarray, "replicate metabolite window"],
    change: Float[ndarray, "replicate metabolite window"],
    dt: float,
    out: Float[ndarray, "replicate metabolite window"],
) -> None:
    """max(0, c + dt * change); NaN stays NaN."""
    before, rate, after = concentration.ravel(), change.ravel(), out.ravel()
    for place in range(before.size):
        reached = before[place] + dt * rate[place]
        after[place] = 0.0 if reached < 0.0 else reached


@compiled(f"void({_STATE}, {_STATE}, {_STATE}, float64, {_STATE})")
@no_type_check
def arrive(
    adjoint: Float[ndarray, "replicate metabolite window"],
    pull: Float[ndarray, "replicate metabolite window"],
    reached: Float[ndarray, "replicate metabolite window"],
    dt: float,
    moved: Float[ndarray, "replicate metabolite window"],
) -> None:
    """Adds the loss's own pull at what a step has reached; where that was held at 0, nothing passes.

    Args:
        adjoint: Gradient with respect to what is reached; becomes that with respect to what it came from,
            as far as the step has left it in place.
        pull: Gradient of the loss alone.
        reached: Concentrations after the step, c.u.
        dt: Length of the step, t.u.
        moved: To write to: gradient with respect to the rate of change.
    """
    above, own, here, out = adjoint.ravel(), pull.ravel(), reached.ravel(), moved.ravel()
    for place in range(above.size):
        passing = 0.0 if here[place] <= 0.0 else above[place] + own[place]
        above[place] = passing
        out[place] = dt * passing
