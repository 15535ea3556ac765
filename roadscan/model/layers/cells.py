"""The fields of the layer of cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roadscan.model.layers.field import Field, FieldType, LayerSchema, Words
from roadscan.model.layers.register_fields import Stretch, register_fields, station_field
from roadscan.model.road import Direction, Link, Segment
from roadscan.model.time import iso_utc


@dataclass(frozen=True, slots=True)
class CellRecord:
    """Source of the feature of a cell."""

    link: Link
    segment: Segment
    row: int
    strip: int
    views: int
    hits: Mapping[str, int]
    """Frames that show damage in it, by kind; kinds without any may be among them."""
    affected: tuple[str, ...]
    """Kinds with enough hits to count."""
    indicators: frozenset[str]
    """Those that the affected kinds count for."""
    last_seen_s: float
    accuracy_m: float


def cell_id(link_id: str, direction: Direction, row: int, strip: int) -> str:
    """Return the id of a cell: the same place on the same lane is the same cell."""
    return f"{link_id}:{direction.value[0]}:{row}:{strip}"


def _stretch(of: CellRecord) -> Stretch:
    return Stretch(of.link, of.segment.direction, float(of.row), of.row + 1.0)


CELLS: Final[LayerSchema[CellRecord]] = LayerSchema(
    name="cells",
    geometry_type="Polygon",
    times=("last_seen", "last_seen"),
    fields=(
        Field(
            "cell_id",
            FieldType.TEXT,
            Words("Cell", "Rasterfeld"),
            Words("Link, direction, row, strip", "Achse, Richtung, Reihe, Streifen"),
            lambda of: cell_id(of.segment.link_id, of.segment.direction, of.row, of.strip),
        ),
        Field(
            "segment_id",
            FieldType.TEXT,
            Words("Segment", "Abschnitt"),
            Words("Segment that it counts for", "Abschnitt, für den es zählt"),
            lambda of: of.segment.segment_id,
        ),
        Field(
            "link_id",
            FieldType.TEXT,
            Words("Link", "Straßenachse"),
            Words("Link of the road network", "Achse des Straßennetzes"),
            lambda of: of.segment.link_id,
        ),
        Field(
            "direction",
            FieldType.TEXT,
            Words("Direction", "Richtung"),
            Words("forward or backward", "forward (gleich) oder backward (entgegen)"),
            lambda of: of.segment.direction.value,
            values=tuple(way.value for way in Direction),
        ),
        Field(
            "row",
            FieldType.INTEGER,
            Words("Row", "Reihe"),
            Words(
                "Row of 1 m along the link, 0 at its start",
                "Reihe von 1 m entlang der Achse, 0 am Anfang",
            ),
            lambda of: of.row,
        ),
        Field(
            "strip",
            FieldType.INTEGER,
            Words("Strip", "Streifen"),
            Words(
                "0 left, 1 middle, 2 right, as driven",
                "0 links, 1 Mitte, 2 rechts, in Fahrtrichtung",
            ),
            lambda of: of.strip,
            values=(0, 1, 2),
        ),
        Field(
            "views",
            FieldType.INTEGER,
            Words("Views", "Sichtungen"),
            Words("Frames that saw it", "Bilder, die es zeigen"),
            lambda of: of.views,
        ),
        Field(
            "hits",
            FieldType.TEXT,
            Words("Hits", "Treffer"),
            Words(
                "Frames that show damage in it, by kind",
                "Bilder mit Schaden darin, je Art",
            ),
            lambda of: " ".join(f"{kind}:{n}" for kind, n in of.hits.items() if n) or None,
            nullable=True,
        ),
        Field(
            "affected",
            FieldType.TEXT,
            Words("Affected by", "Betroffen von"),
            Words(
                "Kinds seen often enough to count",
                "Arten, die oft genug gesehen wurden, um zu zählen",
            ),
            lambda of: " ".join(of.affected) or None,
            nullable=True,
        ),
        Field(
            "riss",
            FieldType.BOOLEAN,
            Words("Cracked", "Gerissen"),
            Words("Counts as cracked", "Zählt als gerissen"),
            lambda of: "riss" in of.indicators,
        ),
        Field(
            "afli",
            FieldType.BOOLEAN,
            Words("Patched", "Geflickt"),
            Words("Counts as patched", "Zählt als geflickt"),
            lambda of: "afli" in of.indicators,
        ),
        Field(
            "ofs",
            FieldType.BOOLEAN,
            Words("Other surface damage", "Sonstiger Oberflächenschaden"),
            Words("Counts as other surface damage", "Zählt als sonstiger Oberflächenschaden"),
            lambda of: "ofs" in of.indicators,
        ),
        Field(
            "last_seen",
            FieldType.TIME,
            Words("Last seen", "Zuletzt gesehen"),
            Words(
                "Time of the last frame that saw it, UTC",
                "Zeit des letzten Bildes, das es zeigt, UTC",
            ),
            lambda of: iso_utc(of.last_seen_s),
        ),
        Field(
            "accuracy_m",
            FieldType.NUMBER,
            Words("Accuracy (m)", "Genauigkeit (m)"),
            Words(
                "Its position along the road: one standard deviation in metres",
                "Seine Lage längs der Straße: eine Standardabweichung in Metern",
            ),
            lambda of: round(of.accuracy_m, 2),
            unit="m",
        ),
        Field(
            "street",
            FieldType.TEXT,
            Words("Street", "Straße"),
            Words("Name of the street", "Straßenname"),
            lambda of: of.link.street or None,
            nullable=True,
        ),
        *register_fields(_stretch),
        station_field(_stretch),
    ),
)
