"""Reactions as a chemist writes them: `m3 + m7 -> 2 m7`. Metabolites are numbered from 0."""

import numpy as np

from sim.networks.network import Stoichiometry


def formula(stoichiometry: Stoichiometry, reaction: int) -> str:
    """One reaction.

    Args:
        stoichiometry: S and E.
        reaction: Its column.
    """
    net, order = stoichiometry.net[:, reaction], np.abs(stoichiometry.exponents[:, reaction])
    # What enters the rate stands on the left, as often as its order or its loss says, whichever is more.
    left = np.maximum(order, -net)
    return f"{_side(left)} -> {_side(left + net)}"


def _side(amounts: np.ndarray) -> str:
    members = np.flatnonzero(amounts > 1e-12)
    terms = (f"m{i}" if amounts[i] == 1 else f"{amounts[i]:g} m{i}" for i in members)
    return " + ".join(terms) or "nothing"
