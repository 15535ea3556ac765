"""The fields of the layer of drives."""

from typing import Final

from roadscan.model.drive import Drive
from roadscan.model.layers.field import Field, FieldType, LayerSchema, Words
from roadscan.model.time import iso_utc

DRIVES: Final[LayerSchema[Drive]] = LayerSchema(
    name="drives",
    geometry_type="MultiLineString",
    times=("started_at", "ended_at"),
    fields=(
        Field(
            "drive_id",
            FieldType.TEXT,
            Words("Drive", "Fahrt"),
            Words(
                "Id made of the contents of video and track",
                "Kennung aus den Inhalten von Video und Track",
            ),
            lambda of: of.drive_id,
        ),
        Field(
            "survey",
            FieldType.TEXT,
            Words("Survey", "Befahrung"),
            Words("Survey that it belongs to", "Befahrung, zu der sie gehört"),
            lambda of: of.survey,
        ),
        Field(
            "video",
            FieldType.TEXT,
            Words("Video", "Video"),
            Words("Name of the video file", "Name der Videodatei"),
            lambda of: of.video.name,
        ),
        Field(
            "track",
            FieldType.TEXT,
            Words("Track", "Track"),
            Words("Name of the track file", "Name der Trackdatei"),
            lambda of: of.track_name,
        ),
        Field(
            "started_at",
            FieldType.TIME,
            Words("Start", "Beginn"),
            Words(
                "First moment with video and track, UTC",
                "Erster Augenblick mit Video und Track, UTC",
            ),
            lambda of: iso_utc(of.started_s),
        ),
        Field(
            "ended_at",
            FieldType.TIME,
            Words("End", "Ende"),
            Words(
                "Last moment with video and track, UTC",
                "Letzter Augenblick mit Video und Track, UTC",
            ),
            lambda of: iso_utc(of.ended_s),
        ),
        Field(
            "length_m",
            FieldType.NUMBER,
            Words("Length (m)", "Länge (m)"),
            Words("Metres driven", "Gefahrene Meter"),
            lambda of: round(of.length_m, 1),
            unit="m",
        ),
        Field(
            "clock_offset_s",
            FieldType.NUMBER,
            Words("Clock offset (s)", "Uhrversatz (s)"),
            Words(
                "Seconds that the video's clock was behind the track's",
                "Sekunden, die die Uhr des Videos hinter der des Tracks war",
            ),
            lambda of: round(of.clock.offset_s, 3),
            unit="s",
        ),
        Field(
            "clock_sigma_s",
            FieldType.NUMBER,
            Words("Clock offset, standard deviation (s)", "Uhrversatz, Standardabweichung (s)"),
            Words(
                "One standard deviation of clock_offset_s",
                "Eine Standardabweichung von clock_offset_s",
            ),
            lambda of: round(of.clock.sigma_s, 3),
            unit="s",
        ),
        Field(
            "clock_source",
            FieldType.TEXT,
            Words("Source of the clock offset", "Herkunft des Uhrversatzes"),
            Words(
                "How it is known: option, motion, container or assumed",
                "Woher der Versatz bekannt ist: option, motion, container oder assumed",
            ),
            lambda of: of.clock.source,
            values=("option", "motion", "container", "assumed"),
        ),
        Field(
            "camera",
            FieldType.TEXT,
            Words("Camera", "Kamera"),
            Words(
                "Camera that boxes were placed with",
                "Kamera, mit der die Rahmen verortet wurden",
            ),
            lambda of: of.camera.name,
        ),
        Field(
            "camera_basis",
            FieldType.TEXT,
            Words("Source of the camera's values", "Herkunft der Kameradaten"),
            Words(
                "How the least known of angle of view, height and pitch is known: given, measured, "
                "assumed, or contradicted by the video; with the last two scores may be half a "
                "class off",
                "Woher der unsicherste Wert von Bildwinkel, Höhe und Neigung stammt: given "
                "(angegeben), measured (gemessen), assumed (angenommen) oder contradicted (vom "
                "Video widerlegt); bei den letzten beiden können Noten um eine halbe Klasse falsch "
                "sein",
            ),
            lambda of: of.camera.basis.value,
            values=("given", "measured", "assumed", "contradicted"),
        ),
        Field(
            "camera_values",
            FieldType.TEXT,
            Words("Values of the camera", "Kameradaten"),
            Words(
                "Each value with one standard deviation and how it is known",
                "Jeder Wert mit einer Standardabweichung und seiner Herkunft",
            ),
            lambda of: str(of.camera),
        ),
        Field(
            "model",
            FieldType.TEXT,
            Words("Model", "Modell"),
            Words(
                "Detector, its version, and what ran it",
                "Erkenner, seine Fassung, und womit er lief",
            ),
            lambda of: of.model_name,
        ),
    ),
)
