"""Draw a road network as SVG, for its preview, and compute scale bars for all maps."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from roadscan.model.arrays import Ints
from roadscan.model.road import Link, Network, RoadClass, Surface

WIDTH: Final = 2000
"""Width in SVG units; one is about half a pixel in a wide window."""
MARGIN: Final = 40
MAX_HEIGHT: Final = 1600
MEDIA_TYPE: Final = "image/svg+xml"

STROKES: Final = {
    "side": 'stroke="#1a1a1a" stroke-width="1.5"',
    "main": 'stroke="#0b5cad" stroke-width="3"',
    "unscored": 'stroke="#767676" stroke-width="1.5" stroke-dasharray="5 5"',
}
"""By kind of road, in drawing order; widths are in pixels, whatever the size of the drawing."""
_FIXED: Final = 'vector-effect="non-scaling-stroke"'


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """The scale bar of a map: a round length in metres and its label."""

    length_m: float
    label: str


def scale_bar(longest_m: float) -> ScaleBar:
    """Return the longest bar of 1, 2 or 5 times a power of ten metres up to `longest_m`."""
    power = 10.0 ** np.floor(np.log10(longest_m))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= longest_m)
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    return ScaleBar(float(length_m), label)


def draw_network(network: Network) -> str:
    """Return a network as SVG, north up, with a scale bar; no scripts, styles or links.

    Main roads are drawn wide, side roads narrow, and links that no scheme scores dashed: those with
    a surface other than asphalt or without a drivable lane. Details below half a pixel are left
    out, so that a whole federal state takes a few megabytes.
    """
    lines = np.array([shapely.LineString(link.xy_m) for link in network.links])
    west, south, east, north = shapely.total_bounds(lines)
    room = (WIDTH - 2 * MARGIN, MAX_HEIGHT - 2 * MARGIN)
    unit_m = max((east - west) / room[0], (north - south) / room[1], 0.01)
    left = (WIDTH - (east - west) / unit_m) / 2
    height = round((north - south) / unit_m) + 4 * MARGIN
    drawn: dict[str, list[Ints]] = defaultdict(list)
    simple = shapely.simplify(lines, unit_m / 2, preserve_topology=False)
    for link, line in zip(network.links, simple, strict=True):
        xy = shapely.get_coordinates(line)
        x, y = left + (xy[:, 0] - west) / unit_m, MARGIN + (north - xy[:, 1]) / unit_m
        drawn[_kind_of(link)].append(np.rint(np.column_stack([x, y])).astype(np.int64))
    paths = "".join(
        f'<path d="{_path(drawn[kind])}" {stroke} {_FIXED}/>' for kind, stroke in STROKES.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<g fill="none" stroke-linejoin="round">{paths}</g>{_draw_scale_bar(unit_m, height)}</svg>'
    )


def _kind_of(link: Link) -> str:
    if not link.directions or link.surface is not Surface.ASPHALT:
        return "unscored"
    return "main" if link.road_class is RoadClass.A else "side"


def _path(lines: list[Ints]) -> str:
    """Return lines as the data of one path, without duplicates: absolute start, relative steps."""
    return "".join(dict.fromkeys(_line(line) for line in lines))


def _line(points: Ints) -> str:
    """Return a line as path data; "" if it shrinks to a point."""
    steps = [(x, y) for x, y in np.diff(points, axis=0).tolist() if x or y]
    if not steps:
        return ""
    x, y = points[0].tolist()
    return f"M{x} {y}l" + " ".join(f"{dx} {dy}" for dx, dy in steps)


def _draw_scale_bar(unit_m: float, height: int) -> str:
    bar = scale_bar(WIDTH * unit_m / 5)
    y = height - MARGIN
    return (
        f'<path d="M{MARGIN} {y - 12}v12h{bar.length_m / unit_m:.0f}v-12" fill="none" '
        f'stroke="#1a1a1a" stroke-width="1.5" {_FIXED}/><text x="{MARGIN + 10}" y="{y - 12}" '
        f'font-family="sans-serif" font-size="44">{bar.label}</text>'
    )
