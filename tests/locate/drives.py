"""Drives made up for tests: a vehicle's true motion, its track, its picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from pyproj import Transformer

from roadscan.locate.apparent_motion import Motion
from roadscan.model.arrays import Floats
from roadscan.model.frame import Frame
from roadscan.model.track import Track

CRS_EPSG = 25833
STARTED_S = 1_700_000_000.0
_TO_DEGREES = Transformer.from_crs(CRS_EPSG, 4326, always_xy=True)


@dataclass(frozen=True)
class TrueDrive:
    """What the vehicle really does, every 20 ms; times in UTC epoch seconds."""

    t_s: Floats
    x_m: Floats
    y_m: Floats
    speed_mps: Floats
    turn_radps: Floats
    heading_rad: Floats

    @property
    def length_m(self) -> float:
        return float(np.hypot(np.diff(self.x_m), np.diff(self.y_m)).sum())


def town_drive(duration_s: float = 80.0) -> TrueDrive:
    """Start, straight, right turn, straight, stop for 8 s, left turn, another speed."""
    t_s = np.arange(0.0, duration_s, 0.02)
    speed_at = [(0, 0), (3, 0), (10, 11), (17, 11), (20, 5), (24, 5), (30, 12), (36, 12), (40, 0)]
    speed_at += [(48, 0), (53, 6), (58, 6), (64, 13), (200, 13)]
    speed = np.interp(t_s, *np.array(speed_at, dtype=np.float64).T)
    turn = 1.4 * _bell(t_s, 22.0, 3.0) - 1.3 * _bell(t_s, 56.0, 3.0)
    return driven(t_s, speed, turn)


def driven(t_s: Floats, speed_mps: Floats, turn_radps: Floats) -> TrueDrive:
    """Integrate speed and turn rate from a place in Saxony."""
    heading = 0.5 + np.cumsum(turn_radps) * (t_s[1] - t_s[0])
    step_m = speed_mps * (t_s[1] - t_s[0])
    return TrueDrive(
        STARTED_S + t_s,
        410_000.0 + np.cumsum(step_m * np.sin(heading)),
        5_650_000.0 + np.cumsum(step_m * np.cos(heading)),
        speed_mps,
        turn_radps,
        heading,
    )


def _bell(t_s: Floats, middle_s: float, width_s: float) -> Floats:
    """Area 1, zero beyond the width to either side."""
    inside = np.clip((t_s - middle_s) / width_s, -1.0, 1.0)
    return (1.0 + np.cos(np.pi * inside)) / (2.0 * width_s)


def track_of(
    drive: TrueDrive,
    rng: np.random.Generator,
    *,
    noise_m: float = 0.0,
    rate_hz: float = 1.0,
    with_speed: bool = False,
) -> Track:
    """The drive as a receiver would write it."""
    t_s = np.arange(drive.t_s[0], drive.t_s[-1], 1.0 / rate_hz)
    x_m = np.interp(t_s, drive.t_s, drive.x_m) + rng.normal(0.0, noise_m, len(t_s))
    y_m = np.interp(t_s, drive.t_s, drive.y_m) + rng.normal(0.0, noise_m, len(t_s))
    speed = np.interp(t_s, drive.t_s, drive.speed_mps)
    return metric_track(t_s, x_m, y_m, speed if with_speed else None)


def metric_track(
    t_s: Floats,
    x_m: Floats,
    y_m: Floats,
    speed_mps: Floats | None = None,
    part: Floats | None = None,
) -> Track:
    """A track at places given in metres."""
    lon, lat = _TO_DEGREES.transform(x_m, y_m)
    nothing = np.full(len(t_s), np.nan)
    return Track(
        t_s=np.asarray(t_s, dtype=np.float64),
        lon_deg=lon,
        lat_deg=lat,
        speed_mps=nothing if speed_mps is None else speed_mps,
        course_deg=nothing,
        accuracy_m=nothing,
        part=np.zeros(len(t_s), dtype=np.int64) if part is None else part.astype(np.int64),
        format="test",
    )


def motion_of(
    drive: TrueDrive,
    windows: tuple[tuple[float, float], ...],
    video_zero_s: float,
    rng: np.random.Generator,
) -> Motion:
    """What the picture would show of the drive, with noise and scales of its own.

    `video_zero_s` is the true UTC time of video time 0.
    """
    t_s = np.concatenate([np.arange(a, b, 0.1) for a, b in windows])
    window = np.concatenate(
        [np.full(len(np.arange(a, b, 0.1)), k) for k, (a, b) in enumerate(windows)]
    )
    turn = np.interp(video_zero_s + t_s, drive.t_s, drive.turn_radps)
    speed = np.interp(video_zero_s + t_s, drive.t_s, drive.speed_mps)
    return Motion(
        t_s=t_s,
        turn=1.3 * (turn + rng.normal(0.0, 0.03, len(t_s))),
        speed=0.4 * speed * (1.0 + rng.normal(0.0, 0.15, len(t_s))),
        quality=np.ones(len(t_s)),
        window=window,
    )


def filmed(
    drive: TrueDrive, from_s: float, to_s: float, rng: np.random.Generator
) -> Iterator[Frame]:
    """Render what a camera 1.3 m over the road sees at 10 Hz: textured road, far hills, a text."""
    width, height, focal_px, camera_m, pitch = 320, 180, 250.0, 1.3, np.radians(3.0)
    road = _texture(rng, (1024, 1024), 1.5)
    hills = _texture(rng, (200, 4096), 3.0)
    u, v = np.meshgrid(np.arange(width) - width / 2 + 0.5, np.arange(height) - height / 2 + 0.5)
    ahead = focal_px * np.cos(pitch) - v * np.sin(pitch)
    down = focal_px * np.sin(pitch) + v * np.cos(pitch)
    on_road = down > 2.0
    scale = camera_m / np.where(on_road, down, np.inf)
    far = np.clip(scale * ahead / 60.0, 0.0, 1.0)
    bearing, rise = np.arctan2(u, ahead), np.arctan2(-down, np.hypot(ahead, u))
    for video_t_s in np.arange(0.0, to_s - from_s, 0.1):
        x, y, heading = (
            float(np.interp(from_s + video_t_s, drive.t_s, values))
            for values in (drive.x_m, drive.y_m, drive.heading_rad)
        )
        east = x + scale * (ahead * np.sin(heading) + u * np.cos(heading))
        north = y + scale * (ahead * np.cos(heading) - u * np.sin(heading))
        ground = _looked_up(road, (east / 0.06) % 1024, (north / 0.06) % 1024)
        sky = _looked_up(hills, ((bearing + heading) * 2048 / np.pi) % 4096, 199 - rise * 300)
        picture = np.where(on_road, ground * (1.0 - far) + 100.0 * far, sky)
        picture += rng.normal(0.0, 2.0, picture.shape)
        image = np.clip(picture, 0, 255).astype(np.uint8)
        cv2.putText(image, "CAM 1  2026-11-24", (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255,), 1)
        yield Frame(float(video_t_s), image)


def _texture(rng: np.random.Generator, shape: tuple[int, int], blur: float) -> Floats:
    noise = rng.normal(0.0, 1.0, shape)
    soft = cv2.GaussianBlur(np.tile(noise, (3, 3)), (0, 0), blur)[
        shape[0] : 2 * shape[0], shape[1] : 2 * shape[1]
    ]
    return (110.0 + 35.0 * soft / soft.std()).astype(np.float32)


def _looked_up(texture: Floats, column: Floats, row: Floats) -> Floats:
    rows = np.clip(row, 0, texture.shape[0] - 1)
    looked: Floats = cv2.remap(
        texture, column.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR
    ).astype(np.float64)
    return looked
