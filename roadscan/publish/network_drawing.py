"""Draws a road network, so that somebody sees it before it counts."""

from collections import defaultdict
from typing import Final

import numpy as np
import shapely

from roadscan.model.arrays import Ints
from roadscan.model.road import Link, Network, RoadClass, Surface

WIDTH: Final = 2000
"""Units across: about half a pixel of a wide window."""
MARGIN: Final = 40
MAX_HEIGHT: Final = 1600
MEDIA_TYPE: Final = "image/svg+xml"

LOOKS: Final = {
    "side": 'stroke="#1a1a1a" stroke-width="1.5"',
    "main": 'stroke="#0b5cad" stroke-width="3"',
    "apart": 'stroke="#767676" stroke-width="1.5" stroke-dasharray="5 5"',
}
"""By kind of road, in the order in which they are drawn; widths are pixels, whatever the size."""
_FIXED: Final = 'vector-effect="non-scaling-stroke"'
_ROUND_M: Final = (1, 2, 5)


def draw_network(network: Network) -> str:
    """Return a network as SVG, north up, with a scale: text without scripts, styles or links.

    Main roads are wide, side roads narrow; dashed is what is never scored, whatever the scheme:
    another surface than asphalt, or no lane to be driven. What is smaller than half a pixel is
    left out, so that a whole state stays a picture of a few megabytes.
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
        drawn[_look_of(link)].append(np.rint(np.column_stack([x, y])).astype(np.int64))
    paths = "".join(
        f'<path d="{_path(drawn[look])}" {strokes} {_FIXED}/>' for look, strokes in LOOKS.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<g fill="none" stroke-linejoin="round">{paths}</g>{_scale_bar(unit_m, height)}</svg>'
    )


def _look_of(link: Link) -> str:
    if not link.directions or link.surface is not Surface.ASPHALT:
        return "apart"
    return "main" if link.road_class is RoadClass.A else "side"


def _path(lines: list[Ints]) -> str:
    """Return lines as the data of one path, each drawn once: absolute start, relative steps."""
    told = dict.fromkeys(_line(line) for line in lines)
    return "".join(told)


def _line(points: Ints) -> str:
    """Return a line, "" for one that is a dot."""
    steps = [(x, y) for x, y in np.diff(points, axis=0).tolist() if x or y]
    if not steps:
        return ""
    x, y = points[0].tolist()
    return f"M{x} {y}l" + " ".join(f"{dx} {dy}" for dx, dy in steps)


def _scale_bar(unit_m: float, height: int) -> str:
    """Return a bar of a round length, between a fourteenth and a fifth of the width."""
    widest_m = WIDTH * unit_m / 5
    power = 10 ** int(np.floor(np.log10(widest_m)))
    length_m = max(step * power for step in _ROUND_M if step * power <= widest_m)
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    y = height - MARGIN
    return (
        f'<path d="M{MARGIN} {y - 12}v12h{length_m / unit_m:.0f}v-12" fill="none" '
        f'stroke="#1a1a1a" stroke-width="1.5" {_FIXED}/><text x="{MARGIN + 10}" y="{y - 12}" '
        f'font-family="sans-serif" font-size="44">{label}</text>'
    )
