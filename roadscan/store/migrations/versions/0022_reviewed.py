"""Segments say how many verdicts of reviewers their score rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns; layers are written again, and surveys with verdicts scored again before."""
    for name in ("n_reviewed", "n_rejected"):
        op.add_column("served_segments", sa.Column(name, sa.Integer))
    op.execute("UPDATE editions SET stale = true")
    op.execute(
        "UPDATE scorings SET wanted = wanted + 1 WHERE survey IN (SELECT s.survey "
        "FROM survey_drives s JOIN review_boxes b ON b.drive_id = s.drive_id)"
    )
