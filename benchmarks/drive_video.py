"""Make the benchmark drive: 1080p30 H.264 at 36 km/h, from the rendered sample drive.

Each frame is the last one of the sample drive before its place, moved on over the flat road to that
place and enlarged, with sensor noise: so every frame differs from the one before it as in a real
recording. The drive is one lap of the sample, over and over: it ends beside where it began, on the
other side of the street, as after a turn on the spot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from data_samples.render.drive import VIDEO_START_S, Trip, plan_trip
from data_samples.render.sample import CAMERA, RATE_HZ
from data_samples.render.town import to_lonlat

SAMPLES = Path(__file__).resolve().parents[1] / "data_samples"
WIDTH, HEIGHT, FRAMES_PER_S = 1920, 1080, 30
SPEED_MPS = 10.0
LAP_FROM_M, LAP_S = 180.0, 42
"""Into the sample drive; from there 420 m are a loop."""
BITS_PER_S = 12_000_000
GOP = 30
NOISE_GREY = 4.0
"""One standard deviation; what a small sensor has in daylight."""
STARTED = datetime(2026, 6, 10, 9, 0, 0, tzinfo=UTC)
RECEIVER_NOISE_M = 0.5


@dataclass(frozen=True)
class BenchDrive:
    """Input of the commands."""

    video: Path
    track: Path
    network: Path
    camera: Path
    seconds: float


def make_drive(folder: Path, seconds: int) -> BenchDrive:
    """Write video and track; one lap is rendered, the others are copies of it."""
    lap = folder / "lap.mp4"
    if not lap.exists():
        partial = folder / "lap.partial.mp4"
        _encode(partial, plan_trip())
        partial.rename(lap)
    video, track = folder / f"drive{seconds}s.mp4", folder / f"drive{seconds}s.gpx"
    if not video.exists():
        _repeat(lap, video, seconds)
        track.write_text(_gpx(plan_trip(), seconds), encoding="utf-8")
    return BenchDrive(
        video, track, SAMPLES / "network.geojson", SAMPLES / "camera.toml", float(seconds)
    )


def _encode(path: Path, trip: Trip) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0, NOISE_GREY, (2 * HEIGHT, 2 * WIDTH)).astype(np.int8)
    with av.open(str(path), "w") as container:
        # as hardware encoders of cameras write: no B frames, key frames by the clock, constant rate
        options = {"preset": "veryfast", "bf": "0", "sc_threshold": "0"}
        options |= {"maxrate": "12M", "bufsize": "12M"}
        stream = container.add_stream("libx264", rate=FRAMES_PER_S, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = BITS_PER_S
        stream.codec_context.gop_size = GOP
        for number, image in enumerate(_pictures(trip)):
            top, left = rng.integers(0, HEIGHT), rng.integers(0, WIDTH)
            grain = noise[top : top + HEIGHT, left : left + WIDTH, None]
            noisy = cv2.add(image, np.repeat(grain, 3, axis=2), dtype=cv2.CV_8U)
            frame = av.VideoFrame.from_ndarray(noisy, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _pictures(trip: Trip) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures of a lap."""
    with av.open(str(SAMPLES / "drive.mp4")) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    driven_m = _driven_m(trip, VIDEO_START_S + np.arange(len(frames)) / RATE_HZ)
    for number in range(LAP_S * FRAMES_PER_S):
        at_m = driven_m[0] + LAP_FROM_M + number * SPEED_MPS / FRAMES_PER_S
        k = int(np.searchsorted(driven_m, at_m, side="right")) - 1
        yield cv2.warpPerspective(
            frames[k],
            _moved_on(at_m - driven_m[k]),
            (WIDTH, HEIGHT),
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)


def _moved_on(ahead_m: float) -> NDArray[np.float64]:
    """Return where a road pixel moves as the vehicle drives on, enlarged."""
    focal = CAMERA.width / 2 / np.tan(np.radians(CAMERA.hfov_deg) / 2)
    inner = np.array([[focal, 0, CAMERA.width / 2], [0, focal, CAMERA.height / 2], [0, 0, 1]])
    pitch = np.radians(CAMERA.pitch_deg)
    to_right, down = np.array([1.0, 0, 0]), np.array([0, np.cos(pitch), np.sin(pitch)])
    ahead = np.array([0, -np.sin(pitch), np.cos(pitch)])
    # road points (right, ahead, 1), in metres, to the camera's axes
    road = np.column_stack([to_right, ahead, CAMERA.height_m * down])
    drive_on = np.array([[1, 0, 0], [0, 1, -ahead_m], [0, 0, 1.0]])
    plane = inner @ road
    enlarge = np.diag([WIDTH / CAMERA.width, HEIGHT / CAMERA.height, 1.0])
    moved: NDArray[np.float64] = enlarge @ plane @ drive_on @ np.linalg.inv(plane)
    return moved


def _driven_m(trip: Trip, track_s: NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.interp(track_s, np.arange(len(trip.driven_m)) * 0.02, trip.driven_m)
    return np.asarray(at, dtype=np.float64)


def _repeat(lap: Path, path: Path, seconds: int) -> None:
    """Copy the packets of a lap repeatedly, without re-encoding."""
    with av.open(str(path), "w") as target:
        target.metadata["creation_time"] = f"{STARTED:%Y-%m-%dT%H:%M:%S}.000000Z"
        copy = None
        for from_s in range(0, seconds, LAP_S):
            with av.open(str(lap)) as source:
                given = source.streams.video[0]
                copy = copy or target.add_stream_from_template(given)
                shift, end = (int(s / given.time_base) for s in (from_s, seconds))
                for packet in source.demux(given):
                    if packet.size and packet.pts + shift < end:
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = copy
                        target.mux(packet)


def _gpx(trip: Trip, seconds: int) -> str:
    rng = np.random.default_rng(2)
    first_m = _driven_m(trip, np.array([VIDEO_START_S]))[0] + LAP_FROM_M
    lap_m = first_m + SPEED_MPS * np.arange(LAP_S)
    at_s = np.interp(lap_m, trip.driven_m, np.arange(len(trip.driven_m)) * 0.02)
    lap = np.array([(pose.x, pose.y) for pose in map(trip.pose, at_s)])
    xy = lap[np.arange(seconds) % LAP_S] + rng.normal(0.0, RECEIVER_NOISE_M, (seconds, 2))
    points = "".join(
        f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}">'
        f"<time>{STARTED + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>\n"
        for second, (lon, lat) in enumerate(to_lonlat(xy))
    )
    return (
        '<gpx version="1.1" creator="roadscan" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><trkseg>\n{points}</trkseg></trk></gpx>\n"
    )
