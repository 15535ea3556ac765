"""How a store in PostgreSQL is opened and killed, and what PostgreSQL would do otherwise."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine, create_engine, event, make_url, text

from roadscan.errors import RoadscanError
from roadscan.model.road import Direction
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import jobs_url
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Compare, Operator, Selection
from roadscan.store.postgis import connect_store
from tests.databases import address_on, beside, new_database, remove_database, server
from tests.store.sample_surveys import (
    SETTINGS,
    TOWN,
    chunk,
    grid,
    observation,
    same_network,
    survey,
)
from tests.store.sample_town import SOUTH, STEP_DEG, WEST, segments, source

pytestmark = pytest.mark.postgis


@pytest.fixture
def empty() -> Iterator[str]:
    """Address of a database without a table."""
    name = new_database("template0")
    yield beside(name)
    remove_database(name)


@pytest.fixture
def address() -> Iterator[str]:
    with address_on("postgis") as made:
        yield made


def engine_of(address: str) -> Engine:
    return create_engine(make_url(address).set(drivername="postgresql+psycopg"))


def run(address: str, statement: str) -> None:
    engine = engine_of(address)
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


def code_of(address: str) -> str:
    with pytest.raises(RoadscanError) as caught, connect_store(address):
        pass
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_a_store_opened_again_holds_what_was_put(empty: str) -> None:
    with connect_store(empty) as store:
        store.put_network(TOWN)
    with connect_store(empty) as store:
        assert same_network(store.network(TOWN.sha256), TOWN)


def test_several_processes_may_be_the_first(empty: str) -> None:
    def opened(_: int) -> tuple[str, ...]:
        with connect_store(empty) as store:
            return store.surveys()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(opened, range(4))) == [()] * 4


def test_jobs_may_have_been_there_before(empty: str) -> None:
    JobQueue(jobs_url(ServeSettings(data=Path("unused"), database=empty))).close()
    with connect_store(empty) as store:
        assert store.surveys() == ()


def test_a_database_of_something_else_is_not_touched(empty: str) -> None:
    run(empty, "CREATE TABLE recipes (name TEXT)")
    assert code_of(empty) == "store_malformed"
    engine = engine_of(empty)
    with engine.connect() as db:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert list(db.scalars(text(tables))) == ["recipes"]
    engine.dispose()


def test_a_newer_store_is_not_touched(address: str) -> None:
    run(address, "UPDATE alembic_version SET version_num = '9999'")
    assert code_of(address) == "store_version"


def test_a_database_that_loses_letters_is_refused() -> None:
    name = new_database("template0", "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'")
    assert code_of(beside(name)) == "store_unreachable"
    remove_database(name)


def test_who_may_not_install_postgis_is_told_in_one_line(empty: str) -> None:
    role = f"clerk_{secrets.token_hex(4)}"
    run(empty, f"CREATE ROLE {role} LOGIN")
    run(empty, f"GRANT ALL ON SCHEMA public TO {role}")
    clerk = make_url(empty).set(username=role).render_as_string(hide_password=False)
    assert code_of(clerk) == "store_unreachable"
    run(empty, "CREATE EXTENSION postgis")
    with connect_store(clerk) as store:
        assert store.surveys() == ()


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    server()
    nowhere = "postgresql://ada:gehe1m@/town?host=/nowhere"
    with pytest.raises(RoadscanError, match="store_unreachable") as caught, connect_store(nowhere):
        pass
    assert "gehe1m" not in f"{caught.value} {caught.value.hint}"


def test_what_was_put_survives_a_kill_and_what_was_not_is_not_there(address: str) -> None:
    code = (
        "import os, sys\n"
        "from roadscan.store import postgis\nfrom roadscan.store.surveys import chunks\n"
        "from tests.store.sample_surveys import SETTINGS, chunk, grid, observation\n"
        "whole = chunk(0, observations=(observation(),), grids=(grid(),))\n"
        "with postgis.connect_store(sys.argv[1]) as store:\n"
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
        [sys.executable, "-c", code, address], check=False, env={**os.environ, "PYTHONPATH": root}
    )
    assert killed.returncode == -9
    with connect_store(address) as store:
        store.put_survey(survey())
        assert store.done_chunks("drive-1", SETTINGS) == {0}
        assert len(store.sightings("Spring", "east", Direction.FORWARD)) == 1
        store.put_chunk(chunk(1, observations=(observation(),), grids=(grid(),)), SETTINGS)
        assert store.done_chunks("drive-1", SETTINGS) == {0, 1}


def test_text_is_in_the_order_of_its_code_points_whatever_the_server_speaks(address: str) -> None:
    names = ["apfel", "Zebra", "Äpfel", "ähre", "a b", "ab"]
    with connect_store(address) as store:
        for name in names:
            store.put_survey(replace(survey(), name=name))
        assert list(store.surveys()) == sorted(names)
        features = LayerStore(store.engine)
        features.put_features(source(), {"segments": segments(7)})
        with features.reading() as reader:
            layer = reader.layers("segments")[0]
            small = Selection(condition=Compare("street", Operator.GT, "a"))
            assert reader.count(layer, small) == 0


def test_a_box_is_looked_up_in_the_index(address: str) -> None:
    asked = []
    with connect_store(address) as store:
        features = LayerStore(store.engine)
        features.put_features(source(), {"segments": segments(4000)})
        event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        with features.reading() as reader:
            area = shapely.box(WEST, SOUTH, WEST + STEP_DEG, SOUTH + STEP_DEG)
            layer = reader.layers("segments")[0]
            assert reader.count(layer, Selection(area)) == 4
        statement, values = next(call for call in asked if "ST_Intersects" in call[0])
        with store.engine.connect() as db:
            plan = "\n".join(db.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
    assert "ix_served_segments_geom" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_a_nul_in_text_is_kept_as_the_sign_for_what_is_lost(address: str) -> None:
    with connect_store(address) as store:
        lost = replace(TOWN, links=(replace(TOWN.links[0], street="Am\0Markt"),), source="a\0b")
        store.put_network(lost)
        kept = store.network(TOWN.sha256)
        assert (kept.links[0].street, kept.source) == ("Am\ufffdMarkt", "a\ufffdb")
        with pytest.raises(KeyError):
            store.survey("a\0b")
