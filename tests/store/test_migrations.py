from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from roadscan.store.layers import feature_tables  # noqa: F401 -- adds its tables
from roadscan.store.sqlite import FILE, open_store
from roadscan.store.tables import metadata


def test_the_migrations_end_in_the_tables_of_the_code(tmp_path):
    with open_store(tmp_path):
        pass
    engine = create_engine(f"sqlite:///{tmp_path / FILE}")
    with engine.connect() as db:
        found = compare_metadata(MigrationContext.configure(db), metadata)
    engine.dispose()
    beside = "_bounds"  # the R*Trees, which only SQLite has
    assert [change for change in found if beside not in getattr(change[1], "name", "")] == []
