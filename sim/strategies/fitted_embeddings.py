"""Embeddings that start from per-metabolite fits of the residual, sorted into curves without a label."""

from typing import Annotated, ClassVar, Final

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from pydantic import Field
from scipy.interpolate import BSpline

from blocks.base import Frozen
from sim.node import NodeCohort
from sim.strategies.base import Strategy
from sim.training.clusterwise import Evidence, Mixture, curves_of
from sim.training.data import TrainingData

LEVELS: Final = (0.001, 0.4, 0.6, 0.75, 0.85, 0.92, 0.97, 0.999)
"""Quantiles of all concentrations at which curves have knots; regulation is weak and smooth."""

TOLERANCE: Final = 0.1
"""Error of a residual, in units of its spread, that no curve need explain: reaction models are not exact."""

INDEPENDENT: Final = 30
"""Frames of a trajectory that count as independent: an error of the reaction model lasts."""


class FittedEmbeddings(Strategy):
    """Breaks a circle: no separation without type-dependent outputs, and no such outputs without separation.

    The residual of each metabolite is regressed on functions of its concentration, and a mixture of such
    regressions, whose number of curves is not told, says which metabolites answer alike. They start at one
    place, others elsewhere; a metabolite whose curve is uncertain starts in between.
    """

    class Options(Frozen):
        distance: Annotated[
            float, Field(gt=0, le=100, description="Distance of each group's start from the origin.")
        ] = 1.0

    name: ClassVar[str] = "fitted_embeddings"
    summary: ClassVar[str] = "starts embeddings from fits of each metabolite's residual, grouped by likeness"
    reference: ClassVar[str] = (
        "DeSarbo & Cron 1988, A maximum likelihood methodology for clusterwise linear regression, "
        "Journal of Classification 5"
    )
    options: Options

    def initialise(
        self,
        node: NodeCohort,
        data: TrainingData,
        generators: tuple[torch.Generator, ...],  # noqa: ARG002
    ) -> NodeCohort:
        mixture = curves_of(residual_evidence(data))
        places = self.options.distance * _places(mixture, node.embedding.shape[2])
        start = torch.from_numpy(mixture.membership @ places)
        with torch.no_grad():
            node.embedding.add_(start.to(node.embedding.dtype))
        return node


def residual_evidence(data: TrainingData) -> Evidence:
    """What each metabolite's residual says of its curve, in units of the response to be expected.

    Where lines came with a covariance (noisy data), they are all that is known; else the frames speak, each
    metabolite's to within a tenth of its spread.
    """
    unit = data.response_scale
    concentration, residual = data.concentration[:-1].numpy(), data.residual.numpy() / unit
    spread = data.spread.numpy() / unit
    trusted = data.weight.numpy()
    scale = data.concentration_scale
    line = np.stack([np.ones_like(concentration), concentration / scale], axis=-1)
    functions, bends = (line, None) if data.line_covariance is not None else _splines(concentration)
    counted = np.maximum(trusted.sum(axis=0), 1.0)
    share = np.where(np.isfinite(spread), INDEPENDENT / (counted * (TOLERANCE * spread) ** 2), 0.0)
    information = np.einsum("tif,ti,tig->ifg", functions, trusted, functions, optimize=True)
    weighted = np.einsum("tif,ti->if", functions, trusted * residual, optimize=True)
    if data.line_covariance is None:
        return Evidence(share[:, None, None] * information, share[:, None] * weighted, bends)
    estimate = np.linalg.pinv(information, hermitian=True) @ weighted[:, :, None]
    # (slope, offset) of the covariance become (offset, slope * scale) here
    turned = data.line_covariance.numpy()[:, ::-1, ::-1] / unit**2
    turned = turned * np.outer([1.0, scale], [1.0, scale])
    tolerated = np.linalg.pinv(share[:, None, None] * information, hermitian=True)
    known = np.linalg.pinv(turned + tolerated, hermitian=True)
    known[~np.isfinite(spread)] = 0.0
    return Evidence(known, (known @ estimate)[:, :, 0])


def _splines(
    concentration: Float64[ndarray, "frame metabolite"],
) -> tuple[Float64[ndarray, "frame metabolite function"], Float64[ndarray, "bend function"]]:
    """Quadratic splines in c over what all metabolites visit together, straight at both ends.

    With them the second differences of their coefficients, which are 0 where a curve is straight.
    """
    knots = np.unique(np.quantile(concentration, LEVELS))
    ladder = np.concatenate([knots[:1].repeat(2), knots, knots[-1:].repeat(2)])
    basis = BSpline(ladder, np.eye(len(ladder) - 3), 2)
    inside = np.clip(concentration, knots[0], knots[-1])
    beyond = (concentration - inside)[..., None]
    places = (ladder[1:-2] + ladder[2:-1]) / 2
    slopes = np.diff(np.eye(places.size), axis=0) / np.diff(places / places.std())[:, None]
    return np.asarray(basis(inside) + beyond * basis.derivative()(inside)), np.diff(slopes, axis=0)


def _places(mixture: Mixture, n_coordinates: int) -> Float64[ndarray, "curve coordinate"]:
    """A place for each curve: corners of a regular polygon, neighbours in the order of their slopes."""
    n_curves = len(mixture.curves)
    order = np.argsort(np.argsort(mixture.curves[:, -1] - mixture.curves[:, 0]))
    angle = 2 * np.pi * order / n_curves
    places = np.zeros((n_curves, n_coordinates))
    if n_curves > 1:
        if n_coordinates == 1:
            places[:, 0] = np.linspace(-1, 1, n_curves)[order]
        else:
            places[:, 0], places[:, 1] = np.cos(angle), np.sin(angle)
    return places
