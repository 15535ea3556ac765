"""Views, hits and observations know the pass over their lane; damages, how many found them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns; what was seen before is one pass for each drive, as it was counted."""
    number = sa.Column("pass_number", sa.Integer, nullable=False, server_default="0")
    op.add_column("observations", number)
    for name in ("n_passes", "n_passes_over"):
        op.add_column("served_damages", sa.Column(name, sa.Integer))
    # the number is part of the key, which SQLite cannot change in place
    op.create_table(
        "grids_by_pass",
        sa.Column("drive_id", sa.String, nullable=False),
        sa.Column("settings_sha256", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("usable", sa.Boolean, nullable=False),
        sa.Column("link_id", sa.String, nullable=False),
        sa.Column("direction", sa.String, nullable=False),
        sa.Column("pass_number", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cells", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint(
            "drive_id", "settings_sha256", "number", "usable", "link_id", "direction", "pass_number"
        ),
    )
    columns = "drive_id, settings_sha256, number, usable, link_id, direction, cells"
    op.execute(f"INSERT INTO grids_by_pass ({columns}) SELECT {columns} FROM grids")  # noqa: S608 -- names of our own
    op.drop_table("grids")
    op.rename_table("grids_by_pass", "grids")
    op.create_index("ix_grids_link_id", "grids", ["link_id"])
