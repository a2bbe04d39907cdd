"""Reads what a finished cell is worth: out of the store, and beside it the bound and the nuisance fit.

This runs in the benchmark's own process, after the run is done and its parameters' hash is stored; only
then is the seal opened here, for the two rows that need the truth.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from sklearn.metrics import adjusted_rand_score

from benchmarks.recovery.cells import Cell
from benchmarks.recovery.oracle import affine_ratios, oracle_fit, oracle_metrics
from benchmarks.recovery.results import Figure, Guard, Oracle, Row, figures_of, judge
from blocks.errors import DataError
from blocks.exploration import ExplorationSpec
from blocks.installed import load_problem
from blocks.run import Metrics, Run, RunState
from memory import Store, Workspace
from memory.records import FoundationRecord
from sim.artifacts import load_reaction
from sim.dataset import load_observations
from sim.evaluation.clusters import clusters_of
from sim.evaluation.numbers import finite
from sim.identifiability import determined
from sim.networks.generate import generate_network
from sim.networks.network import Truth
from sim.reaction.model import ReactionModel
from sim.seal import load_seal, load_sealed_settings
from sim.simulate import simulate


class Ground(NamedTuple):
    """Where the things lie that a run stands on."""

    foundation: FoundationRecord
    model: Path
    observations: Path
    seal: Path


def measure(cell: Cell, spec: ExplorationSpec) -> list[Row]:
    """One row per run of a finished cell: most have one, a variant with several time steps has more.

    Args:
        cell: Condition, variant and network.
        spec: The exploration that was launched for it.

    Raises:
        DataError: The store holds no run of it, or a run without a guard check.
    """
    workspace = Workspace(cell.workspace)
    infos = load_problem(spec.problem).metrics(spec.data)
    perfect = {name: info.target for name, info in infos.items()}
    n_types = sum(name.startswith("response_error_") for name in infos)
    with Store.open(workspace, create=False) as store:
        runs = store.runs(spec.name)
        if not runs:
            raise DataError(
                f"{workspace.database}: must hold runs of {spec.name}, but has none; launch again"
            )
        rows = []
        beside: tuple[Metrics, Oracle | None] | None = None
        for run in runs:
            ground = _ground(store, workspace, spec.name, run)
            done = run.state is RunState.DONE
            if done and beside is None:
                beside = _beside(cell, ground)
            nuisance, oracle = beside if beside is not None and done else ({}, None)
            figures = figures_of(run.metrics, perfect)
            frozen = (ground.foundation.metrics or {}).get("rate_constants_R2")
            if frozen is not None:
                figures["foundation_R2"] = Figure(median=frozen, worst=frozen, n=1)
            row = Row(
                condition=cell.condition.name,
                variant=_variant(cell, run, n_runs=len(runs)),
                seed=cell.seed,
                exploration=spec.name,
                workspace=workspace.root.name,
                run=run.number,
                values=dict(run.proposal.spec.values),
                strategies=run.proposal.spec.strategies,
                state="done" if done else "failed",
                note="" if run.failure is None else f"{run.failure.kind.value}: {run.failure.reason}",
                n_types=n_types,
                guard=_guard(store, spec.name, run),
                foundation_chosen_by_truth=ground.foundation.chosen_by_truth,
                metrics=figures,
                replicates=run.metrics,
                phase1_s=ground.foundation.fit_s,
                phase2_s=_train_s(store, spec.name, run),
                nuisance=nuisance,
                oracle=oracle,
            )
            rows.append(row.model_copy(update={"judgements": judge(row, cell.targets)}))
    return rows


def failed_row(cell: Cell, note: str, *, skipped: bool = False) -> Row:
    """The row of a cell that could not be launched to its end; it meets no target."""
    row = Row(
        condition=cell.condition.name,
        variant=cell.variant.name,
        seed=cell.seed,
        exploration="",
        workspace=cell.workspace.name,
        state="skipped" if skipped else "failed",
        note=note,
        n_types=len(cell.condition.data.get("decay", (0, 0))),
    )
    return row if skipped else row.model_copy(update={"judgements": judge(row, cell.targets)})


def _variant(cell: Cell, run: Run, *, n_runs: int) -> str:
    step = f"time_step {run.proposal.spec.values['time_step']}" if n_runs > 1 else ""
    return ", ".join(part for part in (cell.variant.name, step) if part)


def _ground(store: Store, workspace: Workspace, exploration: str, run: Run) -> Ground:
    # The keys are in no record that the store gives out; its tables are open to every reader.
    address = f"{workspace.database.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        ((foundation_key,),) = connection.execute(
            "SELECT foundation FROM runs WHERE exploration = ? AND number = ?", (exploration, run.number)
        )
        (dataset_key,) = connection.execute(
            "SELECT key FROM datasets WHERE observations_hash = ?", (run.dataset,)
        ).fetchone()
    foundation = store.foundation(foundation_key)
    if foundation is None or foundation.chosen is None:
        raise DataError(f"foundation {foundation_key}: must be judged for run {run.number}, but is not")
    return Ground(
        foundation=foundation,
        model=workspace.foundation(foundation_key) / foundation.chosen,
        observations=workspace.dataset(dataset_key),
        seal=workspace.seal(dataset_key),
    )


def _guard(store: Store, exploration: str, run: Run) -> Guard:
    """The check that the exploration's runs rest on; it must be there, and clean."""
    checks = store.guard_checks(exploration)
    unclean = [check for check in checks if check.verdict != "clean"]
    if not checks or unclean:
        raise DataError(
            f"{exploration}, run {run.number}: must rest on a clean guard check, but rests on "
            f"{unclean[0].verdict if unclean else 'none'}; launch it again in a new --workspace"
        )
    check = checks[-1]
    return Guard(verdict=check.verdict, files=check.files, code_hash=check.code_hash, check=check.id)


def _train_s(store: Store, exploration: str, run: Run) -> float | None:
    """Seconds of training, also where an equal run was reused."""
    origin = store.origin(exploration, run.number)
    return store.run(origin.exploration, origin.number).train_s


def _beside(cell: Cell, ground: Ground) -> tuple[Metrics, Oracle | None]:
    """The nuisance fit's slopes, and the oracle's; the seal is opened here."""
    observations = load_observations(ground.observations, verify=False)
    truth, settings = load_seal(ground.seal), load_sealed_settings(ground.seal)
    model, concentration, note = load_reaction(ground.model), observations.concentration, ""
    nuisance: Metrics = {}
    if not settings.unobserved:
        nuisance = nuisance_metrics(model, concentration, truth)
        identifiable = determined(observations, states=model.states)
        stoichiometry = observations.stoichiometry
    else:
        # A bound for what nobody sees: the oracle alone is given every concentration.
        network = generate_network(settings)
        truth, stoichiometry, note = network.truth, network.stoichiometry, "sees every metabolite"
        concentration = simulate(network, settings.model_copy(update={"unobserved": 0.0}))
        identifiable = np.ones(stoichiometry.n_reactions, dtype=bool)
    fit = oracle_fit(
        concentration,
        stoichiometry,
        truth,
        dt=settings.dt,
        window=cell.condition.oracle_window,
        flux_limit=settings.flux_limit,
    )
    metrics = oracle_metrics(fit, concentration, truth, identifiable)
    return nuisance, Oracle(window=cell.condition.oracle_window, metrics=metrics, note=note)


def nuisance_metrics(
    model: ReactionModel, concentration: Float64[ndarray, "frame metabolite"], truth: Truth
) -> Metrics:
    """The reaction model's own affine nuisance against the truth: ratios per type, and `type_ari`.

    Clusters are taken of slope and offset, each in units of its median size.

    Args:
        model: The fitted reaction model.
        concentration: As observed, c.u.
        truth: Types and responses.
    """
    pair = np.column_stack([model.nuisance_slope, model.nuisance_offset])
    size = np.median(np.abs(pair), axis=0)
    scaled = pair / np.where(size > 0, size, 1.0)
    clusters = clusters_of(scaled)[0] if np.isfinite(scaled).all() else np.zeros(len(pair), dtype=np.int64)
    found = affine_ratios(model.nuisance_slope, model.nuisance_offset, concentration, truth)
    return found | {"type_ari": finite(adjusted_rand_score(truth.types, clusters))}
