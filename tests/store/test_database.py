import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from roadscan.store.database import is_intact, newest_version, open_readonly, version_of
from roadscan.store.sqlite import FILE, share_store


def test_a_new_store_has_the_newest_version_and_is_intact(tmp_path):
    with share_store(tmp_path):
        pass
    with open_readonly(f"sqlite:///{tmp_path / FILE}") as engine:
        assert version_of(engine) == newest_version()
        assert is_intact(engine)


def test_inspecting_creates_no_file(tmp_path):
    with open_readonly(f"sqlite:///{tmp_path / FILE}") as engine, pytest.raises(OperationalError):
        version_of(engine)
    assert not (tmp_path / FILE).exists()


def test_inspecting_upgrades_nothing(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("CREATE TABLE alembic_version (version_num TEXT)")
        db.execute("INSERT INTO alembic_version VALUES ('0001')")
        db.commit()
    before = (tmp_path / FILE).read_bytes()
    with open_readonly(f"sqlite:///{tmp_path / FILE}") as engine:
        assert version_of(engine) == "0001"
    assert (tmp_path / FILE).read_bytes() == before
