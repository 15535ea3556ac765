"""Clock fit: the offset between the video's clock and the track's, from apparent motion."""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from roadscan.locate.apparent_motion import Motion
from roadscan.locate.drive_path import state_at
from roadscan.locate.reversing import turn_rounds
from roadscan.locate.smooth import unwrapped_deg
from roadscan.model.arrays import Bools, Floats
from roadscan.model.drive import ClockFit
from roadscan.model.track import DrivePath

WINDOW_S: Final = 24.0
"""Long enough to keep an event in its middle inside when the clock is 10 s off."""
TURN_SCALE_RADPS: Final = 0.1
SPEED_SCALE_MPS: Final = 2.0
"""A change of either by this much says equally much about time."""
STEP_S: Final = 0.1
"""Of the signals and of the lags tried; the peak is refined between them."""
CHORD_M: Final = 6.0
"""Nearer to a turn round, the chord that gives the heading reaches past it."""
SPIKE_PAIRS: Final = 5
"""A median over half a second removes errors in one or two pairs."""
SMOOTH_S: Final = 0.5
"""Both signals are smoothed by the same Gaussian: a track at 1 Hz contains nothing faster."""
MIN_OVERLAP: Final = 0.7
"""Share of the motion that the track must cover for a lag to be compared."""
MIN_MOTION_S: Final = 5.0
"""Minimum motion for a fit."""
MIN_SAMPLES: Final = 10
MIN_CHANGE: Final = np.array([0.03, 0.8])
"""rad/s and m/s, standard deviation: with less, a track says nothing about time."""
MIN_CORRELATION: Final = 0.7
"""For turn and for speed, each where the track provides it."""
MIN_LEAD: Final = 5.0
"""The best lag must be exp(5) = 150 times as likely as any other than its own peak."""
PEAK_STEPS: Final = 3
"""Lags on either side of the best that the parabola is fitted to."""
MAX_CORRELATION: Final = 0.9999
"""Signals without any noise would make the likelihood infinite."""
TINY: Final = 1e-9
PEAK_HALF_S: Final = 1.5
"""Lags nearer to the best than this belong to its peak."""
MAX_SIGMA_S: Final = 0.5
LATENCY_S: Final = 0.1
"""Invisible to correlation: the receiver's delay, 0.1 s measured on a u-blox at 10 Hz. (A
receiver that filters strongly can be a second late, as one at 0.5 Hz was.)"""


def choose_windows(
    path: DrivePath, started_s: float, duration_s: float, budget_s: float
) -> tuple[tuple[float, float], ...]:
    """Return windows of video time, in order, in which the track is most informative about time.

    The drive is divided into as many equal parts as windows fit the budget; in each, the window is
    taken where turn rate and speed change most (the information a signal s(t) holds about a shift
    in time is the integral of s'(t)^2). Together they are no longer than `budget_s`; empty if
    track and video do not overlap or less than 5 s are available.
    """
    total_s = min(budget_s, duration_s)
    if total_s < MIN_MOTION_S:
        return ()
    parts = max(1, int(total_s / WINDOW_S))
    length_s = total_s / parts
    t_s = np.arange(0.0, duration_s, STEP_S)
    track = _track_signals(path, started_s + t_s)
    change = np.diff(track, prepend=track[:, :1]) / np.array(
        [[TURN_SCALE_RADPS], [SPEED_SCALE_MPS]]
    )
    told_until = np.concatenate([[0.0], np.cumsum(np.nan_to_num(change**2).sum(axis=0))])
    windows: list[tuple[float, float]] = []
    for k in range(parts):
        from_s, to_s = k * duration_s / parts, (k + 1) * duration_s / parts
        starts = np.arange(from_s, max(to_s - length_s, from_s) + 0.5, 1.0)
        starts = np.minimum(starts, max(to_s - length_s, from_s))
        first = np.minimum((starts / STEP_S).astype(np.int64), len(t_s))
        end = np.minimum(((starts + length_s) / STEP_S).astype(np.int64), len(t_s))
        gain = told_until[end] - told_until[first]
        best = int(np.argmax(gain))
        if np.isfinite(track[1, first[best] : end[best]]).any():
            windows.append((float(starts[best]), float(starts[best] + length_s)))
    return tuple(windows)


def fit_clock(
    motion: Motion, path: DrivePath, started_s: float, search_s: float = 10.0
) -> ClockFit:
    """Find the offset at which apparent motion and track agree: UTC = started + video + offset.

    For each lag the apparent turn and speed are regressed on the track's. With unknown scale and
    noise the log-likelihood of a lag is the sum of -n/2 ln(1 - r^2) over both (r: correlation, 0
    where negative; n: independent samples, from the autocorrelation of the residuals). The best
    lag is refined by a parabola through the sum of squares beside it; its curvature gives the
    uncertainty, to which the delay of the devices is added.

    Without a clear peak (too little motion, a turn or a change of speed that the picture
    does not show, another lag nearly as likely, or the best one at the edge of the search), the
    container's time is used: offset 0, source "container", warning `clock_not_confirmed`, and the
    sigma of an offset anywhere in the search.
    """
    unconfirmed = ClockFit(
        started_s=started_s,
        offset_s=0.0,
        sigma_s=search_s / 3.0**0.5,
        source="container",
        correlation=0.0,
        warnings=("clock_not_confirmed",),
    )
    t_s, seen = _motion_signals(motion)
    if len(t_s) * STEP_S < MIN_MOTION_S:
        return unconfirmed
    steps = round(search_s / STEP_S)
    lags_s = np.arange(-steps, steps + 1, dtype=np.float64) * STEP_S
    reach_s = search_s + 4.0 * SMOOTH_S
    track_t_s = np.arange(started_s + t_s[0] - reach_s, started_s + t_s[-1] + reach_s, STEP_S)
    track = _track_signals(path, track_t_s)
    shifted = [_at(track_t_s, track, started_s + t_s + lag_s) for lag_s in lags_s]
    r: Floats = np.array([_correlations(seen, there) for there in shifted])
    # the number of independent samples can only be estimated where the two belong together
    best = int(np.argmax(-np.log1p(-(r**2)).sum(axis=1)))
    n = _independent_samples(seen, shifted[best])
    likelihood = -0.5 * np.log1p(-(r**2)) @ n
    best = int(np.argmax(likelihood))
    correlation = float(r[best].max())
    unconfirmed = replace(unconfirmed, correlation=correlation)
    informative: Bools = np.array([_spread(there) for there in shifted[best]]) > MIN_CHANGE
    lead = likelihood[best] - likelihood[np.abs(lags_s - lags_s[best]) > PEAK_HALF_S].max()
    if not informative.any() or r[best, informative].min() < MIN_CORRELATION or lead < MIN_LEAD:
        return unconfirmed
    peak = _peak(lags_s, r[:, informative], n[informative], best)
    if peak is None:
        return unconfirmed
    return ClockFit(
        started_s=started_s,
        offset_s=peak[0],
        sigma_s=peak[1],
        source="motion",
        correlation=correlation,
        warnings=(),
    )


def _peak(lags_s: Floats, r: Floats, n: Floats, best: int) -> tuple[float, float] | None:
    """Return the lag of the peak and its sigma; None at the edge of the search or without a peak.

    Where turn and speed put the peak further apart than their sigmas allow, both sigmas are too
    small: the common one grows by the root of chi^2 per degree of freedom (Birge 1932).
    """
    if best < PEAK_STEPS or best >= len(lags_s) - PEAK_STEPS:
        return None
    near = slice(best - PEAK_STEPS, best + PEAK_STEPS + 1)
    half_squares = 0.5 * n * (1.0 - r[near] ** 2) / (1.0 - r[best] ** 2)
    curve, slope, _ = np.polyfit(lags_s[near] - lags_s[best], half_squares, 2)
    curve_all = float(curve.sum())
    if curve_all <= 0.0:
        return None
    reach_s = PEAK_STEPS * STEP_S
    aside_s = float(np.clip(-0.5 * slope.sum() / curve_all, -reach_s, reach_s))
    tops = curve > 0.0
    apart_s = np.clip(-0.5 * slope[tops] / curve[tops], -PEAK_HALF_S, PEAK_HALF_S) - aside_s
    chi2 = float(np.sum(2.0 * curve[tops] * apart_s**2)) / max(int(tops.sum()) - 1, 1)
    sigma_s: float = max(chi2, 1.0) ** 0.5 * (2.0 * curve_all) ** -0.5
    if sigma_s > MAX_SIGMA_S:
        return None
    return float(lags_s[best]) + aside_s, float(np.hypot(sigma_s, LATENCY_S))


def _motion_signals(motion: Motion) -> tuple[Floats, Floats]:
    """Return grid times in the video and smoothed turn and speed on them, (2, n).

    The speed is without its sign, which a track does not tell: a vehicle may reverse.
    """
    times, signals = [np.zeros(0)], [np.zeros((2, 0))]
    for window in np.unique(motion.window):
        inside = motion.window == window
        t_s, raw = motion.t_s[inside], np.array([motion.turn[inside], motion.speed[inside]])
        if np.isfinite(raw).sum(axis=1).min() < max(MIN_SAMPLES, MIN_OVERLAP * len(t_s)):
            continue
        grid_s = np.arange(t_s[0], t_s[-1], STEP_S)
        times.append(grid_s)
        turn, speed = (_despiked(grid_s, t_s, values) for values in raw)
        signals.append(_smoothed(np.array([turn, np.abs(speed)])))
    return np.concatenate(times), np.concatenate(signals, axis=1)


def _despiked(grid_s: Floats, t_s: Floats, values: Floats) -> Floats:
    """Resample a signal on the grid, ignoring mistracked pairs."""
    said = np.isfinite(values)
    calm: Floats = median_filter(values[said], size=SPIKE_PAIRS, mode="nearest")
    return np.interp(grid_s, t_s[said], calm)


def _track_signals(path: DrivePath, t_s: Floats) -> Floats:
    """Return smoothed turn rate in rad/s and speed in m/s at a grid of UTC times, (2, n)."""
    state = state_at(path, t_s)
    turn = np.gradient(np.radians(unwrapped_deg(state.heading_deg)), STEP_S)
    for turned_s in turn_rounds(path):
        # the direction of motion turns there, not the vehicle
        turned_m = np.interp(turned_s, path.t_s, path.driven_m)
        turn[np.abs(state.driven_m - turned_m) < CHORD_M] = np.nan
    # two pieces may be adjacent without a grid time between them
    beside = np.flatnonzero(np.diff(state.piece) != 0)
    turn[beside] = turn[beside + 1] = np.nan
    return _smoothed(np.array([turn, state.speed_mps]))


def _smoothed(signals: Floats) -> Floats:
    """Smooth along the last axis by a Gaussian over the known values; NaN stays NaN."""
    known = np.isfinite(signals)
    width = SMOOTH_S / STEP_S
    weight = gaussian_filter1d(known.astype(np.float64), width, axis=-1, mode="constant")
    total = gaussian_filter1d(np.where(known, signals, 0.0), width, axis=-1, mode="constant")
    return np.where(known, total / np.maximum(weight, 1e-9), np.nan)


def _at(grid_s: Floats, signals: Floats, t_s: Floats) -> Floats:
    return np.array([np.interp(t_s, grid_s, values) for values in signals])


def _correlations(seen: Floats, track: Floats) -> Floats:
    """Return the correlations of turn and of speed; 0 if negative or too little is known."""
    r = np.zeros(len(seen))
    for k, (video, drive) in enumerate(zip(seen, track, strict=True)):
        known = np.isfinite(drive)
        if known.mean() < MIN_OVERLAP:
            continue
        a, b = video[known] - video[known].mean(), drive[known] - drive[known].mean()
        norm = float(np.linalg.norm(a) * np.linalg.norm(b))
        # rounding noise of a constant signal is not a signal
        r[k] = min(max(float(a @ b) / norm, 0.0), MAX_CORRELATION) if norm > TINY else 0.0
    return r


def _spread(track: Floats) -> float:
    known = np.isfinite(track)
    return float(track[known].std()) if known.mean() >= MIN_OVERLAP else 0.0


def _independent_samples(seen: Floats, track: Floats) -> Floats:
    """Return the number of independent samples in the residuals of turn and of speed."""
    n = np.ones(len(seen))
    for k, (video, drive) in enumerate(zip(seen, track, strict=True)):
        known = np.isfinite(drive)
        a, b = video[known], drive[known]
        if len(a) < MIN_SAMPLES or np.ptp(b) == 0.0:
            continue
        left = a - np.polyval(np.polyfit(b, a, 1), b)
        spread = np.correlate(left, left, mode="full")[len(left) - 1 :]
        spread = spread / spread[0] if spread[0] > 0.0 else np.zeros_like(spread)
        until = int(np.argmax(spread < 0.0)) or len(spread)
        n[k] = len(left) / max(1.0 + 2.0 * spread[1:until].sum(), 1.0)
    return n
