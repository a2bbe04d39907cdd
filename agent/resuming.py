"""What a launch can go on with: stored runs that still hold, and results that are there already.

A run's identity is the hash of everything that decides its result. A stored run goes on as long as its
identity is what it would be now, and is planned again otherwise; where a run of the same identity is done
anywhere in the workspace, its result is taken over and nothing is trained.
"""

import shutil

from agent.evaluating import kept_back
from agent.grounds import Grounds, run_identity
from agent.session import Session
from agent.worker import trained_hash
from blocks.errors import LabelLeakError, SetpointError, WorkspaceError
from blocks.run import Run, RunState
from blocks.slot import Proposal
from memory.sealing import split, write_sealed


class Resuming:
    """Compares what is stored of one exploration with code, data and files as they are now."""

    def __init__(self, session: Session, grounds: Grounds) -> None:
        self._session = session
        self._grounds = grounds

    def identity(self, proposal: Proposal) -> str:
        """Hash of everything that decides a run's result.

        Raises:
            SetpointError: Its network, a strategy or a value can no longer be had.
        """
        ground = self._grounds.of(proposal.network)
        return run_identity(
            self._session.problem,
            proposal.spec,
            dataset=ground.observations_hash,
            foundation=ground.foundation_key,
            chosen=ground.foundation.name,
        )

    def can_be_had(self, proposal: Proposal) -> bool:
        """Whether its network is there, or can be made now; one that cannot costs its runs only."""
        try:
            self._grounds.of(proposal.network)
        except (WorkspaceError, LabelLeakError):
            raise
        except SetpointError:
            return False
        return True

    def stands(self, run: Run) -> bool:
        """Whether a run is what its proposal would give now, with this code and these data."""
        try:
            return self.identity(run.proposal) == run.identity
        except (WorkspaceError, LabelLeakError):
            raise
        except SetpointError:  # a strategy, a value or a network of that time can no longer be had
            return False

    def current(self, run: Run) -> Run:
        """The run as it can go on now: planned again if the code is another, or its parameters are lost."""
        if run.state.is_final:
            return run
        session = self._session
        identity, why = self.identity(run.proposal), ""
        if identity != run.identity:
            why = "the training code or what it stands on has changed since it was planned"
        elif run.state is RunState.TRAINED:
            folder = session.workspace.run(session.name, run.number)
            if not folder.is_dir() or trained_hash(folder) != run.trained_hash:
                why = "its trained parameters were lost or changed"
        if not why:
            return run
        session.store.replan(
            session.name,
            run.number,
            identity=identity,
            foundation=self._grounds.of(run.proposal.network).foundation_key,
            guard_check=self._grounds.home.guard_check,
            certificates=self._grounds.home.certificates,
            why=why,
        )
        session.listener.note(f"run {run.number} is planned again: {why}")
        return session.store.run(session.name, run.number)

    def take_over(self, run: Run) -> bool:
        """Takes over the result of the same run, where any exploration of this workspace has it."""
        session = self._session
        source = session.store.find_done(run.identity)
        if source is None:
            return False
        only = kept_back(session, run).label_free if session.spec.blind else None
        if only is not None and not self._reseal(run, only):
            return False
        return session.store.reuse(session.name, run.number, source=source, only=only)

    def _reseal(self, run: Run, label_free: frozenset[str]) -> bool:
        """Puts under seal what another blind exploration knows of the same run, be it closed or not."""
        workspace, store = self._session.workspace, self._session.store
        paid = store.paid_for(run.identity)
        if paid is None:
            return False  # it has become void meanwhile
        sealed, here = workspace.sealed_metrics(*paid), kept_back(self._session, run).sealed
        if sealed.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sealed, here)
        else:
            _, kept = split(store.run(*paid).metrics, label_free)
            write_sealed(here, kept)
        return True
