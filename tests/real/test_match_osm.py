"""Drives simulated over real maps: are they found on the roads that they took, and only there?"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from benchmarks.matching import random_route
from roadscan.locate.clean_track import clean_track
from roadscan.locate.map_matching import match_path
from roadscan.locate.road_graph import RoadGraph, road_graph
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.road import MatchedPath, Network
from roadscan.model.track import Track
from roadscan.read.network import read_network
from tests.locate.drives import STARTED_S
from tests.locate.roads import correlated_noise

pytestmark = pytest.mark.real

MAPS = ("dreieich", "bayreuth_nord", "karlsruhe-kirchfeld", "heidelberg")
SPEED_MPS = 10.0
NOISE_M = 3.5
RIGHT_M = 1.75
NODE_M = 10.0
"""A fix this near to the end of its link may be put on the next one: that is noise along."""


@dataclass(frozen=True)
class TrueDrive:
    """Where a simulated vehicle is, once a second, and the metres it drives on each link."""

    link: Ints
    forward: Bools
    offset_m: Floats
    xy_m: Floats
    link_m: dict[str, float]


@dataclass(frozen=True)
class Figures:
    right: float
    """Share of fixes on the right link in the right direction."""
    right_near: float
    """The same where those within 10 m of the right link along the road count too."""
    wrong_m: float
    missed_m: float
    driven_m: float


def simulate(roads: Network, graph: RoadGraph, seed: int) -> TrueDrive:
    """Drive along edges drawn at random, into dead ends only where nothing else is left."""
    rng = np.random.default_rng(seed)
    edges = random_route(graph, rng)
    link, forward, offset, xy = [], [], [], []
    link_m: dict[str, float] = defaultdict(float)
    rest_m = 0.0
    for edge in edges:
        length_m = float(graph.length_m[edge])
        along = np.arange(rest_m, length_m, SPEED_MPS)
        rest_m = (along[-1] + SPEED_MPS if len(along) else rest_m) - length_m
        on = bool(graph.forward[edge])
        here = graph.from_m[edge] + along if on else graph.to_m[edge] - along
        road = roads.links[graph.link[edge]]
        xy.append(_beside(shapely.LineString(road.xy_m), here, 1.0 if on else -1.0))
        link.append(np.full(len(along), graph.link[edge]))
        forward.append(np.full(len(along), on))
        offset.append(here)
        link_m[road.link_id] += length_m
    return TrueDrive(*(np.concatenate(part) for part in (link, forward, offset, xy)), link_m)


def _beside(line: shapely.LineString, offset_m: Floats, sign: float) -> Floats:
    points = [
        shapely.get_coordinates(shapely.line_interpolate_point(line, offset_m + step))
        for step in (-0.5, 0.0, 0.5)
    ]
    way = sign * (points[2] - points[0])
    way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
    return points[1] + RIGHT_M * np.column_stack([way[:, 1], -way[:, 0]])


def figures(drive: TrueDrive, roads: Network, seed: int, *, with_speed: bool) -> Figures:
    """Make a track of the drive, match it, and hold it against the truth."""
    count = len(drive.link)
    xy = drive.xy_m + correlated_noise(count, NOISE_M, 0.8, seed)
    to_degrees = Transformer.from_crs(roads.crs_epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(*xy.T)
    nothing = np.full(count, np.nan)
    speed = SPEED_MPS + np.random.default_rng(seed).normal(0.0, 0.2, count)
    t_s = STARTED_S + np.arange(count)
    track = Track(
        t_s=t_s,
        lon_deg=lon,
        lat_deg=lat,
        speed_mps=speed if with_speed else nothing,
        course_deg=nothing,
        accuracy_m=nothing,
        part=np.zeros(count, np.int64),
        format="test",
    )
    matched = match_path(clean_track(track, roads.crs_epsg), roads)
    row = np.searchsorted(t_s, matched.t_s)
    same = _same_road(roads)
    right = same[matched.link] == same[drive.link[row]]
    right &= (matched.link >= 0) & (matched.forward == drive.forward[row])
    near = np.zeros(len(right), np.bool_)
    for k in np.flatnonzero(~right & (matched.link >= 0)):
        near[k] = _place(matched, roads, k).distance(shapely.Point(drive.xy_m[row[k]])) < NODE_M
    ids = {road.link_id: k for k, road in enumerate(roads.links)}
    credited_m, driven_m = (
        np.bincount(same[[ids[name] for name in metres]], list(metres.values()), minlength=len(ids))
        for metres in (matched.credited_m, drive.link_m)
    )
    return Figures(
        right=float(right.mean()),
        right_near=float((right | near).mean()),
        wrong_m=float(np.maximum(0.0, credited_m - driven_m).sum()),
        missed_m=float(np.maximum(0.0, driven_m - credited_m).sum()),
        driven_m=float(driven_m.sum()),
    )


def _same_road(roads: Network) -> Ints:
    """Number links by their vertices: one of the maps holds some roads twice, under two ids."""
    numbers: dict[bytes, int] = {}
    keys = [np.round(road.xy_m, 2).tobytes() for road in roads.links]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def _place(matched: MatchedPath, roads: Network, row: int) -> shapely.Point:
    line = shapely.LineString(roads.links[matched.link[row]].xy_m)
    return line.interpolate(float(matched.offset_m[row]))


@pytest.mark.parametrize("name", MAPS)
def test_drives_over_a_real_map_are_found_on_the_roads_they_took(
    real_data: Path, name: str
) -> None:
    roads = read_network(real_data / "osm" / f"{name}.osm.pbf")
    graph = road_graph(roads)
    found = [
        figures(simulate(roads, graph, seed), roads, seed, with_speed=seed % 2 == 0)
        for seed in range(4)
    ]
    driven_m = sum(one.driven_m for one in found)
    assert driven_m > 5000.0
    weights = [one.driven_m for one in found]
    assert np.average([one.right for one in found], weights=weights) >= 0.94
    assert np.average([one.right_near for one in found], weights=weights) >= 0.985
    assert sum(one.wrong_m for one in found) < 0.01 * driven_m
    assert sum(one.missed_m for one in found) < 0.03 * driven_m
