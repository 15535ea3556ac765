"""How often the clock is confirmed on a track of another drive, and how often on its own.

python -m benchmarks.clock [--data FOLDER] [--drives N] [--seed N]

Foreign pairs: the sample video's motion and that of made-up drives against made-up and real tracks,
each at many assumed times of the camera, and without any. None may be confirmed. Own pairs: made-up
drives against their own tracks. Motion is taken from the sample's pictures once; the rest computes.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.clock_drives import STARTED_S, TrueDrive, real_paths, received, seen, town_drive
from roadscan.locate.apparent_motion import Motion, apparent_motion
from roadscan.locate.clock import FoundClock, NoClock, find_clock
from roadscan.locate.clock_guesses import guesses_for
from roadscan.model.track import DrivePath
from roadscan.read.video import grey_frames

SAMPLE = Path(__file__).resolve().parents[1] / "data_samples" / "drive.mp4"
SAMPLE_S = 85.7
LENGTHS_S = (24.0, 48.0, 86.0, 170.0)
TRACK_S = 3600.0
TIMES = 12
"""Assumed times of the camera for each foreign pair."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of real tracks")
    parser.add_argument("--drives", type=int, default=20, help="made-up drives of each length")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    filmed = apparent_motion(grey_frames(SAMPLE, ((0.0, SAMPLE_S + 0.1),), 10.0, 320))
    paths = [
        received(town_drive(rng, TRACK_S), rng, noise_m=float(rng.uniform(0.3, 3.0)))
        for _ in range(8)
    ]
    if given.data is not None:
        paths += [path for _, path in real_paths(given.data)]
    print("foreign: picture s, camera's time, searches, confirmed, of which in the first guess")
    for length_s in LENGTHS_S:
        motions = [*_slices(filmed, length_s), *_made_up(rng, length_s, given.drives)]
        for timed in (True, False):
            print(
                "  {:5.0f}  {:7}  {:6d}  {:3d}  {:3d}".format(
                    *_foreign(motions, paths, length_s, rng, timed=timed)
                )
            )
    print(
        "own: picture s, s between fixes, noise, confirmed, wrong by over 1 s, "
        "rms of error, rms of error / sigma"
    )
    for length_s in LENGTHS_S:
        for every_s in (1.0, 5.0, 10.0):
            for noise in (1.0, 3.0):
                print(
                    "  {:5.0f}  {:4.0f}  {:3.0f}  {:5.0%}  {:3d}  {:5.2f}  {:5.2f}".format(
                        length_s, every_s, noise, *_own(rng, length_s, every_s, noise, given.drives)
                    )
                )


def _slices(filmed: Motion, length_s: float) -> Iterator[Motion]:
    """Yield windows of the sample's motion, every eight seconds."""
    if length_s > SAMPLE_S + 1.0:
        return
    for from_s in np.arange(0.0, max(SAMPLE_S - length_s, 0.0) + 1.0, 8.0):
        inside = (filmed.t_s >= from_s) & (filmed.t_s < from_s + length_s)
        columns = {
            name: getattr(filmed, name)[inside] for name in ("turn", "speed", "quality", "window")
        }
        yield replace(filmed, t_s=filmed.t_s[inside] - from_s, **columns)


def _made_up(rng: np.random.Generator, length_s: float, count: int) -> Iterator[Motion]:
    for _ in range(count):
        drive = town_drive(rng, length_s + 120.0)
        from_s = float(drive.t_s[600])
        yield seen(drive, from_s, from_s + length_s, rng, noise=float(rng.uniform(0.5, 3.0)))


def _foreign(
    motions: list[Motion],
    paths: list[DrivePath],
    length_s: float,
    rng: np.random.Generator,
    *,
    timed: bool,
) -> tuple[float, str, int, int, int]:
    searches = confirmed = first = 0
    for motion in motions:
        for path in paths:
            free_s = float(path.t_s[-1] - path.t_s[0]) - length_s
            for began_s in path.t_s[0] + rng.uniform(0.0, free_s, TIMES if timed else 1):
                guesses = guesses_for(float(began_s) if timed else None, length_s)
                clock = find_clock(motion, path, guesses)
                searches += 1
                confirmed += isinstance(clock, FoundClock)
                first += isinstance(clock, FoundClock) and clock.why == "camera"
    return length_s, "some" if timed else "none", searches, confirmed, first


def _own(
    rng: np.random.Generator, length_s: float, every_s: float, noise: float, count: int
) -> tuple[float, int, float, float]:
    errors, sigmas = [], []
    for _ in range(count):
        drive: TrueDrive = town_drive(rng, 600.0 + length_s)
        path = received(drive, rng, every_s)
        from_s = STARTED_S + float(rng.uniform(20.0, 560.0))
        motion = seen(drive, from_s, from_s + length_s, rng, noise)
        clock = find_clock(motion, path, guesses_for(from_s - 1.4, length_s))
        if not isinstance(clock, NoClock):
            errors.append(clock.start_s - from_s)
            sigmas.append(clock.sigma_s)
    error, sigma = np.array(errors), np.array(sigmas)
    right = np.abs(error) < 1.0
    rms = float(np.sqrt(np.mean(error[right] ** 2))) if right.any() else np.nan
    normed = float(np.sqrt(np.mean((error[right] / sigma[right]) ** 2))) if right.any() else np.nan
    return len(error) / count, int((~right).sum()), rms, normed


if __name__ == "__main__":
    main()
