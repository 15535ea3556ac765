"""Map matching on real maps: right, wrong and missed metres by rate and noise, beside others.

    ROADSCAN_REAL_DATA=... python -m benchmarks.matching [--maps NAME ...] [--valhalla PYTHON]

Drives of about 3 km along roads drawn at random from OpenStreetMap extracts (`osm/*.osm.pbf` of the
folder named by ROADSCAN_REAL_DATA), seen by a receiver whose error wanders over some seconds. The
same fixes go to every matcher: roadscan, the nearest edge in the direction of travel, and Valhalla
(tiles from the same extract) where `--valhalla` names a Python with pyvalhalla. Simulated drives on
real roads: no real receiver is measured.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from roadscan.locate.candidates import candidates_near
from roadscan.locate.clean_track import clean_track
from roadscan.locate.map_matching import match_path
from roadscan.locate.road_graph import RoadGraph, road_graph
from roadscan.model.road import Network
from roadscan.model.track import Track
from roadscan.read.network import read_network

Array = npt.NDArray[np.float64]
Metres = dict[str, float]

MAPS: Final = ("karlsruhe-kirchfeld", "dreieich")
INTERVALS_S: Final = (0.1, 1.0, 5.0, 10.0)
NOISES_M: Final = (3.0, 5.0, 10.0)
STARTED_S: Final = 1_777_881_600.0
LENGTH_M: Final = 3000.0
RIGHT_M: Final = 1.75
WANDER_S: Final = 5.0
"""The error of a receiver falls to a third of its correlation over this."""
SPEEDS_MPS: Final = (6.0, 13.0)


@dataclass(frozen=True)
class TrueDrive:
    """Where a vehicle is every 0.1 s, and the metres driven by link id."""

    xy: Array
    link_m: Metres


@dataclass(frozen=True)
class Figures:
    """Of the metres driven: on the right link, on another one, on none; and fixes a second."""

    map: str
    interval_s: float
    noise_m: float
    matcher: str
    right: float
    wrong: float
    missed: float
    fixes_per_s: float


Matcher = Callable[[Track], tuple[Metres, float]]
"""Returns the metres by link and the processor's seconds."""


def main() -> None:
    """Match and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--maps", nargs="*", default=list(MAPS))
    parser.add_argument("--intervals-s", type=float, nargs="*", default=list(INTERVALS_S))
    parser.add_argument("--noises-m", type=float, nargs="*", default=list(NOISES_M))
    parser.add_argument("--drives", type=int, default=4)
    parser.add_argument("--matchers", nargs="*", default=["roadscan", "nearest", "valhalla"])
    parser.add_argument("--valhalla", type=Path, help="a Python that has pyvalhalla")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folder = os.environ.get("ROADSCAN_REAL_DATA")
    if not folder:
        parser.error("set ROADSCAN_REAL_DATA to the folder with osm/*.osm.pbf")
    print(f"{'map':20} {'s':>5} {'noise':>5} {'matcher':10} ", end="")
    print(f"{'right':>7} {'wrong':>7} {'missed':>7} {'fixes/s':>8}")
    found = []
    for name in args.maps:
        for figures in _on_map(name, Path(folder) / "osm" / f"{name}.osm.pbf", args):
            found.append(asdict(figures))
            print(
                f"{figures.map:20} {figures.interval_s:5g} {figures.noise_m:5g} "
                f"{figures.matcher:10} {figures.right:7.2%} {figures.wrong:7.2%} "
                f"{figures.missed:7.2%} {figures.fixes_per_s:8.0f}",
                flush=True,
            )
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _on_map(name: str, path: Path, args: argparse.Namespace) -> Iterator[Figures]:
    roads = read_network(path)
    graph = road_graph(roads)
    drives = [_drive(roads, graph, seed) for seed in range(args.drives)]
    with tempfile.TemporaryDirectory() as folder:
        matchers: dict[str, Matcher] = {
            "roadscan": _timed(
                lambda track: match_path(clean_track(track, roads.crs_epsg), roads).credited_m
            ),
            "nearest": _timed(lambda track: _nearest(track, roads, graph)),
        }
        peer = Valhalla(args.valhalla, path, roads, Path(folder)) if args.valhalla else None
        if peer:
            matchers["valhalla"] = peer
        for interval_s in args.intervals_s:
            for noise_m in args.noises_m:
                tracks = [
                    _track(drive, roads, interval_s, noise_m, seed)
                    for seed, drive in enumerate(drives)
                ]
                for matcher in (one for one in matchers if one in args.matchers):
                    yield _measure(
                        (name, interval_s, noise_m, matcher),
                        matchers[matcher],
                        tracks,
                        drives,
                        roads,
                    )
        if peer:
            peer.close()


def _timed(match: Callable[[Track], Metres]) -> Matcher:
    def timed(track: Track) -> tuple[Metres, float]:
        begun = time.process_time()
        return match(track), time.process_time() - begun

    return timed


def _measure(
    of: tuple[str, float, float, str],
    match: Matcher,
    tracks: list[Track],
    drives: list[TrueDrive],
    roads: Network,
) -> Figures:
    wrong_m = missed_m = driven_m = 0.0
    answers = [match(track) for track in tracks]
    took_s = sum(seconds for _, seconds in answers)
    same = _same_road(roads)
    for (got, _), drive in zip(answers, drives, strict=True):
        credited_m, true_m = _by_road(got, same), _by_road(drive.link_m, same)
        for road in credited_m.keys() | true_m.keys():
            more_m = credited_m.get(road, 0.0) - true_m.get(road, 0.0)
            wrong_m += max(0.0, more_m)
            missed_m += max(0.0, -more_m)
        driven_m += sum(true_m.values())
    fixes = sum(len(track.t_s) for track in tracks)
    missed = missed_m / driven_m
    return Figures(*of, 1.0 - missed, wrong_m / driven_m, missed, fixes / max(took_s, 1e-9))


def _by_road(metres: Metres, same: dict[str, str]) -> Metres:
    by_road: Metres = defaultdict(float)
    for link_id, value in metres.items():
        by_road[same.get(link_id, link_id)] += value
    return by_road


def _same_road(roads: Network) -> dict[str, str]:
    """Name each link by the first of the same course: some maps hold a road twice."""
    first: dict[bytes, str] = {}
    return {
        link.link_id: first.setdefault(np.round(link.xy_m, 2).tobytes(), link.link_id)
        for link in roads.links
    }


def _drive(roads: Network, graph: RoadGraph, seed: int) -> TrueDrive:
    """Drive along edges drawn at random, into dead ends only where nothing else is left."""
    rng = np.random.default_rng(seed)
    places: list[Array] = []
    link_m: Metres = defaultdict(float)
    rest_m = 0.0
    speed_mps = float(rng.uniform(*SPEEDS_MPS))
    for edge in random_route(graph, rng):
        length_m = float(graph.length_m[edge])
        speed_mps = float(np.clip(speed_mps + rng.normal(0.0, 1.5), *SPEEDS_MPS))
        along = np.arange(rest_m, length_m, 0.1 * speed_mps)
        rest_m = (along[-1] + 0.1 * speed_mps if len(along) else rest_m) - length_m
        sign = 1.0 if graph.forward[edge] else -1.0
        here = (graph.from_m if sign > 0 else graph.to_m)[edge] + sign * along
        link = roads.links[graph.link[edge]]
        places.append(_beside(shapely.LineString(link.xy_m), here, sign))
        link_m[link.link_id] += length_m
    return TrueDrive(np.concatenate(places), dict(link_m))


def random_route(graph: RoadGraph, rng: np.random.Generator) -> list[int]:
    """Return edges that follow one another, drawn at random, into dead ends only where needed."""
    edges = [int(rng.choice(np.flatnonzero(graph.length_m > 30.0)))]
    driven_m = 0.0
    while driven_m < LENGTH_M:
        onward = graph.following[edges[-1]]
        ahead = [edge for edge in onward if edge != graph.reverse[edges[-1]]]
        through = [edge for edge in ahead if set(graph.following[edge]) - {graph.reverse[edge]}]
        if not onward:
            break
        edges.append(int(rng.choice(through or ahead or list(onward))))
        driven_m += float(graph.length_m[edges[-1]])
    return edges


def _beside(line: shapely.LineString, offset_m: Array, sign: float) -> Array:
    before, here, after = (
        shapely.get_coordinates(shapely.line_interpolate_point(line, offset_m + step))
        for step in (-0.5, 0.0, 0.5)
    )
    way = sign * (after - before)
    way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
    beside: Array = here + RIGHT_M * np.column_stack([way[:, 1], -way[:, 0]])
    return beside


def _track(drive: TrueDrive, roads: Network, interval_s: float, noise_m: float, seed: int) -> Track:
    every = max(1, round(10.0 * interval_s))
    xy = drive.xy[::every]
    kept = float(np.exp(-interval_s / WANDER_S))
    error = np.random.default_rng(seed).normal(0.0, noise_m, (len(xy), 2))
    for k in range(1, len(error)):
        error[k] = kept * error[k - 1] + np.sqrt(1.0 - kept**2) * error[k]
    to_degrees = Transformer.from_crs(roads.crs_epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(*(xy + error).T)
    nothing = np.full(len(xy), np.nan)
    return Track(
        t_s=STARTED_S + 0.1 * every * np.arange(len(xy)),
        lon_deg=lon,
        lat_deg=lat,
        speed_mps=nothing,
        course_deg=nothing,
        accuracy_m=nothing,
        part=np.zeros(len(xy), np.int64),
        format="simulated",
    )


def _nearest(track: Track, roads: Network, graph: RoadGraph) -> Metres:
    """Credit the way from fix to fix to the nearest edge in the direction of travel."""
    path = clean_track(track, roads.crs_epsg)
    step_m = np.diff(path.driven_m, append=path.driven_m[-1:])
    link_m: Metres = defaultdict(float)
    for place, metres in zip(candidates_near(path, graph), step_m.tolist(), strict=True):
        if len(place.edge):
            link_m[roads.links[graph.link[place.edge[0]]].link_id] += metres
    return link_m


class Valhalla:
    """Valhalla in a process of its own; its edges are put on links by way and place."""

    def __init__(self, python: Path, extract: Path, roads: Network, folder: Path) -> None:
        peer = Path(__file__).with_name("valhalla_peer.py")
        self._process = subprocess.Popen(
            [str(python), str(peer), str(extract), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._to_metres = Transformer.from_crs(4326, roads.crs_epsg, always_xy=True)
        self._by_way: dict[str, list[tuple[str, shapely.LineString]]] = defaultdict(list)
        for link in roads.links:
            named = (link.link_id, shapely.LineString(link.xy_m))
            self._by_way[link.link_id.split("-")[0]].append(named)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def __call__(self, track: Track) -> tuple[Metres, float]:
        """Match a track."""
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise RuntimeError("Valhalla's process has no pipes")
        fixes = np.column_stack([track.lat_deg, track.lon_deg, track.t_s]).tolist()
        to.write(json.dumps(fixes) + "\n")
        to.flush()
        answer: dict[str, Any] = json.loads(back.readline())
        lonlat = _decoded(answer["shape"])
        xy = np.column_stack(self._to_metres.transform(lonlat[:, 0], lonlat[:, 1]))
        link_m: Metres = defaultdict(float)
        for edge in answer["edges"]:
            part = xy[edge["begin_shape_index"] : edge["end_shape_index"] + 1]
            if len(part) > 1:
                line = shapely.LineString(part)
                for link_id, metres in _on_links(line, self._by_way[f"w{edge['way_id']}"]):
                    link_m[link_id] += metres
        return link_m, float(answer["took_s"])


def _on_links(
    line: shapely.LineString, links: list[tuple[str, shapely.LineString]]
) -> Iterator[tuple[str, float]]:
    """Yield the metres of a line on each link of its way; all of it as another road without one."""
    length_m = float(line.length)
    places = shapely.line_interpolate_point(line, np.arange(0.5, max(length_m, 1.0)))
    if not links:
        yield "other", length_m
        return
    away = np.array([shapely.distance(places, link) for _, link in links])
    nearest, count = np.unique(np.argmin(away, axis=0), return_counts=True)
    for k, share in zip(nearest.tolist(), (count / count.sum()).tolist(), strict=True):
        yield links[k][0], share * length_m


def _decoded(shape: str) -> Array:
    """Return longitude and latitude (n, 2) of a polyline with six digits."""
    numbers: list[int] = []
    value = shift = 0
    for letter in shape:
        code = ord(letter) - 63
        value |= (code & 0x1F) << shift
        shift += 5
        if code < 0x20:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    steps = np.array(numbers, np.float64).reshape(-1, 2)
    return np.cumsum(steps, axis=0)[:, ::-1] / 1e6


if __name__ == "__main__":
    main()
