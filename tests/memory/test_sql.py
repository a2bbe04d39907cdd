"""Any question in SQL: answered, whatever it reads, and refused, whatever it would write."""

import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from made_up_history import explored

from blocks.errors import QueryError
from memory.sql import ask_sql
from memory.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with explored(tmp_path_factory.mktemp("explored"), blocks=1) as opened:
        yield opened


def test_a_question_may_join_any_tables(store: Store) -> None:
    answer = ask_sql(
        store.workspace,
        "SELECT w.run, count(*) AS n FROM runs_wide w JOIN events e ON e.run = w.run GROUP BY w.run LIMIT 2",
    )
    assert answer.columns == ("run", "n")
    assert [run for run, _ in answer.rows] == [1, 2]
    assert all(isinstance(n, int) and n > 2 for _, n in answer.rows)


def test_the_layout_can_be_asked_for(store: Store) -> None:
    answer = ask_sql(store.workspace, "SELECT name FROM pragma_table_info('runs_wide')")
    assert ("time_step",) in answer.rows


@pytest.mark.parametrize(
    "question",
    [
        "DELETE FROM runs",
        "UPDATE runs SET state = 'done'",
        "INSERT INTO events (id) VALUES (1)",
        "DROP TABLE runs",
        "CREATE TABLE mine (x)",
        "ATTACH DATABASE 'other.db' AS other",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = OFF",
        "VACUUM INTO 'copy.db'",
        "WITH x AS (SELECT 1) DELETE FROM runs",
        "SELECT 1; DELETE FROM runs",
        "REPLACE INTO explorations (name) VALUES ('x')",
    ],
)
def test_nothing_is_written_however_it_is_asked(store: Store, question: str) -> None:
    before = store.workspace.database.read_bytes()
    with pytest.raises(QueryError, match="one statement that only reads"):
        ask_sql(store.workspace, question)
    assert store.workspace.database.read_bytes() == before
    assert sorted(path.name for path in Path.cwd().glob("*.db")) == []


def test_a_name_that_there_is_not_is_answered_with_the_nearest(store: Store) -> None:
    with pytest.raises(QueryError, match="no 'runs_wise'; did you mean runs_wide"):
        ask_sql(store.workspace, "SELECT * FROM runs_wise")
    with pytest.raises(QueryError, match="there is no 'lernrate'"):
        ask_sql(store.workspace, "SELECT lernrate FROM runs_wide")


def test_an_endless_question_is_ended(store: Store) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(QueryError, match=r"answered within 0\.2 s"):
        ask_sql(store.workspace, endless, limit_s=0.2)


def test_an_endless_question_is_ended_by_ctrl_c(store: Store) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    Timer(0.1, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt):
        ask_sql(store.workspace, endless, limit_s=20)


def test_what_is_no_question_says_how_to_ask(store: Store) -> None:
    for text in ("", "-- nothing", "SELEKT 1", "SELECT zeroblob(2000000000)"):
        with pytest.raises(QueryError, match="for example SELECT run, state FROM runs_wide"):
            ask_sql(store.workspace, text)
