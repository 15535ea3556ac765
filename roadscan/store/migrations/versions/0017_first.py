"""The first version of the tables.

Written out instead of taken from tables.py: a migration must not change when the tables do. It has
the number of the last of the steps that led here, so that stores made by those open as they are.
"""

from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = None

_SQLITE_AUDIT = """
CREATE TRIGGER audit_keeps_{verb} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
_POSTGRESQL_AUDIT = (
    """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
    """,
    """
    CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)
# In SQLite the edition is a dimension of the R*Tree, in PostGIS the geometry is made of the WKB. A
# box also finds features without geometry; their own index spares a search through all others.
_SQLITE_BOUNDS = """
CREATE VIRTUAL TABLE {table}_bounds
USING rtree(number, west, east, south, north, edition_from, edition_to)
"""
_POSTGRESQL_GEOMETRY = (
    """
    ALTER TABLE {table} ADD COLUMN geom geometry(Geometry, 4326)
    GENERATED ALWAYS AS (ST_GeomFromWKB(geometry_wkb, 4326)) STORED
    """,
    "CREATE INDEX ix_{table}_geom ON {table} USING gist (geom)",
    "CREATE INDEX ix_{table}_nowhere ON {table} (number) WHERE geom IS NULL",
)
_TEXTS = """
SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
USING (table_schema, table_name) WHERE table_schema = current_schema()
AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying')
AND table_name NOT IN ('alembic_version', 'spatial_ref_sys') ORDER BY 1, 2
"""


def upgrade() -> None:
    """Make the tables."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    _surveys()
    _rematch_inputs()
    _pictures()
    _reviews()
    _accounts()
    _protect_audit_log()
    _files()
    _networks_and_workers()
    _layers()
    if is_postgresql:
        _sort_text_by_code_points()


def _surveys() -> None:
    op.create_table(
        "chunks",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("from_video_s", sa.Float(), nullable=False),
        sa.Column("to_video_s", sa.Float(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("decoded", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.JSON(), nullable=False),
        sa.Column("detections", sa.Integer(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number"),
    )
    op.create_table(
        "damages",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("damage_id", sa.String(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("damage", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("survey", "number"),
    )
    op.create_index("ix_damages_segment_id", "damages", ["segment_id"])
    op.create_table(
        "drives",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("started_s", sa.Float(), nullable=False),
        sa.Column("ended_s", sa.Float(), nullable=False),
        sa.Column("length_m", sa.Float(), nullable=False),
        sa.Column("track_name", sa.Text(), nullable=False),
        sa.Column("track_sha256", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("video", sa.JSON(), nullable=False),
        sa.Column("clock", sa.JSON(), nullable=False),
        sa.Column("camera", sa.JSON(), nullable=False),
        sa.Column("path_wkb", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256"),
    )
    op.create_table(
        "grids",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "drive_id", "settings_sha256", "number", "usable", "link_id", "direction"
        ),
    )
    op.create_index("ix_grids_link_id", "grids", ["link_id"])
    op.create_table(
        "links",
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("street_key", sa.Text(), nullable=False),
        sa.Column("road_class", sa.String(), nullable=False),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("lane_width_m", sa.Float(), nullable=False),
        sa.Column("lane_width_source", sa.String(), nullable=False),
        sa.Column("forward", sa.Boolean(), nullable=False),
        sa.Column("backward", sa.Boolean(), nullable=False),
        sa.Column("outside_town", sa.Boolean(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("geometry_wkb", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("network_sha256", "number"),
    )
    op.create_table(
        "networks",
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("crs_epsg", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_sha256"),
    )
    op.create_table(
        "observations",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("from_offset_m", sa.Float(), nullable=False),
        sa.Column("to_offset_m", sa.Float(), nullable=False),
        sa.Column("left_min_m", sa.Float(), nullable=False),
        sa.Column("left_max_m", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=False),
        sa.Column("x1", sa.Float(), nullable=False),
        sa.Column("y1", sa.Float(), nullable=False),
        sa.Column("x2", sa.Float(), nullable=False),
        sa.Column("y2", sa.Float(), nullable=False),
        sa.Column("box_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "position"),
    )
    op.create_index("ix_observations_link_id", "observations", ["link_id"])
    op.create_table(
        "rejected_boxes",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("x1", sa.Float(), nullable=False),
        sa.Column("y1", sa.Float(), nullable=False),
        sa.Column("x2", sa.Float(), nullable=False),
        sa.Column("y2", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "position"),
    )
    op.create_table(
        "results",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("segment", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("survey", "number"),
    )
    op.create_table(
        "survey_drives",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("change", sa.Integer()),
        sa.PrimaryKeyConstraint("survey", "drive_id"),
    )
    op.create_table(
        "surveys",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_kinds", sa.JSON(), nullable=False),
        sa.Column("scheme_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("survey"),
    )
    op.create_index("ix_results_segment_id", "results", ["segment_id"])
    op.create_table(
        "scorings",
        sa.Column("survey", sa.Text(), primary_key=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("ended_s", sa.Float(), nullable=False),
        sa.Column("took_s", sa.Float(), nullable=False),
    )


def _rematch_inputs() -> None:
    op.create_table(
        "traces",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("every_m", sa.Float(), nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("fixes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256"),
    )
    op.create_table(
        "found_frames",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frames", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number"),
    )


def _pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("scale", sa.Float(), nullable=False),
        sa.Column("footprint_wkb", sa.LargeBinary(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "frame_t_s"),
    )
    op.create_index("ix_pictures_frame_t_s", "pictures", ["frame_t_s"])
    op.create_table(
        "refused_pictures",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "reason"),
    )
    op.create_table(
        "objections",
        sa.Column("mask_id", sa.String(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outline_wkb", sa.LargeBinary(), nullable=False),
    )


def _reviews() -> None:
    op.create_table(
        "review_decisions",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at_s", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer()),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("damage_id", sa.String(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("kind_before", sa.String(), nullable=False),
    )
    for name in ("undoes", "survey"):
        op.create_index(f"ix_review_decisions_{name}", "review_decisions", [name])
    op.create_table(
        "review_boxes",
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("x1", "y1", "x2", "y2")),
        sa.PrimaryKeyConstraint("decision", "position"),
    )
    op.create_index("ix_review_boxes_frame", "review_boxes", ["drive_id", "frame_t_s"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False, unique=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("created_s", sa.Float(), nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(), primary_key=True),
        sa.Column("account_id", sa.String(), nullable=False, index=True),
        sa.Column("expires_s", sa.Float(), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(), primary_key=True),
        sa.Column("account_id", sa.String(), nullable=False, index=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_s", sa.Float(), nullable=False),
        sa.Column("expires_s", sa.Float(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("expires_s", sa.Float(), nullable=False),
    )
    op.create_table(
        "login_failures",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at_s", sa.Float(), nullable=False, index=True),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at_s", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
    )
    op.create_table(
        "outside_logins",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False, unique=True),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("sha256", sa.String(), primary_key=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False, index=True),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_s", sa.Float(), nullable=False, index=True),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.Column("purged_s", sa.Float()),
        sa.Column("upload_id", sa.String(), nullable=False),
    )
    op.create_table(
        "file_places",
        sa.Column("drop_id", sa.String(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False, index=True),
        sa.Column("drop_files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drop_id", "folder", "name", "sha256"),
    )


def _networks_and_workers() -> None:
    op.create_table(
        "network_versions",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("put_by", sa.Text(), nullable=False),
        sa.Column("at_s", sa.Float(), nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("worker_id", sa.String(), primary_key=True),
        sa.Column("beat_s", sa.Float(), nullable=False),
    )


def _layers() -> None:
    op.create_table(
        "editions",
        sa.Column("edition", sa.Integer(), primary_key=True),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("scheme_version", sa.Text(), nullable=False),
        sa.Column("crs_epsg", sa.Integer(), nullable=False),
        sa.Column("latest_s", sa.Float(), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_editions_survey", "editions", ["survey"])
    op.create_table(
        "edition_layers",
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("west", sa.Float()),
        sa.Column("south", sa.Float()),
        sa.Column("east", sa.Float()),
        sa.Column("north", sa.Float()),
        sa.Column("from_s", sa.Float()),
        sa.Column("to_s", sa.Float()),
        sa.PrimaryKeyConstraint("edition", "collection"),
    )
    _features(
        "served_segments",
        sa.Column("segment_id", sa.Text()),
        sa.Column("link_id", sa.Text()),
        sa.Column("direction", sa.Text()),
        sa.Column("street", sa.Text()),
        sa.Column("road_class", sa.Text()),
        sa.Column("surface", sa.Text()),
        sa.Column("from_m", sa.Float()),
        sa.Column("to_m", sa.Float()),
        sa.Column("length_m", sa.Float()),
        sa.Column("survey", sa.Text()),
        sa.Column("riss_pct", sa.Float()),
        sa.Column("afli_pct", sa.Float()),
        sa.Column("ofs_pct", sa.Float()),
        sa.Column("zw_riss", sa.Float()),
        sa.Column("zw_afli", sa.Float()),
        sa.Column("zw_ofs", sa.Float()),
        sa.Column("twsub", sa.Float()),
        sa.Column("twsub_basis", sa.Text()),
        sa.Column("score", sa.Float()),
        sa.Column("condition_class", sa.Integer()),
        sa.Column("coverage", sa.Float()),
        sa.Column("cells", sa.Integer()),
        sa.Column("views_mean", sa.Float()),
        sa.Column("confidence", sa.Float()),
        sa.Column("n_damages", sa.Integer()),
        sa.Column("reason", sa.Text()),
        sa.Column("lost", sa.Text()),
        sa.Column("scheme", sa.Text()),
        sa.Column("scheme_version", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("assessed_at", sa.Float()),
    )
    _features(
        "served_damages",
        sa.Column("damage_id", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("label", sa.Text()),
        sa.Column("link_id", sa.Text()),
        sa.Column("segment_id", sa.Text()),
        sa.Column("street", sa.Text()),
        sa.Column("offset_m", sa.Float()),
        sa.Column("left_m", sa.Float()),
        sa.Column("length_m", sa.Float()),
        sa.Column("width_m", sa.Float()),
        sa.Column("area_m2", sa.Float()),
        sa.Column("confidence", sa.Float()),
        sa.Column("n_observations", sa.Integer()),
        sa.Column("first_seen", sa.Float()),
        sa.Column("last_seen", sa.Float()),
        sa.Column("accuracy_m", sa.Float()),
        sa.Column("photo", sa.Text()),
        sa.Column("review", sa.Text()),
    )
    _features(
        "served_drives",
        sa.Column("drive_id", sa.Text()),
        sa.Column("survey", sa.Text()),
        sa.Column("video", sa.Text()),
        sa.Column("track", sa.Text()),
        sa.Column("started_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("length_m", sa.Float()),
        sa.Column("clock_offset_s", sa.Float()),
        sa.Column("clock_sigma_s", sa.Float()),
        sa.Column("clock_source", sa.Text()),
        sa.Column("camera", sa.Text()),
        sa.Column("model", sa.Text()),
    )
    _features(
        "served_cells",
        sa.Column("cell_id", sa.Text()),
        sa.Column("segment_id", sa.Text()),
        sa.Column("link_id", sa.Text()),
        sa.Column("direction", sa.Text()),
        sa.Column("row", sa.Integer()),
        sa.Column("strip", sa.Integer()),
        sa.Column("views", sa.Integer()),
        sa.Column("hits", sa.Text()),
        sa.Column("affected", sa.Text()),
        sa.Column("riss", sa.Boolean()),
        sa.Column("afli", sa.Boolean()),
        sa.Column("ofs", sa.Boolean()),
        sa.Column("last_seen", sa.Float()),
        sa.Column("accuracy_m", sa.Float()),
    )


def _features(table: str, *columns: sa.Column[Any]) -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        table,
        sa.Column("number", number, primary_key=True, autoincrement=False),
        *columns,
        sa.Column("geometry_wkb", sa.LargeBinary()),
        sa.Column("geojson", sa.Text(), nullable=False),
    )
    feature_id = columns[0].name
    op.create_index(f"ix_{table}_{feature_id}", table, [feature_id, "number"])
    statements = {"sqlite": (_SQLITE_BOUNDS,), "postgresql": _POSTGRESQL_GEOMETRY}
    for statement in statements[op.get_bind().dialect.name]:
        op.execute(statement.format(table=table))


def _protect_audit_log() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_AUDIT.format(verb=verb))
    else:
        for statement in _POSTGRESQL_AUDIT:
            op.execute(statement)


def _sort_text_by_code_points() -> None:
    """Sort text in PostgreSQL as SQLite and Python do.

    The order of the database's own language differs from town to town, and with it what a filter
    finds and in which order lanes are added up.
    """
    bind = op.get_bind()
    for table, texts in groupby(bind.exec_driver_sql(_TEXTS).all(), key=lambda row: row[0]):
        changes = ", ".join(f'ALTER "{name}" TYPE text COLLATE "C"' for _, name in texts)
        op.execute(f'ALTER TABLE "{table}" {changes}')
