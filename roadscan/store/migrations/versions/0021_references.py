"""Each survey has its own reference to a file; recordings grow old by the clock of the town."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_TEXTS = """
SELECT c.relname, a.attname FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'C'
WHERE a.attnum > 0 AND NOT a.attisdropped AND format_type(a.atttypid, NULL) IN
('text', 'character varying') AND c.relname NOT IN ('alembic_version', 'spatial_ref_sys')
ORDER BY 1, 2
"""


def upgrade() -> None:
    """Add the references; files that are there were sent for the survey of their first upload."""
    op.create_table(
        "survey_files",
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("survey", sa.Text, nullable=False),
        sa.Column("owner_id", sa.String, nullable=False),
        sa.Column("uploaded_by", sa.Text, nullable=False),
        sa.Column("uploaded_s", sa.Float, nullable=False),
        sa.Column("taken_by", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "survey"),
    )
    op.execute(
        "INSERT INTO survey_files (sha256, survey, owner_id, uploaded_by, uploaded_s, taken_by) "
        "SELECT sha256, survey, owner_id, uploaded_by, uploaded_s, taken_by FROM files"
    )
    # the survey is part of the key, which SQLite cannot change in place
    op.create_table(
        "places_by_survey",
        sa.Column("drop_id", sa.String, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("survey", sa.Text, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("drop_files", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("drop_id", "folder", "name", "sha256", "survey"),
    )
    op.execute(
        "INSERT INTO places_by_survey "
        "(drop_id, folder, name, sha256, survey, kind, drop_files) "
        "SELECT p.drop_id, p.folder, p.name, p.sha256, f.survey, f.kind, p.drop_files "
        "FROM file_places p JOIN files f ON f.sha256 = p.sha256"
    )
    op.drop_table("file_places")
    op.rename_table("places_by_survey", "file_places")
    op.create_index("ix_file_places_sha256", "file_places", ["sha256"])
    op.create_table(
        "town_clock",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seen_s", sa.Float, nullable=False),
        sa.Column("unconfirmed_s", sa.Float, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX places_by_survey_pkey RENAME TO file_places_pkey")
        _sort_text_by_code_points()


def _sort_text_by_code_points() -> None:
    """Sort the text of tables and columns added since the first version as 0017 does."""
    bind = op.get_bind()
    for table, name in bind.exec_driver_sql(_TEXTS).all():
        op.execute(f'ALTER TABLE "{table}" ALTER "{name}" TYPE text COLLATE "C"')
