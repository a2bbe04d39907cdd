"""The networks of one exploration: its own, and fresh ones that are prepared when they are first needed.

A network that cannot be had is told once, and asked for no more in this launch.
"""

from agent.certification import certify
from agent.preparation import Ground, Preparation
from agent.rehearsing import Rehearsals
from agent.session import Session
from blocks.errors import LabelLeakError, SetpointError, WorkspaceError
from blocks.identity import content_hash
from blocks.problem import Problem
from blocks.slot import SlotSpec


class Grounds:
    """Data set and foundation by the number of the network; 0 is the exploration's own."""

    def __init__(self, session: Session, *, workers: int) -> None:
        self._session = session
        self._workers = workers
        self._preparation = Preparation(session)
        self._made: dict[int, Ground] = {}
        self._refused: dict[int, SetpointError] = {}

    @property
    def home(self) -> Ground:
        """The exploration's own network."""
        return self.of(0)

    def of(self, network: int) -> Ground:
        """The ground of a network, prepared where it is not yet.

        Raises:
            SetpointError: It cannot be prepared.
        """
        if network in self._refused:
            raise self._refused[network]
        if network not in self._made:
            self._made[network] = self._prepare(network)
        return self._made[network]

    def _prepare(self, network: int) -> Ground:
        if network == 0:
            return self._home()
        listener, problem = self._session.listener, self._session.problem
        try:
            ground = self._preparation.fresh(network, self.home)
        except (WorkspaceError, LabelLeakError):
            raise
        except SetpointError as error:
            listener.note(f"network {network} cannot be prepared: {error}")
            self._refused[network] = error
            raise
        finally:
            listener.stage("")
        kept = " (cached)" if ground.cached else ""
        listener.note(f"network {network}: {problem.foundation_name}  {ground.summary}{kept}")
        return ground

    def _home(self) -> Ground:
        """The exploration's own ground, once the strategies are rehearsed and certified."""
        ground = self._preparation.run()
        Rehearsals(self._session, ground).run()
        # After the rehearsals: where both would refuse a strategy, they name the line.
        return ground._replace(certificates=certify(self._session, workers=self._workers))


def run_identity(problem: Problem, slot: SlotSpec, *, dataset: str, foundation: str, chosen: str) -> str:
    """Hash of everything that decides a run's result.

    Args:
        problem: The science, as it is now.
        slot: What is trained.
        dataset: Hash of the observations.
        foundation: Key of the foundation.
        chosen: File name of its candidate that slots use.

    Raises:
        SpecError: The problem cannot train such a slot.
    """
    return content_hash(
        {
            "problem": problem.name,
            "slot": problem.resolve(slot),
            "dataset": dataset,
            "foundation": [foundation, chosen],
            "code": problem.code_version(),
        }
    )
