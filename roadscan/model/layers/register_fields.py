"""Fields that the layers take from the register of roads and from its junctions."""

import json
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from roadscan.model.layers.field import Field, FieldType, Words
from roadscan.model.road import Direction, Link

Record = TypeVar("Record")


class Stretch(NamedTuple):
    """A stretch of a lane of a link."""

    link: Link
    direction: Direction
    from_m: float
    to_m: float

    @property
    def middle_m(self) -> float:
        """Offset of its middle."""
        return (self.from_m + self.to_m) / 2.0

    def station_m(self, offset_m: float) -> float | None:
        """Return the station at an offset, to the centimetre."""
        station_m = self.link.register.station_m(offset_m)
        return None if station_m is None else round(station_m, 2)

    @property
    def from_street(self) -> str | None:
        """Streets at the last junction before it, in the direction of the link."""
        return self.link.streets_around(self.from_m, self.to_m)[0]

    @property
    def to_street(self) -> str | None:
        """Streets at the next junction after it."""
        return self.link.streets_around(self.from_m, self.to_m)[1]

    @property
    def towards(self) -> str | None:
        """Streets that its lane leads to."""
        return self.to_street if self.direction is Direction.FORWARD else self.from_street


def register_fields(stretch: Callable[[Record], Stretch]) -> tuple[Field[Record], ...]:
    """Return the fields of the register: street key, nodes, and the columns carried along."""
    return (
        Field(
            "street_key",
            FieldType.TEXT,
            Words("Street key", "Straßenschlüssel"),
            Words(
                "Key of the street in the register", "Straßenschlüssel des Straßenverzeichnisses"
            ),
            lambda of: stretch(of).link.street_key or None,
            nullable=True,
        ),
        Field(
            "from_node",
            FieldType.TEXT,
            Words("From node", "Von Netzknoten"),
            Words(
                "Network node at the start of the link (VNK)",
                "Netzknoten am Anfang der Achse (VNK)",
            ),
            lambda of: stretch(of).link.register.from_node or None,
            nullable=True,
        ),
        Field(
            "to_node",
            FieldType.TEXT,
            Words("To node", "Nach Netzknoten"),
            Words(
                "Network node at the end of the link (NNK)", "Netzknoten am Ende der Achse (NNK)"
            ),
            lambda of: stretch(of).link.register.to_node or None,
            nullable=True,
        ),
        Field(
            "register",
            FieldType.TEXT,
            Words("Register", "Verzeichnis"),
            Words(
                "Other columns of the register that the mapping carries along, as JSON",
                "Weitere Spalten des Verzeichnisses laut Zuordnungsdatei, als JSON",
            ),
            lambda of: _carried(stretch(of).link),
            nullable=True,
        ),
    )


def station_field(stretch: Callable[[Record], Stretch]) -> Field[Record]:
    """Return the field of the station of something's middle."""
    return Field(
        "station_m",
        FieldType.NUMBER,
        Words("Station (m)", "Station (m)"),
        Words(
            "Station of its middle in metres (VST and the way along the link)",
            "Station seiner Mitte in Metern (VST und der Weg entlang der Achse)",
        ),
        lambda of: stretch(of).station_m(stretch(of).middle_m),
        unit="m",
        nullable=True,
    )


def station_fields(stretch: Callable[[Record], Stretch]) -> tuple[Field[Record], ...]:
    """Return the fields of the stations at which a stretch begins and ends."""
    return (
        Field(
            "from_station_m",
            FieldType.NUMBER,
            Words("From station (m)", "Von Station (m)"),
            Words(
                "Station of its start in metres: VST and from_m",
                "Station seines Anfangs in Metern: VST und from_m",
            ),
            lambda of: stretch(of).station_m(stretch(of).from_m),
            unit="m",
            nullable=True,
        ),
        Field(
            "to_station_m",
            FieldType.NUMBER,
            Words("To station (m)", "Bis Station (m)"),
            Words(
                "Station of its end in metres: VST and to_m",
                "Station seines Endes in Metern: VST und to_m",
            ),
            lambda of: stretch(of).station_m(stretch(of).to_m),
            unit="m",
            nullable=True,
        ),
    )


def junction_fields(stretch: Callable[[Record], Stretch]) -> tuple[Field[Record], ...]:
    """Return the fields that say between which streets a stretch lies, and where its lane leads."""
    return (
        Field(
            "from_street",
            FieldType.TEXT,
            Words("From street", "Von Straße"),
            Words(
                "Street at the last junction before it, in the link's own direction; empty where "
                "the street begins",
                "Straße an der letzten Kreuzung davor, in Richtung der Achse; leer, wo die Straße "
                "beginnt",
            ),
            lambda of: stretch(of).from_street,
            nullable=True,
        ),
        Field(
            "to_street",
            FieldType.TEXT,
            Words("To street", "Bis Straße"),
            Words(
                "Street at the next junction after it; empty where the street ends",
                "Straße an der nächsten Kreuzung danach; leer, wo die Straße endet",
            ),
            lambda of: stretch(of).to_street,
            nullable=True,
        ),
        Field(
            "towards",
            FieldType.TEXT,
            Words("Towards", "Richtung Straße"),
            Words(
                "Street that the lane leads to; empty where the street ends",
                "Straße, auf die der Fahrstreifen zuführt; leer, wo die Straße endet",
            ),
            lambda of: stretch(of).towards,
            nullable=True,
        ),
    )


def _carried(link: Link) -> str | None:
    more: Final = dict(link.register.more)
    return json.dumps(more, ensure_ascii=False) if more else None
