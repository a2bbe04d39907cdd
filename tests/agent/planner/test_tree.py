"""The search tree and its scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.planner.rewards import first, rank_rewards, ucb_score
from agent.planner.tree import Tree
from agent.planner.ucb import UcbPlanner
from memory.past import Past
from tests.agent.landscapes import admits, play, toy_spec

rewards = st.floats(0, 1)
counts = st.integers(1, 10**6)


@given(reward=rewards, visits=counts, total=counts)
def test_ucb_falls_as_a_node_is_visited(reward: float, visits: int, total: int) -> None:
    scores = [
        ucb_score(reward, visits=v, total=total, exploration_constant=1.414) for v in (visits, visits + 1)
    ]
    assert scores[1] < scores[0]


@given(reward=rewards, visits=counts, total=counts)
def test_ucb_rises_with_the_visits_of_all_others(reward: float, visits: int, total: int) -> None:
    scores = [
        ucb_score(reward, visits=visits, total=n, exploration_constant=1.414) for n in (total, 4 * total)
    ]
    assert scores[1] > scores[0]


def test_ucb_is_the_formula_of_the_study() -> None:
    assert ucb_score(0.5, visits=3, total=16, exploration_constant=1.414) == 0.5 + 1.414 * 4 / 4


@given(st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_rank_rewards_keep_the_order_and_lie_in_the_unit_interval(scores: list[float]) -> None:
    ranked = rank_rewards(np.array(scores), np.sort(scores))
    assert all(0 <= reward <= 1 for reward in ranked)
    for a, score_a in zip(ranked, scores, strict=True):
        for b, score_b in zip(ranked, scores, strict=True):
            assert (a > b) == (score_a > score_b)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1), st.data())
def test_the_first_of_an_order_are_those_of_the_whole_order(
    keys: list[tuple[int, int]], data: st.DataObject
) -> None:
    limit = data.draw(st.integers(1, len(keys) + 2))
    whole = sorted(range(len(keys)), key=lambda i: (keys[i], i))
    assert list(first(limit, *np.array(keys).T)) == whole[:limit]


def test_visits_count_descendants() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=4)
    tree = Past(runs).derive(Tree, "gain", "maximize")
    for run in runs:
        children = [child.number for child in runs if child.proposal.parent == run.number]
        assert tree.visits(run.number) == 1 + sum(map(tree.visits, children))


def test_a_failed_run_is_a_node_without_reward() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=1)
    failed = {run.number for run in runs if run.failure is not None}
    assert failed
    nodes = list(Past(runs).derive(Tree, "gain", "maximize").look(exploration_constant=1.414).anything())
    assert {node.run.number for node in nodes if not node.scored} == failed
    assert all(node.reward == 0 for node in nodes if not node.scored)
    assert [node.scored for node in nodes] == sorted((node.scored for node in nodes), reverse=True)


def test_nodes_come_in_the_order_of_their_scores() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=20)
    look = Past(runs).derive(Tree, "gain", "maximize").look(exploration_constant=1.414)
    nodes = [node for node in look.anything() if node.scored]
    assert len(nodes) == look.n_scored > 100
    by_ucb = sorted(nodes, key=lambda node: (-node.ucb, node.run.number))
    assert list(look.by_ucb(20)) == by_ucb[:20]
    assert list(look.by_ucb(20, skip=1)) == [*by_ucb[1:20], by_ucb[0]]
    assert list(look.by_reward(20)) == sorted(by_ucb, key=lambda node: -node.reward)[:20]
    assert list(look.by_visits(20)) == sorted(by_ucb, key=lambda node: (node.visits, -node.reward))[:20]
