"""Which rate constants the data can determine, and why the others cannot be.

Reactions with the same substrates run at the same rate v, up to their constants, so metabolite i sees
sum_j k_j S_ij v over such a group. The constants of a group are determined one by one where its net
columns S_j are linearly independent, and only in combinations where they are not: duplicates, and
opposed pairs such as A + B -> 2 A and A + B -> 2 B. The trajectory adds what structure cannot show:
reactions that never run, and designs that the motion leaves collinear once each metabolite's affine
nuisance is taken out.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from sim.dataset import Observations
from sim.networks.network import Stoichiometry
from sim.networks.substrates import unit_rates
from sim.reaction.design import Structure, gram, sample

NULL = 1e-10
"""Eigenvalues of the scaled Gram matrix below this share of the largest span what is not determined."""

INVOLVED = 1e-3
"""A rate constant is undetermined where its axis has at least this squared projection on that span."""


class Cause(StrEnum):
    """Why a rate constant cannot be determined."""

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

    @property
    def determined(self) -> Bool[ndarray, " reaction"]:
        """Which constants are determined."""
        return np.array([cause is None for cause in self.causes])

    @property
    def n_undetermined(self) -> int:
        """How many are not."""
        return sum(cause is not None for cause in self.causes)


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
    for reaction in range(stoichiometry.n_reactions):
        same.setdefault(np.ascontiguousarray(order[:, reaction]).tobytes(), []).append(reaction)
    groups = []
    for reactions in same.values():
        dependent = _dependent(stoichiometry.net[:, reactions])
        if dependent.any():
            groups.append(tuple(int(reaction) for reaction in np.array(reactions)[dependent]))
    return tuple(sorted(groups))


def identifiability(
    stoichiometry: Stoichiometry, concentration: Float64[ndarray, "frame metabolite"], *, stride: int = 1
) -> Identifiability:
    """The verdict for one trajectory, with substrates taken to enter as c^E.

    Args:
        stoichiometry: S, E and rate law.
        concentration: Concentrations, c.u.; noise makes collinear designs look determined.
        stride: Every how many-th frame is looked at.
    """
    structure = Structure(stoichiometry)
    frames = np.arange(0, len(concentration) - 1, stride)
    samples = sample(concentration, 1.0, frames, scale=np.diff(concentration, axis=0).std(axis=0))
    rates = unit_rates(concentration[frames], stoichiometry, substrates=structure.substrates)
    design = rates[:, structure.column] * structure.coefficient * samples.weight[:, structure.row]
    before = np.bincount(structure.column, (design**2).sum(axis=0), minlength=structure.n_reactions)
    normal, _ = gram(samples, structure, samples.project(design, structure.row))
    visible = np.diagonal(normal) > NULL * before
    groups = unidentifiable(stoichiometry)
    grouped = {reaction for group in groups for reaction in group}
    hidden = _undetermined(normal, visible)
    causes: list[Cause | None] = []
    for reaction in range(structure.n_reactions):
        if not visible[reaction]:
            causes.append(Cause.NEVER_ACTIVE)
        elif reaction in grouped:
            causes.append(Cause.SAME_SUBSTRATES)
        else:
            causes.append(Cause.COLLINEAR if hidden[reaction] else None)
    return Identifiability(causes=tuple(causes), groups=groups)


def determined(observations: Observations, *, stride: int = 3) -> Bool[ndarray, " reaction"]:
    """Which rate constants a data set determines.

    Args:
        observations: The data set.
        stride: Every how many-th frame is looked at.
    """
    verdict = identifiability(observations.stoichiometry, observations.concentration, stride=stride)
    return verdict.determined


def _dependent(columns: Float64[ndarray, "metabolite member"]) -> Bool[ndarray, " member"]:
    """Which columns take part in a linear dependence among them."""
    _, sizes, directions = np.linalg.svd(columns, full_matrices=True)
    rank = int((sizes > 1e-9 * sizes.max(initial=1.0)).sum())
    involved: Bool[ndarray, " member"] = (directions[rank:] ** 2).sum(axis=0) > 1e-12
    return involved


def _undetermined(
    normal: Float64[ndarray, "reaction reaction"], visible: Bool[ndarray, " reaction"]
) -> Bool[ndarray, " reaction"]:
    """Which axes reach into the null space of the Gram matrix, scaled to a unit diagonal."""
    result = ~visible
    chosen = np.flatnonzero(visible)
    if chosen.size:
        scale = np.sqrt(np.diagonal(normal)[chosen])
        sizes, directions = np.linalg.eigh(normal[np.ix_(chosen, chosen)] / np.outer(scale, scale))
        null = directions[:, sizes < NULL * sizes[-1]]
        result[chosen] = (null**2).sum(axis=1) > INVOLVED
    return result
