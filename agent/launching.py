"""Putting a launch together: the one place where the parts meet."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from agent.admission import admit
from agent.budget import Budget
from agent.explorer import Explored, Explorer
from agent.grounds import Grounds
from agent.listener import Listener
from agent.planner import make_planner
from agent.pool import available_cores
from agent.session import Session
from blocks.blindness import check_blind
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.installed import load_problem
from blocks.problem import Problem
from blocks.slot import SlotSpec
from blocks.steering import read_instructions
from blocks.vocabulary import Vocabulary
from memory import Store, Workspace
from memory.truth import guided
from memory.writing import translate_os_errors


class Said(NamedTuple):
    """What a human says with a launch."""

    steer: Sequence[str] = ()
    unsteer: Sequence[int] = ()


NOTHING_SAID = Said()


def launch(
    spec: ExplorationSpec, *, root: Path, workers: int | None, listener: Listener, said: Said = NOTHING_SAID
) -> Explored:
    """Runs an exploration until all of its blocks are closed, or goes on with one that was interrupted.

    Args:
        spec: The exploration.
        root: The workspace's folder; made where it is missing.
        workers: Worker processes; default: the spec's, else one per core.
        listener: Is told what happens.
        said: Steering; it is stored first, so that a launch that is running in the workspace obeys it too.

    Raises:
        SetpointError: One line that says what is wrong and what to do.
        KeyboardInterrupt: The user stopped it; everything finished is kept.
    """
    problem = load_problem(spec.problem)
    n_workers = workers or spec.limits.workers or available_cores()
    # Absolute, since workers change their directory.
    workspace = Workspace(root.absolute())
    workspace.prepare()
    check_blind(spec, problem.metrics(spec.data))
    if said.steer or said.unsteer:
        _steer(spec, said, workspace=workspace, problem=problem, listener=listener)
    budget = Budget(spec.limits)
    with workspace.lock(), translate_os_errors(workspace.root), Store.open(workspace) as store:
        if spec.strategies.files:
            spec, problem = admit(spec, problem, workspace, store, note=listener.note)
        session = session_of(spec, problem, workspace, store, listener, version=version("setpoint"))
        store.begin(spec, version=session.version)
        listener.opened(
            spec,
            data_title=problem.describe_data(spec.data),
            workers=n_workers,
            objective=problem.metrics(spec.data)[spec.objective],
            guided=guided(problem.truth_guided_by(spec)),
        )
        if again := store.requeue_interrupted(spec.name):
            listener.note(
                f"the last launch was interrupted; runs {', '.join(map(str, again))} are done again"
            )
        grounds = Grounds(session, workers=n_workers)
        store.stand_on(spec.name, foundation=grounds.home.foundation_key)
        listener.prepared(f"{problem.foundation_name}  {grounds.home.summary}", cached=grounds.home.cached)
        return Explorer(session, grounds, workers=n_workers, budget=budget).explore()


def session_of(
    spec: ExplorationSpec,
    problem: Problem,
    workspace: Workspace,
    store: Store,
    listener: Listener,
    *,
    version: str,
) -> Session:
    """What the parts of a launch share, with the planner that the spec names."""
    planner = make_planner(
        spec.planner.name,
        admits=admits(problem),
        order=problem.escalation,
        has_fresh_networks=problem.fresh_data(spec.data, 1) is not None,
    )
    return Session(
        spec=spec,
        problem=problem,
        planner=planner,
        workspace=workspace,
        store=store,
        listener=listener,
        version=version,
    )


def _steer(
    spec: ExplorationSpec, said: Said, *, workspace: Workspace, problem: Problem, listener: Listener
) -> None:
    """Stores what is said, or nothing of it where a part cannot be obeyed."""
    with translate_os_errors(workspace.root), Store.open(workspace) as store:
        if spec.name not in {info.name for info in store.explorations()}:
            store.begin(spec, version=version("setpoint"))
        store.unsteer(spec.name, said.unsteer)
        added = store.steer(spec.name, said.steer, spec, trains=admits(problem))
    for line in added:
        what = (
            "from the next batch on" if read_instructions(line.text, Vocabulary(spec)) else "kept as a note"
        )
        listener.note(f"steering #{line.number} {line.text}: {what}")
    for number in said.unsteer:
        listener.note(f"steering #{number} is lifted from the next batch on")


def admits(problem: Problem) -> Callable[[SlotSpec], bool]:
    """Whether the problem can train a slot at all."""

    def check(slot: SlotSpec) -> bool:
        try:
            problem.resolve(slot)
        except SpecError:
            return False
        return True

    return check
