"""Retraction as a command does it: runs become void, and the working memories are rendered anew at once.

The store comes first, in one transaction that also says which memories are due; a process that is killed
after it leaves the rest to the next command. No launch is needed, and one that is running hears of it.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import NamedTuple

from agent.admission import kept_strategies
from agent.display import PlainDisplay
from agent.launching import session_of
from agent.remembering import Remembering
from agent.session import Session
from blocks.exploration import ExplorationSpec
from blocks.installed import load_problem
from blocks.run import MetricInfo
from memory import Store
from memory.best import Best, best
from memory.records import Retraction, RunKey, VoidRun


class Bests(NamedTuple):
    """What is best in an exploration, before and after."""

    spec: ExplorationSpec
    info: MetricInfo
    before: Best | None
    after: Best | None


class Change(NamedTuple):
    """What a retraction, or taking one back, comes to."""

    runs: tuple[VoidRun, ...]
    bests: tuple[Bests, ...]
    copied: tuple[tuple[RunKey, RunKey], ...]
    """Runs that are void and took over the result of one that is not, with that one."""

    retraction: Retraction | None
    """None where it was only foretold."""


def retract(store: Store, exploration: str, *, where: str, reason: str, dry_run: bool = False) -> Change:
    """Makes the runs that match void with their descendants, and renders what rested on them anew.

    Args:
        store: An open store.
        exploration: Runs of this one are asked about.
        where: An SQL expression, as for `query_runs`.
        reason: Why, in a line.
        dry_run: Whether to say only what would become void.

    Raises:
        QueryError: No run matches, or the expression cannot be asked.
    """
    foretold = store.foretell(exploration, where=where)
    if dry_run:
        return _foretold(store, foretold)
    return _carry_out(store, foretold, lambda: store.retract(exploration, where=where, reason=reason))


def undo(store: Store, retraction: int) -> Change:
    """Takes a retraction back.

    Raises:
        QueryError: There is none of that number that is in force.
    """
    held = [entry for one in store.retractions() if one.id == retraction for entry in one.runs]
    return _carry_out(store, held, lambda: store.undo_retraction(retraction))


def render_anew(store: Store, explorations: Iterable[str]) -> None:
    """Renders working memories from the store alone."""
    for name in explorations:
        Remembering(_session(store, name)).refresh()


def _carry_out(store: Store, touched: Sequence[VoidRun], write: Callable[[], Retraction]) -> Change:
    before = {name: _bests(store, store.spec(name)) for name in _names(touched)}
    done = write()
    bests = tuple(one._replace(after=_bests(store, one.spec).after) for one in before.values())
    # The exploration that was named comes last: it stays the one in use, and rendering leaves events.
    others = [name for name in _names(done.runs) if name != done.exploration]
    render_anew(store, [*others, done.exploration])
    return Change(done.runs, bests, _copied(store, done.runs), done)


def _foretold(store: Store, runs: tuple[VoidRun, ...]) -> Change:
    void = {entry.run for entry in runs}
    bests = tuple(_bests(store, store.spec(name), without=void) for name in _names(runs))
    return Change(runs, bests, _copied(store, runs), None)


def _names(runs: Iterable[VoidRun]) -> list[str]:
    return list(dict.fromkeys(entry.run.exploration for entry in runs))


def _bests(store: Store, spec: ExplorationSpec, *, without: Iterable[RunKey] = ()) -> Bests:
    metrics = load_problem(spec.problem).metrics(spec.data)
    past, gone = store.past(spec.name, spec.objective), set(without)
    left = [run for run in past if RunKey(spec.name, run.number) not in gone]
    return Bests(spec, metrics[spec.objective], best(spec, past, metrics), best(spec, left, metrics))


def _copied(store: Store, runs: Iterable[VoidRun]) -> tuple[tuple[RunKey, RunKey], ...]:
    """A run that took over another one's result falls alone, where it matched and the other did not."""
    entries = list(runs)
    void = {entry.run for entry in entries}
    found = ((entry.run, store.origin(*entry.run)) for entry in entries if entry.ancestor is None)
    return tuple((run, origin) for run, origin in found if origin not in void and not store.run(*origin).void)


def _session(store: Store, name: str) -> Session:
    spec = store.spec(name)
    problem = load_problem(spec.problem, kept_strategies(spec, store.workspace, store))
    return session_of(
        spec, problem, store.workspace, store, PlainDisplay(sys.stderr), version=version("setpoint")
    )
