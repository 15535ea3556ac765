"""A town of straight segments to serve, as many as a test needs."""

import json

import shapely

from roadscan.store.layers.feature_tables import own_columns
from roadscan.store.layers.selection import FeatureRow, Source

WEST, SOUTH = 12.0, 51.0
STEP_DEG = 0.001


def source(survey="Spring", latest_s=1_780_000_000.0):
    return Source(survey, "ap9k", "1", 25833, latest_s)


def segments(count, survey="Spring", across=100, **given):
    """Segments in rows of `across`, each along half a step to the north-east."""
    for k in range(count):
        x, y = WEST + k % across * STEP_DEG, SOUTH + k // across * STEP_DEG
        line = [(x, y), (x + STEP_DEG / 2, y + STEP_DEG / 2)]
        yield row(
            "segments",
            shapely.LineString(line),
            segment_id=f"L{k}:f:0",
            link_id=f"L{k}",
            street=given.get("street", f"Street {k % 7}"),
            survey=survey,
            score=None if k % 5 == 4 else 1.0 + k % 5,
            condition_class=None if k % 5 == 4 else k % 4 + 1,
            assessed_at=None if k % 5 == 4 else f"2026-06-10T08:{k // 60 % 60:02}:{k % 60:02}.5Z",
        )


def damage(number, kind="Pothole"):
    """A damage of half a second, in the form of a triangle."""
    x = WEST + number * STEP_DEG
    return row(
        "damages",
        shapely.Polygon([(x, SOUTH), (x + 1e-4, SOUTH), (x, SOUTH + 1e-4)]),
        damage_id=f"d{number}",
        kind=kind,
        first_seen="2026-06-10T08:00:00.0Z",
        last_seen="2026-06-10T08:00:00.5Z",
    )


def row(collection, shape, **values):
    names = [column.name for column in own_columns(collection)]
    own = dict.fromkeys(names) | values
    head = {"type": "Feature", "id": own[names[0]], "properties": own}
    return FeatureRow(
        own[names[0]],
        f'{json.dumps(head)[:-1]},"geometry":{shapely.to_geojson(shape)}}}',
        shapely.to_wkb(shape),
        own,
    )
