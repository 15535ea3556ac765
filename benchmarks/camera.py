"""How well a camera is measured by its own video: rendered drives with other cameras.

    python -m benchmarks.camera [--only N ...] [--keep FOLDER]

Half a minute of the sample drive (three bends, 20 s of straight road) is rendered with cameras that
look elsewhere, are wider, and higher, in a vehicle that nods; what `roadscan calibrate` finds with
the sample drive's track is held against what was rendered. Drawn, not filmed.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from roadscan.locate.camera_calibration import Calibration
from roadscan.locate.clean_track import clean_track
from roadscan.model.drive import ClockFit
from roadscan.pipeline.measure_camera import calibrate_video
from roadscan.read.camera_file import read_camera
from roadscan.read.track_file import read_track
from roadscan.read.utm_zone import metric_crs
from roadscan.read.video import probe

SAMPLES: Final = Path(__file__).resolve().parents[1] / "data_samples"
SIZE: Final = (768, 432)
FROM_S, TO_S = 25.0, 57.0
RATE_HZ: Final = 10
CLOCK_S: Final = 1.4
CAMERAS: Final = (
    # degrees wide, metres high, degrees down, degrees to the left, degrees of nodding
    (105.0, 1.35, 6.0, 0.0, 0.3),
    (120.0, 2.4, 12.0, -4.0, 0.3),
    (60.0, 1.1, 2.0, 4.0, 0.3),
    (75.0, 1.6, 4.0, -2.0, 0.5),
    (90.0, 2.0, 9.0, 2.0, 0.3),
    (110.0, 1.2, 3.0, 1.0, 0.3),
    (65.0, 2.2, 11.0, 3.0, 0.3),
    (80.0, 1.4, 5.0, -3.0, 0.6),
)
NEAREST_M: Final = 1.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", type=int, default=range(1, len(CAMERAS) + 1))
    parser.add_argument("--keep", type=Path, help="folder of the rendered videos")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        for number in given.only:
            video = folder / f"s{number}.mp4"
            if not video.exists():
                _render(video, *CAMERAS[number - 1])
            began = time.process_time()
            found = _measured(video)
            took_s = time.process_time() - began
            print(number, _line(CAMERAS[number - 1], found), f"{took_s:.1f} s", flush=True)


def _line(true: tuple[float, ...], found: Calibration) -> str:
    names = ("hfov_deg", "height_m", "pitch_deg", "yaw_deg")
    parts = []
    for name, value in zip(names, true, strict=False):
        told = getattr(found, name)
        said = "–" if told is None else f"{told.value:.2f} ± {told.sigma:.2f}"
        parts.append(f"{name} {value:g}: {said}")
    return "; ".join(parts)


def _measured(video: Path) -> Calibration:
    track = read_track(SAMPLES / "drive.gpx")
    path = clean_track(track, metric_crs(track.lon_deg, track.lat_deg))
    info = probe(video)
    clock = ClockFit(info.started_s or 0.0, CLOCK_S, 0.1, "option", 1.0, ())
    return calibrate_video(video, info, read_camera(None), path, clock)


def _render(
    video: Path, hfov_deg: float, height_m: float, pitch_deg: float, yaw_deg: float, nod_deg: float
) -> None:
    sys.path.insert(0, str(SAMPLES))
    from render import drive, pinhole, sample, scene, town  # noqa: PLC0415 -- beside the sample

    _leave_out_what_reaches_behind(scene)
    camera = pinhole.Pinhole(*SIZE, hfov_deg, height_m, pitch_deg, yaw_deg)
    trip, world = drive.plan_trip(), sample.sample_scene(town.damages())
    rng, nod, rate = np.random.default_rng(0), 0.0, 0.0
    with av.open(str(video), "w") as container:
        began = drive.TRACK_START + timedelta(seconds=drive.CONTAINER_START_S + FROM_S)
        container.metadata["creation_time"] = f"{began:%Y-%m-%dT%H:%M:%S}.000000Z"
        options = {"crf": "26", "preset": "veryfast", "threads": "2"}
        stream: Any = container.add_stream("libx264", rate=RATE_HZ, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(int((TO_S - FROM_S) * RATE_HZ)):
            # a spring with a damper, shaken by the road
            rate += 0.1 * (-40.0 * nod - 3.0 * rate) + rng.normal(0.0, 3.0 * nod_deg)
            nod += 0.1 * rate
            pose = trip.pose(drive.VIDEO_START_S + FROM_S + number / RATE_HZ)
            eye = replace(camera, pitch_deg=camera.pitch_deg + nod)
            frame = av.VideoFrame.from_ndarray(world.picture(eye, pose, number), format="bgr24")
            frame.pts, frame.time_base = number * 1000 // RATE_HZ, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _leave_out_what_reaches_behind(scene: Any) -> None:
    """Draw no wall or roof that reaches behind the camera.

    The sample's renderer cuts such walls for the sample's own narrow camera only.
    """
    drawn = vars(scene)
    wall, fill = drawn["_draw_wall"], drawn["_fill"]

    def draw_wall(
        image: Any, camera: Any, pose: Any, foot: Any, height_m: float, texture: Any
    ) -> None:
        ahead, left = scene.seen_from(pose, np.array(foot))
        corners = [0, 1, 1, 0]
        up_m = np.array([0.0, 0.0, height_m, height_m])
        if camera.project(ahead[corners], left[corners], up_m)[:, 2].min() >= NEAREST_M:
            wall(image, camera, pose, foot, height_m, texture)

    def draw_fill(image: Any, camera: Any, pose: Any, xy: Any, up_m: Any, colour: Any) -> None:
        ahead, left = scene.seen_from(pose, xy)
        if camera.project(ahead, left, up_m)[:, 2].min() >= NEAREST_M:
            fill(image, camera, pose, xy, up_m, colour)

    drawn["_draw_wall"], drawn["_fill"] = draw_wall, draw_fill


if __name__ == "__main__":
    main()
