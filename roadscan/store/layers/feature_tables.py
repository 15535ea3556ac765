"""The tables of the served layers: one row per feature, with its GeoJSON prepared.

Features belong to an edition of their survey's layers. A new edition is written beside the one
being served, a batch at a time, and takes its place in one short transaction.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from roadscan.model.time import iso_utc
from roadscan.store.tables import metadata

EDITION_BITS: Final = 32
"""A feature's number is its edition, shifted by this much, plus its place in the layer."""


class UtcTime(TypeDecorator[str]):
    """ISO 8601 in UTC for the program, epoch seconds in the database, which compare correctly."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> float | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Return epoch seconds; ValueError if it is not a time."""
        return None if value is None else epoch_s(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Return the time as the layers show it."""
        return None if value is None else iso_utc(value)


def epoch_s(iso: str) -> float:
    """Return a time with zone as UTC epoch seconds; ValueError if it is not one."""
    time = datetime.fromisoformat(iso)
    if time.tzinfo is None:
        raise ValueError(f"{iso} has no time zone")
    return time.astimezone(UTC).timestamp()


editions = Table(
    "editions",
    metadata,
    Column("edition", Integer, primary_key=True),
    Column("survey", Text, nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("scheme_version", Text, nullable=False),
    Column("crs_epsg", Integer, nullable=False),
    Column("latest_s", Float, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False),
    sqlite_autoincrement=True,  # a number is never used twice
)

edition_layers = Table(
    "edition_layers",
    metadata,
    Column("edition", Integer, nullable=False),
    Column("collection", String, nullable=False),
    Column("features", Integer, nullable=False),
    Column("places", Integer, nullable=False),
    Column("version", String, nullable=False),
    Column("west", Float),
    Column("south", Float),
    Column("east", Float),
    Column("north", Float),
    Column("from_s", Float),
    Column("to_s", Float),
    PrimaryKeyConstraint("edition", "collection"),
)


def _features(name: str, **columns: TypeEngine[Any]) -> Table:
    """Return the table of a layer; its first column is the feature's id."""
    number = BigInteger().with_variant(Integer, "sqlite")
    table = Table(
        name,
        metadata,
        Column("number", number, primary_key=True, autoincrement=False),
        *(Column(column, kind) for column, kind in columns.items()),
        Column("geometry_wkb", LargeBinary),
        Column("geojson", Text, nullable=False),
    )
    feature_id = next(iter(columns))
    Index(f"ix_{name}_{feature_id}", table.c[feature_id], table.c.number)
    return table


FEATURES: Final[dict[str, Table]] = {
    "segments": _features(
        "served_segments",
        segment_id=Text(),
        link_id=Text(),
        direction=Text(),
        street=Text(),
        road_class=Text(),
        surface=Text(),
        from_m=Float(),
        to_m=Float(),
        length_m=Float(),
        survey=Text(),
        riss_pct=Float(),
        afli_pct=Float(),
        ofs_pct=Float(),
        zw_riss=Float(),
        zw_afli=Float(),
        zw_ofs=Float(),
        twsub=Float(),
        twsub_basis=Text(),
        score=Float(),
        condition_class=Integer(),
        coverage=Float(),
        cells=Integer(),
        views_mean=Float(),
        confidence=Float(),
        n_damages=Integer(),
        reason=Text(),
        lost=Text(),
        scheme=Text(),
        scheme_version=Text(),
        model=Text(),
        assessed_at=UtcTime(),
    ),
    "damages": _features(
        "served_damages",
        damage_id=Text(),
        kind=Text(),
        label=Text(),
        link_id=Text(),
        segment_id=Text(),
        street=Text(),
        offset_m=Float(),
        left_m=Float(),
        length_m=Float(),
        width_m=Float(),
        area_m2=Float(),
        confidence=Float(),
        n_observations=Integer(),
        first_seen=UtcTime(),
        last_seen=UtcTime(),
        accuracy_m=Float(),
        photo=Text(),
        review=Text(),
    ),
    "drives": _features(
        "served_drives",
        drive_id=Text(),
        survey=Text(),
        video=Text(),
        track=Text(),
        started_at=UtcTime(),
        ended_at=UtcTime(),
        length_m=Float(),
        clock_offset_s=Float(),
        clock_sigma_s=Float(),
        clock_source=Text(),
        camera=Text(),
        model=Text(),
    ),
    "cells": _features(
        "served_cells",
        cell_id=Text(),
        segment_id=Text(),
        link_id=Text(),
        direction=Text(),
        row=Integer(),
        strip=Integer(),
        views=Integer(),
        hits=Text(),
        affected=Text(),
        riss=Boolean(),
        afli=Boolean(),
        ofs=Boolean(),
        last_seen=UtcTime(),
        accuracy_m=Float(),
    ),
}
"""The table of each layer, in the order in which they are listed."""

TIMES: Final[dict[str, tuple[str, str]]] = {
    "segments": ("assessed_at", "assessed_at"),
    "damages": ("first_seen", "last_seen"),
    "drives": ("started_at", "ended_at"),
    "cells": ("last_seen", "last_seen"),
}
"""The properties in which the time of a feature begins and ends."""


def own_columns(collection: str) -> tuple[Column[Any], ...]:
    """Return the columns of the properties in order; the first is the feature's id."""
    beside = {"number", "geometry_wkb", "geojson"}
    return tuple(c for c in FEATURES[collection].columns if c.name not in beside)
