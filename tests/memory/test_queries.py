"""Questions in SQL: answered by plain names, and by nothing that writes."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_history import METRICS, carry_out, explored, new_store, plan, proposals, slot

from blocks.errors import QueryError
from blocks.run import MetricInfo
from blocks.slot import Proposal, Role
from memory.queries import query_runs, wide_columns
from memory.store import Store
from memory.wide import METRIC, VALUE, view_sql


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with explored(tmp_path_factory.mktemp("explored"), blocks=2) as opened:
        yield opened


def _runs(store: Store, where: str, **options: str) -> list[object]:
    return [row[0] for row in query_runs(store, where=where, columns=["run"], **options).rows]


def test_a_condition_may_use_hyperparameters_metrics_and_states_by_plain_name(store: Store) -> None:
    assert _runs(store, "time_step >= 32 and state = 'done' and block = 1") == [3, 4, 7]
    assert _runs(store, "failure = 'diverged'") == [8, 16]
    assert _runs(store, "gain > 0.45 and block = 1", sort="-run") == [7, 3]
    assert _runs(store, "strategies like '%residual%' and \"amplification.gain\" = 10", sort="-run")[0] == 16
    assert _runs(store, "amplification_gain = 10 and batch = 1 and slot = 0") == [1, 9]
    assert _runs(store, "gain is null -- a remark") == [8, 16]


def test_metrics_are_medians_over_replicates_with_their_spread(store: Store) -> None:
    values = store.run("made_up", 3).values_of("gain")
    table = query_runs(store, where="run = 3", columns=["gain", "gain_sd", "n_replicates", "train_s"])
    assert table.columns == ("gain", "gain_sd", "n_replicates", "train_s")
    assert table.rows == [(pytest.approx(median(values)), pytest.approx(stdev(values)), 3, 12.5)]


def test_a_limit_says_how_many_there_were(store: Store) -> None:
    table = query_runs(store, where="block = 1", limit=3)
    assert (len(table.rows), table.matched, table.total) == (3, 8, 16)
    assert query_runs(store, exploration="made_up", limit=0).rows == []
    with pytest.raises(QueryError, match="limit: must be 0 or more, but got -1"):
        query_runs(store, limit=-1)


def test_missing_values_come_last_in_either_order(store: Store) -> None:
    for sort in ("gain", "-gain"):
        rows = query_runs(store, exploration="made_up", sort=sort, columns=["run", "gain"]).rows
        assert [run for run, _ in rows[-2:]] == [8, 16]
        found = [gain for _, gain in rows[:-2]]
        assert found == sorted(found, reverse=sort.startswith("-"))  # type: ignore[type-var]


@pytest.mark.parametrize(
    "where",
    [
        "1) ; drop table runs --",
        "1; delete from runs",
        "1) union select * from runs_wide where (1",
        "1) then 1 end from runs_wide; update runs set state = 'done' --",
        "(select load_extension('x'))",
        "run in (select 1 from pragma_database_list)",
        "1) limit 1; attach 'x.db' as x --",
        "run = ?",
        "'open",
        "/*",
        "time_step >",
        "",
        "nofunction(run)",
    ],
)
def test_what_is_no_expression_or_would_write_is_refused_and_changes_nothing(
    store: Store, where: str
) -> None:
    before = store.runs("made_up")
    with pytest.raises(QueryError, match=r"where: must be an SQL expression.* for example time_step >= 32"):
        query_runs(store, where=where, exploration="made_up")
    assert store.runs("made_up") == before


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("gian > 1", "there is no column 'gian'; did you mean gain"),
        ('"amplification.gian" > 1', r"no column 'amplification.gian'; did you mean amplification.gain"),
        ('state = "done"', "no column 'done'.*single quotes: 'done'"),
    ],
)
def test_an_unknown_column_is_named_with_the_nearest_ones(store: Store, where: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        query_runs(store, where=where)


def test_unknown_columns_elsewhere_and_unknown_explorations_are_named_too(store: Store) -> None:
    with pytest.raises(QueryError, match=r"sort: .*no column 'gian'; did you mean gain"):
        query_runs(store, sort="-gian")
    with pytest.raises(QueryError, match=r"columns: .*no column 'tim_step'; did you mean time_step"):
        query_runs(store, columns=["tim_step"])
    with pytest.raises(QueryError, match="no exploration 'nope'"):
        query_runs(store, exploration="nope")


def test_quotes_inside_text_are_not_taken_for_columns(store: Store) -> None:
    assert _runs(store, """reason <> 'say "x"' and 'it''s "y"' is not null and run = 1""") == [1]


def test_a_name_that_appears_later_gets_its_column_in_the_view(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        assert "contrastive.weight" not in wide_columns(store)
        proposal = Proposal(slot=0, spec=slot(4, **{"contrastive.weight": 0.3}), role=Role.EXPLORE)
        plan(store, [(proposal, "i")])
        assert query_runs(store, columns=["contrastive.weight", "contrastive_weight"]).rows == [(0.3, 0.3)]
        assert "gain" not in wide_columns(store)
        carry_out(store, plan(store, proposals(1)), rng=Random(1))
        assert {"gain", "gain_sd", "slope_recovery"} <= set(wide_columns(store))


def test_a_view_of_another_version_is_made_anew_when_the_store_opens(tmp_path: Path) -> None:
    with explored(tmp_path) as store, store._database.writing() as session:
        session.connection().exec_driver_sql("DROP VIEW runs_wide")
        session.connection().exec_driver_sql("CREATE VIEW runs_wide AS SELECT 1 AS run")
    with Store.open(store.workspace) as again:
        assert _runs(again, "gain > 0.45") == [3, 7]


_names = st.lists(
    st.tuples(
        st.sampled_from([VALUE, METRIC]), st.text("ab._'%?:é", min_size=1, max_size=4) | st.just("state")
    ),
    max_size=8,
    unique=True,
)


@given(names=_names)
def test_the_view_stands_whatever_the_names_and_no_column_comes_twice(names: list[tuple[str, str]]) -> None:
    import sqlite3
    from contextlib import closing

    from memory.schema import RetractionRow, RunRow, VoidRunRow

    with closing(sqlite3.connect(":memory:")) as connection:
        for row in (RunRow, RetractionRow, VoidRunRow):
            columns = ", ".join(column.name for column in row.__table__.columns)
            connection.execute(f"CREATE TABLE {row.__tablename__} ({columns})")
        connection.execute(view_sql(names))
        made = [name for _, name, *_ in connection.execute("PRAGMA table_info(runs_wide)")]
    assert len({name.casefold() for name in made}) == len(made)
    for kind, name in names:
        assert {name.casefold(), f"{kind}_{name}".casefold()} & {column.casefold() for column in made}


def test_a_name_with_a_double_quote_is_refused(tmp_path: Path) -> None:
    proposal = Proposal(slot=0, spec=slot(4, **{'a"b': 0.3}), role=Role.EXPLORE)
    with new_store(tmp_path) as store:
        with pytest.raises(ValueError, match="must hold no double quote"):
            plan(store, [(proposal, "i")])
        assert store.runs("made_up") == []


def _labelled(*labels: str) -> dict[str, MetricInfo]:
    names = ("slope_recovery", "misfit")
    return {
        name: METRICS[name].model_copy(update={"label": label})
        for name, label in zip(names, labels, strict=True)
    }


def test_a_short_name_means_its_column_where_it_is_unmistakable(store: Store) -> None:
    metrics = _labelled("recovery", "mis fit")
    table = query_runs(
        store,
        where="Recovery > 0.45 and reason <> 'recovery' and \"mis fit\" is not null and max(mis_fit, 0) >= 0",
        sort="-recovery",
        columns=["run", "recovery", "recovery_sd"],
        metrics=metrics,
    )
    assert table.columns == ("run", "slope_recovery", "slope_recovery_sd")
    plain = _runs(store, "slope_recovery > 0.45 and misfit is not null", sort="-slope_recovery")
    assert [row[0] for row in table.rows] == plain != []
    with pytest.raises(QueryError, match="no column 'recvery'; did you mean recovery"):
        query_runs(store, where="recvery > 0", metrics=metrics)


def test_a_short_name_that_two_metrics_share_or_a_column_has_means_no_metric(store: Store) -> None:
    with pytest.raises(QueryError, match="no column 'fit'"):
        query_runs(store, where="fit > 0", metrics=_labelled("fit", "fit"))
    table = query_runs(store, columns=["run"], where="run = 3", metrics=_labelled("run", "state"))
    assert table.columns == ("run",)
    assert table.rows == [(3,)]


def test_a_condition_that_does_not_end_is_quoted_as_it_was_written(store: Store) -> None:
    with pytest.raises(QueryError) as caught:
        query_runs(store, where="state = 'done")
    assert 'unrecognized token: "\'done"' in str(caught.value)
    assert "THEN" not in str(caught.value)
