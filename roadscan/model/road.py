"""The road network with linear referencing (ISO 19148): links, segments and positions on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.track import Gap

AT_JUNCTION_M = 1.0
"""A stretch that ends this near to a junction ends there."""


class Direction(StrEnum):
    """Direction of travel on a link; offsets always run in the digitised direction."""

    FORWARD = "forward"
    BACKWARD = "backward"

    @property
    def sign(self) -> int:
        """+1 where the offset grows in the direction of travel, -1 where it shrinks."""
        return 1 if self is Direction.FORWARD else -1


Lane = tuple[str, Direction]
"""A link id and the direction of travel on it."""


class RoadClass(StrEnum):
    """Class of area (Funktionsklasse, FK)."""

    A = "A"
    """Main road (Hauptverkehrsstraße)."""
    B = "B"
    """Side road (Nebenstraße)."""
    N = "N"
    """Footway, cycleway, parking (Nebenfläche)."""


class Surface(StrEnum):
    """Class of construction (Bauweise, BW), as far as scoring distinguishes them."""

    ASPHALT = "asphalt"
    PAVING = "paving"
    """Sett, slabs, cobbles (Pflaster, Platten)."""
    OTHER = "other"


class LinkKind(StrEnum):
    """Kind of way: what is no road is one lane, driven in both directions."""

    ROAD = "road"
    PEDESTRIAN = "pedestrian"
    """Street or zone for pedestrians (Fußgängerzone)."""
    TRACK = "track"
    """Farm or forest track (Wirtschaftsweg)."""
    CYCLEWAY = "cycleway"
    PATH = "path"
    FOOTWAY = "footway"


class Vehicle(StrEnum):
    """What a survey drives with: it decides on which links, and against which one-ways."""

    CAR = "car"
    """Car or truck."""
    BICYCLE = "bicycle"
    FOOT = "foot"
    """On foot, or pushed."""
    WORKS = "works"
    """Sweeper, refuse truck: on roads, tracks and in zones, also against one-ways (§ 35 StVO)."""


KINDS_OF: Final[dict[Vehicle, frozenset[LinkKind]]] = {
    Vehicle.CAR: frozenset({LinkKind.ROAD, LinkKind.PEDESTRIAN}),
    Vehicle.BICYCLE: frozenset(LinkKind) - {LinkKind.FOOTWAY},
    Vehicle.FOOT: frozenset(LinkKind),
    Vehicle.WORKS: frozenset({LinkKind.ROAD, LinkKind.PEDESTRIAN, LinkKind.TRACK}),
}
BOTH_WAYS: Final = frozenset({Vehicle.FOOT, Vehicle.WORKS})
"""Vehicles that one-ways do not bind."""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """What the town's register says of a link beside the properties that scoring needs."""

    from_node: str = ""
    """Network node at its start (von Netzknoten, VNK)."""
    to_node: str = ""
    """Network node at its end (nach Netzknoten, NNK)."""
    from_station_m: float | None = None
    """Station at its start (von Station, VST)."""
    to_station_m: float | None = None
    """Station at its end (bis Station, BST); only its side of the start counts."""
    more: tuple[tuple[str, str], ...] = ()
    """Other columns that the mapping carries along, with their values."""

    def station_m(self, offset_m: float) -> float | None:
        """Return the station at a place on the link; None if the register has none."""
        if self.from_station_m is None:
            return None
        falls = self.to_station_m is not None and self.to_station_m < self.from_station_m
        return self.from_station_m + (-offset_m if falls else offset_m)


Junction = tuple[float, str]
"""A place on a link, as an offset in metres, and the streets that meet it there. Before the start
and beyond the end it lies where the street goes on."""


@dataclass(frozen=True, slots=True)
class Link:
    """A stretch of road between two nodes (Strassenelement), in the network's metric CRS."""

    link_id: str
    xy_m: Floats
    """(n, 2) vertices in digitised direction."""
    street: str
    street_key: str
    road_class: RoadClass
    surface: Surface
    lane_width_m: float
    lane_width_source: str
    """"network", "scheme" where its default is used, or "kind" where that of a path is."""
    forward: bool
    """May be driven in digitised direction."""
    backward: bool
    outside_town: bool
    level: int = 0
    """Bridge or tunnel level: links of different levels meet only where their end nodes do."""
    kind: LinkKind = LinkKind.ROAD
    contraflow: bool = False
    """Whether bicycles may go against the one-way."""
    register: RegisterEntry = RegisterEntry()
    junctions: tuple[Junction, ...] = ()
    """Where named streets meet it, in order."""

    @property
    def is_one_lane(self) -> bool:
        """Whether both directions of travel are on one lane, addressed as forward."""
        return self.kind is not LinkKind.ROAD

    def open_to(self, vehicle: Vehicle) -> tuple[bool, bool]:
        """Tell whether a vehicle may go forward and backward."""
        if self.kind not in KINDS_OF[vehicle] or not (self.forward or self.backward):
            return False, False
        both = vehicle in BOTH_WAYS or (vehicle is Vehicle.BICYCLE and self.contraflow)
        return (True, True) if both else (self.forward, self.backward)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Directions of travel with a lane of their own; of one lane only forward."""
        if self.is_one_lane:
            return (Direction.FORWARD,) if self.forward or self.backward else ()
        allowed = ((Direction.FORWARD, self.forward), (Direction.BACKWARD, self.backward))
        return tuple(direction for direction, may in allowed if may)

    def streets_around(self, from_m: float, to_m: float) -> tuple[str | None, str | None]:
        """Return the streets at the last junction before a stretch and at the next one after it.

        None where the street ends first, or where a neighbour has no name.
        """
        before = [name for at_m, name in self.junctions if at_m <= from_m + AT_JUNCTION_M]
        after = [name for at_m, name in self.junctions if at_m >= to_m - AT_JUNCTION_M]
        return (before[-1] if before else None), (after[0] if after else None)


@dataclass(frozen=True, slots=True)
class Network:
    """The roads of a town in one metric CRS."""

    links: Sequence[Link]
    crs_epsg: int
    sha256: str
    """Of the file it was read from."""
    source: str
    remarks: tuple[str, ...] = ()
    """How its columns were interpreted, what was assumed, and what is wrong with its lines: known
    only when it is read from a file, not stored."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The unit of scoring: a lane of a link from `from_m` to `to_m` (digitised direction)."""

    segment_id: str
    link_id: str
    direction: Direction
    from_m: float
    to_m: float

    @property
    def length_m(self) -> float:
        """Length along the link."""
        return self.to_m - self.from_m


@dataclass(frozen=True, slots=True)
class MatchedPath:
    """A drive matched to the network: one row per remaining fix, in time order.

    `link` indexes `Network.links`, -1 where a fix is unmatched; `forward` is the direction of
    travel; `route_m` is the distance along the route driven (equal to offset differences along the
    links, NaN where unmatched); `leg` numbers uninterrupted stretches of the route, else -1.
    """

    t_s: Floats
    link: Ints
    forward: Bools
    offset_m: Floats
    left_m: Floats
    accuracy_m: Floats
    route_m: Floats
    leg: Ints
    route: tuple["RouteStep", ...]
    credited_m: dict[str, float]
    """Metres driven by link id."""
    unmatched: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class RouteStep:
    """A stretch of one link driven without a break; the steps of a leg are contiguous."""

    leg: int
    link: int
    direction: Direction
    from_offset_m: float
    to_offset_m: float
    from_route_m: float
    to_route_m: float
    pass_number: int = 0
    """Pass that the step belongs to: driving a lane again is another pass."""
