"""Made-up drives through towns, and real tracks, as a receiver and a camera would record them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import Transformer

from roadscan.locate.apparent_motion import Motion
from roadscan.locate.clean_track import clean_track
from roadscan.model.arrays import Floats
from roadscan.model.track import DrivePath, Track
from roadscan.read.track_fixes import time_or_nan

CRS_EPSG = 25833
STARTED_S = 1_781_079_300.0
TRUE_STEP_S = 0.1
BACK = Transformer.from_crs(CRS_EPSG, 4326, always_xy=True)
ACCELERATION_MPS2, BRAKING_MPS2 = 1.5, 2.0
TURN_MPS = 5.5


@dataclass(frozen=True, slots=True)
class TrueDrive:
    """What the vehicle really did, every `TRUE_STEP_S`."""

    t_s: Floats
    x_m: Floats
    y_m: Floats
    speed_mps: Floats
    turn_radps: Floats


def town_drive(rng: np.random.Generator, duration_s: float) -> TrueDrive:
    """Blocks of a town: at the end of each a halt, a turn, a bend, or straight on."""
    speed, turn = [0.0], [0.0]
    while len(speed) * TRUE_STEP_S < duration_s:
        limit = float(rng.choice([30.0, 50.0], p=[0.5, 0.5])) / 3.6 * float(rng.normal(1.0, 0.1))
        after = rng.choice(["halt", "turn", "bend", "on"], p=[0.25, 0.3, 0.15, 0.3])
        end = {"halt": 0.0, "turn": TURN_MPS, "bend": 0.8 * limit, "on": limit}[after]
        _block(speed, turn, rng, float(rng.exponential(110.0)) + 25.0, limit, end)
        if after == "halt":
            _hold(speed, turn, float(rng.exponential(12.0)) + 1.0, 0.0)
        elif after in {"turn", "bend"}:
            side = float(rng.choice([-1.0, 1.0]))
            _curve(
                speed,
                turn,
                side
                * np.radians(rng.normal(90.0, 12.0) if after == "turn" else rng.normal(30, 10)),
                max(end, 2.0),
            )
    n = int(duration_s / TRUE_STEP_S)
    return _integrated(np.array(speed[:n]), np.array(turn[:n]))


def _block(
    speed: list[float],
    turn: list[float],
    rng: np.random.Generator,
    length_m: float,
    limit: float,
    end: float,
) -> None:
    driven_m, v, sway = 0.0, speed[-1], 0.0
    while driven_m < length_m:
        left_m = max(length_m - driven_m, 0.0)
        most = np.sqrt(end**2 + 2.0 * BRAKING_MPS2 * left_m)
        v = float(min(v + ACCELERATION_MPS2 * TRUE_STEP_S, limit, max(most, 0.7)))
        sway = 0.98 * sway + rng.normal(0.0, 0.002)
        speed.append(v + 0.15 * float(np.sin(driven_m / 25.0)))
        turn.append(sway if v > 1.0 else 0.0)
        driven_m += v * TRUE_STEP_S


def _hold(speed: list[float], turn: list[float], seconds: float, v: float) -> None:
    count = int(seconds / TRUE_STEP_S)
    speed.extend([v] * count)
    turn.extend([0.0] * count)


def _curve(speed: list[float], turn: list[float], angle: float, v: float) -> None:
    seconds = max(abs(angle) * 8.0 / v, 1.5)
    t = np.arange(0.0, seconds, TRUE_STEP_S) / seconds
    speed.extend([v] * len(t))
    turn.extend((angle / seconds * (1.0 - np.cos(2.0 * np.pi * t))).tolist())


def _integrated(speed: Floats, turn: Floats) -> TrueDrive:
    heading = 0.5 + np.cumsum(turn) * TRUE_STEP_S
    x_m = 410_000.0 + np.cumsum(speed * np.sin(heading)) * TRUE_STEP_S
    y_m = 5_650_000.0 + np.cumsum(speed * np.cos(heading)) * TRUE_STEP_S
    t_s = STARTED_S + TRUE_STEP_S * np.arange(len(speed))
    return TrueDrive(t_s, x_m, y_m, speed, turn)


def received(
    drive: TrueDrive, rng: np.random.Generator, every_s: float = 1.0, noise_m: float = 1.06
) -> DrivePath:
    """Return the drive as a receiver writes it: noise that wanders in 40 s, and white noise."""
    t_s = np.arange(drive.t_s[0], drive.t_s[-1], every_s)
    keep = np.exp(-every_s / 40.0)
    places = []
    for true_m in (drive.x_m, drive.y_m):
        wander = np.zeros(len(t_s))
        wander[0] = rng.normal(0.0, noise_m)
        for k in range(1, len(t_s)):
            wander[k] = keep * wander[k - 1] + rng.normal(0.0, noise_m * np.sqrt(1.0 - keep**2))
        places.append(np.interp(t_s, drive.t_s, true_m) + wander + rng.normal(0.0, 0.1, len(t_s)))
    lon, lat = BACK.transform(*places)
    return _path(t_s, lon, lat, CRS_EPSG)


def _path(t_s: Floats, lon: Floats, lat: Floats, crs: int) -> DrivePath:
    nothing = np.full(len(t_s), np.nan)
    part = np.zeros(len(t_s), dtype=np.int64)
    return clean_track(Track(t_s, lon, lat, nothing, nothing, nothing, part, "csv"), crs)


def seen(
    drive: TrueDrive, from_s: float, to_s: float, rng: np.random.Generator, noise: float = 1.0
) -> Motion:
    """Return what a picture shows between two of the drive's times; video time 0 is `from_s`."""
    t_s = np.arange(0.0, to_s - from_s, 0.1)
    turn = np.interp(from_s + t_s, drive.t_s, drive.turn_radps)
    speed = np.interp(from_s + t_s, drive.t_s, drive.speed_mps)
    n = len(t_s)
    return Motion(
        t_s,
        1.3 * (turn + noise * rng.normal(0.0, 0.03, n)),
        0.4 * speed * (1.0 + noise * rng.normal(0.0, 0.15, n)),
        np.ones(n),
        np.zeros(n, dtype=np.int64),
    )


def real_paths(data: Path) -> Iterator[tuple[str, DrivePath]]:
    """Yield the real tracks: forwards, and backwards in time."""
    with (data / "tracks" / "nl_amsterdam_survey_car.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    t_s = np.array([time_or_nan(row["utc"]) for row in rows])
    lon, lat = (np.array([float(row[name]) for row in rows]) for name in ("lon", "lat"))
    yield "amsterdam", _path(t_s, lon, lat, 32631)
    yield "amsterdam backwards", _path(t_s[0] + t_s[-1] - t_s[::-1], lon[::-1], lat[::-1], 32631)
