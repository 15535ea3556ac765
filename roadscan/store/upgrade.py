"""Brings the tables of a database up to date, in one transaction."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from roadscan.errors import RoadscanError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCKS: Final = {
    # sqlite3 begins none for DDL: a kill midway would leave a part of the tables
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7263)",
}
"""Statement by dialect that lets one process at a time go on."""
_OF_POSTGIS: Final = frozenset({"spatial_ref_sys"})


def upgrade(engine: Engine, name: str) -> None:
    """Make the tables of a database, or bring them up to date; `name` stands in errors.

    Raises
    ------
    RoadscanError
        `store_version` if a newer roadscan made them, `store_malformed` if they are others.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as db:
        db.exec_driver_sql(_LOCKS[engine.dialect.name])
        _check_version(db, config, name)
        config.attributes["connection"] = db
        command.upgrade(config, "head")


def no_store(name: str, why: object) -> RoadscanError:
    """Return what is said of a database that is none of ours."""
    return RoadscanError(
        "store_malformed",
        f"{name} is no store of roadscan ({' '.join(str(why).split())[:120]})",
        "Name another one",
    )


def _check_version(db: Connection, config: Config, name: str) -> None:
    names = sorted(set(inspect(db).get_table_names()) - _OF_POSTGIS)
    if "alembic_version" not in names:
        if names:
            raise no_store(name, f"it has the tables {', '.join(names[:5])}")
        return
    version = db.scalar(text("SELECT version_num FROM alembic_version"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise RoadscanError(
            "store_version",
            f"{name} has version {version}, newer than this roadscan",
            "Upgrade roadscan, or name another one",
        )
