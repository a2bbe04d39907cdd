"""Proxies of the label: does anything that training sees, beside the science, tell the types apart?

Columns but the concentration, orderings, the wiring, numbers in file names, and what random generators draw
from seeds that training may know. Each is a classifier of one feature, held against permutations of the
labels (Ojala & Garriga 2010, JMLR 11), with the false discovery rate of Benjamini & Hochberg 1995. Summaries
of the concentration may predict types: that is what the science is about, so they are listed apart.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy.stats import false_discovery_control, permutation_test, rankdata

from blocks.proxy import Proxy, ProxyKind
from sim.dataset import CONCENTRATION, LABEL, Observations
from sim.node import NodeCohort

N_PERMUTATIONS: Final = 9999
"""With them a single feature of a hundred can still be told from chance after the correction."""

MOST: Final = 1000
"""Metabolites that are looked at, at most: so many, drawn at random, show what all would."""

COLUMNS: Final = (
    "index",
    "position x",
    "position y",
    "concentration",
    "external input",
    "unused",
    "type",
    "unused",
)
SEEDS: Final = (0, 1, 42)
"""Seeds that anybody would try first."""

NAMES: Final = 8
"""Numbers in file names that are tried as seeds, at most."""


class Feature(NamedTuple):
    """A number per metabolite that training can see."""

    name: str
    kind: ProxyKind
    values: Float64[ndarray, " metabolite"]


Statistic = Callable[..., Any]


def find_proxies(
    observations: Observations,
    types: Int64[ndarray, " metabolite"],
    folder: Path,
    *,
    seeds: Sequence[int] = (),
    n_permutations: int = N_PERMUTATIONS,
) -> tuple[Proxy, ...]:
    """How well each feature predicts the types, the best first.

    Args:
        observations: What training sees.
        types: The answer key.
        folder: Where the observations lie: their names are seen as well.
        seeds: Seeds that training knows.
        n_permutations: Permutations of the labels.
    """
    kept = np.arange(len(types))
    if len(kept) > MOST:
        kept = np.sort(np.random.default_rng(0).choice(kept, MOST, replace=False))
    labels = np.unique(types[kept], return_inverse=True)[1].astype(np.int64)
    found: list[Proxy] = []
    for kind in ProxyKind:
        rows = [
            row
            for feature in features(observations, folder, n_types=int(labels.max()) + 1, seeds=seeds)
            if feature.kind is kind
            for row in _measured(feature._replace(values=feature.values[kept]), labels, n_permutations)
        ]
        found += _corrected(rows)
    return tuple(sorted(found, key=lambda row: (row.kind.value, row.q, row.p, row.feature)))


def features(
    observations: Observations, folder: Path, *, n_types: int, seeds: Sequence[int]
) -> Iterator[Feature]:
    """All that is looked at."""
    n_metabolites = observations.frames.shape[1]
    for column, name in enumerate(COLUMNS):
        if column not in (CONCENTRATION, LABEL):
            average = np.asarray(observations.frames[:, :, column]).mean(axis=0)
            yield Feature(f"column {column} ({name})", ProxyKind.INCIDENTAL, average)
    place = np.arange(n_metabolites, dtype=np.float64)
    yield Feature("storage order", ProxyKind.INCIDENTAL, place)
    for period in range(2, max(3, n_types + 1)):
        yield Feature(f"storage order modulo {period}", ProxyKind.INCIDENTAL, place % period)
    takes_part = observations.stoichiometry.net != 0
    yield Feature("number of its reactions", ProxyKind.INCIDENTAL, takes_part.sum(axis=1).astype(np.float64))
    first = np.where(takes_part.any(axis=1), takes_part.argmax(axis=1), takes_part.shape[1])
    yield Feature("first of its reactions", ProxyKind.INCIDENTAL, first.astype(np.float64))
    yield from _of_seeds(n_metabolites, folder, seeds)
    concentration = observations.concentration
    for name, summary in (("mean", np.mean), ("sd", np.std), ("min", np.min), ("max", np.max)):
        values = np.asarray(summary(concentration, axis=0), dtype=np.float64)
        yield Feature(f"concentration, {name}", ProxyKind.SCIENCE, values)
    yield Feature("concentration, first frame", ProxyKind.SCIENCE, concentration[0])


def _of_seeds(n_metabolites: int, folder: Path, seeds: Sequence[int]) -> Iterator[Feature]:
    """Orders and embeddings as they are drawn from seeds that training knows, or reads in a file's name."""
    names = [folder.name, *sorted(path.name for path in folder.rglob("*"))]
    numbers = [int(digits) for name in names for digits in re.findall(r"\d{1,9}", name)]
    known = {seed: f"seed {seed}" for seed in (*SEEDS, *seeds)}
    known |= {seed: f"seed {seed} (in a file's name)" for seed in dict.fromkeys(numbers[:NAMES])}
    for seed, said in known.items():
        order = np.random.default_rng(seed).permutation(n_metabolites).astype(np.float64)
        yield Feature(f"order drawn from {said}", ProxyKind.INCIDENTAL, order)
        cohort = NodeCohort.create(n_metabolites, (seed,), concentration_scale=1.0, response_scale=1.0)
        for coordinate, values in enumerate(cohort.embedding[0].detach().double().numpy().T):
            yield Feature(f"embedding {coordinate} of {said}", ProxyKind.INCIDENTAL, values)


class _Row(NamedTuple):
    """A measure before the correction."""

    feature: Feature
    measure: str
    value: float | None
    chance: float
    p: float
    n_permutations: int


def _measured(feature: Feature, labels: Int64[ndarray, " metabolite"], n_permutations: int) -> Iterator[_Row]:
    values = feature.values
    for measure, make in (("AUC", _area), ("balanced accuracy", _accuracy)):
        if np.ptp(values) == 0 or np.ptp(labels) == 0:
            yield _Row(feature, measure, None, 0.0, 1.0, 0)
            continue
        statistic, middle = make(values, labels)
        tested = permutation_test(
            (labels,),
            partial(_distance, statistic, middle),
            permutation_type="pairings",
            vectorized=True,
            n_resamples=n_permutations,
            batch=2000,
            alternative="greater",
            rng=np.random.default_rng(0),
        )
        chance = middle + float(np.mean(tested.null_distribution)) if measure == "AUC" else middle
        value = float(statistic(labels[None])[0])
        yield _Row(feature, measure, value, chance, float(tested.pvalue), n_permutations)


def _distance(
    statistic: Statistic,
    middle: float,
    permuted: Int64[ndarray, "*batch metabolite"],
    axis: int,  # noqa: ARG001 - it is the last one
) -> Float64[ndarray, "*batch"]:
    """How far a measure is from chance, above or below."""
    return np.asarray(np.abs(statistic(permuted) - middle))


def _area(
    values: Float64[ndarray, " metabolite"], labels: Int64[ndarray, " metabolite"]
) -> tuple[Statistic, float]:
    """Area under the ROC curve of the type that the feature tells best, in either direction."""
    ranks, sizes = rankdata(values), np.bincount(labels)
    n = len(labels)

    def statistic(permuted: Int64[ndarray, "*batch metabolite"]) -> Float64[ndarray, "*batch"]:
        best: Any = np.full(permuted.shape[:-1], 0.5)
        for kind, size in enumerate(sizes):
            if 0 < size < n:
                total = (ranks * (permuted == kind)).sum(axis=-1)
                area = (total - size * (size + 1) / 2) / (size * (n - size))
                best = np.maximum(best, np.maximum(area, 1 - area))
        return np.asarray(best)

    return statistic, 0.5


def _accuracy(
    values: Float64[ndarray, " metabolite"], labels: Int64[ndarray, " metabolite"]
) -> tuple[Statistic, float]:
    """Leave-one-out accuracy of the nearest metabolite's type, each type counting alike; ties share.

    Below chance is telling as well: types that alternate have neighbours of the other type.
    """
    sizes, n = np.bincount(labels), len(labels)
    distance = np.abs(values[:, None] - values)
    np.fill_diagonal(distance, np.inf)
    nearest = (distance == distance.min(axis=1, keepdims=True)).astype(np.float64)
    nearest /= nearest.sum(axis=1, keepdims=True)

    def statistic(permuted: Int64[ndarray, "*batch metabolite"]) -> Float64[ndarray, "*batch"]:
        shares = []
        for kind, size in enumerate(sizes):
            member = (permuted == kind).astype(np.float64)
            shares.append(((member @ nearest.T) * member).sum(axis=-1) / size)
        return np.asarray(np.mean(shares, axis=0))

    return statistic, float(np.mean((sizes - 1) / (n - 1)))


def _corrected(rows: Sequence[_Row]) -> list[Proxy]:
    tested = [row for row in rows if row.value is not None]
    rates = dict(zip(map(id, tested), false_discovery_control([row.p for row in tested]), strict=True))
    return [
        Proxy(
            feature=row.feature.name,
            kind=row.feature.kind,
            measure=row.measure,
            value=row.value,
            chance=row.chance,
            p=row.p,
            q=float(rates.get(id(row), 1.0)),
            n_permutations=row.n_permutations,
        )
        for row in rows
    ]
