"""MLP_sub: the substrate response as a small neural network, the form that the learned model has.

    log f(c, s) = g(log c, s) - g(0, s),   so that f(1, s) = 1 by construction
    g(z) = w2 . tanh(W1 z + b1) + w3 . z

It is fitted to the spline that variable projection found, by L-BFGS, in a fraction of a second.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from scipy.optimize import minimize

HIDDEN = 16
LOG_SCALE = 4.0  # log c divided by this enters the network: its usual range is some units wide
INPUTS = 2


@dataclass(frozen=True)
class SubstrateMlp:
    """Weights of MLP_sub."""

    hidden: Float64[ndarray, "hidden 2"]
    bias: Float64[ndarray, " hidden"]
    output: Float64[ndarray, " hidden"]
    skip: Float64[ndarray, " 2"]

    def log_response(self, log_c: Float64[ndarray, "*shape"], exponent: float) -> Float64[ndarray, "*shape"]:
        """log f(c, s), for log c and the exponent s."""
        exponents = np.full_like(log_c, exponent)
        here = np.stack([log_c / LOG_SCALE, exponents], axis=-1)
        anchor = np.stack([np.zeros_like(log_c), exponents], axis=-1)
        return np.asarray(self._raw(here) - self._raw(anchor))

    def response(self, concentration: float, exponent: float) -> float:
        """MLP_sub(c, s) for one concentration, c.u."""
        return float(np.exp(self.log_response(np.array(np.log(concentration)), exponent)))

    def _raw(self, inputs: Float64[ndarray, "*shape 2"]) -> Float64[ndarray, "*shape"]:
        active = np.tanh(inputs @ self.hidden.T + self.bias)
        return np.asarray(active @ self.output + inputs @ self.skip)


def fit_mlp(
    log_c: Float64[ndarray, " point"],
    log_f: Float64[ndarray, "exponent point"],
    exponents: Float64[ndarray, " exponent"],
    *,
    start: SubstrateMlp | None = None,
) -> SubstrateMlp:
    """Fits MLP_sub to responses on a grid, by least squares in log f.

    Args:
        log_c: Grid.
        log_f: Response on the grid, per exponent.
        exponents: The exponents.
        start: Weights that fitted a similar response, to be adapted in few iterations; default: a
            fixed draw, so that equal splines give equal networks.
    """
    inputs = np.stack([np.tile(log_c / LOG_SCALE, exponents.size), np.repeat(exponents, log_c.size)], axis=-1)
    anchors = np.stack([np.zeros(len(inputs)), inputs[:, 1]], axis=-1)
    target = log_f.ravel()

    def loss(flat: Float64[ndarray, " parameter"]) -> tuple[float, Float64[ndarray, " parameter"]]:
        mlp = _unpack(flat)
        active = np.tanh(inputs @ mlp.hidden.T + mlp.bias)
        resting = np.tanh(anchors @ mlp.hidden.T + mlp.bias)
        error = (active - resting) @ mlp.output + (inputs - anchors) @ mlp.skip - target
        pull = 2 * error / error.size
        into = pull[:, None] * mlp.output * (1 - active**2)
        into_anchor = pull[:, None] * mlp.output * (1 - resting**2)
        gradient = np.concatenate(
            [
                (into.T @ inputs - into_anchor.T @ anchors).ravel(),
                (into - into_anchor).sum(axis=0),
                (active - resting).T @ pull,
                (inputs - anchors).T @ pull,
            ]
        )
        return float((error**2).mean()), gradient

    max_iterations = 1000 if start is None else 200
    best = minimize(
        loss,
        _pack(start if start is not None else _fixed_start()),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "maxfun": 2 * max_iterations, "ftol": 1e-14, "gtol": 1e-10},
    )
    return _unpack(np.asarray(best.x))


def _fixed_start() -> SubstrateMlp:
    rng = np.random.default_rng(0)
    return SubstrateMlp(
        hidden=rng.normal(0.0, 1.0, (HIDDEN, INPUTS)),
        bias=rng.normal(0.0, 1.0, HIDDEN),
        output=rng.normal(0.0, 0.1, HIDDEN),
        skip=np.array([1.0, 0.0]),
    )


def _pack(mlp: SubstrateMlp) -> Float64[ndarray, " parameter"]:
    return np.concatenate([mlp.hidden.ravel(), mlp.bias, mlp.output, mlp.skip])


def _unpack(flat: Float64[ndarray, " parameter"]) -> SubstrateMlp:
    hidden, bias, output, skip = np.split(flat, np.cumsum([INPUTS * HIDDEN, HIDDEN, HIDDEN]))
    return SubstrateMlp(hidden.reshape(HIDDEN, INPUTS), bias, output, skip)
