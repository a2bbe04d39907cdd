"""The store without us: what others make of the file, and what a notebook gets."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from made_up_history import explored

from memory import open_store, query_runs, run_frame
from memory.store import Store

QUESTION = "SELECT run, gain FROM runs_wide WHERE time_step >= 32 AND state = 'done' ORDER BY run"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with explored(tmp_path_factory.mktemp("explored"), blocks=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def expected(store: Store) -> list[tuple[object, ...]]:
    rows = query_runs(store, where="time_step >= 32 and state = 'done'", columns=["run", "gain"]).rows
    assert len(rows) == 3
    return list(rows)


def test_sqlite_utils_reads_the_view(store: Store, expected: list[tuple[object, ...]]) -> None:
    import sqlite_utils

    database = sqlite_utils.Database(store.workspace.database)
    assert "runs_wide" in database.view_names()
    assert [tuple(row.values()) for row in database.query(QUESTION)] == expected
    database.close()


def test_pandas_reads_the_view(store: Store, expected: list[tuple[object, ...]]) -> None:
    import sqlite3
    from contextlib import closing

    import pandas

    with closing(sqlite3.connect(store.workspace.database)) as connection:
        frame = pandas.read_sql_query(QUESTION, connection)
    assert list(frame.itertuples(index=False, name=None)) == expected


def test_duckdb_reads_the_view_with_numbers_as_numbers(
    store: Store, expected: list[tuple[object, ...]]
) -> None:
    import duckdb
    from duckdb_extensions import import_extension

    import_extension("sqlite_scanner")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{store.workspace.database}' AS store (TYPE sqlite, READ_ONLY)")
        asked = "SELECT run, gain FROM store.runs_wide WHERE state = 'done' AND slot >= 2 ORDER BY run"
        assert connection.execute(asked).fetchall() == expected


def test_datasette_serves_the_view(store: Store, expected: list[tuple[object, ...]]) -> None:
    from datasette.app import Datasette

    async def served() -> list[tuple[object, ...]]:
        site = Datasette([str(store.workspace.database)])
        answer = await site.client.get("/setpoint.json", params={"sql": QUESTION, "_shape": "arrays"})
        page = await site.client.get("/setpoint/runs_wide")
        assert page.status_code == 200
        return [tuple(row) for row in answer.json()["rows"]]

    assert asyncio.run(served()) == expected


def test_a_notebook_gets_a_data_frame_and_typed_rows(store: Store) -> None:
    with open_store(store.workspace.root) as opened:
        frame = run_frame(opened, sort="run")
        runs = opened.runs("made_up")
    assert list(frame["run"]) == [run.number for run in runs] == list(range(1, 9))
    medians = [median(values) if (values := run.values_of("gain")) else None for run in runs]
    assert list(frame["gain"].dropna()) == pytest.approx([m for m in medians if m is not None])
    assert list(frame["gain"].isna()) == [m is None for m in medians]
    assert str(frame["time_step"].dtype).lower().startswith("int")
    assert frame["gain"].isna().sum() == 1


def test_parquet_holds_the_same_table(store: Store, tmp_path: Path) -> None:
    import subprocess
    import sys

    from pyarrow import parquet

    setpoint = Path(sys.executable).with_name("setpoint")
    out = tmp_path / "runs.parquet"
    with out.open("wb") as stream:
        subprocess.run(
            [
                setpoint,
                "runs",
                "--format",
                "parquet",
                "--workspace",
                store.workspace.root,
                "--columns",
                "run,gain",
            ],
            stdout=stream,
            check=True,
            cwd=tmp_path,
        )
    table = parquet.read_table(out)
    rows = query_runs(store, columns=["run", "gain"]).rows
    assert table.column_names == ["run", "gain"]
    assert list(zip(*table.to_pydict().values(), strict=True)) == rows
