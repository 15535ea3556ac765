"""Links keep what the register says of them and where streets meet them; layers show it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_TEXTS = ("street_key", "from_node", "to_node", "register", "from_street", "to_street", "towards")
_SERVED = {
    "served_segments": (_TEXTS, ("from_station_m", "to_station_m")),
    "served_damages": (_TEXTS, ("station_m",)),
    "served_cells": (("street", *_TEXTS[:4]), ("station_m",)),
}


def upgrade() -> None:
    """Add the columns; a network shows them when it is read again."""
    for name in ("register", "junctions"):
        op.add_column("links", sa.Column(name, sa.JSON()))
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    for table, (texts, numbers) in _SERVED.items():
        for name in texts:
            op.add_column(table, sa.Column(name, text))
        for name in numbers:
            op.add_column(table, sa.Column(name, sa.Float()))
