"""Turn rate and speed on one grid of time, of a picture and of a track, and how they correlate."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import oaconvolve

from roadscan.locate.apparent_motion import Motion
from roadscan.locate.drive_path import state_at
from roadscan.locate.reversing import turn_rounds
from roadscan.locate.smooth import unwrapped_deg
from roadscan.model.arrays import Bools, Floats
from roadscan.model.track import DrivePath

STEP_S: Final = 0.1
"""Of the signals and of the lags tried."""
CHORD_M: Final = 6.0
"""Nearer to a turn round, the chord that gives the heading reaches past it."""
SPIKE_PAIRS: Final = 5
"""A median over half a second removes errors in one or two pairs."""
SMOOTH_S: Final = 0.5
SMOOTH_INTERVALS: Final = 0.6
"""Both signals are smoothed by the same Gaussian: half a second, as a track at 1 Hz contains
nothing faster, and 0.6 of the interval where fixes are further apart."""
ALIKE_S: Final = 30.0
"""Further apart, values of one signal are taken not to depend on each other."""
MIN_KNOWN: Final = 0.7
"""Share of a window's pairs that must have been measured."""
MIN_SAMPLES: Final = 10
MAX_CORRELATION: Final = 0.9999
"""Signals without any noise would make the likelihood infinite."""
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Signals:
    """Turn rate and speed, (2, n), every `STEP_S` from `first_s` on; NaN where unknown."""

    first_s: float
    values: Floats

    @property
    def known_s(self) -> float:
        """Return for how long both are known."""
        return STEP_S * int(np.isfinite(self.values).all(axis=0).sum())


@dataclass(frozen=True, slots=True)
class Lags:
    """Correlation of a picture with a track at every lag at which enough of both is known.

    `start_s` (n,) is the UTC time of video time 0, every `STEP_S`; `r` (2, n) the correlation of
    turn and of speed, NaN where too little is known; `spread` (2, n) the track's standard deviation
    under the picture.
    """

    start_s: Floats
    r: Floats
    spread: Floats


def smoothing_s(path: DrivePath) -> float:
    """Return by how much both are smoothed: what lies between the fixes is not known."""
    step_s = np.diff(path.t_s)[np.diff(path.piece) == 0]
    interval_s = float(np.median(step_s)) if len(step_s) else 0.0
    return max(SMOOTH_S, SMOOTH_INTERVALS * interval_s)


def motion_signals(motion: Motion, smooth_s: float = SMOOTH_S) -> Signals:
    """Return what a picture shows, in the video's time.

    The speed is without its sign, which a track does not tell: a vehicle may reverse.
    """
    pieces = []
    for window in np.unique(motion.window):
        inside = motion.window == window
        t_s, raw = motion.t_s[inside], np.array([motion.turn[inside], motion.speed[inside]])
        if np.isfinite(raw).sum(axis=1).min() < max(MIN_SAMPLES, MIN_KNOWN * len(t_s)):
            continue
        grid = np.arange(int(np.ceil(t_s[0] / STEP_S)), int(t_s[-1] / STEP_S) + 1)
        if len(grid):
            grid_s: Floats = grid.astype(np.float64) * STEP_S
            turn, speed = (_despiked(grid_s, t_s, channel) for channel in raw)
            pieces.append((grid, _smoothed(np.array([turn, np.abs(speed)]), smooth_s)))
    if not pieces:
        return Signals(0.0, np.zeros((2, 0)))
    first, last = min(grid[0] for grid, _ in pieces), max(grid[-1] for grid, _ in pieces)
    whole = np.full((2, int(last - first) + 1), np.nan)
    for grid, values in pieces:
        whole[:, grid - first] = values
    return Signals(float(first) * STEP_S, whole)


def track_signals(
    path: DrivePath, from_s: float, to_s: float, smooth_s: float = SMOOTH_S
) -> Signals:
    """Return turn rate in rad/s and speed in m/s between two UTC times."""
    t_s: Floats = from_s + STEP_S * np.arange(
        max(2, int((to_s - from_s) / STEP_S) + 1), dtype=np.float64
    )
    state = state_at(path, t_s)
    turn = np.gradient(np.radians(unwrapped_deg(state.heading_deg)), STEP_S)
    for turned_s in turn_rounds(path):
        # the direction of motion turns there, not the vehicle
        turned_m = np.interp(turned_s, path.t_s, path.driven_m)
        turn[np.abs(state.driven_m - turned_m) < CHORD_M] = np.nan
    # two pieces may be adjacent without a grid time between them
    beside = np.flatnonzero(np.diff(state.piece) != 0)
    turn[beside] = turn[beside + 1] = np.nan
    return Signals(from_s, _smoothed(np.array([turn, state.speed_mps]), smooth_s))


def correlate(seen: Signals, track: Signals, min_overlap: float) -> Lags:
    """Correlate at every lag at which the track covers that share of the picture."""
    parts = [_one(a, b, min_overlap) for a, b in zip(seen.values, track.values, strict=True)]
    r, spread = (np.array(arrays) for arrays in zip(*parts, strict=True))
    first = track.first_s - seen.first_s - STEP_S * (seen.values.shape[1] - 1)
    start_s = first + STEP_S * np.arange(r.shape[1])
    some = np.isfinite(r).any(axis=0)
    return Lags(start_s[some], r[:, some], spread[:, some])


def _one(seen: Floats, track: Floats, min_overlap: float) -> tuple[Floats, Floats]:
    """Return the correlation at every shift, and the track's standard deviation there.

    All sums over what is known of both, by convolution: a track of ten hours has 360,000 lags.
    """
    here, there = np.isfinite(seen), np.isfinite(track)
    # around their means, so that sums of squares lose no digits
    a = np.where(here, seen - (seen[here].mean() if here.any() else 0.0), 0.0)
    b = np.where(there, track - (track[there].mean() if there.any() else 0.0), 0.0)
    one_a, one_b = here.astype(np.float64), there.astype(np.float64)

    def sums(x: Floats, y: Floats) -> Floats:
        total: Floats = oaconvolve(y, x[::-1])
        return total

    n = np.maximum(np.round(sums(one_a, one_b)), 1.0)
    mean_a, mean_b = sums(a, one_b) / n, sums(one_a, b) / n
    var_a = np.maximum(sums(a * a, one_b) / n - mean_a**2, 0.0)
    var_b = np.maximum(sums(one_a, b * b) / n - mean_b**2, 0.0)
    norm = np.sqrt(var_a * var_b)
    # rounding noise of a constant signal is not a signal
    r = np.where(norm > TINY, (sums(a, b) / n - mean_a * mean_b) / np.maximum(norm, TINY), 0.0)
    enough: Bools = n >= max(min_overlap * here.sum(), MIN_SAMPLES)
    return (
        np.where(enough, np.clip(r, -MAX_CORRELATION, MAX_CORRELATION), np.nan),
        np.where(enough, np.sqrt(var_b), 0.0),
    )


def _despiked(grid_s: Floats, t_s: Floats, values: Floats) -> Floats:
    """Resample a signal on the grid, ignoring mistracked pairs."""
    said = np.isfinite(values)
    calm: Floats = median_filter(values[said], size=SPIKE_PAIRS, mode="nearest")
    return np.interp(grid_s, t_s[said], calm)


def _smoothed(signals: Floats, smooth_s: float) -> Floats:
    """Smooth along the last axis by a Gaussian over the known values; NaN stays NaN."""
    known = np.isfinite(signals)
    width = smooth_s / STEP_S
    weight = gaussian_filter1d(known.astype(np.float64), width, axis=-1, mode="constant")
    total = gaussian_filter1d(np.where(known, signals, 0.0), width, axis=-1, mode="constant")
    return np.where(known, total / np.maximum(weight, 1e-9), np.nan)


def under(seen: Signals, track: Signals, start_s: float) -> Signals:
    """Return what the track says while the picture was taken, NaN beyond its ends."""
    first = round((start_s + seen.first_s - track.first_s) / STEP_S)
    count, width = seen.values.shape[1], track.values.shape[1]
    values = np.full((2, count), np.nan)
    from_k, to_k = max(0, -first), min(count, width - first)
    values[:, from_k:to_k] = track.values[:, first + from_k : first + to_k]
    return Signals(seen.first_s, values)


def independent_samples(seen: Signals, track: Signals | None = None) -> Floats:
    """Return the number of independent samples in turn and in speed.

    With a track that belongs to the picture: of what it leaves unexplained, from its
    autocorrelation. Without: of a correlation by chance with signals like these (Bartlett 1935,
    N / sum of rho^2), by which a few high peaks count as few: times 3 m2^2 / m4, which is 1 for
    Gaussian noise.
    """
    counts = np.ones(2)
    for k, values in enumerate(seen.values):
        known = np.isfinite(values)
        if track is not None:
            known &= np.isfinite(track.values[k])
        left = values[known]
        if len(left) < MIN_SAMPLES or np.ptp(left) <= TINY:
            continue
        if track is None:
            left = left - left.mean()
            alike = np.sum(_autocorrelation(left)[1:] ** 2)
            few = min(1.0, 3.0 * np.mean(left**2) ** 2 / np.mean(left**4))
            counts[k] = few * len(left) / (1.0 + 2.0 * alike)
        elif np.ptp(track.values[k][known]) > 0.0:
            there = track.values[k][known]
            spread = _autocorrelation(left - np.polyval(np.polyfit(there, left, 1), there))
            until = int(np.argmax(spread < 0.0)) or len(spread)
            counts[k] = len(left) / max(1.0 + 2.0 * spread[1:until].sum(), 1.0)
    return counts


def _autocorrelation(values: Floats) -> Floats:
    """Return it for lags up to `ALIKE_S`."""
    size = 2 * len(values)
    power = np.abs(np.fft.rfft(values, size)) ** 2
    spread: Floats = np.fft.irfft(power, size)[: min(len(values), int(ALIKE_S / STEP_S))]
    return spread / spread[0] if spread[0] > 0.0 else np.zeros_like(spread)
