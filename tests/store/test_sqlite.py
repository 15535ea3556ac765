"""How a store in a folder is opened, shared out, killed and filled up."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from roadscan.errors import RoadscanError
from roadscan.model.road import Direction
from roadscan.store.sqlite import FILE, open_store
from roadscan.store.store import Store
from tests.store.sample_surveys import (
    SETTINGS,
    T_S,
    TOWN,
    chunk,
    observation,
    same_network,
    survey,
)

EAST = ("east", Direction.FORWARD)


def rows_of(folder: Path, query: str) -> list[tuple[float, ...]]:
    with closing(sqlite3.connect(folder / FILE)) as db:
        return list(db.execute(query))


def test_a_store_opened_again_holds_what_was_put(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.put_network(TOWN)
    with open_store(tmp_path) as store:
        assert same_network(store.network(TOWN.sha256), TOWN)


def test_a_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    with open_store(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / FILE).is_file()


def test_a_newer_store_is_not_touched(tmp_path: Path) -> None:
    with open_store(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    before = (tmp_path / FILE).read_bytes()
    assert code_of(tmp_path) == "store_version"
    assert (tmp_path / FILE).read_bytes() == before


def test_a_database_of_something_else_is_not_touched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    assert code_of(tmp_path) == "store_malformed"
    assert rows_of(tmp_path, "SELECT name FROM sqlite_master") == [("recipes",)]


@pytest.mark.parametrize("content", [b"not a database, though it is long enough" * 40, b"\0" * 999])
def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert code_of(tmp_path) == "store_malformed"
    assert (tmp_path / FILE).read_bytes() == content


def test_a_file_in_place_of_the_folder_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here already")
    assert code_of(tmp_path / "out") == "output_not_writable"


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with open_store(tmp_path):
        assert code_of(tmp_path) == "output_in_use"
    with open_store(tmp_path):
        pass


def test_the_lock_goes_with_its_holder_even_when_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\nfrom roadscan.store.sqlite import open_store\n"
        "with open_store(pathlib.Path(sys.argv[1])) as store: os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    with open_store(tmp_path) as store:
        store.put_network(TOWN)


def test_what_was_put_survives_a_kill_and_what_was_not_is_not_there(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from roadscan.store import sqlite\nfrom roadscan.store.surveys import chunks\n"
        "from tests.store.sample_surveys import SETTINGS, chunk, grid, observation\n"
        "whole = chunk(0, observations=(observation(),), grids=(grid(),))\n"
        "with sqlite.open_store(pathlib.Path(sys.argv[1])) as store:\n"
        "    store.put_chunk(whole, SETTINGS)\n"
        "    real = chunks.replace_rows\n"
        "    def dying(db, table, key, new):\n"
        "        real(db, table, key, new)\n"
        "        if table.name == 'observations': os.kill(os.getpid(), 9)\n"
        "    chunks.replace_rows = dying\n"
        "    store.put_chunk(chunk(1, observations=(observation(),), grids=(grid(),)), SETTINGS)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=False,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert killed.returncode == -9
    with open_store(tmp_path) as store:
        store.put_survey(survey())
        assert store.done_chunks("drive-1", SETTINGS) == {0}
        assert len(store.sightings("Spring", *EAST)) == 1


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.put_network(TOWN)
        with store._engine.connect() as db:
            pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        full(store, int(pages or 0) + 2)
        long = tuple(observation(T_S + k) for k in range(2000))
        with pytest.raises(RoadscanError) as caught:
            store.put_chunk(chunk(0, observations=long), SETTINGS)
        assert caught.value.code == "output_disk_full"
    with open_store(tmp_path) as store:
        assert store.done_chunks("drive-1", SETTINGS) == frozenset()
        assert same_network(store.network(TOWN.sha256), TOWN)


def full(store: Store, pages: int) -> None:
    """Let the file grow to so many pages and no further: SQLite says what it says of a disk."""

    @event.listens_for(store._engine, "connect")
    def _limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    store._engine.dispose()


def code_of(folder: Path) -> str:
    with pytest.raises(RoadscanError) as caught, open_store(folder):
        pass
    return caught.value.code
