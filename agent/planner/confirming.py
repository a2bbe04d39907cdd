"""Confirmation, replication and control as a layer over any planner: planned, and paid from its slots.

From block 2 on, the last batch of a block gives slots to what looks best before that batch: one to fresh
seeds, in every block and whatever the last round said, so that the value which is reported of the best is
that of runs which chose nothing (memory/best.py); further ones to fresh networks, once it has stood a round
of fresh seeds. From block 3 on, the first batch gives slots to pairs of runs that test what is significant
on fresh networks (agent/planner/replicating.py). A control slot, where the spec asks for one, repeats the
incumbent unchanged in every batch.
The slot in which runs have come to least gives way first; what remains of the batch is what the planner
below proposes. Block 1 is the opening, and is left whole.
"""

from collections.abc import Mapping, Sequence

from agent.planner.base import Planner
from agent.planner.repeating import Repeat, merged
from agent.planner.replicating import FROM_BLOCK, replications
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, Role
from memory.best import best_of
from memory.candidates import Candidate, Candidates, Estimate
from memory.past import Past


class ConfirmingPlanner:
    """Takes slots of a batch for confirmations and controls, and leaves the others as they were proposed.

    Args:
        inner: Proposes everything else.
        has_fresh_networks: Whether the problem can draw further networks like the exploration's own.
    """

    def __init__(self, inner: Planner, *, has_fresh_networks: bool) -> None:
        self._inner = inner
        self._has_fresh_networks = has_fresh_networks

    def propose(
        self,
        spec: ExplorationSpec,
        history: Sequence[Run],
        *,
        block: int,
        batch: int,
        metrics: Mapping[str, MetricInfo],
        guidance: Guidance = NO_GUIDANCE,
    ) -> list[Proposal]:
        """See `Planner.propose`.

        Raises:
            SpecError: The planner below finds nothing new, and there is nothing to confirm either.
        """
        past = Past.of(history)
        leader, repeats = self._repeats(
            spec, past, block=block, batch=batch, metrics=metrics, guidance=guidance
        )
        try:
            proposed = self._inner.propose(
                spec, past, block=block, batch=batch, metrics=metrics, guidance=guidance
            )
        except SpecError:
            if not repeats:
                raise
            proposed = []
        return merged(
            spec,
            proposed,
            repeats,
            first=past.next_number,
            turn=block + batch,
            leader=leader,
            worth=past.derive(Candidates, spec.objective, metrics[spec.objective].direction).worth,
            spared=_gave_way(spec, past),
        )

    def _repeats(
        self,
        spec: ExplorationSpec,
        past: Past,
        *,
        block: int,
        batch: int,
        metrics: Mapping[str, MetricInfo],
        guidance: Guidance,
    ) -> tuple[Run | None, list[Repeat]]:
        """What looks best, and what is to be run once more in this batch, the most wanted first."""
        confirms = batch == spec.block.batches and spec.planner.confirmation.slots > 0
        replicates = self._has_fresh_networks and batch == 1 and block >= FROM_BLOCK
        if block == 1 or not (confirms or replicates or spec.planner.control):
            return None, []
        info = metrics[spec.objective]
        candidates = past.derive(Candidates, spec.objective, info.direction)
        leader = candidates.leader(replicates=min(2, spec.replicates))
        if leader is None:
            return None, []
        label, found = info.label or spec.objective, []
        if confirms:
            found = self._confirmations(spec, leader, label)
        if spec.planner.control:
            best = best_of(candidates, replicates=spec.replicates)
            incumbent = leader.run if best is None else best.run
            # A round of fresh seeds is a control of the same configuration.
            if all(repeat.network or repeat.of is not incumbent for repeat in found):
                found.append(_control(spec, incumbent))
        # The search goes on in every block, whatever is confirmed.
        room = spec.block.slots - (batch < spec.block.batches or spec.block.batches == 1)
        if replicates:
            left = room - len(found)
            found += replications(
                spec, past, leader=leader.run, metrics=metrics, guidance=guidance, room=left
            )
        return leader.run, found[:room]

    def _confirmations(self, spec: ExplorationSpec, leader: Candidate, label: str) -> list[Repeat]:
        confirmation = spec.planner.confirmation
        n, run, rounds = confirmation.seeds, leader.run, leader.rounds
        shown = f"{label} {Estimate.of(leader.values)}"
        n_values = len(leader.values)
        why = f"run {run.number} looks best ({shown} over {n_values} replicates): {n} fresh seeds"
        if rounds:
            why += f" for the value to report, since {_rounds(len(rounds))} helped to choose it"
        else:
            why += " before it is called best"
        found = [Repeat(Role.CONFIRM, run, n, 0, f"{n} fresh seeds", why)]
        if rounds and self._has_fresh_networks:
            stood = f"run {run.number} stood {_rounds(len(rounds))} of fresh seeds ({label} {rounds[-1][1]})"
            tried = leader.elsewhere.keys() | leader.failed_on.keys()
            found += [
                Repeat(
                    Role.CONFIRM,
                    run,
                    n,
                    network,
                    f"fresh network {network}",
                    f"{stood}: does it hold on fresh network {network}?",
                )
                for network in range(1, confirmation.networks + 1)
                if network not in tried
            ]
        return found[: confirmation.slots]


def _gave_way(spec: ExplorationSpec, past: Past) -> set[int]:
    """Slots of the last batch that did not search."""
    latest = past[-spec.block.slots :]
    batch = [run for run in latest if (run.block, run.batch) == (latest[-1].block, latest[-1].batch)]
    return {run.proposal.slot for run in batch if not run.proposal.searches}


def _control(spec: ExplorationSpec, incumbent: Run) -> Repeat:
    why = f"control: the incumbent (run {incumbent.number}) unchanged, so that drift shows"
    return Repeat(Role.CONTROL, incumbent, spec.replicates, 0, "nothing but the seeds", why)


def _rounds(n: int) -> str:
    return "a round" if n == 1 else f"{n} rounds"
