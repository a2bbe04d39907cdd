"""A run trained once more, to see whether it comes to the same bits: the store is read, and keeps one event.

It is trained as it was: the same slot, seeds, data and foundation, through a pool and behind the fence. What
it needs must be there as it was recorded: nothing is made anew, and other code or other data are refused,
unless a difference is what one wants to see. What is written lies in a folder of its own in the workspace,
which stays only where it differs.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agent.admission import kept_strategies
from agent.differing import first_difference
from agent.fencing import fence
from agent.grounds import run_identity
from agent.guard import check_paths, to_text
from agent.pool import Outcome, Pool
from agent.progress import read_progress
from agent.tasks import LOG, TrainingTask
from agent.worker import train, trained_hash
from blocks.errors import DataError, GuardRefusalError, QueryError
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash, folder_hash
from blocks.installed import load_problem
from blocks.problem import Problem, Progress
from blocks.run import Run
from memory import Store, Workspace

PROGRESS = "progress.jsonl"


class Rerun(NamedTuple):
    """What training a run again came to."""

    exploration: str
    run: Run
    hash: str | None
    """Of what was written now; None where the training failed."""

    difference: str | None
    """What differs first; None where it is bit-identical."""

    folder: Path | None
    """What was written, kept where it differs."""

    seconds: float | None

    otherwise: tuple[str, ...]
    """What is not as it was, where that was allowed."""

    @property
    def identical(self) -> bool:
        """Whether all bits are the same."""
        return self.hash is not None and self.hash == self.run.trained_hash


class _Needs(NamedTuple):
    """What the training is given, and what of it is not as it was."""

    observations: Path
    foundation: Path
    otherwise: tuple[str, ...]


def rerun(
    store: Store,
    exploration: str,
    number: int,
    *,
    anyway: bool = False,
    said: Callable[[Progress | None], None] = lambda _: None,
) -> Rerun:
    """Trains a run again and compares what it writes with what was stored.

    Args:
        store: An open store.
        exploration: Name of the exploration.
        number: Of the run; it must have been trained.
        anyway: Whether to go on where code or data are others than at that time.
        said: Is told how far it is, several times a second.

    Raises:
        QueryError: There is no such run, or it has no parameters to compare with.
        DataError: What it was trained with is not there, or is not what it was.
        GuardRefusalError: The training code reads the answer key by now, or may do so.
    """
    spec, run = store.spec(exploration), store.run(exploration, number)
    if run.trained_hash is None:
        state = run.failure.kind.value if run.failure else run.state.value
        raise QueryError(
            f"run {number}: must have been trained to be compared with, but it is {state}; "
            "`setpoint runs --where \"state = 'done'\"` lists those that have parameters"
        )
    workspace = store.workspace
    problem = load_problem(spec.problem, kept_strategies(spec, workspace, store))
    needs = _needs(store, spec, problem, run)
    if needs.otherwise and not anyway:
        raise DataError(
            f"run {number}: must be trained with what it was trained with, but {'; '.join(needs.otherwise)}; "
            "bring that back, or compare all the same with --anyway"
        )
    report = check_paths(problem.training_sources())
    if report.leaks or report.undecidable:
        raise GuardRefusalError(f"the guard refuses the training code:\n{to_text(report)}")
    folder = Path(tempfile.mkdtemp(prefix=f"rerun-{number:06d}-", dir=workspace.root))
    keep = False
    try:
        out = folder / "trained"
        out.mkdir()
        outcome = _trained(store.workspace, spec, problem, run, needs, out, said)
        made = _judged(store, exploration, run, needs, outcome, out)
        keep = made.hash is not None and not made.identical
        store.note_rerun(exploration, number, made.difference or "bit-identical")
        return made if keep else made._replace(folder=None)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _needs(store: Store, spec: ExplorationSpec, problem: Problem, run: Run) -> _Needs:
    """Data and foundation as they lie in the workspace, each looked at."""
    workspace, otherwise = store.workspace, []
    network = run.proposal.network
    data = spec.data if network == 0 else problem.fresh_data(spec.data, network)
    observations = workspace.dataset(content_hash([problem.name, data])[:16])
    known = store.foundation_of(spec.name, run.number)
    if not observations.is_dir():
        raise DataError(
            f"run {run.number}: must have its data set {run.dataset[:12]} in {observations}, but that is not "
            "there; `setpoint launch` makes it again"
        )
    if known is None or known.chosen is None or not workspace.foundation(known.key).is_dir():
        raise DataError(
            f"run {run.number}: must have its {problem.foundation_name} in {workspace.root / 'foundations'}, "
            "but that is not there; `setpoint launch` fits it again"
        )
    if (found := folder_hash(observations)) != run.dataset:
        otherwise.append(f"the data set is another one ({run.dataset[:12]} -> {found[:12]})")
    if (found := trained_hash(workspace.foundation(known.key))) != known.fitted_hash:
        before = (known.fitted_hash or "none")[:12]
        otherwise.append(f"the {problem.foundation_name} is another one ({before} -> {found[:12]})")
    same = run_identity(
        problem, run.proposal.spec, dataset=run.dataset, foundation=known.key, chosen=known.chosen
    )
    if not otherwise and same != run.identity:
        otherwise.append(_other_code(store, spec.name, problem, run))
    return _Needs(observations, workspace.foundation(known.key) / known.chosen, tuple(otherwise))


def _other_code(store: Store, exploration: str, problem: Problem, run: Run) -> str:
    """Which code is another one: strategies where some of them are, else the training code as a whole."""
    certificates = store.certificates_of(exploration, run.number)
    names = [one.strategy for one in certificates if one.strategy in problem.strategies()]
    versions = {one.strategy: one.version for one in certificates}
    changed = [name for name in names if problem.strategy_version(name) != versions[name]]
    before = store.code_of(exploration, run.number)
    now = problem.code_version()
    whole = f"{(before or 'unknown')[:12]} -> {now[:12]}"
    if changed and len(changed) < len(names):
        return f"the training code of {', '.join(changed)} is another one ({whole})"
    if before == now:
        return "what its settings mean is another thing by now, though the training code is the same"
    return f"the training code is another one ({whole})"


def _trained(
    workspace: Workspace,
    spec: ExplorationSpec,
    problem: Problem,
    run: Run,
    needs: _Needs,
    out: Path,
    said: Callable[[Progress | None], None],
) -> Outcome:
    """The training, in a process of its own behind the fence."""
    strategies = tuple(problem.user_strategies().values()) if spec.strategies.files else ()
    progress = out.with_name(PROGRESS)
    task = TrainingTask(
        problem=problem.name,
        strategies=strategies,
        observations=needs.observations,
        out=out,
        progress=progress,
        fence=fence(
            workspace,
            readable=(needs.observations, needs.foundation, *(one.folder for one in strategies)),
            out=out,
            progress=progress,
            seals_elsewhere=problem.seals(spec.data),
        ),
        memory_gib=spec.limits.memory_gib,
        slot=run.proposal.spec,
        foundation=needs.foundation,
    )
    # A run may have been trained in parts, side by side; here its replicates share one process.
    limit = spec.limits.timeout_s * len(run.proposal.spec.seeds)
    said(None)
    pool: Pool[int] = Pool(1, preload=problem.preload())
    pool.start(run.number, train, task, timeout_s=limit, leak_report=task.fence.report)
    try:
        while True:
            for _, outcome in pool.finished(wait_s=0.2):
                return outcome
            steps = read_progress(progress)
            said(steps[-1] if steps else None)
    finally:
        pool.stop()


def _judged(store: Store, exploration: str, run: Run, needs: _Needs, outcome: Outcome, out: Path) -> Rerun:
    if outcome.failure is not None:
        failed = f"the training failed this time ({outcome.failure.kind.value}): {outcome.failure.reason}"
        return Rerun(exploration, run, None, failed, None, None, needs.otherwise)
    found, difference = trained_hash(out), None
    if found != run.trained_hash:
        stored = store.workspace.run(*store.origin(exploration, run.number))
        difference = "the stored parameters are not there any more, so that only their hash can be compared"
        if stored.is_dir():
            difference = first_difference(stored, out, without=(LOG,)) or (
                "the stored parameters have the bits of these, but not those whose hash was recorded: "
                "they were changed since"
            )
    seconds = outcome.value.end - outcome.value.begin
    return Rerun(exploration, run, found, difference, out, seconds, needs.otherwise)
