"""The tabulated reaction, looked up and added up in one pass: rates, and the gradient back through them.

Each number is computed by itself and in a fixed order, with no freedom of rounding: neither company nor the
place in a vector changes a bit.
"""

from typing import Final

import numpy as np
from jaxtyping import Float, Int32
from numpy import ndarray

from sim.kernels.build import compiled
from sim.kernels.elementary import exp, log
from sim.kernels.gate import no_type_check

_TAKEN: Final = "int32[::1], int32[::1]"
_NET: Final = "int32[::1], int32[::1], float64[::1]"
_NESTED: Final = "float64[:,:,::1]"


@compiled()
@no_type_check
def _respond(
    concentration: Float[ndarray, "metabolite row"],
    pieces: Float[ndarray, "exponent piece 4"],
    origin: float,
    per_piece: float,
    floor: float,
    additive: bool,
    response: Float[ndarray, "place row"],
    steepness: Float[ndarray, "place row"],
) -> None:
    """Looks up the responses of a block, and how a rate changes with the concentrations through them."""
    here, value, slope = concentration.ravel(), response.ravel(), steepness.ravel()
    position = np.empty(here.size)
    last = pieces.shape[1] - 1
    for place in range(here.size):
        position[place] = origin + log(floor if here[place] <= floor else here[place]) * per_piece
    for place in range(here.size):
        piece = 0  # of what has diverged as well: NaN stays NaN along any piece
        if position[place] >= last:
            piece = last
        elif position[place] > 0:
            piece = int(position[place])
        t = position[place] - piece
        for exponent in range(len(pieces)):
            a, b = pieces[exponent, piece, 0], pieces[exponent, piece, 1]
            c, d = pieces[exponent, piece, 2], pieces[exponent, piece, 3]
            value[exponent * here.size + place] = a + t * (b + t * (c + t * d))
            slope[exponent * here.size + place] = (b + t * (2.0 * c + t * 3.0 * d)) * per_piece
    for exponent in range(len(pieces)):
        for place in range(here.size):
            at = exponent * here.size + place
            value[at] = exp(value[at])
            steep = slope[at] / here[place]
            if additive:
                steep *= value[at]
            slope[at] = 0.0 if here[place] <= floor else steep


@compiled(
    f"void({_NESTED}, {_NESTED}, float64, float64, float64, {_TAKEN}, {_NET}, float64[::1], boolean, "
    f"{_NESTED}, {_NESTED}, {_NESTED}, float64[:,::1])"
)
@no_type_check
def rates(
    concentration: Float[ndarray, "block metabolite row"],
    pieces: Float[ndarray, "exponent piece 4"],
    origin: float,
    per_piece: float,
    floor: float,
    taken_begin: Int32[ndarray, " reaction+1"],
    taken_place: Int32[ndarray, " entry"],
    net_begin: Int32[ndarray, " reaction+1"],
    net_metabolite: Int32[ndarray, " entry"],
    net_factor: Float[ndarray, " entry"],
    constants: Float[ndarray, " reaction"],
    additive: bool,
    rate: Float[ndarray, "block metabolite row"],
    weight: Float[ndarray, "block reaction row"],
    steepness: Float[ndarray, "block place row"],
    response: Float[ndarray, "place row"],
) -> None:
    """dc/dt by reactions, and what the way back needs.

    Args:
        concentration: c.u.
        pieces: Coefficients of 1, t, t^2, t^3 of log f.
        origin: Where log c = 0 stands in the table, in pieces.
        per_piece: Pieces per unit of log c.
        floor: Concentration below which nothing changes, c.u.
        taken_begin: Substrates of reaction j are entries `taken_begin[j]` .. `taken_begin[j + 1]` - 1.
        taken_place: exponent * metabolites + metabolite.
        net_begin: The same of what a reaction makes and takes.
        net_metabolite: Which metabolite.
        net_factor: S.
        constants: k.
        additive: Whether responses add up in a rate law, instead of multiplying.
        rate: To write to, c.u. per t.u.
        weight: To write to: change of a rate with the log of a response, or with the response if additive.
        steepness: To write to: change of that with the concentration.
        response: Room to work in.
    """
    rows = concentration.shape[2]
    for block in range(len(concentration)):
        _respond(concentration[block], pieces, origin, per_piece, floor, additive, response, steepness[block])
        rate[block] = 0.0
        for reaction in range(constants.size):
            k = constants[reaction]
            if additive:
                for row in range(rows):
                    weight[block, reaction, row] = 0.0
                for entry in range(taken_begin[reaction], taken_begin[reaction + 1]):
                    place = taken_place[entry]
                    for row in range(rows):
                        weight[block, reaction, row] += response[place, row]
                for row in range(rows):
                    weight[block, reaction, row] *= k
            else:
                for row in range(rows):
                    weight[block, reaction, row] = k
                for entry in range(taken_begin[reaction], taken_begin[reaction + 1]):
                    place = taken_place[entry]
                    for row in range(rows):
                        weight[block, reaction, row] *= response[place, row]
            for entry in range(net_begin[reaction], net_begin[reaction + 1]):
                metabolite, factor = net_metabolite[entry], net_factor[entry]
                for row in range(rows):
                    rate[block, metabolite, row] += factor * weight[block, reaction, row]
            if additive:
                for row in range(rows):
                    weight[block, reaction, row] = k


@compiled(f"void({_NESTED}, {_TAKEN}, {_NET}, {_NESTED}, {_NESTED}, {_NESTED}, float64[:,::1], float64[::1])")
@no_type_check
def back_through_rates(
    pull: Float[ndarray, "block metabolite row"],
    taken_begin: Int32[ndarray, " reaction+1"],
    taken_place: Int32[ndarray, " entry"],
    net_begin: Int32[ndarray, " reaction+1"],
    net_metabolite: Int32[ndarray, " entry"],
    net_factor: Float[ndarray, " entry"],
    weight: Float[ndarray, "block reaction row"],
    steepness: Float[ndarray, "block place row"],
    out: Float[ndarray, "block metabolite row"],
    moved: Float[ndarray, "place row"],
    along: Float[ndarray, " row"],
) -> None:
    """Gradient with respect to the concentration, of one with respect to the rate.

    Args:
        pull: Gradient with respect to the rate.
        taken_begin: As in `rates`, like the next four.
        taken_place: Substrates.
        net_begin: Entries by reaction.
        net_metabolite: Which metabolite.
        net_factor: S.
        weight: As `rates` left it, like the next.
        steepness: Per place.
        out: To write to.
        moved: Room to work in.
        along: Room to work in.
    """
    metabolites, rows = pull.shape[1], pull.shape[2]
    for block in range(pull.shape[0]):
        moved[:] = 0.0
        for reaction in range(weight.shape[1]):
            for row in range(rows):
                along[row] = 0.0
            for entry in range(net_begin[reaction], net_begin[reaction + 1]):
                metabolite, factor = net_metabolite[entry], net_factor[entry]
                for row in range(rows):
                    along[row] += factor * pull[block, metabolite, row]
            for row in range(rows):
                along[row] *= weight[block, reaction, row]
            for entry in range(taken_begin[reaction], taken_begin[reaction + 1]):
                place = taken_place[entry]
                for row in range(rows):
                    moved[place, row] += along[row]
        for metabolite in range(metabolites):
            for row in range(rows):
                out[block, metabolite, row] = moved[metabolite, row] * steepness[block, metabolite, row]
            for place in range(metabolites + metabolite, moved.shape[0], metabolites):
                for row in range(rows):
                    out[block, metabolite, row] += moved[place, row] * steepness[block, place, row]
