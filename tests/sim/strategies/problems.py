"""Small problems that strategies were invented for, and what a training makes of them.

All are variants of the hand-made network: noisy, faster by a factor, hardly moving, or of more types.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from blocks.base import Value
from sim.dataset import Observations
from sim.evaluation.clusters import clusters_of, embedding_metrics
from sim.evaluation.lines import ratios, response_curves, response_errors, response_lines, visited_range
from sim.networks.network import Stoichiometry, Truth
from sim.networks.rate_law import RateLaw
from sim.node import NodeCohort
from sim.reaction.mlp import fit_mlp
from sim.reaction.model import ReactionModel, response_grid
from sim.reaction.spline import SplineBasis, log_concentration
from sim.training.data import Reaction, TrainingData, training_data
from sim.training.plan import Batch
from sim.training.slots import resolve
from sim.training.trainer import train_cohort
from tests.sim.training.tiny import (
    DT,
    N_METABOLITES,
    ExactReaction,
    network,
    silent,
    simulated,
    slot,
    tiny_data,
)


@dataclass(frozen=True)
class Problem:
    """What is observed, the answer, and a model of the reactions."""

    observations: Observations
    truth: Truth
    reaction: Reaction
    clean: np.ndarray
    """Concentrations without measurement noise, c.u."""

    @property
    def data(self) -> TrainingData:
        return training_data(self.observations, self.reaction, heldout_fraction=0.1)


def plain(n_frames: int = 400) -> Problem:
    """The network as it is."""
    observations, truth, reaction = simulated(n_frames)
    return Problem(observations, truth, reaction, observations.concentration)


def noisy(noise: float, n_frames: int = 600) -> Problem:
    """The network seen through relative measurement noise."""
    problem = plain(n_frames)
    frames = problem.observations.frames.copy()
    frames[:, :, 3] *= 1 + noise * np.random.default_rng(0).standard_normal(frames.shape[:2])
    return replace(problem, observations=replace(problem.observations, frames=frames))


def fast(pace: float, n_frames: int = 400) -> Problem:
    """Reactions `pace` times as fast, so that a small change of the state grows along a rollout."""
    stoichiometry, truth = network()
    truth = replace(truth, rate_constants=pace * truth.rate_constants)
    reaction = ExactReaction(stoichiometry, truth.rate_constants)
    start = np.random.default_rng(4).uniform(1, 9, N_METABOLITES)
    return _followed(n_frames, start, truth, reaction)


def still(n_frames: int = 200) -> Problem:
    """No reactions at all: each metabolite creeps towards 5 c.u. from a concentration of its own."""
    truth = replace(network()[1], decay=np.array([0.001, 0.001]), baseline=np.array([5.0, 5.0]))

    class Nothing(Reaction):
        def rate(self, concentration: Tensor) -> Tensor:
            return 0 * concentration

    return _followed(n_frames, np.linspace(1, 9, N_METABOLITES), truth, Nothing())


def mixed(
    *members: int,
    decay: tuple[float, ...] = (0.001, 0.002, 0.004),
    baseline: tuple[float, ...] = (4.0, 6.0, 5.0),
    n_frames: int = 400,
) -> Problem:
    """Three-cycles of metabolites, so many of each type, in an order that nothing gives away."""
    rng = np.random.default_rng(3)
    n_metabolites = sum(members)
    prey = np.arange(n_metabolites)
    predator = prey // 3 * 3 + (prey + 1) % 3
    net, exponents = np.zeros((2, n_metabolites, n_metabolites))
    net[prey, prey], net[predator, prey] = -1, 1
    exponents[prey, prey] = exponents[predator, prey] = 1
    truth = Truth(
        rate_constants=10 ** rng.uniform(-1.5, -0.8, n_metabolites),
        types=rng.permutation(np.repeat(np.arange(len(members)), members)),
        decay=np.array(decay[: len(members)]),
        baseline=np.array(baseline[: len(members)]),
    )
    stoichiometry = Stoichiometry(net, exponents, RateLaw.MASS_ACTION)
    reaction = ExactReaction(stoichiometry, truth.rate_constants)
    return _followed(n_frames, rng.uniform(1, 9, n_metabolites), truth, reaction, stoichiometry)


def with_an_idle_metabolite(problem: Problem) -> Problem:
    """One metabolite more, which no reaction touches and which stays at its baseline."""
    known, truth = problem.observations, problem.truth
    stoichiometry = Stoichiometry(
        *(np.pad(one, ((0, 1), (0, 0))) for one in (known.stoichiometry.net, known.stoichiometry.exponents)),
        known.stoichiometry.rate_law,
    )
    frames = np.pad(known.frames, ((0, 0), (0, 1), (0, 0)))
    frames[:, -1, 3], frames[:, -1, 6] = truth.baseline[0], np.nan
    observations = replace(known, frames=frames, stoichiometry=stoichiometry)
    truth = replace(truth, types=np.append(truth.types, 0))
    reaction = ExactReaction(stoichiometry, truth.rate_constants)
    return Problem(observations, truth, reaction, observations.concentration)


def limited(pace: float, n_frames: int = 400) -> Problem:
    """Reactions so fast that substrates run out, and are slowed so that none is over-consumed."""
    stoichiometry, truth = network()
    truth = replace(truth, rate_constants=pace * truth.rate_constants)
    present = torch.from_numpy(stoichiometry.exponents.T > 0)
    consumed = torch.from_numpy(np.maximum(-stoichiometry.net, 0))
    net, constants = torch.from_numpy(stoichiometry.net), torch.from_numpy(truth.rate_constants)

    class Limited:
        def rate(self, concentration: Tensor) -> Tensor:
            flux = constants * torch.where(present, concentration, 1.0).prod(dim=-1)
            enough = (concentration / (DT * consumed @ flux + 1e-12)).clamp(max=1.0)
            slowed = flux * torch.where(consumed.T > 0, enough, 1.0).amin(dim=-1)
            return net @ slowed

    start = np.random.default_rng(4).uniform(1, 9, N_METABOLITES)
    followed = _followed(n_frames, start, truth, Limited())
    return replace(followed, reaction=ExactReaction(stoichiometry, truth.rate_constants))


def exact_model(problem: Problem, *, noise: float = 0.0) -> ReactionModel:
    """The fitted model that a perfect Phase 1 would end with: f = c, and the true rate constants."""
    basis = SplineBasis.at_quantiles(log_concentration(problem.clean), 8)
    exponents, grid = np.array([1.0]), response_grid(log_concentration(problem.clean))
    coefficients = basis.centres[None]
    log_f = coefficients @ basis.values(grid).T
    zero = np.zeros(problem.clean.shape[1])
    return ReactionModel(
        exponents=exponents,
        breaks=basis.breaks,
        coefficients=coefficients,
        grid=grid,
        log_f=log_f,
        rate_constants=problem.truth.rate_constants,
        nuisance_slope=zero,
        nuisance_offset=zero,
        noise=noise,
        states=None,
        breaches=np.zeros(0, dtype=np.int64),
        line_covariance=None,
        mlp=fit_mlp(grid[::32], log_f[:, ::32], exponents),
        mlp_deviation=0.0,
        iterations=0,
        residual_rms=0.0,
        heldout_rms=None,
    )


def _followed(
    n_frames: int,
    concentration: np.ndarray,
    truth: Truth,
    reaction: Reaction,
    stoichiometry: Stoichiometry | None = None,
) -> Problem:
    decay, baseline = truth.decay[truth.types], truth.baseline[truth.types]
    frames = np.zeros((n_frames, concentration.size, 8))
    frames[:, :, 6] = np.nan
    for frame in frames:
        frame[:, 3] = concentration
        change = reaction.rate(torch.from_numpy(concentration)).numpy() - decay * (concentration - baseline)
        concentration = np.maximum(0, concentration + DT * change)
    observations = Observations(frames, stoichiometry or network()[0], DT, "0" * 64)
    return Problem(observations, truth, reaction, observations.concentration)


@dataclass(frozen=True)
class Outcome:
    """A training's results, one entry per replicate."""

    node: NodeCohort
    steps: int
    losses: np.ndarray
    """Loss over the steps; the second axis is the replicate."""

    slopes: np.ndarray
    """Slope ratios: replicate, type."""

    errors: np.ndarray
    """Response errors over the visited range, the mean of the types'."""

    ari: np.ndarray
    """Adjusted Rand index of the embeddings' clusters against the types."""

    n_clusters: list[int]
    """How many clusters the embeddings form."""


def outcome(problem: Problem, *strategies: str, **values: Value) -> Outcome:
    """Trains a slot and compares with the truth."""
    n_frames = len(problem.observations.frames)
    node, history = train_cohort(
        resolve(slot(*strategies, **values)), problem.data, problem.reaction, silent, n_frames=n_frames
    )
    points, truth = visited_range(problem.clean), problem.truth
    curves = response_curves(node, points)
    slopes = ratios(response_lines(points, curves), points, truth)
    errors = response_errors(curves, points, truth)
    embeddings = node.embedding.detach().numpy()
    return Outcome(
        node=node,
        steps=history.total,
        losses=np.array(history.losses),
        slopes=np.array([[one[f"slope_ratio_{kind}"] for kind in range(truth.n_types)] for one in slopes]),
        errors=np.array([np.mean(list(one.values())) for one in errors]),
        ari=np.array([embedding_metrics(one, truth.types)["type_ari"] for one in embeddings]),
        n_clusters=[len(np.unique(clusters_of(one)[0])) for one in embeddings],
    )


@cache
def rough(*strategies: str) -> Outcome:
    """Rollouts over 16 steps of the fast network: long enough for gradients to explode now and then."""
    return outcome(fast(4.0), *strategies, time_step=16, data_augmentation_loop=500)


def generators(*seeds: int) -> tuple[torch.Generator, ...]:
    return tuple(torch.Generator().manual_seed(seed) for seed in seeds)


def cohort(*seeds: int) -> NodeCohort:
    """Untrained replicates for the hand-made network."""
    data, _ = tiny_data()
    return NodeCohort.create(
        N_METABOLITES,
        seeds,
        concentration_scale=data.concentration_scale,
        response_scale=data.response_scale,
        hidden_width=16,
    )


def batch(node: NodeCohort, problem: Problem | None = None, *, time_step: int = 4, windows: int = 8) -> Batch:
    """Windows that start at every ninth frame."""
    problem = plain() if problem is None else problem
    starts = torch.arange(windows).expand(node.n_replicates, -1) * 9
    return Batch(
        node, problem.reaction, problem.data, time_step, starts, generators(*range(node.n_replicates))
    )


def constant(node: NodeCohort, response: float) -> NodeCohort:
    """A response that is the same everywhere, c.u. per t.u."""
    with torch.no_grad():
        node.parameters["bias_3"].fill_(response / node.response_scale / node.gain)
    return node


def gradient_norms(node: NodeCohort) -> Tensor:
    """Norm of each replicate's whole gradient."""
    squares = [
        value.grad.square().flatten(1).sum(1) for value in node.parameters.values() if value.grad is not None
    ]
    return torch.stack(squares).sum(0).sqrt()
