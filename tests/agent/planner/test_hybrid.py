"""The hybrid: a model of the runs, and that it finds what it should in fewer runs than chance."""

from random import Random

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from agent.planner import plain_planner
from agent.planner.encoding import Encoding
from agent.planner.hybrid import TESTS_AFTER, HybridPlanner
from agent.planner.nearby import Surroundings
from agent.planner.process import Process
from agent.planner.recent import best_and_latest
from agent.planner.rewards import level_rewards
from agent.planner.seen import Seen
from agent.planner.shape import LENGTHS
from agent.planner.tree import Tree
from blocks.guidance import NO_GUIDANCE
from blocks.planning import PlannerName, PlannerSpec
from blocks.run import RunState
from blocks.slot import Proposal, Role, SlotSpec
from memory.ended import Ended
from tests.agent.landscapes import admits, play, toy_spec


def test_the_option_of_a_strategy_that_is_off_makes_no_distance():
    encoding, values = Encoding(toy_spec()), {"time_step": 4, "lr": 1e-2, "loops": 100, "clipping.norm": 0.1}
    other = {**values, "clipping.norm": 10.0}
    off = encoding.points([(values, ("rollout",)), (other, ("rollout",))])
    on = encoding.points([(values, ("rollout", "clipping")), (other, ("rollout", "clipping"))])
    assert (off[0] == off[1]).all()
    assert np.linalg.norm(on[0] - on[1]) == pytest.approx(1.0)
    assert sum(size for _, size in encoding.groups) == off.shape[1]


def test_candidates_are_encoded_as_the_slots_that_they_stand_for():
    spec = toy_spec()
    encoding, slots = (
        Encoding(spec),
        [run.proposal.spec for run in play(HybridPlanner(admits), spec, blocks=2)],
    )
    around = Surroundings(encoding, NO_GUIDANCE.narrow(spec), NO_GUIDANCE, block=2)
    nearby = around.candidates(slots, 1, Random(1))
    decoded = [around.decoded(nearby, place) for place in range(len(nearby.rows))]
    assert np.abs(encoding.points(decoded) - nearby.points).max() < 0.01  # values have three digits
    assert {values["time_step"] for values, _ in decoded} == {16}
    for place, (values, strategies) in enumerate(decoded[: len(slots)]):
        assert values == {**slots[place].values, "time_step": 16}
        assert strategies == slots[place].strategies
    # One change of a slot, or two, and no move of an option that does nothing.
    for (values, strategies), origin in zip(decoded, nearby.origin, strict=True):
        if origin < len(slots):
            source = slots[origin]
            moved = [name for name in ("lr", "loops", "clipping.norm") if values[name] != source.values[name]]
            assert len(moved) + len(set(strategies) ^ set(source.strategies)) <= 2
            on = "clipping" in source.strategies or "clipping" in strategies
            assert on or "clipping.norm" not in moved


def test_the_same_runs_give_the_same_model_whether_it_was_asked_in_between_or_not():
    runs = play(HybridPlanner(admits), toy_spec(), blocks=5)
    asked, unasked = (Seen(Encoding(toy_spec()), "gain", "maximize") for _ in range(2))
    for run in runs:
        asked.add(Ended(run))
        asked.model()
        unasked.add(Ended(run))
    one, other = asked.model(), unasked.model()
    assert one is not None
    assert other is not None
    assert one.process.shape == other.process.shape
    assert (one.process.fitted == other.process.fitted).all()
    assert [run.number for run in one.runs] == [run.number for run in other.runs]


def test_a_search_whose_first_runs_all_fail_gets_its_model_with_the_first_results():
    runs = play(HybridPlanner(admits), toy_spec(), blocks=3, landscape=lambda _: None)
    came_through = [
        run.model_copy(update={"state": RunState.DONE, "failure": None, "metrics": ({"gain": 0.1},)})
        for run in runs[-2:]
    ]
    seen = Seen(Encoding(toy_spec()), "gain", "maximize")
    for run in (*runs[:-2], *came_through):
        seen.add(Ended(run))
    model = seen.model()
    assert model is not None
    assert len(model.runs) == len(runs)


def test_what_is_planned_is_what_validation_would_make_of_it():
    for run in play(HybridPlanner(admits), toy_spec(), blocks=3):
        checked = Proposal.model_validate(run.proposal.model_dump())
        assert run.proposal == checked
        assert run.proposal.model_dump_json() == checked.model_dump_json()
        assert vars(run.proposal).keys() == Proposal.model_fields.keys()
        assert vars(run.proposal.spec).keys() == SlotSpec.model_fields.keys()


@pytest.mark.parametrize("n_runs", [2, 30, 120])
def test_slots_come_by_what_is_hoped_of_them_as_if_all_had_been_looked_at_closely(n_runs: int):
    rng = np.random.default_rng(n_runs)
    points, asked = rng.random((n_runs, 5)), rng.random((300, 5))
    asked[:20] = points[rng.integers(0, n_runs, 20)]
    model = Process(points, np.sin(5 * points[:, 0]) + rng.normal(0, 0.1, n_runs), [1, 2, 2])
    for grown in (model, model.believing(asked[40:41])):
        mean, sd = grown.predict(asked)
        hopes = mean + 2.0 * sd
        given = list(grown.promising(asked, 2.0))
        places = [place for place, _, _ in given]
        assert sorted(places) == list(range(300))
        assert np.diff(hopes[places]).max() < 1e-9
        assert [m for _, m, _ in given] == pytest.approx(mean[places].tolist(), abs=1e-9)
        assert [s for _, _, s in given] == pytest.approx(sd[places].tolist(), abs=1e-6)


def test_the_linear_algebra_of_a_plan_is_on_one_thread_and_afterwards_as_before():
    def n_threads() -> list[int]:
        libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        return [library.get_num_threads() for library in libraries]

    seen = set()

    def watched(slot: SlotSpec) -> bool:
        seen.update(n_threads())
        return admits(slot)

    with threadpool_limits(limits=2, user_api="blas"):
        before = n_threads()
        play(HybridPlanner(watched), toy_spec(), blocks=2)
        assert n_threads() == before
    assert seen == {1}


def test_the_model_finds_what_matters_and_what_does_not():
    rng = np.random.default_rng(1)
    points = rng.random((60, 4))
    values = np.sin(5 * points[:, 0]) + 0.5 * points[:, 1] + rng.normal(0, 0.05, 60)
    model = Process(points, values, [1, 1, 1, 1])
    assert model.shape.lengths[0] < min(model.shape.lengths[1:])
    assert max(model.shape.lengths[2:]) == max(LENGTHS)
    asked = rng.random((50, 4))
    mean, sd = model.predict(asked)
    truth = np.sin(5 * asked[:, 0]) + 0.5 * asked[:, 1]
    assert np.abs(mean - truth).mean() < 0.1
    assert (np.abs(mean - truth) < 4 * sd + 0.1).all()


def test_a_slot_that_is_already_proposed_is_less_uncertain():
    rng = np.random.default_rng(2)
    points = rng.random((10, 2))
    model = Process(points, points[:, 0], [1, 1])
    asked = np.array([[0.9, 0.9]])
    (mean,), (before,) = model.predict(asked)
    (after_mean,), (after,) = model.believing(asked).predict(asked)
    assert after < before
    assert after_mean == pytest.approx(mean)


def test_equal_objectives_make_a_model_that_expects_them_everywhere():
    mean, _ = Process(np.eye(4), np.full(4, 0.3), [1] * 4).predict(np.zeros((1, 4)))
    assert mean == pytest.approx(0.3)


def test_a_reward_by_objective_is_not_drowned_by_an_abyss():
    rewards = level_rewards(np.array([-1e6, 0.1, 0.2, 0.3]))
    assert rewards[0] == 0.0
    assert rewards[3] == 1.0
    assert rewards[3] - rewards[2] > 0.1
    assert (level_rewards(np.array([2.0, 2.0])) == 1.0).all()


def test_the_model_holds_the_best_and_the_latest_runs_however_many_there_are():
    runs = play(HybridPlanner(admits), toy_spec(), blocks=5)
    tree = Tree("gain", "maximize")
    for run in runs:
        tree.add(Ended(run))
    kept = best_and_latest(tree, 12)
    numbers = [run.number for run in kept]
    assert len(numbers) == 12
    assert numbers == sorted(numbers)
    scored = sorted(runs, key=lambda run: -np.nan_to_num(tree.score(run.number), nan=-1))
    assert {run.number for run in scored[:4]} <= set(numbers)
    assert runs[-1].number in numbers
    assert best_and_latest(tree, len(runs)) == runs


def test_later_a_slot_of_a_batch_tests_a_principle_by_one_change():
    runs = play(HybridPlanner(admits), toy_spec(), blocks=5)
    by_number = {run.number: run for run in runs}
    tests = [run for run in runs if run.proposal.role is Role.PRINCIPLE_TEST]
    assert TESTS_AFTER < tests[0].number <= TESTS_AFTER + 2 * toy_spec().block.slots
    for run in tests:
        parent = by_number[run.proposal.parent or 0].proposal.spec
        assert run.proposal.spec.differs_from(parent) == [run.proposal.change]


def bumpy(slot: SlotSpec) -> float:
    """Two strategies help together, one hurts, and two numbers have a best place."""
    lr, loops = np.log10(float(slot.values["lr"])), np.log10(float(slot.values["loops"]))
    gain = 0.5 * np.exp(-((lr + 3.3) ** 2)) * np.exp(-((loops - 2.7) ** 2))
    if "residual" in slot.strategies:
        gain += 0.1 + 0.3 * ("contrastive" in slot.strategies)
    return float(gain - 0.2 * ("clipping" in slot.strategies))


def best_after(name: PlannerName, seed: int, n: int) -> float:
    spec = toy_spec(seed=seed, planner=PlannerSpec(name=name))
    runs = play(plain_planner(name, admits=admits), spec, blocks=n // 8, landscape=bumpy)
    observed = [np.median([one["gain"] for one in run.metrics]) for run in runs]
    return bumpy(runs[int(np.argmax(observed))].proposal.spec)


def test_it_needs_at_most_half_of_the_runs_of_random_search():
    seeds = [Random(place).randrange(1000) for place in range(6)]
    hybrid = np.mean([best_after("hybrid", seed, 32) for seed in seeds])
    random = np.mean([best_after("random", seed, 64) for seed in seeds])
    assert hybrid > random
