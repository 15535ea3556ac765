"""Write map.html, a map in a single file that needs neither a network nor a server."""

import html
import json
from importlib.resources import files
from pathlib import Path
from string import Template

import geopandas
import shapely

from roadscan.model.layers.damages import DAMAGES
from roadscan.model.layers.segments import SEGMENTS
from roadscan.model.score import STATEMENT
from roadscan.publish.layer_frames import Results
from roadscan.publish.styles import UNSURE, palette


def write_map_page(
    path: Path,
    results: Results,
    segments: geopandas.GeoDataFrame,
    damages: geopandas.GeoDataFrame,
    drives: geopandas.GeoDataFrame,
) -> None:
    """Write an interactive map: a click on a segment or damage shows its fields."""
    scheme = results.scheme
    west, south, east, north = segments.total_bounds
    data = {
        "west": round(float(west), 1),
        "north": round(float(north), 1),
        "width": round(float(east - west), 1),
        "height": round(float(north - south), 1),
        "classes": [
            {"number": c.number, "label": c.label, "colour": c.colour} for c in scheme.classes
        ],
        "unsure": UNSURE,
        "notAssessed": palette().not_assessed,
        "drive": palette().drive,
        "kinds": {
            kind: {"label": rule.label, "colour": style.colour, "marker": style.marker}
            for style in palette().kinds
            for kind, rule in scheme.kinds.items()
            if rule.indicator == style.indicator
        },
        "meanings": {
            field.name: field.description.en
            for schema in (DAMAGES, SEGMENTS)
            for field in schema.fields
        },
        "segments": _features(segments),
        "damages": _features(damages),
        "drives": _features(drives),
    }
    template = Template(files(__package__).joinpath("map.html").read_text("utf-8"))
    page = template.substitute(
        title=html.escape(results.survey.name),
        statement=html.escape(STATEMENT),
        scheme=html.escape(f"{scheme.title}, version {scheme.version}"),
        model=html.escape(results.survey.model_name),
        data=_script_json(data),
    )
    path.write_text(page, encoding="utf-8")


def _features(layer: geopandas.GeoDataFrame) -> list[dict[str, object]]:
    """Return the fields and lines of a layer; coordinates in metres, to the decimetre."""
    fields = json.loads(layer.drop(columns="geometry").to_json(orient="records"))
    return [
        {
            "fields": own,
            "lines": [shapely.get_coordinates(part).round(1).tolist() for part in parts],
        }
        for own, parts in zip(fields, map(_parts, layer.geometry), strict=True)
    ]


def _parts(shape: shapely.Geometry) -> list[shapely.Geometry]:
    return list(shape.geoms) if isinstance(shape, shapely.MultiLineString) else [shape]


def _script_json(value: object) -> str:
    """Return JSON that cannot close the enclosing script, whatever a street is called."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
