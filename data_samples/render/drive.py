"""The drive through the town: where the vehicle is when, and what its receiver says."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .damage import Floats
from .scene import Pose
from .town import HALT_BEFORE_M, ROADS, SEED, to_lonlat

STEP_M = 0.1
TICK_S = 0.02
ACCELERATION, BRAKING, SIDEWAYS = 1.5, 2.0, 2.2
"""m/s2; the last is what a turn is driven at."""
EASE_S = 0.35
"""No driver changes the pedal at once."""
STEER_M = 1.5
"""Nor the wheel."""
WANDER_M = ((0.09, 61.0), (0.04, 23.0))
"""Amplitudes and wave lengths of how the vehicle wanders across its lane."""
CLOCK_ERROR_S = 1.4
"""UTC = container time + presentation time + this."""
TRACK_START = datetime(2026, 6, 10, 8, 15, 0, tzinfo=UTC)
CONTAINER_START_S = 2.0
"""After the track's start; a whole second, as MP4 keeps no finer."""
VIDEO_START_S = CONTAINER_START_S + CLOCK_ERROR_S
TAIL_S = 2.0
"""Of track after the video's end."""
NOISE_M = 1.5 / 2**0.5
"""Of the receiver, per axis: 1.5 m in the plane, one standard deviation."""
NOISE_TAU_S = 40.0
JITTER_M = 0.1
HDOP = 0.5


@dataclass(frozen=True)
class Leg:
    """A link driven in one direction, how fast at most, and how long to wait before its end."""

    link_id: str
    direction: str
    limit_kmh: float
    wait_s: float = 0.0


LEGS = (
    Leg("NL-1", "forward", 50),
    Leg("SU-1", "forward", 45, wait_s=3.5),
    Leg("AZ-1", "backward", 34),
    Leg("FG-1", "forward", 25),
    Leg("MW-1", "forward", 36, wait_s=3.0),
    Leg("SU-2", "backward", 42),
    Leg("SU-1", "backward", 42),
)
TURN_TRIM_M, STRAIGHT_TRIM_M = 8.5, 2.0
START_M, END_M = 1.0, 36.0
"""Of track: on the first link, and from the digitised start of the last."""
FIRST_SPEED, LAST_SPEED = 2.5, 6.0


@dataclass(frozen=True)
class Trip:
    """The path every 10 cm (xy, heading in radians from east) and the metres driven every 20 ms."""

    xy: Floats
    heading: Floats
    driven_m: Floats

    @property
    def duration_s(self) -> float:
        """From the first fix to the end of the path."""
        return (len(self.driven_m) - 1) * TICK_S

    @property
    def video_s(self) -> float:
        """How long the video runs."""
        return self.duration_s - VIDEO_START_S - TAIL_S

    def pose(self, track_s: float) -> Pose:
        """Return where the camera is, seconds after the track's start."""
        at = np.interp(track_s / TICK_S, np.arange(len(self.driven_m)), self.driven_m) / STEP_M
        k = np.arange(len(self.heading))
        x, y, heading = (float(np.interp(at, k, v)) for v in (*self.xy.T, self.heading))
        return Pose(x, y, heading)


def plan_trip() -> Trip:
    """Lay the path along the lanes, round the corners, and drive it as fast as is allowed."""
    xy, limit, halts = _path()
    driven = np.arange(len(xy)) * STEP_M
    course = np.unwrap(np.arctan2(*np.gradient(xy, axis=0).T[::-1]))
    aside = sum(a * np.sin(2 * np.pi * driven / wave) for a, wave in WANDER_M)
    xy = xy + aside[:, None] * np.column_stack([-np.sin(course), np.cos(course)])
    heading = np.unwrap(np.arctan2(*np.gradient(xy, axis=0).T[::-1]))
    heading = gaussian_filter1d(heading, STEER_M / STEP_M, mode="nearest")
    return Trip(xy, heading, _driven(heading, limit, halts))


def _path() -> tuple[Floats, Floats, dict[int, float]]:
    """Return the middle of the lanes every 10 cm, speed limits, and waits by index."""
    lines = [_lane(leg) for leg in LEGS]
    pieces: list[Floats] = []
    limits: list[Floats] = []
    halts_m: list[tuple[Floats, float]] = []
    for k, (leg, line) in enumerate(zip(LEGS, lines, strict=True)):
        head = _trim(lines[k - 1], line) if k else START_M
        tail = _trim(line, lines[k + 1]) if k + 1 < len(LEGS) else END_M
        cut = line[round(head / STEP_M) : len(line) - round(tail / STEP_M)]
        if pieces:
            pieces.append(_corner(pieces[-1], cut))
            limits.append(np.full(len(pieces[-1]), leg.limit_kmh / 3.6))
        if leg.wait_s:
            halts_m.append((line[-round(HALT_BEFORE_M[leg.link_id] / STEP_M)], leg.wait_s))
        pieces.append(cut)
        limits.append(np.full(len(cut), leg.limit_kmh / 3.6))
    xy, limit = np.concatenate(pieces), np.concatenate(limits)
    even, at = _even(xy)
    halts = {
        int(np.argmin(np.linalg.norm(even - place, axis=1))): wait_s for place, wait_s in halts_m
    }
    return even, np.interp(np.arange(len(even)) * STEP_M, at, limit), halts


def _lane(leg: Leg) -> Floats:
    road = ROADS[leg.link_id]
    offset = np.arange(0, road.length_m, STEP_M)
    if leg.direction == "backward":
        offset = offset[::-1]
    return road.on_lane(leg.direction, np.column_stack([offset, 0 * offset]))


def _trim(before: Floats, after: Floats) -> float:
    a, b = before[-1] - before[-5], after[4] - after[0]
    turned = np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))
    return TURN_TRIM_M if turned > 0.5 else STRAIGHT_TRIM_M


def _corner(before: Floats, after: Floats) -> Floats:
    """Join two lanes by a cubic Bezier curve."""
    a, d = before[-1], after[0]
    reach = 0.39 * float(np.linalg.norm(d - a))
    out, into = before[-1] - before[-5], after[4] - after[0]
    b, c = a + out / np.linalg.norm(out) * reach, d - into / np.linalg.norm(into) * reach
    t = np.linspace(0, 1, 200)[1:-1, None]
    curve: Floats = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
    return curve


def _even(xy: Floats) -> tuple[Floats, Floats]:
    """Return points every 10 cm, and the metres of the given ones."""
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(xy, axis=0), axis=1))])
    s = np.arange(0, at[-1], STEP_M)
    return np.column_stack([np.interp(s, at, xy[:, 0]), np.interp(s, at, xy[:, 1])]), at


def _driven(heading: Floats, limit: Floats, halts: dict[int, float]) -> Floats:
    """Return metres driven every 20 ms: limits, turns and halts kept, acceleration bounded."""
    bend = np.abs(np.gradient(heading, STEP_M))
    speed = np.minimum(limit, np.sqrt(SIDEWAYS / np.maximum(bend, 1e-4)))
    speed[list(halts)] = 0.0
    speed[0], speed[-1] = min(speed[0], FIRST_SPEED), min(speed[-1], LAST_SPEED)
    for k in range(1, len(speed)):
        speed[k] = min(speed[k], (speed[k - 1] ** 2 + 2 * ACCELERATION * STEP_M) ** 0.5)
    for k in range(len(speed) - 2, -1, -1):
        speed[k] = min(speed[k], (speed[k + 1] ** 2 + 2 * BRAKING * STEP_M) ** 0.5)
    t, driven = [0.0], [0.0]
    for k, (a, b) in enumerate(pairwise(speed)):
        if k in halts:
            t.append(t[-1] + halts[k])
            driven.append(driven[-1])
        t.append(t[-1] + 2 * STEP_M / (a + b))
        driven.append((k + 1) * STEP_M)
    even = np.interp(np.arange(0, t[-1], TICK_S), t, driven)
    # beyond both ends the vehicle goes on as it came
    wide = np.pad(even, 100, mode="reflect", reflect_type="odd")
    return gaussian_filter1d(wide, EASE_S / TICK_S)[100:-100]


def gpx(trip: Trip) -> str:
    """Write the track as the receiver saw it: one fix a second, with correlated noise."""
    rng = np.random.default_rng((SEED, 1))
    seconds = np.arange(int(trip.duration_s) + 1)
    keep = np.exp(-1 / NOISE_TAU_S)
    noise = np.zeros((len(seconds), 2))
    noise[0] = rng.normal(0, NOISE_M, 2)
    for k in range(1, len(seconds)):
        noise[k] = keep * noise[k - 1] + rng.normal(0, NOISE_M * (1 - keep**2) ** 0.5, 2)
    poses = [trip.pose(float(s)) for s in seconds]
    true = np.array([[pose.x, pose.y] for pose in poses])
    fixes = to_lonlat(true + noise + rng.normal(0, JITTER_M, true.shape))
    points = "".join(
        f'      <trkpt lat="{lat:.7f}" lon="{lon:.7f}">'
        f"<time>{TRACK_START + timedelta(seconds=int(s)):%Y-%m-%dT%H:%M:%SZ}</time>"
        f"<hdop>{HDOP}</hdop></trkpt>\n"
        for s, (lon, lat) in zip(seconds, fixes, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="roadscan data_samples/make.py"'
        ' xmlns="http://www.topografix.com/GPX/1/1">\n'
        "  <trk>\n    <name>Rendered sample drive</name>\n    <trkseg>\n"
        f"{points}    </trkseg>\n  </trk>\n</gpx>\n"
    )
