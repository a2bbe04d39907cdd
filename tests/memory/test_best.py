"""Best is what fresh seeds gave: reported minus true is about 0, where the maximum overstates."""

import math
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from made_up_history import METRICS, run, slot, spec

from agent.planner import ConfirmingPlanner
from blocks.exploration import BlockSpec, ExplorationSpec
from blocks.run import FailureKind, Run, best_run
from blocks.slot import Proposal, Role, SlotSpec
from memory.best import best
from memory.best_lines import best_lines
from memory.candidates import Candidates
from memory.drift import differ, latest_control
from memory.ended import Ended
from memory.past import Past

NOISE = 0.1


def repeat(
    number: int, chosen: SlotSpec, gains: Sequence[float], *, role: Role = Role.CONFIRM, network: int = 0
) -> Run:
    made = run(number, chosen, gains=gains)
    proposal = made.proposal.model_copy(update={"role": role, "network": network})
    return made.model_copy(update={"proposal": proposal})


class Drawing:
    """Proposes configurations that nobody has tried, eight at a time."""

    def propose(self, spec: ExplorationSpec, history: Sequence[Run], **_: Any) -> list[Proposal]:
        return [
            Proposal(
                slot=place,
                spec=SlotSpec(values={"x": len(history) + place}, strategies=("plain",), seeds=(place,)),
                role=Role.EXPLORE,
            )
            for place in range(spec.block.slots)
        ]


def explored(repetition: int, *, true_spread: float) -> tuple[float, float]:
    """144 noisy trials, confirmations among them.

    Returns:
        Reported minus true: of the best that is reported, and of the plain maximum.
    """
    rng = Random(repetition)
    of = spec().model_copy(update={"replicates": 1, "block": BlockSpec(batches=1, slots=8), "blocks": 18})
    truth: dict[object, float] = {}
    past, planner = Past(), ConfirmingPlanner(Drawing(), has_fresh_networks=False)
    for block in range(1, of.blocks + 1):
        batch = []
        for proposal in planner.propose(of, past, block=block, batch=1, metrics=METRICS):
            level = truth.setdefault(proposal.spec.values["x"], rng.gauss(0, true_spread))
            number = len(past) + len(batch) + 1
            gains = [level + rng.gauss(0, NOISE) for _ in proposal.spec.seeds]
            made = run(number, proposal.spec, gains=gains)
            batch.append(made.model_copy(update={"proposal": proposal}))
        past.update(batch)
    assert len(past) == 144
    found, plain = best(of, past, METRICS), best_run(past, "gain", METRICS["gain"])
    assert found is not None
    assert found.confirmed
    assert plain is not None
    searched = [one for one in past if not one.proposal.role.repeats]
    top = max(searched, key=lambda one: one.values_of("gain")[0])
    return (
        found.estimate.value - truth[found.run.proposal.spec.values["x"]],
        top.values_of("gain")[0] - truth[top.proposal.spec.values["x"]],
    )


def test_what_is_reported_is_true_on_average_where_the_maximum_overstates() -> None:
    repetitions = 200
    both = [explored(repetition, true_spread=0.05) for repetition in range(repetitions)]
    ours, plain = ([pair[side] for pair in both] for side in (0, 1))
    mean = sum(ours) / repetitions
    error = math.sqrt(sum((value - mean) ** 2 for value in ours) / (repetitions - 1) / repetitions)
    assert error < 0.005
    assert abs(mean) < 2 * error
    assert sum(plain) / repetitions > 0.2


def test_before_a_confirmation_the_best_is_said_to_be_none() -> None:
    runs = [run(1, slot(4), gains=[0.1, 0.2, 0.3]), run(2, slot(16), gains=[0.5, 0.6, 0.7])]
    found = best(spec(), runs, METRICS)
    assert found is not None
    assert (found.run.number, found.confirmed, found.by) == (2, False, (runs[1],))
    assert found.said("gain") == "run 2  gain 0.600 ±0.100 (not yet confirmed)"
    assert best_lines(spec(), runs, METRICS)[0] == (
        "Best so far, not yet confirmed on fresh seeds: run 2, gain 0.600 ±0.100 over 3 replicates that "
        "selected it, and so overstate it."
    )


def test_nothing_is_best_before_it_has_replicates_enough() -> None:
    assert best(spec(), [], METRICS) is None
    assert best(spec(), [run(1, slot(4), gains=[0.9])], METRICS) is None
    assert best_lines(spec(), [run(1, slot(4), failed=FailureKind.DIVERGED)], METRICS) == []


def test_a_confirmed_value_leaves_out_the_runs_that_selected_it_and_says_its_networks() -> None:
    lucky = slot(16)
    runs = [
        run(1, slot(4), gains=[0.1, 0.2, 0.3]),
        run(2, lucky, gains=[0.9, 0.9, 0.9]),
        repeat(3, lucky, [0.5, 0.6, 0.7, 0.6, 0.6]),
        repeat(4, lucky, [0.3, 0.4, 0.5], network=1),
    ]
    found = best(spec(), runs, METRICS)
    assert found is not None
    assert (found.run.number, found.confirmed, found.by, found.n_networks) == (2, True, (runs[2],), 2)
    assert found.estimate.value == pytest.approx(0.6)
    assert found.said("gain") == "run 2  gain 0.600 ±0.071 (5 fresh seeds, 2 networks)"
    assert best_lines(spec(), runs, METRICS)[0] == (
        "Best confirmed: run 2, gain 0.600 ±0.071 over 5 fresh seeds, 2 networks (0.400 ±0.100 on network 1)."
        "  [r3]"
    )


def test_the_last_round_is_reported_alone_and_what_leads_by_now_is_named_without_a_value() -> None:
    first, second = slot(4), slot(16)
    runs = [
        run(1, first, gains=[0.8, 0.8, 0.8]),
        run(2, second, gains=[0.9, 0.9, 0.9]),
        repeat(3, first, [0.8, 0.81, 0.79]),
        repeat(4, second, [0.6, 0.7, 0.5]),
        repeat(5, second, [0.5, 0.5, 0.56]),
    ]
    found = best(spec(), runs, METRICS)
    assert found is not None
    assert (found.run.number, found.rounds, found.challenger) == (2, 2, runs[0])
    assert found.estimate.value == pytest.approx(0.52)
    said = best_lines(spec(), runs, METRICS)
    assert (
        "That value is of round 2 alone: earlier rounds helped to choose run 2, and would overstate it."
        in said
    )
    assert "Run 1 leads by now; it is not called best before a round of its own." in said


def test_few_lucky_replicates_do_not_beat_many_good_ones() -> None:
    tried, lucky = slot(4), slot(16)
    runs = [
        run(1, tried, gains=[0.75, 0.85] * 10),
        run(2, lucky, gains=[0.75, 0.85]),
    ]
    candidates = Candidates("gain", "maximize")
    for one in runs:
        candidates.add(Ended(one))
    leader = candidates.leader()
    assert leader is not None
    assert leader.run.number == 1


def test_less_is_better_where_the_objective_is_minimised() -> None:
    of = spec(objective="misfit")
    runs = [
        run(1, slot(4), gains=[0.1, 0.1, 0.1], metric="misfit"),
        run(2, slot(16), gains=[0.5, 0.5, 0.5], metric="misfit"),
    ]
    found = best(of, runs, METRICS)
    assert found is not None
    assert found.run.number == 1


def test_a_reused_result_confirms_nothing() -> None:
    first = run(1, slot(4), gains=[0.8, 0.8, 0.8])
    again = repeat(2, slot(4), [0.8, 0.8, 0.8]).model_copy(update={"identity": first.identity})
    found = best(spec(), [first, again], METRICS)
    assert found is not None
    assert not found.confirmed


def test_a_network_on_which_it_fails_is_said() -> None:
    lucky = slot(16)
    failed = repeat(3, lucky, [], network=1).model_copy(
        update=run(3, lucky, failed=FailureKind.DIVERGED).model_dump(include={"state"})
    )
    runs = [run(1, lucky, gains=[0.9, 0.9, 0.9]), repeat(2, lucky, [0.6, 0.6, 0.61]), failed]
    said = best_lines(spec(), runs, METRICS)
    assert "Run 1 did not hold on fresh network 1: its runs there failed." in said


def test_data_without_further_networks_are_confirmed_by_fresh_seeds_alone_and_it_is_said() -> None:
    runs = [run(1, slot(4), gains=[0.9, 0.9]), repeat(2, slot(4), [0.6, 0.6, 0.61])]
    (line, *_) = best_lines(spec(), runs, METRICS, has_fresh_networks=False)
    assert "over 3 fresh seeds; by fresh seeds alone, since there is no other network like these data" in line


@pytest.mark.parametrize(("now", "said"), [(0.8, "within the noise"), (0.3, "beyond noise")])
def test_a_control_that_differs_from_before_shows_as_drift(now: float, said: str) -> None:
    incumbent = slot(4)
    runs = [
        run(1, incumbent, gains=[0.99, 0.99, 0.99]),
        repeat(2, incumbent, [0.79, 0.8, 0.81]),
        repeat(3, incumbent, [now + 0.01, now, now - 0.01], role=Role.CONTROL),
    ]
    control = [line for line in best_lines(spec(), runs, METRICS) if line.startswith("Control")]
    assert len(control) == 1
    assert said in control[0]
    assert "against 0.800 ±0.010 over 3 fresh seeds before" in control[0]


def test_a_control_is_never_held_against_what_selected_the_incumbent() -> None:
    candidates = Candidates("gain", "maximize")
    for one in [
        run(1, slot(4), gains=[0.99, 0.99, 0.99]),
        repeat(2, slot(4), [0.79, 0.8, 0.81], role=Role.CONTROL),
    ]:
        candidates.add(Ended(one))
    assert latest_control(candidates) is None


def test_of_controls_without_drift_about_one_in_a_hundred_differs() -> None:
    rng = Random(1)
    found = [
        differ([rng.gauss(0, 1) for _ in range(3)], [rng.gauss(0, 1) for _ in range(8)]) for _ in range(1000)
    ]
    assert sum(found) <= 25
