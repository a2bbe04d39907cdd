"""Which rate constants the data can determine, and why the others cannot be.

Reactions with the same substrates run at the same rate v, up to their constants, so metabolite i sees
sum_j k_j S_ij v over such a group. The constants of a group are determined one by one where its net
columns S_j are linearly independent, and only in combinations where they are not: duplicates, and
opposed pairs such as A + B -> 2 A and A + B -> 2 B. The trajectory adds what structure cannot show:
reactions that never run, and designs that the motion leaves collinear once each metabolite's affine
nuisance is taken out. No label and no rate constant is read.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from sim.dataset import Observations
from sim.networks.network import Stoichiometry
from sim.networks.substrates import unit_rates, without_equation
from sim.reaction.design import Structure, gram
from sim.reaction.samples import sample

NULL = 1e-10
"""Eigenvalues of the scaled Gram matrix below this share of the largest span what is not determined."""

INVOLVED = 1e-3
"""A rate constant is undetermined where its axis has at least this squared projection on that span."""


STRIDE = 3
"""Every how many-th frame decides which rate constants the data determine."""


class Cause(StrEnum):
    """Why a rate constant cannot be determined."""

    EMPTY = "empty"  # no entry in S: it changes nothing
    SAME_SUBSTRATES = "same substrates"  # and linearly dependent net columns
    NEVER_ACTIVE = "never active"  # its rate is 0 in every frame, or does not show beside the nuisance
    COLLINEAR = "collinear"  # this trajectory moves it together with others


@dataclass(frozen=True)
class Identifiability:
    """The verdict on every rate constant."""

    causes: tuple[Cause | None, ...]
    """Per reaction; None where its constant is determined."""

    groups: tuple[tuple[int, ...], ...]
    """Reactions whose constants are determined in combinations only, by structure."""

    n_open: int
    """Directions in the space of rate constants that the data leave open; a pair of which only the
    difference is determined leaves one open, though neither constant is determined."""

    @property
    def determined(self) -> Bool[ndarray, " reaction"]:
        """Which constants are determined."""
        return np.array([cause is None for cause in self.causes])

    @property
    def n_undetermined(self) -> int:
        """How many are not."""
        return sum(cause is not None for cause in self.causes)

    @property
    def r2_ceiling(self) -> float:
        """R2 of log10 k over all reactions that can be expected at best: 1 - open directions / reactions.

        With all that is determined exact, the error lies in the directions left open. There nothing beats
        the mean, which misses by the variance s^2 of a constant: R2 = 1 - n_open s^2 / (n s^2). Exact for k
        drawn alike and independently if log10 k were linear in k; for opposed pairs and for duplicates with
        log10 k ~ U(-2, -1) a direction costs 0.90 and 1.07 s^2 (simulated). An expectation: a lucky guess may
        lie above. No label is needed for it.
        """
        return 1 - self.n_open / len(self.causes)

    @property
    def r2_of_guesses(self) -> float:
        """R2 with every undetermined constant set to the mean of the others: 1 - undetermined / reactions.

        What is known of combinations is thrown away then.
        """
        return 1 - self.n_undetermined / len(self.causes)


def unidentifiable(stoichiometry: Stoichiometry) -> tuple[tuple[int, ...], ...]:
    """Groups of reactions whose constants no trajectory can determine, by structure alone.

    Args:
        stoichiometry: S and E.

    Returns:
        Sorted groups: same substrates in the same orders, and net columns that depend on each other.
        A reaction of the same substrates whose net column is independent of the others is not in one.
    """
    same: dict[bytes, list[int]] = {}
    order = np.abs(stoichiometry.exponents)
    for reaction in map(int, np.flatnonzero(stoichiometry.net.any(axis=0))):
        same.setdefault(np.ascontiguousarray(order[:, reaction]).tobytes(), []).append(reaction)
    groups = []
    for reactions in same.values():
        dependent = _dependent(stoichiometry.net[:, reactions])
        if dependent.any():
            groups.append(tuple(int(reaction) for reaction in np.array(reactions)[dependent]))
    return tuple(sorted(groups))


def identifiability(
    stoichiometry: Stoichiometry,
    concentration: Float64[ndarray, "frame metabolite"],
    *,
    stride: int = 1,
    unobserved: Bool[ndarray, " metabolite"] | None = None,
) -> Identifiability:
    """The verdict for one trajectory, with substrates taken to enter as c^E.

    Args:
        stoichiometry: S, E and rate law.
        concentration: Concentrations, c.u.; noise makes collinear designs look determined.
        stride: Every how many-th frame is looked at.
        unobserved: Metabolites of which nothing was measured; default: none.
    """
    structure = Structure(stoichiometry)
    frames = np.arange(0, len(concentration) - 1, stride)
    scale = np.diff(concentration, axis=0).std(axis=0)
    if unobserved is not None:
        scale = np.where(without_equation(stoichiometry, unobserved), 0.0, scale)
    samples = sample(concentration, 1.0, frames, scale=scale)
    rates = unit_rates(concentration[frames], stoichiometry, substrates=structure.substrates)
    design = rates[:, structure.column] * structure.coefficient * samples.weight[:, structure.row]
    before = np.bincount(structure.column, (design**2).sum(axis=0), minlength=structure.n_reactions)
    normal, _ = gram(samples, structure, samples.project(design, structure.row))
    visible = np.diagonal(normal) > NULL * before
    groups = unidentifiable(stoichiometry)
    grouped = {reaction for group in groups for reaction in group}
    chosen = np.flatnonzero(visible)
    null = null_directions(normal[np.ix_(chosen, chosen)])
    hidden = np.zeros(structure.n_reactions, dtype=bool)
    hidden[chosen] = (null**2).sum(axis=1) > INVOLVED
    seen = [group for group in groups if visible[[*group]].all()]
    by_structure = sum(len(group) - _rank(stoichiometry.net[:, group]) for group in seen)
    empty = (stoichiometry.net == 0).all(axis=0)
    causes: list[Cause | None] = []
    for reaction in range(structure.n_reactions):
        if empty[reaction]:
            causes.append(Cause.EMPTY)
        elif not visible[reaction]:
            causes.append(Cause.NEVER_ACTIVE)
        elif reaction in grouped:
            causes.append(Cause.SAME_SUBSTRATES)
        else:
            causes.append(Cause.COLLINEAR if hidden[reaction] else None)
    n_open = int((~visible).sum()) + max(null.shape[1], by_structure)
    return Identifiability(causes=tuple(causes), groups=groups, n_open=n_open)


def verdict_on(
    observations: Observations, *, states: Float64[ndarray, "frame metabolite"] | None = None
) -> Identifiability:
    """The verdict on a data set.

    Args:
        observations: The data set.
        states: Its frames without their noise, where a fit has found them; default: as measured.
    """
    return identifiability(
        observations.stoichiometry,
        observations.concentration if states is None else states,
        stride=STRIDE,
        unobserved=observations.unobserved,
    )


def determined(
    observations: Observations, *, states: Float64[ndarray, "frame metabolite"] | None = None
) -> Bool[ndarray, " reaction"]:
    """Which rate constants the structure and the trajectory determine; no truth is read.

    Args:
        observations: The data set.
        states: Its frames without their noise, where a fit has found them; default: as measured.
    """
    return verdict_on(observations, states=states).determined


def null_directions(normal: Float64[ndarray, "reaction reaction"]) -> Float64[ndarray, "reaction open"]:
    """Directions that a Gram matrix, scaled to a unit diagonal, leaves open; orthonormal in that scale.

    Args:
        normal: With a positive diagonal.
    """
    if not len(normal):
        return np.zeros((0, 0))
    scale = np.sqrt(np.diagonal(normal))
    sizes, directions = np.linalg.eigh(normal / np.outer(scale, scale))
    return np.asarray(directions[:, sizes < NULL * sizes[-1]])


def _dependent(columns: Float64[ndarray, "metabolite member"]) -> Bool[ndarray, " member"]:
    """Which columns take part in a linear dependence among them."""
    rank = _rank(columns)
    directions = np.linalg.svd(columns, full_matrices=True)[2]
    involved: Bool[ndarray, " member"] = (directions[rank:] ** 2).sum(axis=0) > 1e-12
    return involved


def _rank(columns: Float64[ndarray, "metabolite member"]) -> int:
    sizes = np.linalg.svd(columns, compute_uv=False)
    return int((sizes > 1e-9 * sizes.max(initial=1.0)).sum())
