"""What the parts of one launch share: the question, who answers it, and where answers are kept."""

from dataclasses import dataclass

from agent.listener import Listener
from agent.planner import Planner
from blocks.exploration import ExplorationSpec
from blocks.problem import Problem
from blocks.user_strategy import UserStrategy
from memory import Store, Workspace


@dataclass(frozen=True)
class Session:
    """One launch of one exploration in one workspace."""

    spec: ExplorationSpec
    problem: Problem
    planner: Planner
    workspace: Workspace
    store: Store
    listener: Listener
    version: str

    @property
    def user_strategies(self) -> tuple[UserStrategy, ...]:
        """The user's own strategies, which every training is handed, and no other process."""
        return tuple(self.problem.user_strategies().values()) if self.spec.strategies.files else ()

    @property
    def name(self) -> str:
        """Name of the exploration, under which the store knows everything of it."""
        return self.spec.name

    def closed_blocks(self) -> set[int]:
        """Numbers of the blocks that are over."""
        return self.store.closed_blocks(self.name)
