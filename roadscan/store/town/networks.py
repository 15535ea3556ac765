"""The versions of a town's road network: the newest is in force."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, insert, select

from roadscan.store import tables


@dataclass(frozen=True, slots=True)
class NetworkVersion:
    """A network that was put in force; the one with the highest number is in force now."""

    number: int
    network_sha256: str
    name: str
    put_by: str
    at_s: float


class NetworkVersions:
    """The network versions of one town."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def put_in_force(self, network_sha256: str, name: str, put_by: str) -> None:
        """Match new surveys to this network from now on; it must be in the store."""
        row = {
            "network_sha256": network_sha256,
            "name": name,
            "put_by": put_by,
            "at_s": self._clock(),
        }
        with self._engine.begin() as db:
            db.execute(insert(tables.network_versions), row)

    def all(self) -> tuple[NetworkVersion, ...]:
        """Return all versions, the one in force first."""
        table = tables.network_versions
        with self._engine.connect() as db:
            rows = db.execute(select(table).order_by(table.c.number.desc()))
            return tuple(NetworkVersion(*row) for row in rows)
