"""SQL statements shared by several parts of the store."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, insert

from roadscan.model.survey import DriveKey
from roadscan.store.tables import survey_drives

Rows = Sequence[Mapping[str, Any]]


def drive_key(drive: DriveKey) -> dict[str, str]:
    """Return the columns that identify a drive under its settings."""
    return {"drive_id": drive.drive_id, "settings_sha256": drive.settings_sha256}


def insert_rows(db: Connection, table: Table, rows: Rows) -> None:
    """Insert rows; without any, SQLAlchemy would insert one of defaults."""
    if rows:
        db.execute(insert(table), rows)


def replace_rows(db: Connection, table: Table, key: Mapping[str, Any], rows: Rows) -> None:
    """Delete the rows with a key and insert others."""
    db.execute(delete(table).filter_by(**key))
    insert_rows(db, table, rows)


def same_drive(one: Table, other: Table) -> ColumnElement[bool]:
    """Join two tables on drive and settings."""
    return and_(
        one.c.drive_id == other.c.drive_id, one.c.settings_sha256 == other.c.settings_sha256
    )


def of_survey(query: Select[Any], table: Table, survey: str) -> Select[Any]:
    """Restrict a query on a table to the drives that a survey consists of now."""
    return (
        query.select_from(table)
        .join(survey_drives, same_drive(table, survey_drives))
        .where(survey_drives.c.survey == survey)
    )
