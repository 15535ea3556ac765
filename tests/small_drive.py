"""A drive of 24 s along a straight street, small enough to be run many times.

The picture is grain without a road in it: what the vehicle passes is written down as detections,
projected through the camera of the sample drive, and replayed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Transformer

from roadscan.locate.camera_projection import near_field, pixel_from_ground
from roadscan.pipeline.run import RunResult, run
from roadscan.read.camera_file import read_camera
from tests.read.videos import write_video

CAMERA = Path(__file__).resolve().parents[1] / "data_samples" / "camera.toml"
WIDTH, HEIGHT = 320, 180
EPSG = 25833
WEST_M, NORTH_M = 410_000.0, 5_656_000.0
STARTED_S = datetime(2026, 6, 10, 8, 15, 0, tzinfo=UTC).timestamp()
SPEED_MPS = 10.0
FRAME_S = 0.1
LENGTH_S = 24.0
BEFORE_S = 1.0
"""The track begins so much before the video, and ends so much after it."""
LANE_M = 1.75
"""The lane's middle, right of the street's line."""

LINKS = {"HS-1": (0.0, 130.0, "A"), "HS-2": (130.0, 260.0, "B"), "SW-1": (260.0, 330.0, "B")}
"""From and to along the street, and the road class; the last one is not driven."""
DAMAGES = (
    ("D40", 40.0, 41.0, 0.4, 1.2),
    ("D20", 70.0, 78.0, -1.2, 0.5),
    ("D00", 146.0, 160.0, -1.5, -1.2),
    ("Repair", 200.0, 204.0, -0.5, 1.0),
    ("D40", 221.0, 222.0, -0.9, 0.2),
)
"""Kind, from and to along the street, and left of the vehicle's path, in metres."""


@dataclass(frozen=True, slots=True)
class SmallDrive:
    """The files of the drive."""

    video: Path
    track: Path
    network: Path
    detections: Path
    camera: Path = CAMERA

    def command(self, out: Path, **changed: str | Path) -> list[str]:
        """Return the arguments of `roadscan` that run it; the clock is known, no photo kept."""
        options: dict[str, str | Path] = {
            "network": self.network,
            "track": self.track,
            "camera": self.camera,
            "model": f"replay:{self.detections}",
            "survey": "small drive",
            "offset-s": "0",
            "privacy-model": "none",
            "out": out,
        }
        named = [f"--{name}={value}" for name, value in (options | changed).items()]
        return ["run", str(self.video), *named]

    def on(self, **files: Path) -> "SmallDrive":
        """Return it with other files."""
        return replace(self, **files)


def results_of(out: Path) -> dict[str, bytes]:
    """Return the files of a run's folder, but for the store and the account with its timings."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in {"run.json", "roadscan.db", "roadscan.lock"}
    }


def write_small_drive(folder: Path) -> SmallDrive:
    """Write video, track, network and detections."""
    drive = SmallDrive(
        folder / "small.mp4", folder / "small.gpx", folder / "town.geojson", folder / "boxes.jsonl"
    )
    write_clip(drive.video, 0.0, LENGTH_S)
    write_track(drive.track)
    write_network(drive.network)
    write_detections(drive.detections)
    return drive


def write_clip(
    path: Path,
    from_s: float,
    to_s: float,
    *,
    dated: bool = True,
    frame_s: float = FRAME_S,
    frozen_s: tuple[float, float] = (0.0, 0.0),
) -> Path:
    """Write the part of the video between two of its times as a video of its own.

    Between the two times of `frozen_s` it has no pictures: the one before stays on show.
    """
    grain = np.random.default_rng(7).integers(60, 200, (HEIGHT, WIDTH, 3), np.uint8)
    times_s = np.arange(from_s, to_s - frame_s / 2, frame_s)
    times_s = times_s[(times_s <= frozen_s[0]) | (times_s >= frozen_s[1])]
    pictures = [np.roll(grain, 4 * k, axis=0) for k in range(len(times_s))]
    began = datetime.fromtimestamp(STARTED_S + from_s, tz=UTC).isoformat()
    created = began.replace("+00:00", "Z") if dated else None
    return write_video(
        path, times_s - from_s, codec="mpeg4", pictures=pictures, created=created, tick=10
    )


def write_track(path: Path, shift_s: float = 0.0, around_s: float = BEFORE_S) -> Path:
    """Write the track, once a second, from so long before the video to so long after it."""
    points = []
    for t_s in np.arange(-around_s, LENGTH_S + around_s + 0.5):
        lon, lat = _lon_lat(_along_m(t_s), -LANE_M)
        time = datetime.fromtimestamp(STARTED_S + t_s + shift_s, tz=UTC).isoformat()
        points.append(
            f'<trkpt lat="{lat:.8f}" lon="{lon:.8f}"><time>{time}</time><hdop>0.5</hdop></trkpt>'
        )
    text = "".join(points)
    path.write_text(f'<gpx version="1.1"><trk><trkseg>{text}</trkseg></trk></gpx>')
    return path


def write_network(path: Path, links: Sequence[str] = tuple(LINKS)) -> Path:
    """Write the street's links."""
    features = []
    for name in links:
        from_m, to_m, road_class = LINKS[name]
        ends = [list(_lon_lat(metres, 0.0)) for metres in (from_m, to_m)]
        properties = {
            "link_id": name,
            "street": "Hauptstraße",
            "road_class": road_class,
            "surface": "asphalt",
            "lane_width_m": 3.5,
        }
        geometry = {"type": "LineString", "coordinates": ends}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def run_small_drive(drive: SmallDrive, out: Path, survey: str, **settings: Any) -> RunResult:
    """Run it with its own boxes, without the privacy network."""
    return run(
        [drive.video],
        network=drive.network,
        track=drive.track,
        camera=drive.camera,
        model=f"replay:{drive.detections}",
        privacy_model="none",
        offset_s=0.0,
        survey=survey,
        out=out,
        **settings,
    )


def write_detections(path: Path, from_s: float = 0.0) -> Path:
    """Write what a detector would see in each frame: damage ahead, one box in the sky."""
    camera = read_camera(CAMERA)
    near = near_field(camera, WIDTH, HEIGHT, 3.5)
    assert near is not None
    lines = [json.dumps({"width": WIDTH, "height": HEIGHT})]
    for t_s in np.arange(from_s, LENGTH_S - FRAME_S / 2, FRAME_S):
        here_m = _along_m(t_s)
        boxes: list[list[float | str]] = [[150.0, 20.0, 170.0, 30.0, 0.5, "D00"]]
        for kind, from_m, to_m, right_m, left_m in DAMAGES:
            ahead_m = np.clip([from_m - here_m, to_m - here_m], near.near_m, near.far_m)
            if np.ptp(ahead_m) < 0.3:
                continue
            corners = pixel_from_ground(
                camera, WIDTH, HEIGHT, np.repeat(ahead_m, 2), np.tile([right_m, left_m], 2)
            )
            low, high = corners.min(axis=0), corners.max(axis=0)
            boxes.append([*low.round(2).tolist(), *high.round(2).tolist(), 0.9, kind])
        lines.append(json.dumps({"t_s": round(t_s - from_s, 3), "boxes": boxes}))
    path.write_text("\n".join(lines))
    return path


def _along_m(t_s: float) -> float:
    return 5.0 + SPEED_MPS * (t_s + BEFORE_S - 1.0)


def _lon_lat(along_m: float, left_m: float) -> tuple[float, float]:
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(WEST_M + along_m, NORTH_M + left_m)
    return float(lon), float(lat)
