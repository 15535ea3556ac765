"""Clean a track: order and project its fixes, remove outliers, collapse stops, split at gaps."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from pyproj import Transformer

from roadscan.errors import RoadscanError
from roadscan.locate.outliers import acceleration_inliers, drivable, increasing, speed_inliers
from roadscan.locate.smooth import (
    heading_along_deg,
    smooth_positions,
    white_noise_m,
)
from roadscan.locate.standstill import (
    STANDSTILL_MPS,
    gets_away,
    slow_by_position,
    standing,
    stays,
)
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.track import DEFAULT_ACCURACY_M, CleanCounts, DrivePath, Gap, Track

MIN_GAP_S: Final = 5.0
GAP_INTERVALS: Final = 2.5
"""A gap is longer than both of these: one or two missing fixes are not a gap."""
ADAPTIVE_S: Final = 20.0
"""Longest interval of a logger that writes fewer fixes on straight road."""
MIN_SPARSE: Final = 5
SPARSE_SHARE: Final = 0.3
"""Least share of a track's time in such intervals for a logger of that kind."""
PART_INTERVALS: Final = 1.5
"""Parts declared by the file are joined where the next fix follows at the usual interval."""
SPARSE_S: Final = 2.5
"""At intervals from this on, the way from fix to fix may have corners."""
NULL_ISLAND_DEG: Final = 0.01
"""About a kilometre around 0, 0, which receivers without a fix write."""
SPEED_AGREES: Final = (0.8, 1.25)
"""Integrated reported speed over distance by positions; outside this range it is not in m/s."""


_Reasons = np.ndarray[tuple[int], np.dtype[np.str_]]


@dataclass(frozen=True, slots=True)
class _Fixes:
    """Projected fixes in time order; `speed_mps` NaN where none is reported."""

    t_s: Floats
    x_m: Floats
    y_m: Floats
    speed_mps: Floats
    accuracy_m: Floats
    part: Ints

    def only(self, which: Bools | Ints | slice) -> "_Fixes":
        return _Fixes(
            self.t_s[which],
            self.x_m[which],
            self.y_m[which],
            self.speed_mps[which],
            self.accuracy_m[which],
            self.part[which],
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """An uninterrupted stretch, smoothed; `driven_m` counts from its own start."""

    t_s: Floats
    x_m: Floats
    y_m: Floats
    speed_mps: Floats
    heading_deg: Floats
    accuracy_m: Floats
    driven_m: Floats
    collapsed: int


def clean_track(track: Track, crs_epsg: int) -> DrivePath:
    """Return the path driven in the metric coordinates of `crs_epsg`.

    Times strictly increase. Fixes that no road vehicle can reach are removed and counted.
    Positions and speed are smoothed symmetrically in time, as strongly as the receiver's own noise
    requires. Below 3 km/h the vehicle counts as standing: of the fixes of a stop only the first and
    the last remain, both at the mean position. Gaps (longer than 5 s and 2.5 median intervals,
    or 20 s if the logger writes fewer fixes on straight road),
    interruptions between parts of the file, and jumps end a piece and are not bridged. `accuracy_m`
    is that of the file, 3 m where it states none.

    Raises
    ------
    RoadscanError
        `track_null_island` if all positions lie at 0, 0; `track_too_short` with fewer than two
        usable fixes.
    """
    fixes, not_increasing, no_position = _ordered(track, crs_epsg)
    interval_s = float(np.median(np.diff(fixes.t_s)))
    gap_s = _gap_s(np.diff(fixes.t_s), interval_s)
    rough_m = _noise_m(fixes, interval_s)
    by_speed = fixes.only(speed_inliers(fixes.t_s, fixes.x_m, fixes.y_m, rough_m))
    noise_m = _noise_m(by_speed, interval_s)
    breaks = _breaks(by_speed, interval_s, gap_s, noise_m)
    inlier = np.concatenate(
        [
            acceleration_inliers(by_speed.t_s[k], by_speed.x_m[k], by_speed.y_m[k], noise_m)
            for k in np.split(np.arange(len(by_speed.t_s)), np.flatnonzero(breaks != "") + 1)
        ]
    )
    kept = by_speed.only(inlier)
    reason = _remaining(breaks, inlier)
    reason[(np.diff(kept.t_s) > gap_s) & (reason == "")] = "no_fix"
    apart = np.flatnonzero(reason != "")
    pieces = _pieces(kept, apart + 1, noise_m)
    gaps = tuple(Gap(float(kept.t_s[i]), float(kept.t_s[i + 1]), str(reason[i])) for i in apart)
    collapsed = sum(piece.collapsed for piece in pieces)
    counts = CleanCounts(
        fixes=len(track.t_s),
        kept=len(kept.t_s) - collapsed,
        not_increasing=not_increasing,
        no_position=no_position,
        outlier_speed=len(fixes.t_s) - len(by_speed.t_s),
        outlier_acceleration=len(by_speed.t_s) - len(kept.t_s),
        standstill=collapsed,
    )
    return _joined(pieces, crs_epsg, gaps, counts)


def _gap_s(step_s: Floats, interval_s: float) -> float:
    """Return the interval beyond which two fixes are separated by a gap.

    A logger that writes a fix where the direction changes, and otherwise about every ten seconds,
    does so throughout a drive; a receiver that loses its satellites is silent only a few times.
    """
    gap_s = max(MIN_GAP_S, GAP_INTERVALS * interval_s)
    sparse = (step_s > gap_s) & (step_s <= ADAPTIVE_S)
    adaptive = sparse.sum() >= MIN_SPARSE and step_s[sparse].sum() > SPARSE_SHARE * step_s.sum()
    return max(gap_s, ADAPTIVE_S) if adaptive else gap_s


def _noise_m(fixes: _Fixes, interval_s: float) -> float:
    """Return the noise from fix to fix; for sparse fixes, at most their stated accuracy.

    Between fixes that are seconds apart a vehicle turns corners, and these are not noise: smoothed
    away, they would end up in the middle of a block.
    """
    noise_m = white_noise_m(fixes.t_s, fixes.x_m, fixes.y_m)
    if interval_s < SPARSE_S:
        return noise_m
    return min(noise_m, float(np.median(fixes.accuracy_m)))


def _ordered(track: Track, crs_epsg: int) -> tuple[_Fixes, int, int]:
    """Project; drop and count fixes without a position and those whose time does not increase."""
    lon, lat = track.lon_deg, track.lat_deg
    nowhere = (np.abs(lon) < NULL_ISLAND_DEG) & (np.abs(lat) < NULL_ISLAND_DEG)
    usable = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0) & np.isfinite(track.t_s) & ~nowhere
    if nowhere.any() and not usable.any():
        raise RoadscanError(
            "track_null_island",
            f"all {int(nowhere.sum())} positions of the track lie at longitude 0, latitude 0",
            "The receiver had no fix: use another track",
        )
    x_m, y_m = np.full_like(lon, np.inf), np.full_like(lat, np.inf)
    to_metres = Transformer.from_crs(4326, crs_epsg, always_xy=True)
    x_m[usable], y_m[usable] = to_metres.transform(lon[usable], lat[usable])
    usable &= np.isfinite(x_m) & np.isfinite(y_m)
    index = np.flatnonzero(usable)
    index = index[increasing(track.t_s[index])]
    if len(index) < 2:
        raise RoadscanError(
            "track_too_short",
            f"{len(index)} of {len(track.t_s)} fixes have a position and an increasing time",
            "Use a track of at least two fixes",
        )
    fixes = _Fixes(
        track.t_s[index],
        x_m[index],
        y_m[index],
        np.where(track.speed_mps[index] >= 0.0, track.speed_mps[index], np.nan),
        np.where(track.accuracy_m[index] > 0.0, track.accuracy_m[index], DEFAULT_ACCURACY_M),
        track.part[index],
    )
    return fixes, int(usable.sum()) - len(index), int((~usable).sum())


def _breaks(fixes: _Fixes, interval_s: float, gap_s: float, noise_m: float) -> _Reasons:
    """Return for each pair of neighbours why they are not joined, "" if they are."""
    step_s = np.diff(fixes.t_s)
    reason = np.full(len(step_s), "", dtype="<U8")
    reason[(np.diff(fixes.part) != 0) & (step_s > PART_INTERVALS * interval_s)] = "new_part"
    reason[~drivable(fixes.t_s, fixes.x_m, fixes.y_m, noise_m)] = "jump"
    reason[step_s > gap_s] = "no_fix"
    return reason


def _remaining(breaks: _Reasons, kept: Bools) -> _Reasons:
    """Map breaks to the remaining fixes: a break between removed fixes still counts."""
    index = np.flatnonzero(kept)
    return np.array(
        [next((why for why in breaks[i:j] if why), "") for i, j in pairwise(index)],
        dtype=breaks.dtype,
    )


def _pieces(fixes: _Fixes, ends: Ints, noise_m: float) -> list[_Piece]:
    stretches = [fixes.only(k) for k in np.split(np.arange(len(fixes.t_s)), ends)]
    smoothed = [smooth_positions(k.t_s, k.x_m, k.y_m, noise_m) for k in stretches]
    trusted = _reported_speed_agrees(stretches, smoothed)
    return [
        _piece(k, *by_position, trusted=trusted, noise_m=noise_m)
        for k, by_position in zip(stretches, smoothed, strict=True)
    ]


def _reported_speed_agrees(
    stretches: list[_Fixes], smoothed: list[tuple[Floats, Floats, Floats]]
) -> bool:
    """Tell whether the reported speed is in m/s: integrated, it matches the positions.

    Only fixes that move according to it are compared: a standing receiver drifts, and its positions
    add up to metres that nobody drove. A speed that reports standstill while the positions move far
    away is not trusted.
    """
    reported_m = by_position_m = 0.0
    for fixes, (x_m, y_m, _) in zip(stretches, smoothed, strict=True):
        moves = np.minimum(fixes.speed_mps[1:], fixes.speed_mps[:-1]) >= STANDSTILL_MPS
        reported_m += float(_trapezoid_m(fixes.t_s, fixes.speed_mps)[moves].sum())
        by_position_m += float(np.hypot(np.diff(x_m), np.diff(y_m))[moves].sum())
        if gets_away(fixes.t_s, np.stack([x_m, y_m]), fixes.speed_mps < STANDSTILL_MPS):
            return False
    low, high = SPEED_AGREES
    return by_position_m > 0.0 and low <= reported_m / by_position_m <= high


def _trapezoid_m(t_s: Floats, speed_mps: Floats) -> Floats:
    steps: Floats = 0.5 * (speed_mps[1:] + speed_mps[:-1]) * np.diff(t_s)
    return steps


def _piece(
    fixes: _Fixes,
    x_m: Floats,
    y_m: Floats,
    speed_mps: Floats,
    *,
    trusted: bool,
    noise_m: float,
) -> _Piece:
    """Collapse the stops of a smoothed stretch; compute its distance driven and heading."""
    slow = slow_by_position(fixes.t_s, fixes.x_m, fixes.y_m, noise_m)
    if trusted:
        reported = np.isfinite(fixes.speed_mps)
        speed_mps = np.where(reported, fixes.speed_mps, speed_mps)
        slow = np.where(reported, fixes.speed_mps < STANDSTILL_MPS, slow)
        moves = reported & ~slow
    else:
        slow |= stays(fixes.t_s, fixes.x_m, fixes.y_m)
        moves = np.zeros(len(slow), np.bool_)
    raw_m, smooth_m = np.stack([fixes.x_m, fixes.y_m]), np.stack([x_m, y_m])
    put = standing(fixes.t_s, raw_m, smooth_m, slow, moves, noise_m)
    x_m, y_m, speed_mps, step_m = put.x_m, put.y_m, speed_mps.copy(), put.step_m
    kept = np.ones(len(x_m), dtype=np.bool_)
    moving = np.ones(max(len(x_m) - 1, 0), dtype=np.bool_)
    for stop in put.stops:
        speed_mps[stop] = 0.0
        kept[stop.start + 1 : stop.stop - 1] = False
        moving[stop.start : stop.stop - 1] = False
    if trusted:
        step_m = np.where(moving, _trapezoid_m(fixes.t_s, speed_mps), 0.0)
    driven_m = np.concatenate([[0.0], np.cumsum(step_m)])
    return _Piece(
        t_s=fixes.t_s[kept],
        x_m=x_m[kept],
        y_m=y_m[kept],
        speed_mps=speed_mps[kept],
        heading_deg=heading_along_deg(x_m[kept], y_m[kept], driven_m[kept], noise_m),
        accuracy_m=fixes.accuracy_m[kept],
        driven_m=driven_m[kept],
        collapsed=int((~kept).sum()),
    )


def _joined(
    pieces: list[_Piece], crs_epsg: int, gaps: tuple[Gap, ...], counts: CleanCounts
) -> DrivePath:
    before_m = np.cumsum([0.0] + [float(piece.driven_m[-1]) for piece in pieces])
    return DrivePath(
        t_s=np.concatenate([piece.t_s for piece in pieces]),
        x_m=np.concatenate([piece.x_m for piece in pieces]),
        y_m=np.concatenate([piece.y_m for piece in pieces]),
        speed_mps=np.concatenate([piece.speed_mps for piece in pieces]),
        heading_deg=np.concatenate([piece.heading_deg for piece in pieces]),
        accuracy_m=np.concatenate([piece.accuracy_m for piece in pieces]),
        driven_m=np.concatenate(
            [m + piece.driven_m for m, piece in zip(before_m[:-1], pieces, strict=True)]
        ),
        piece=np.repeat(np.arange(len(pieces)), [len(piece.t_s) for piece in pieces]),
        crs_epsg=crs_epsg,
        gaps=gaps,
        counts=counts,
    )
