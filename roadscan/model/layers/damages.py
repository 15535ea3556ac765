"""The fields of the layer of damages."""

from dataclasses import dataclass
from typing import Final

from roadscan.model.damage import Damage, Verdict
from roadscan.model.layers.field import Field, FieldType, LayerSchema, Words
from roadscan.model.layers.register_fields import (
    Stretch,
    junction_fields,
    register_fields,
    station_field,
)
from roadscan.model.road import Link
from roadscan.model.time import iso_utc


@dataclass(frozen=True, slots=True)
class DamageRecord:
    """Source of the feature of a damage."""

    damage: Damage
    link: Link
    photo: str | None
    """Path of its photo beside the layers; None without a picture."""


def _stretch(of: DamageRecord) -> Stretch:
    damage = of.damage
    return Stretch(of.link, damage.direction, damage.from_offset_m, damage.to_offset_m)


DAMAGES: Final[LayerSchema[DamageRecord]] = LayerSchema(
    name="damages",
    geometry_type="Polygon",
    times=("first_seen", "last_seen"),
    fields=(
        Field(
            "damage_id",
            FieldType.TEXT,
            Words("Damage", "Schaden"),
            Words("Id made of what it is and where", "Kennung aus dem, was er ist, und wo"),
            lambda of: of.damage.damage_id,
        ),
        Field(
            "kind",
            FieldType.TEXT,
            Words("Kind", "Art"),
            Words(
                "Kind of damage as the detector names it",
                "Art des Schadens, wie der Erkenner sie nennt",
            ),
            lambda of: of.damage.kind,
        ),
        Field(
            "label",
            FieldType.TEXT,
            Words("Kind in words", "Art in Worten"),
            Words("Kind of damage in words", "Art des Schadens in Worten"),
            lambda of: of.damage.label,
        ),
        Field(
            "link_id",
            FieldType.TEXT,
            Words("Link", "Straßenachse"),
            Words("Link of the road network", "Achse des Straßennetzes"),
            lambda of: of.damage.link_id,
        ),
        Field(
            "segment_id",
            FieldType.TEXT,
            Words("Segment", "Abschnitt"),
            Words("Segment that it lies on", "Abschnitt, auf dem er liegt"),
            lambda of: of.damage.segment_id,
        ),
        Field(
            "street",
            FieldType.TEXT,
            Words("Street", "Straße"),
            Words("Name of the street", "Straßenname"),
            lambda of: of.link.street or None,
            nullable=True,
        ),
        Field(
            "offset_m",
            FieldType.NUMBER,
            Words("Place along the link (m)", "Lage entlang der Achse (m)"),
            Words(
                "Its middle along the link in metres, in the link's own direction",
                "Seine Mitte entlang der Achse in Metern, in deren Richtung",
            ),
            lambda of: round((of.damage.from_offset_m + of.damage.to_offset_m) / 2, 2),
            unit="m",
        ),
        Field(
            "left_m",
            FieldType.NUMBER,
            Words("Left of the lane's middle (m)", "Links der Spurmitte (m)"),
            Words(
                "Its middle left of the lane's middle in metres, as driven",
                "Seine Mitte links der Spurmitte in Metern, in Fahrtrichtung",
            ),
            lambda of: round((of.damage.left_min_m + of.damage.left_max_m) / 2, 2),
            unit="m",
        ),
        Field(
            "length_m",
            FieldType.NUMBER,
            Words("Length (m)", "Länge (m)"),
            Words("Extent along the road in metres", "Ausdehnung längs der Straße in Metern"),
            lambda of: round(of.damage.to_offset_m - of.damage.from_offset_m, 2),
            unit="m",
        ),
        Field(
            "width_m",
            FieldType.NUMBER,
            Words("Width (m)", "Breite (m)"),
            Words("Extent across the road in metres", "Ausdehnung quer zur Straße in Metern"),
            lambda of: round(of.damage.left_max_m - of.damage.left_min_m, 2),
            unit="m",
        ),
        Field(
            "area_m2",
            FieldType.NUMBER,
            Words("Area (m²)", "Fläche (m²)"),
            Words(
                "length_m x width_m, in square metres",
                "length_m x width_m in Quadratmetern",
            ),
            lambda of: of.damage.area_m2,
            unit="m²",
        ),
        Field(
            "confidence",
            FieldType.NUMBER,
            Words("Confidence", "Sicherheit"),
            Words(
                "Confidence of the detector, 0 to 1: the best box of each frame, averaged, times "
                "n_passes / n_passes_over",
                "Sicherheit des Erkenners, 0 bis 1: der beste Rahmen jedes Bildes, gemittelt, mal "
                "n_passes / n_passes_over",
            ),
            lambda of: round(of.damage.confidence, 4),
        ),
        Field(
            "n_observations",
            FieldType.INTEGER,
            Words("Observations", "Beobachtungen"),
            Words(
                "Boxes in single frames that it was made of",
                "Rahmen in einzelnen Bildern, aus denen er besteht",
            ),
            lambda of: of.damage.n_observations,
        ),
        Field(
            "n_passes",
            FieldType.INTEGER,
            Words("Passes that found it", "Durchfahrten mit Fund"),
            Words(
                "Passes over the lane that found it",
                "Durchfahrten auf dem Fahrstreifen, die ihn gefunden haben",
            ),
            lambda of: of.damage.n_passes,
        ),
        Field(
            "n_passes_over",
            FieldType.INTEGER,
            Words("Passes over its place", "Durchfahrten an der Stelle"),
            Words(
                "Passes over the lane that viewed its place",
                "Durchfahrten auf dem Fahrstreifen, die die Stelle gesehen haben",
            ),
            lambda of: of.damage.n_passes_over,
        ),
        Field(
            "first_seen",
            FieldType.TIME,
            Words("First seen", "Zuerst gesehen"),
            Words(
                "Time of the first frame that shows it, UTC",
                "Zeit des ersten Bildes, das ihn zeigt, UTC",
            ),
            lambda of: iso_utc(of.damage.first_seen_s),
        ),
        Field(
            "last_seen",
            FieldType.TIME,
            Words("Last seen", "Zuletzt gesehen"),
            Words(
                "Time of the last frame that shows it, UTC",
                "Zeit des letzten Bildes, das ihn zeigt, UTC",
            ),
            lambda of: iso_utc(of.damage.last_seen_s),
        ),
        Field(
            "accuracy_m",
            FieldType.NUMBER,
            Words("Accuracy (m)", "Genauigkeit (m)"),
            Words(
                "Its position along the road: one standard deviation in metres",
                "Seine Lage längs der Straße: eine Standardabweichung in Metern",
            ),
            lambda of: round(of.damage.accuracy_m, 2),
            unit="m",
        ),
        Field(
            "photo",
            FieldType.TEXT,
            Words("Photo", "Foto"),
            Words(
                "Best picture, relative to the result folder; empty without one",
                "Bestes Bild, relativ zum Ergebnisordner; leer, wenn es keines gibt",
            ),
            lambda of: of.photo,
            nullable=True,
        ),
        Field(
            "review",
            FieldType.TEXT,
            Words("Review", "Prüfung"),
            Words(
                "A reviewer's word: confirmed or corrected; empty where nobody looked",
                "Ergebnis der Prüfung: confirmed (bestätigt), corrected (berichtigt); "
                "leer, wenn niemand geprüft hat",
            ),
            lambda of: of.damage.review and of.damage.review.value,
            nullable=True,
            values=(Verdict.CONFIRMED.value, Verdict.CORRECTED.value),
        ),
        *register_fields(_stretch),
        station_field(_stretch),
        *junction_fields(_stretch),
    ),
)
