"""What is served: features, the layers that they make, and which of them are asked for."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import shapely

from roadscan.store.conditions import Condition

NOTHING: Final = "nothing"
"""The version of a layer without features that was never written."""


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature as it is served; `values` in the order of its layer's fields, the id first."""

    geojson: str
    """The whole feature in CRS84, with its geometry as the last member."""
    geometry_wkb: bytes | None
    """In CRS84, not rounded."""
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What the layers of a survey were made from."""

    survey: str
    scheme: str
    scheme_version: str
    crs_epsg: int
    latest_s: float
    """End of the last drive: the newest survey is the one with the latest."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a survey as it is served now; extent in CRS84 and UTC epoch seconds."""

    collection: str
    edition: int
    source: Source
    features: int
    version: str
    """Changes with the content, and only with it."""
    bounds_deg: tuple[float, float, float, float] | None
    interval_s: tuple[float, float] | None
    places: int
    """How far the places of its features go; more than there are features where some are gone."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which features of a layer; everything by default. The area is in CRS84."""

    area: shapely.Geometry | None = None
    condition: Condition | None = None


class Placed(NamedTuple):
    """A feature and its place within the layer, from which the next page goes on.

    A tuple: making thousands of frozen dataclasses took longer than reading them.
    """

    place: int
    geojson: str
    geometry_wkb: bytes | None
