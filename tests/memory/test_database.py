"""Opening a store: made, upgraded, refused; and what survives a kill and a crowd."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from made_up_history import explored, new_store, slot, spec
from sqlalchemy import create_engine, text
from sqlalchemy.exc import StatementError

from blocks.errors import WorkspaceError
from blocks.run import RunState
from memory import open_store
from memory.file import MIGRATIONS, REVISION
from memory.prepared import plain_json
from memory.queries import query_runs
from memory.schema import Base
from memory.store import Store
from memory.workspace import Workspace

HERE = Path(__file__).parent


def _run_python(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _set_revision(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_migrations_give_exactly_the_tables_of_the_models(tmp_path: Path) -> None:
    with Store.open(Workspace(tmp_path)):
        pass
    engine = create_engine(f"sqlite:///{tmp_path}/setpoint.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_heads() == (REVISION,)
    engine.dispose()


def test_the_newest_migration_is_the_revision_that_the_store_asks_for() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [REVISION]
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


def test_a_database_from_before_the_first_migration_is_brought_up(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "setpoint.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    with Store.open(Workspace(tmp_path), create=False) as store:
        assert store.explorations() == []


def test_a_database_of_a_newer_version_is_refused_and_untouched(tmp_path: Path) -> None:
    explored(tmp_path).close()
    database = tmp_path / "setpoint.db"
    _set_revision(database, "9999")
    before = database.read_bytes()
    for create in (True, False):
        with pytest.raises(WorkspaceError, match="revision 9999, written by a newer version"):
            Store.open(Workspace(tmp_path), create=create)
    assert database.read_bytes() == before


def test_a_missing_store_names_the_folder_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"nowhere must hold a store.*`setpoint launch quickstart`"):
        open_store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_store_is_refused_and_untouched(tmp_path: Path) -> None:
    text_file = tmp_path / "text" / "setpoint.db"
    text_file.parent.mkdir()
    text_file.write_text("not a database at all, though long enough to have a header" * 20)
    with pytest.raises(WorkspaceError, match="not a database"):
        open_store(text_file.parent)
    assert text_file.read_text().startswith("not a database")
    other = tmp_path / "other" / "setpoint.db"
    other.parent.mkdir()
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")
    with pytest.raises(WorkspaceError, match="another program's database"):
        Store.open(Workspace(other.parent))


@pytest.mark.parametrize(
    ("pragma", "said"), [("max_page_count = 1", "disk is full"), ("query_only = ON", "read-only")]
)
def test_a_database_that_cannot_grow_is_one_clear_line_and_keeps_what_it_had(
    tmp_path: Path, pragma: str, said: str
) -> None:
    with new_store(tmp_path) as store:
        with store._database._engine.connect() as connection:
            connection.execute(text(f"PRAGMA {pragma}"))
        with pytest.raises(WorkspaceError, match=rf"setpoint\.db .*{said}"):
            store.set_notes("made_up", "x" * 1_000_000)
    with open_store(tmp_path) as store:
        assert [info.name for info in store.explorations()] == ["made_up"]


def test_opening_a_store_of_this_version_does_not_import_alembic(tmp_path: Path) -> None:
    explored(tmp_path).close()
    code = (
        "import sys; from memory import open_store\n"
        "with open_store(sys.argv[1]) as store: store.runs('made_up')\n"
        "print(sorted({'alembic', 'jinja2', 'scipy', 'torch'} & set(sys.modules)))"
    )
    with _run_python(code, str(tmp_path)) as process:
        out, err = process.communicate()
    assert (out, err) == (b"[]\n", b"")


def test_a_killed_writer_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    code = (
        "import sys; from random import Random; from made_up_history import *\n"
        "from memory import open_store\n"
        "store = open_store(sys.argv[1]); rng = Random(1)\n"
        "while True:\n"
        "    for run in plan(store, proposals(1)):\n"
        "        carry_out(store, [run], rng=rng)\n"
        "        print(run.number, flush=True)\n"
    )
    with _run_python(code, str(tmp_path)) as process:
        assert process.stdout is not None
        finished = [int(process.stdout.readline()) for _ in range(10)]
        process.send_signal(signal.SIGKILL)
        finished += [int(line) for line in process.stdout.read().split()]
    with open_store(tmp_path) as store:
        states = {run.number: run.state for run in store.runs("made_up")}
        assert {states[number] for number in finished} == {RunState.DONE}
        store.requeue_interrupted("made_up")
        assert RunState.RUNNING not in {run.state for run in store.runs("made_up")}
        wide = query_runs(store, where="state = 'done' and gain is not null")
        assert wide.matched >= len(finished)


def test_eight_processes_record_at_once_without_a_lock_error(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    # Forked before any store is open, so that all eight begin to write at the same moment.
    code = (
        "import multiprocessing, sys; from random import Random; from made_up_history import *\n"
        "from memory import open_store\n"
        "def record():\n"
        "    with open_store(sys.argv[1]) as store:\n"
        "        for _ in range(4): carry_out(store, plan(store, proposals(1)), rng=Random(1))\n"
        "processes = [multiprocessing.get_context('fork').Process(target=record) for _ in range(8)]\n"
        "for process in processes: process.start()\n"
        "for process in processes: process.join()\n"
        "print([process.exitcode for process in processes])\n"
    )
    with _run_python(code, str(tmp_path)) as process:
        assert process.communicate() == (b"[0, 0, 0, 0, 0, 0, 0, 0]\n", b"")
    with open_store(tmp_path) as store:
        runs = store.runs("made_up")
        assert [run.number for run in runs] == list(range(1, 8 * 4 * 4 + 1))
        assert {run.state for run in runs} == {RunState.DONE}


def test_two_processes_may_make_a_store_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from memory import *\n"
        "Store.open(Workspace(Path(sys.argv[1]))).close()"
    )
    processes = [_run_python(code, str(tmp_path / "new")) for _ in range(2)]
    assert [process.communicate()[1] for process in processes] == [b""] * 2


def test_moments_come_back_with_their_zone(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 23, 9, 14, 2, 5, tzinfo=UTC)
    with Store.open(Workspace(tmp_path), clock=lambda: moment) as store:
        store.begin(spec(), version="0.1.0")
        assert store.explorations()[0].created_at == moment
        assert store.events()[0].at == moment
    without_zone = Store.open(Workspace(tmp_path), clock=lambda: datetime(2026, 1, 1))
    with without_zone as store, pytest.raises((ValueError, StatementError), match="must carry its time zone"):
        store.begin(spec(), version="0.1.0")


def test_the_package_offers_what_its_list_says() -> None:
    import memory

    for name in memory.__all__:
        assert getattr(memory, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'stor'"):
        _ = memory.stor  # type: ignore[attr-defined]


def _first_store(folder: Path) -> Path:
    """The database of a store as the first version made it."""
    database = folder / "setpoint.db"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "0001")
        connection.commit()
    engine.dispose()
    return database


def test_events_of_an_older_store_keep_their_ids_and_none_can_be_deleted(tmp_path: Path) -> None:
    database = _first_store(tmp_path)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO events (id, at, what, detail) VALUES (?, '2026-11-23 09:14:02.000000', ?, '')",
            [(3, "first"), (7, "second")],
        )
    with open_store(tmp_path) as store:
        assert [(event.id, event.what) for event in store.events()] == [(3, "first"), (7, "second")]
        store.begin(spec(), version="0.1.0")
        assert [event.id for event in store.events()] == [3, 7, 8]
    with closing(sqlite3.connect(database)) as connection, pytest.raises(sqlite3.Error, match="must stay"):
        connection.execute("DELETE FROM events WHERE id = 8")


def test_runs_of_an_older_store_were_on_the_explorations_own_network(tmp_path: Path) -> None:
    database = _first_store(tmp_path)
    now = "2026-11-23 09:14:02.000000"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO explorations (name, spec, identity, created_at, setpoint_version, notes) "
            "VALUES ('made_up', ?, 'i', ?, '0.1.0', '')",
            (spec().model_dump_json(exclude={"blind"}), now),
        )
        connection.execute(
            "INSERT INTO foundations (key, dataset, settings, state, created_at) "
            "VALUES ('f', 'd', '{}', 'ready', ?)",
            (now,),
        )
        connection.execute("INSERT INTO blocks (exploration, number, state) VALUES ('made_up', 1, 'running')")
        connection.execute(
            "INSERT INTO runs (exploration, number, block, batch, slot, role, change, reason, strategies, "
            "spec, identity, dataset, foundation, state, attempts, planned_at) "
            "VALUES ('made_up', 1, 1, 1, 0, 'baseline', '', '', '', ?, 'i', 'd', 'f', 'planned', 0, ?)",
            (slot(4).model_dump_json(), now),
        )
    with open_store(tmp_path) as store:
        assert store.run("made_up", 1).proposal.network == 0
        assert not store.spec("made_up").blind
        assert store.closed_at("made_up") is None
        assert query_runs(store, where="network = 0").matched == 1


@pytest.mark.parametrize(
    "value", [1e-5, 5e-324, -0.0, 1e16, 1.7e308, 0.1 + 0.2, "half \udc80", "NaN", None, True]
)
def test_json_that_is_stored_reads_as_what_was_written(value: object):
    written = plain_json({"b": [value], "a": 1})
    assert repr(json.loads(written)) == repr({"b": [value], "a": 1})
    with closing(sqlite3.connect(":memory:")) as plain:
        if isinstance(value, float):
            assert plain.execute("SELECT json_extract(?, '$.b[0]')", (written,)).fetchone() == (value,)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_never_stored_as_json(value: float):
    with pytest.raises(ValueError, match="JSON"):
        plain_json({"a": value})
