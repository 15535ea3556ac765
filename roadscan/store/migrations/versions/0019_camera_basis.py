"""The layer of drives says how the values of the camera are known."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the columns, which are filled when the survey's layers are written again."""
    for name in ("camera_basis", "camera_values"):
        op.add_column("served_drives", sa.Column(name, sa.Text))
