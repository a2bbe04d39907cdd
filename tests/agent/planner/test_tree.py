"""The search tree and its scores."""

from hypothesis import given
from hypothesis import strategies as st

from agent.planner.tree import build_tree, count_visits, lineage, rank_rewards, ucb_score
from agent.planner.ucb import UcbPlanner
from tests.agent.landscapes import METRICS, admits, play, toy_spec

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


@given(st.dictionaries(st.integers(1, 50), st.floats(-1e6, 1e6), min_size=2))
def test_rank_rewards_keep_the_order_and_lie_in_the_unit_interval(scores: dict[int, float]) -> None:
    ranked = rank_rewards(scores)
    assert all(0 <= reward <= 1 for reward in ranked.values())
    for a, score_a in scores.items():
        for b, score_b in scores.items():
            assert (ranked[a] > ranked[b]) == (score_a > score_b)


def test_visits_count_descendants() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=4)
    visits = count_visits(runs)
    for run in runs:
        children = [child for child in runs if child.proposal.parent == run.number]
        assert visits[run.number] == 1 + sum(visits[child.number] for child in children)


def test_a_failed_run_is_a_node_without_reward() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=1)
    failed = {run.number for run in runs if run.failure is not None}
    assert failed
    nodes = build_tree(runs, objective="gain", metrics=METRICS, exploration_constant=1.414)
    assert {node.run.number for node in nodes if not node.scored} == failed
    assert all(node.reward == 0 for node in nodes if not node.scored)


def test_a_lineage_ends_at_a_run_without_parent() -> None:
    runs = play(UcbPlanner(admits), toy_spec(), blocks=3)
    line = lineage(runs[-1], runs)
    assert line[0] is runs[-1]
    assert line[-1].proposal.parent is None
    assert len(line) > 2
