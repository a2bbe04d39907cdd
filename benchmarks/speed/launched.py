"""A store as a launch holds it, with the parts of the launch that plan and remember."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.display import PlainDisplay
from agent.launching import admits
from agent.planner import Planner, make_planner
from agent.remembering import Remembering
from agent.session import Session
from benchmarks.speed.made_up import MadeUp
from blocks.slot import Proposal
from memory import Store


@dataclass
class Launched:
    """One launch of the made-up exploration."""

    made_up: MadeUp
    store: Store
    planner: Planner

    @property
    def name(self) -> str:
        return self.made_up.spec.name

    def propose(self) -> list[Proposal]:
        """The next batch, from what the store holds now."""
        spec = self.made_up.spec
        past = self.store.past(spec.name, spec.objective)
        block = past[-1].block + 1 if len(past) else 1
        return self.planner.propose(spec, past, block=block, batch=1, metrics=self.made_up.metrics)

    def remember(self) -> Path:
        """Regenerates memory.md."""
        session = Session(
            spec=self.made_up.spec,
            problem=self.made_up.problem,
            planner=self.planner,
            workspace=self.store.workspace,
            store=self.store,
            listener=PlainDisplay(io.StringIO()),
            version="0",
        )
        return Remembering(session).write()

    @contextmanager
    def anew(self, *, replicates: bool = False) -> Iterator["Launched"]:
        """The same, as a process sees it that has just begun."""
        with Store.open(self.store.workspace) as store:
            yield Launched(self.made_up, store, planner_of(self.made_up, replicates=replicates))


def planner_of(made_up: MadeUp, *, replicates: bool = False) -> Planner:
    """The default planner with all its layers, as a launch has it.

    Args:
        made_up: The exploration.
        replicates: Whether it tests statements on fresh networks, in the first batch of a block; so does a
            launch on simulated data.
    """
    problem = made_up.problem
    return make_planner(
        made_up.spec.planner.name,
        admits=admits(problem),
        order=problem.escalation,
        has_fresh_networks=replicates,
    )
