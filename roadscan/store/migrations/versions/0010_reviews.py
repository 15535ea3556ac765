"""What reviewers decided, and what the served layers need to follow it at once.

A segment's result is found by its id, a damage says what was said of it, and a layer knows how far
its places go: damages that are gone leave gaps.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXTS = {
    "review_decisions": (
        "who",
        "verdict",
        "kind",
        "reason",
        "survey",
        "damage_id",
        "segment_id",
        "kind_before",
    ),
    "review_boxes": ("drive_id", "kind"),
    "served_damages": ("review",),
}
"""Ordered by code points, as all text (0008)."""


def upgrade() -> None:
    """Make the tables, columns and index."""
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
    op.create_index("ix_results_segment_id", "results", ["segment_id"])
    op.add_column("served_damages", sa.Column("review", sa.Text()))
    places = sa.Column("places", sa.Integer(), nullable=False, server_default="0")
    op.add_column("edition_layers", places)
    op.execute("UPDATE edition_layers SET places = features")
    if op.get_bind().dialect.name == "postgresql":
        for table, names in _TEXTS.items():
            changes = ", ".join(f'ALTER "{name}" TYPE text COLLATE "C"' for name in names)
            op.execute(f'ALTER TABLE "{table}" {changes}')
