"""What is served to GIS programs: editions of layers, and one row per feature."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# In SQLite the edition is a dimension of the tree, in PostGIS the geometry is made of the WKB.
_SQLITE = """
CREATE VIRTUAL TABLE {table}_bounds
USING rtree(number, west, east, south, north, edition_from, edition_to)
"""
_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS postgis",
    """
    ALTER TABLE {table} ADD COLUMN geom geometry(Geometry, 4326)
    GENERATED ALWAYS AS (ST_GeomFromWKB(geometry_wkb, 4326)) STORED
    """,
    "CREATE INDEX ix_{table}_geom ON {table} USING gist (geom)",
)


def upgrade() -> None:
    """Make the tables."""
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
    own = {"sqlite": (_SQLITE,), "postgresql": _POSTGRESQL}
    for statement in own[op.get_bind().dialect.name]:
        op.execute(statement.format(table=table))
