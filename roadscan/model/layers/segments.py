"""The fields of the layer of segments."""

from dataclasses import dataclass
from typing import Final

from roadscan.model.layers.field import Field, FieldType, LayerSchema, Words
from roadscan.model.layers.register_fields import (
    Stretch,
    junction_fields,
    register_fields,
    station_fields,
)
from roadscan.model.road import Direction, Link, RoadClass, Segment, Surface
from roadscan.model.score import NotScored, PlaceConcern, SegmentResult
from roadscan.model.survey import Survey
from roadscan.model.time import iso_utc


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """Source of the feature of a segment."""

    survey: Survey
    scheme: str
    scheme_version: str
    link: Link
    segment: Segment
    result: SegmentResult


def _stretch(of: SegmentRecord) -> Stretch:
    return Stretch(of.link, of.segment.direction, of.segment.from_m, of.segment.to_m)


SEGMENTS: Final[LayerSchema[SegmentRecord]] = LayerSchema(
    name="segments",
    geometry_type="LineString",
    times=("assessed_at", "assessed_at"),
    fields=(
        Field(
            "segment_id",
            FieldType.TEXT,
            Words("Segment", "Abschnitt"),
            Words(
                "Stable id: link, direction (f or b) and start in metres",
                "Bleibende Kennung: Straßenachse, Richtung (f oder b) und Anfang in Metern",
            ),
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
            Words(
                "Direction of travel against the link's own: forward or backward",
                "Fahrtrichtung gegenüber der Achse: forward (gleich) oder backward (entgegen)",
            ),
            lambda of: of.segment.direction.value,
            values=tuple(way.value for way in Direction),
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
            "road_class",
            FieldType.TEXT,
            Words("Road class", "Straßenklasse"),
            Words(
                "A main road, B side road, N footway, cycleway, parking",
                "A Hauptstraße, B Nebenstraße, N Gehweg, Radweg, Parkfläche",
            ),
            lambda of: of.link.road_class.value,
            values=tuple(one.value for one in RoadClass),
        ),
        Field(
            "surface",
            FieldType.TEXT,
            Words("Surface", "Belag"),
            Words(
                "asphalt, paving or other; only asphalt is scored",
                "asphalt, paving (Pflaster) oder other; nur Asphalt wird bewertet",
            ),
            lambda of: of.link.surface.value,
            values=tuple(one.value for one in Surface),
        ),
        Field(
            "from_m",
            FieldType.NUMBER,
            Words("From (m)", "Von (m)"),
            Words(
                "Start along the link in metres, in its own direction",
                "Anfang entlang der Achse in Metern, in deren Richtung",
            ),
            lambda of: of.segment.from_m,
            unit="m",
        ),
        Field(
            "to_m",
            FieldType.NUMBER,
            Words("To (m)", "Bis (m)"),
            Words("End along the link in metres", "Ende entlang der Achse in Metern"),
            lambda of: of.segment.to_m,
            unit="m",
        ),
        Field(
            "length_m",
            FieldType.NUMBER,
            Words("Length (m)", "Länge (m)"),
            Words("Length in metres", "Länge in Metern"),
            lambda of: round(of.segment.length_m, 3),
            unit="m",
        ),
        Field(
            "survey",
            FieldType.TEXT,
            Words("Survey", "Befahrung"),
            Words("Survey that it was assessed in", "Befahrung, in der er bewertet wurde"),
            lambda of: of.survey.name,
        ),
        Field(
            "riss_pct",
            FieldType.NUMBER,
            Words("Cracks (%)", "Risse (%)"),
            Words(
                "Cracks (Risse): affected cells in percent of the cells seen",
                "Risse: betroffene Rasterfelder in Prozent der gesehenen",
            ),
            lambda of: of.result.score.indicators.riss_pct,
            unit="%",
            nullable=True,
        ),
        Field(
            "afli_pct",
            FieldType.NUMBER,
            Words("Patches (%)", "Flickstellen (%)"),
            Words(
                "Applied patches (aufgelegte Flickstellen), percent of the cells seen",
                "Aufgelegte Flickstellen: betroffene Rasterfelder in Prozent der gesehenen",
            ),
            lambda of: of.result.score.indicators.afli_pct,
            unit="%",
            nullable=True,
        ),
        Field(
            "ofs_pct",
            FieldType.NUMBER,
            Words("Surface damage (%)", "Oberflächenschäden (%)"),
            Words(
                "Other surface damage (potholes above all), percent of the cells seen",
                "Sonstige Oberflächenschäden (vor allem Schlaglöcher), "
                "Prozent der gesehenen Felder",
            ),
            lambda of: of.result.score.indicators.ofs_pct,
            unit="%",
            nullable=True,
        ),
        Field(
            "zw_riss",
            FieldType.NUMBER,
            Words("Value of the cracks", "Zustandswert Risse"),
            Words(
                "Value of the cracks (Zustandswert), 1 best to 5 worst",
                "Zustandswert der Risse, 1 am besten bis 5 am schlechtesten",
            ),
            lambda of: of.result.score.zw_riss,
            nullable=True,
        ),
        Field(
            "zw_afli",
            FieldType.NUMBER,
            Words("Value of the patches", "Zustandswert Flickstellen"),
            Words(
                "Value of the patches (Zustandswert), 1 to 5",
                "Zustandswert der aufgelegten Flickstellen, 1 bis 5",
            ),
            lambda of: of.result.score.zw_afli,
            nullable=True,
        ),
        Field(
            "zw_ofs",
            FieldType.NUMBER,
            Words("Value of surface damage", "Zustandswert Oberflächenschäden"),
            Words(
                "Value of other surface damage (Zustandswert), 1 to 5",
                "Zustandswert der sonstigen Oberflächenschäden, 1 bis 5",
            ),
            lambda of: of.result.score.zw_ofs,
            nullable=True,
        ),
        Field(
            "twsub",
            FieldType.NUMBER,
            Words("Substance value", "Substanzwert"),
            Words(
                "Substance value, surface (Teilzielwert Substanz, Oberfläche), 1 to 5",
                "Teilzielwert Substanz (Oberfläche), 1 bis 5",
            ),
            lambda of: of.result.score.twsub,
            nullable=True,
        ),
        Field(
            "twsub_basis",
            FieldType.TEXT,
            Words("Indicators used", "Verwendete Merkmale"),
            Words(
                "Indicators that twsub rests on; a model may not know them all",
                "Merkmale, auf denen twsub beruht; ein Modell kennt vielleicht nicht alle",
            ),
            lambda of: of.result.score.twsub_basis or None,
            nullable=True,
        ),
        Field(
            "score",
            FieldType.NUMBER,
            Words("Condition value", "Zustandswert"),
            Words(
                "1 best to 5 worst; the substance value twsub, for a camera measures no evenness",
                "1 am besten bis 5 am schlechtesten; der Substanzwert twsub, "
                "denn eine Kamera misst keine Ebenheit",
            ),
            lambda of: of.result.score.score,
            nullable=True,
        ),
        Field(
            "condition_class",
            FieldType.INTEGER,
            Words("Class", "Klasse"),
            Words(
                "1 very good, 2 usable, 3 warning value, 4 threshold passed",
                "1 sehr gut, 2 brauchbar, 3 Warnwert überschritten, 4 Schwellenwert überschritten",
            ),
            lambda of: of.result.score.condition_class,
            nullable=True,
        ),
        Field(
            "score_low",
            FieldType.NUMBER,
            Words("Value, lower end", "Zustandswert, untere Grenze"),
            Words(
                "The road's own value lies from here to score_high four times in five; "
                "empty where the model's hit rates are unknown",
                "Der wahre Wert liegt in vier von fünf Fällen zwischen hier und score_high; "
                "leer, wo die Trefferquoten des Modells unbekannt sind",
            ),
            lambda of: of.result.score_low,
            nullable=True,
        ),
        Field(
            "score_high",
            FieldType.NUMBER,
            Words("Value, upper end", "Zustandswert, obere Grenze"),
            Words(
                "Upper end; above the score by what the model is known to miss",
                "Obere Grenze; über dem Zustandswert um das, was das Modell erfahrungsgemäß "
                "übersieht",
            ),
            lambda of: of.result.score_high,
            nullable=True,
        ),
        Field(
            "class_probability",
            FieldType.NUMBER,
            Words("Probability of the class", "Wahrscheinlichkeit der Klasse"),
            Words(
                "Probability that the road is in the class given, 0 to 1",
                "Wahrscheinlichkeit, dass die Straße in dieser Klasse liegt, 0 bis 1",
            ),
            lambda of: of.result.class_probability,
            nullable=True,
        ),
        Field(
            "finding",
            FieldType.TEXT,
            Words("What may be said", "Aussage"),
            Words(
                "class_1 to class_4; no_damage_seen or little_damage_seen where the value is in "
                "class 1, but the model would not have seen what contradicts it",
                "class_1 bis class_4; no_damage_seen (keine Schäden gesehen) oder "
                "little_damage_seen (wenig Schäden gesehen), wo der Wert in Klasse 1 liegt, das "
                "Modell aber nicht gesehen hätte, was dagegen spricht",
            ),
            lambda of: of.result.finding or None,
            nullable=True,
        ),
        Field(
            "coverage",
            FieldType.NUMBER,
            Words("Share seen", "Gesehener Anteil"),
            Words(
                "Share of its cells that were seen, 0 to 1; below 0.6 no score",
                "Anteil der gesehenen Rasterfelder, 0 bis 1; unter 0,6 keine Note",
            ),
            lambda of: of.result.coverage,
        ),
        Field(
            "cells",
            FieldType.INTEGER,
            Words("Cells", "Rasterfelder"),
            Words(
                "Cells of the segment: rows of 1 m, three strips",
                "Rasterfelder des Abschnitts: Reihen von 1 m, drei Streifen",
            ),
            lambda of: of.result.cells,
        ),
        Field(
            "views_mean",
            FieldType.NUMBER,
            Words("Mean views", "Mittlere Sichtungen"),
            Words(
                "How often a seen cell was seen, on average",
                "Wie oft ein gesehenes Feld im Mittel gesehen wurde",
            ),
            lambda of: of.result.views_mean,
        ),
        Field(
            "confidence",
            FieldType.NUMBER,
            Words("Confidence", "Verlässlichkeit"),
            Words(
                "Coverage x (1 - 0.5^views_mean) x how far several passes agree, 0 to 1",
                "Gesehener Anteil x (1 - 0,5^views_mean) x Übereinstimmung mehrerer Durchfahrten, "
                "0 bis 1",
            ),
            lambda of: of.result.confidence,
        ),
        Field(
            "accuracy_m",
            FieldType.NUMBER,
            Words("Accuracy (m)", "Genauigkeit (m)"),
            Words(
                "Its position along the road: one standard deviation in metres; where that is more "
                "than its length, it has no score",
                "Seine Lage längs der Straße: eine Standardabweichung in Metern; ist sie größer "
                "als seine Länge, hat er keine Note",
            ),
            lambda of: of.result.accuracy_m,
            unit="m",
            nullable=True,
        ),
        Field(
            "concern",
            FieldType.TEXT,
            Words("Doubt about the place", "Zweifel an der Lage"),
            Words(
                "passes_far_apart: passes saw the same farther apart than their accuracy allows; "
                "passes_do_not_fit: passes found damage and have too little of it in common",
                "passes_far_apart: Durchfahrten sahen dasselbe weiter auseinander, als ihre "
                "Genauigkeit erlaubt; passes_do_not_fit: Durchfahrten fanden Schäden, aber zu "
                "wenige gemeinsam",
            ),
            lambda of: of.result.concern or None,
            nullable=True,
            values=tuple(one.value for one in PlaceConcern),
        ),
        Field(
            "n_damages",
            FieldType.INTEGER,
            Words("Damages", "Schäden"),
            Words("Damages on it", "Zahl der Schäden darauf"),
            lambda of: of.result.n_damages,
        ),
        Field(
            "n_reviewed",
            FieldType.INTEGER,
            Words("Findings reviewed", "Geprüfte Funde"),
            Words(
                "Findings on it that a person has judged; the score rests on these verdicts",
                "Funde darauf, die ein Mensch geprüft hat; die Note beruht auf diesen Urteilen",
            ),
            lambda of: of.result.n_reviewed,
        ),
        Field(
            "n_rejected",
            FieldType.INTEGER,
            Words("Findings rejected", "Verworfene Funde"),
            Words(
                "Those among them that the person called no damage: they do not count",
                "Davon als kein Schaden verworfen: Sie zählen nicht",
            ),
            lambda of: of.result.n_rejected,
        ),
        Field(
            "reason",
            FieldType.TEXT,
            Words("Why not scored", "Warum nicht bewertet"),
            Words(
                "Why it has no score; empty where it has one",
                "Warum er keine Note hat; leer, wenn er eine hat",
            ),
            lambda of: of.result.score.reason or None,
            nullable=True,
            values=tuple(one.value for one in NotScored),
        ),
        Field(
            "lost",
            FieldType.TEXT,
            Words("Lost to unusable frames", "Durch unbrauchbare Bilder verloren"),
            Words(
                "Share of its cells that only frames of no use showed, by reason",
                "Anteil der Rasterfelder, die nur unbrauchbare Bilder zeigten, nach Grund",
            ),
            lambda of: (
                " ".join(f"{why}:{share:g}" for why, share in of.result.lost.items()) or None
            ),
            nullable=True,
        ),
        Field(
            "scheme",
            FieldType.TEXT,
            Words("Scoring scheme", "Bewertungsverfahren"),
            Words("Scoring scheme", "Bewertungsverfahren"),
            lambda of: of.scheme,
        ),
        Field(
            "scheme_version",
            FieldType.TEXT,
            Words("Version of the scheme", "Fassung des Verfahrens"),
            Words("Version of the scheme", "Fassung des Bewertungsverfahrens"),
            lambda of: of.scheme_version,
        ),
        Field(
            "model",
            FieldType.TEXT,
            Words("Model", "Modell"),
            Words(
                "Detector, its version, and what ran it",
                "Erkenner, seine Fassung, und womit er lief",
            ),
            lambda of: of.survey.model_name,
        ),
        Field(
            "assessed_at",
            FieldType.TIME,
            Words("Last seen", "Zuletzt gesehen"),
            Words(
                "Time of the last frame that saw it, UTC",
                "Zeit des letzten Bildes, das ihn zeigt, UTC",
            ),
            lambda of: (
                None if of.result.assessed_at_s is None else iso_utc(of.result.assessed_at_s)
            ),
            nullable=True,
        ),
        *register_fields(_stretch),
        *station_fields(_stretch),
        *junction_fields(_stretch),
    ),
)
