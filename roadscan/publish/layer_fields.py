"""The fields of the layers: name, type, and what they mean to somebody who opens the table.

The meanings go into the GeoPackage, where GIS programs show them; docs/layers.md repeats them.
"""

from dataclasses import dataclass

TEXT, REAL, WHOLE, YES_NO = "object", "float64", "Int64", "boolean"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a layer; `dtype` is the type of its pandas column."""

    name: str
    dtype: str
    meaning: str


SEGMENTS = (
    Field("segment_id", TEXT, "Stable id: link, direction (f or b) and start in metres"),
    Field("link_id", TEXT, "Link of the road network"),
    Field("direction", TEXT, "Direction of travel against the link's own: forward or backward"),
    Field("street", TEXT, "Name of the street"),
    Field("road_class", TEXT, "A main road, B side road, N footway, cycleway, parking"),
    Field("surface", TEXT, "asphalt, paving or other; only asphalt is scored"),
    Field("from_m", REAL, "Start along the link in metres, in its own direction"),
    Field("to_m", REAL, "End along the link in metres"),
    Field("length_m", REAL, "Length in metres"),
    Field("survey", TEXT, "Survey that it was assessed in"),
    Field("riss_pct", REAL, "Cracks (Risse): affected cells in percent of the cells seen"),
    Field("afli_pct", REAL, "Applied patches (aufgelegte Flickstellen), percent of the cells seen"),
    Field("ofs_pct", REAL, "Other surface damage (potholes above all), percent of the cells seen"),
    Field("zw_riss", REAL, "Value of the cracks (Zustandswert), 1 best to 5 worst"),
    Field("zw_afli", REAL, "Value of the patches (Zustandswert), 1 to 5"),
    Field("zw_ofs", REAL, "Value of other surface damage (Zustandswert), 1 to 5"),
    Field("twsub", REAL, "Substance value, surface (Teilzielwert Substanz, Oberfläche), 1 to 5"),
    Field("twsub_basis", TEXT, "Indicators that twsub rests on; a model may not know them all"),
    Field("score", REAL, "1 best to 5 worst; overall value if evenness was measured, else twsub"),
    Field("condition_class", WHOLE, "1 very good, 2 usable, 3 warning value, 4 threshold passed"),
    Field("coverage", REAL, "Share of its cells that were seen, 0 to 1; below 0.6 no score"),
    Field("cells", WHOLE, "Cells of the segment: rows of 1 m, three strips"),
    Field("views_mean", REAL, "How often a seen cell was seen, on average"),
    Field("confidence", REAL, "Coverage x (1 - 0.5^views_mean), 0 to 1"),
    Field("n_damages", WHOLE, "Damages on it"),
    Field("reason", TEXT, "Why it has no score; empty where it has one"),
    Field("lost", TEXT, "Share of its cells that only frames of no use showed, by reason"),
    Field("scheme", TEXT, "Scoring scheme"),
    Field("scheme_version", TEXT, "Version of the scheme"),
    Field("model", TEXT, "Detector, its version, and what ran it"),
    Field("assessed_at", TEXT, "Time of the last frame that saw it, UTC"),
)

DAMAGES = (
    Field("damage_id", TEXT, "Id made of what it is and where"),
    Field("kind", TEXT, "Kind of damage as the detector names it"),
    Field("label", TEXT, "Kind of damage in words"),
    Field("link_id", TEXT, "Link of the road network"),
    Field("segment_id", TEXT, "Segment that it lies on"),
    Field("street", TEXT, "Name of the street"),
    Field("offset_m", REAL, "Its middle along the link in metres, in the link's own direction"),
    Field("left_m", REAL, "Its middle left of the lane's middle in metres, as driven"),
    Field("length_m", REAL, "Extent along the road in metres"),
    Field("width_m", REAL, "Extent across the road in metres"),
    Field("area_m2", REAL, "length_m x width_m, in square metres"),
    Field(
        "confidence",
        REAL,
        "Confidence of the detector, 0 to 1: the best box of each frame, averaged",
    ),
    Field("n_observations", WHOLE, "Boxes in single frames that it was made of"),
    Field("first_seen", TEXT, "Time of the first frame that shows it, UTC"),
    Field("last_seen", TEXT, "Time of the last frame that shows it, UTC"),
    Field("accuracy_m", REAL, "Its position along the road: one standard deviation in metres"),
    Field("photo", TEXT, "Best picture, relative to the result folder; empty without one"),
    Field("review", TEXT, "A reviewer's word: confirmed or corrected; empty where nobody looked"),
)

DRIVES = (
    Field("drive_id", TEXT, "Id made of the contents of video and track"),
    Field("survey", TEXT, "Survey that it belongs to"),
    Field("video", TEXT, "Name of the video file"),
    Field("track", TEXT, "Name of the track file"),
    Field("started_at", TEXT, "First moment with video and track, UTC"),
    Field("ended_at", TEXT, "Last moment with video and track, UTC"),
    Field("length_m", REAL, "Metres driven"),
    Field("clock_offset_s", REAL, "Seconds that the video's clock was behind the track's"),
    Field("clock_sigma_s", REAL, "One standard deviation of clock_offset_s"),
    Field("clock_source", TEXT, "How it is known: option, motion, container or assumed"),
    Field("camera", TEXT, "Camera that boxes were placed with"),
    Field("model", TEXT, "Detector, its version, and what ran it"),
)

CELLS = (
    Field("cell_id", TEXT, "Link, direction, row, strip"),
    Field("segment_id", TEXT, "Segment that it counts for"),
    Field("link_id", TEXT, "Link of the road network"),
    Field("direction", TEXT, "forward or backward"),
    Field("row", WHOLE, "Row of 1 m along the link, 0 at its start"),
    Field("strip", WHOLE, "0 left, 1 middle, 2 right, as driven"),
    Field("views", WHOLE, "Frames that saw it"),
    Field("hits", TEXT, "Frames that show damage in it, by kind"),
    Field("affected", TEXT, "Kinds seen often enough to count"),
    Field("riss", YES_NO, "Counts as cracked"),
    Field("afli", YES_NO, "Counts as patched"),
    Field("ofs", YES_NO, "Counts as other surface damage"),
    Field("last_seen", TEXT, "Time of the last frame that saw it, UTC"),
    Field("accuracy_m", REAL, "Its position along the road: one standard deviation in metres"),
)

LAYERS = {"segments": SEGMENTS, "damages": DAMAGES, "drives": DRIVES, "cells": CELLS}

GEOMETRY_TYPES = {
    "segments": "LineString",
    "damages": "Polygon",
    "drives": "MultiLineString",
    "cells": "Polygon",
}
