"""What drives are matched to another network by when their recordings are deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TEXTS = {
    "traces": ("drive_id", "settings_sha256", "pictures", "format"),
    "found_frames": ("drive_id", "settings_sha256"),
}
"""Ordered by code points, as all text (0008)."""


def _key() -> tuple[sa.Column[str], ...]:
    names = ("drive_id", "settings_sha256")
    return tuple(sa.Column(name, sa.String(), nullable=False) for name in names)


def upgrade() -> None:
    """Make the tables; drives worked before have nothing in them."""
    op.create_table(
        "traces",
        *_key(),
        sa.Column("every_m", sa.Float(), nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("fixes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256"),
    )
    op.create_table(
        "found_frames",
        *_key(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frames", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table, names in _TEXTS.items():
            changes = ", ".join(f'ALTER "{name}" TYPE text COLLATE "C"' for name in names)
            op.execute(f'ALTER TABLE "{table}" {changes}')
