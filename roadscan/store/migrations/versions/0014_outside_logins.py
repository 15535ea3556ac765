"""Which account belongs to whom a town's own login service knows."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "outside_logins",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False, unique=True),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    if op.get_bind().dialect.name == "postgresql":  # ordered by code points, as all text (0008)
        names = ("issuer", "subject", "account_id")
        changes = ", ".join(f'ALTER "{name}" TYPE text COLLATE "C"' for name in names)
        op.execute(f'ALTER TABLE "outside_logins" {changes}')
