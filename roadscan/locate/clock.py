"""Clock fit: when a video began, from the motion in its pictures and from a track."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from roadscan.locate.apparent_motion import Motion
from roadscan.locate.clock_guesses import ClockGuess
from roadscan.locate.clock_signals import (
    STEP_S,
    Lags,
    Signals,
    correlate,
    independent_samples,
    motion_signals,
    smoothing_s,
    track_signals,
    under,
)
from roadscan.model.arrays import Bools, Floats
from roadscan.model.track import DrivePath

WINDOW_S: Final = 24.0
"""Of picture in one piece."""
TURN_SCALE_RADPS: Final = 0.1
SPEED_SCALE_MPS: Final = 2.0
"""A change of either by this much says equally much about time."""
MIN_OVERLAP: Final = 0.7
"""Share of the motion that the track must cover for a lag to be compared."""
MIN_MOTION_S: Final = 5.0
"""Minimum motion for a fit."""
MIN_CHANGE: Final = np.array([0.03, 0.8])
"""rad/s and m/s, standard deviation: with less, a track says nothing about time."""
MIN_CORRELATION: Final = 0.7
"""For turn and for speed, each where the track provides it."""
MIN_EVIDENCE: Final = 9.0
SHORT_S: Final = 86.0
SHORT_EVIDENCE_PER_S: Final = 0.1
"""ln of how much likelier a lag must be than no relation, were it the only one tried: more by 0.1
for every second that the picture is shorter than 86 s, as a turn and a halt are like many others.
Set on drives that do not belong together, of which it lets less than 1 in 1,000 pass
(`make bench-clock`)."""
TRIAL_S: Final = 2.0
"""Lags this close are one chance."""
OTHER_GUESSES: Final = 2.0
"""ln of the number of guesses beside the first: each of them is a chance, too."""
MIN_LEAD: Final = 4.0
"""The best lag must be exp(4) = 55 times as likely as any other than its own peak."""
MAX_TRACK_S: Final = 86_400.0
AROUND_S: Final = 900.0
"""A track longer than a day is searched only this far around the guesses."""
PEAK_STEPS: Final = 3
"""Lags on either side of the best that the parabola is fitted to."""
PEAK_SMOOTH: Final = 3.0
"""Lags nearer to the best than so many times what both are smoothed by belong to its peak."""
MAX_SIGMA_S: Final = 1.0
LATENCY_S: Final = 0.1
"""Invisible to correlation: the receiver's delay, 0.1 s measured on a u-blox at 10 Hz. (A
receiver that filters strongly can be a second late, as one at 0.5 Hz was.)"""
MIRRORED: Final = np.array([[-1.0], [1.0]])
"""Signs of turn and speed with which mirrored pictures fit."""
RARE_SMOOTH_S: Final = 6.5
"""Of fixes 11 s apart: those further apart do not say when a vehicle turned or stopped."""
BACK_SHARE: Final = 0.8
"""Of the pairs in motion: if the road moves away in so many, the camera looks back."""
MIN_CHANGING: Final = 0.5
"""Share of the likeliest lags at which the track turns or changes its speed."""
MIN_SEEN_CHANGE: Final = 0.1
"""Standard deviation of the speed seen over its mean: with less the picture says nothing."""


@dataclass(frozen=True, slots=True)
class FoundClock:
    """The UTC time of a video's first picture, beyond doubt, and the guess that led to it."""

    start_s: float
    sigma_s: float
    correlation: float
    why: str


@dataclass(frozen=True, slots=True)
class NoClock:
    """Why the pictures do not tell the time.

    `why`: "little_seen" or "little_driven" (too few turns and changes of speed in the picture or in
    the track), "too_short" (they agree, and so would many others), "several" (they agree at more
    than one time), "no_fit" (both have some, and they are not the same), "fixes_rare", "looks_back"
    or "mirrored" (they fit the other way round).
    """

    why: str
    correlation: float


def choose_windows(
    path: DrivePath, started_s: float, duration_s: float, budget_s: float
) -> tuple[tuple[float, float], ...]:
    """Return windows of video time in which the track is most informative about time.

    The drive is divided into as many equal parts as windows fit the budget; in each, the window is
    taken where turn rate and speed change most (the information a signal s(t) holds about a shift
    in time is the integral of s'(t)^2). Together they are no longer than `budget_s`. Parts that the
    track does not cover are left out, unless it covers none: then the time is not known yet.
    Empty if less than 5 s are available. The most informative come first.
    """
    total_s = min(budget_s, duration_s)
    if total_s < MIN_MOTION_S:
        return ()
    parts = max(1, int(total_s / WINDOW_S))
    length_s = total_s / parts
    track = track_signals(path, started_s, started_s + duration_s, smoothing_s(path)).values
    change = np.diff(track, prepend=track[:, :1]) / np.array(
        [[TURN_SCALE_RADPS], [SPEED_SCALE_MPS]]
    )
    told_until = np.concatenate([[0.0], np.cumsum(np.nan_to_num(change**2).sum(axis=0))])
    windows: list[tuple[float, float]] = []
    told: list[float] = []
    covered: list[bool] = []
    for k in range(parts):
        from_s, to_s = k * duration_s / parts, (k + 1) * duration_s / parts
        starts = np.arange(from_s, max(to_s - length_s, from_s) + 0.5, 1.0)
        starts = np.minimum(starts, max(to_s - length_s, from_s))
        first = np.minimum((starts / STEP_S).astype(np.int64), track.shape[1])
        end = np.minimum(((starts + length_s) / STEP_S).astype(np.int64), track.shape[1])
        best = int(np.argmax(told_until[end] - told_until[first]))
        windows.append((float(starts[best]), float(starts[best] + length_s)))
        told.append(float(told_until[end[best]] - told_until[first[best]]))
        covered.append(bool(np.isfinite(track[1, first[best] : end[best]]).any()))
    order = sorted(range(parts), key=lambda k: -told[k])
    return tuple(windows[k] for k in order if covered[k] or not any(covered))


def find_clock(
    motion: Motion, path: DrivePath, guesses: Sequence[ClockGuess]
) -> FoundClock | NoClock:
    """Find when the video began, so that apparent motion and track agree.

    Turn and speed of the picture are correlated with the track's at every lag. With unknown scale
    and noise the evidence of a lag is the sum of -n/2 ln(1 - r^2) over both (r: correlation, 0
    where negative; n: independent samples of a picture that belongs to no track). A lag is
    confirmed if its evidence exceeds what chance gives among all lags that its guess admits, and
    leads over every other. It is refined by a parabola through the sum of squares beside it; its
    curvature gives the uncertainty, to which the delay of the devices is added.
    """
    smooth_s = smoothing_s(path)
    seen = motion_signals(motion, smooth_s)
    if seen.known_s < MIN_MOTION_S:
        return NoClock("little_seen", 0.0)
    found: list[tuple[float, FoundClock | NoClock]] = []
    for from_s, to_s in _searched(path, guesses, seen):
        track = track_signals(path, from_s, to_s, smooth_s)
        found.append(_best_lag(seen, track, guesses, PEAK_SMOOTH * smooth_s))
    found.sort(key=lambda one: one[0])
    score, clock = found[-1] if found else (0.0, NoClock("little_driven", 0.0))
    if isinstance(clock, FoundClock) and len(found) > 1 and score - found[-2][0] < MIN_LEAD:
        return NoClock("several", clock.correlation)
    if isinstance(clock, FoundClock) and _looks_back(motion):
        return NoClock("looks_back", clock.correlation)
    if isinstance(clock, NoClock) and clock.why == "no_fit" and smooth_s > RARE_SMOOTH_S:
        return NoClock("fixes_rare", clock.correlation)
    return clock


def _searched(
    path: DrivePath, guesses: Sequence[ClockGuess], seen: Signals
) -> list[tuple[float, float]]:
    """Return the stretches of UTC time that are searched: of a track of a day or less, all."""
    first_s, last_s = float(path.t_s[0]), float(path.t_s[-1])
    if last_s - first_s <= MAX_TRACK_S:
        return [(first_s, last_s)]
    stretches: list[tuple[float, float]] = []
    begin_s, end_s = seen.first_s, seen.first_s + STEP_S * seen.values.shape[1]
    for start_s in sorted(np.concatenate([guess.starts_s for guess in guesses]).tolist()):
        from_s = max(first_s, start_s + begin_s - AROUND_S)
        to_s = min(last_s, start_s + end_s + AROUND_S)
        if stretches and from_s <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(to_s, stretches[-1][1]))
        elif from_s < to_s:
            stretches.append((from_s, to_s))
    return stretches


def _best_lag(
    seen: Signals, track: Signals, guesses: Sequence[ClockGuess], peak_half_s: float
) -> tuple[float, FoundClock | NoClock]:
    """Return the best lag on one stretch with its score: evidence over what chance would give."""
    lags = correlate(seen, track, MIN_OVERLAP)
    if not len(lags.start_s):
        return -np.inf, NoClock("little_driven", 0.0)
    n = independent_samples(seen)
    demand, guess = _demands(lags.start_s, guesses, seen.known_s)
    score = _evidence(lags.r, n) - demand
    best = int(np.argmax(score))
    r = np.nan_to_num(lags.r[:, best])
    correlation = float(np.clip(r, 0.0, None).max())
    informative = lags.spread[:, best] > MIN_CHANGE
    apart = np.abs(lags.start_s - lags.start_s[best]) > peak_half_s
    lead = score[best] - score[apart].max(initial=-np.inf)
    fits = informative.any() and r[informative].min() >= MIN_CORRELATION
    if fits and score[best] >= 0.0:
        if lead < MIN_LEAD:
            return float(score[best]), NoClock("several", correlation)
        peak = _peak(seen, track, lags, informative, best, peak_half_s)
        if peak is not None:
            why = guesses[guess[best]].why
            return float(score[best]), FoundClock(peak[0], peak[1], correlation, why)
    return float(score[best]), NoClock(_reason(seen, lags, n, demand), correlation)


def _looks_back(motion: Motion) -> bool:
    """Tell whether the road moves away from the camera."""
    known = motion.speed[np.isfinite(motion.speed)]
    moves = known[np.abs(known) > 0.5 * float(np.mean(np.abs(known)))]
    return bool(np.mean(moves < 0.0) > BACK_SHARE)


def _evidence(r: Floats, n: Floats) -> Floats:
    evidence: Floats = -0.5 * n @ np.log1p(-(np.clip(np.nan_to_num(r), 0.0, None) ** 2))
    return evidence


def _demands(
    start_s: Floats, guesses: Sequence[ClockGuess], known_s: float
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the evidence that each lag needs, and the guess that asks least of it.

    The more lags a guess admits, the more of them are alike by chance.
    """
    least = MIN_EVIDENCE + SHORT_EVIDENCE_PER_S * max(0.0, SHORT_S - known_s)
    demand = np.full(len(start_s), np.inf)
    guess = np.zeros(len(start_s), dtype=np.int64)
    for number, one in enumerate(guesses):
        inside = np.full(len(start_s), len(one.starts_s) == 0)
        for centre_s in one.starts_s:
            inside |= np.abs(start_s - centre_s) <= one.within_s
        trials = max(1.0, float(inside.sum()) * STEP_S / TRIAL_S)
        asked = least + np.log(trials) + (OTHER_GUESSES if number else 0.0)
        fewer = inside & (asked < demand)
        demand[fewer], guess[fewer] = asked, number
    return demand, guess


def _reason(seen: Signals, lags: Lags, n: Floats, demand: Floats) -> str:
    """Return why no lag is beyond doubt."""
    turned = lags.r * MIRRORED
    score = _evidence(turned, n) - demand
    best = int(np.argmax(score))
    if (
        score[best] >= 0.0
        and (lags.spread[:, best] > MIN_CHANGE).all()
        and turned[:, best].min() >= MIN_CORRELATION
    ):
        return "mirrored"
    speed = seen.values[1][np.isfinite(seen.values[1])]
    if speed.std() <= MIN_SEEN_CHANGE * abs(speed.mean()):
        return "little_seen"
    likely = demand <= demand.min()
    changes = lags.spread[:, likely] > MIN_CHANGE[:, None]
    if changes.any(axis=0).mean() < MIN_CHANGING:
        return "little_driven"
    fits = (np.nan_to_num(lags.r[:, likely]) >= MIN_CORRELATION) | ~changes
    return "too_short" if (fits.all(axis=0) & changes.any(axis=0)).any() else "no_fit"


def _peak(
    seen: Signals, track: Signals, lags: Lags, informative: Bools, best: int, half_s: float
) -> tuple[float, float] | None:
    """Return the start of the video at the peak and its sigma; None at an edge or without a peak.

    Where turn and speed put the peak further apart than their sigmas allow, both sigmas are too
    small: the common one grows by the root of chi^2 per degree of freedom (Birge 1932).
    """
    near = slice(best - PEAK_STEPS, best + PEAK_STEPS + 1)
    if best < PEAK_STEPS or best >= len(lags.start_s) - PEAK_STEPS:
        return None
    aside = lags.start_s[near] - lags.start_s[best]
    r = np.clip(lags.r[informative, near].T, 0.0, None)
    if not np.isfinite(r).all() or np.ptp(aside) > 2.0 * PEAK_STEPS * STEP_S + 1e-6:
        return None
    # of what is left where the two belong together
    n = independent_samples(seen, under(seen, track, float(lags.start_s[best])))[informative]
    half_squares = 0.5 * n * (1.0 - r**2) / (1.0 - r[PEAK_STEPS] ** 2)
    curve, slope, _ = np.polyfit(aside, half_squares, 2)
    curve_all = float(curve.sum())
    if curve_all <= 0.0:
        return None
    reach_s = PEAK_STEPS * STEP_S
    aside_s = float(np.clip(-0.5 * slope.sum() / curve_all, -reach_s, reach_s))
    tops = curve > 0.0
    apart_s = np.clip(-0.5 * slope[tops] / curve[tops], -half_s, half_s) - aside_s
    chi2 = float(np.sum(2.0 * curve[tops] * apart_s**2)) / max(int(tops.sum()) - 1, 1)
    sigma_s: float = max(chi2, 1.0) ** 0.5 * (2.0 * curve_all) ** -0.5
    if sigma_s > MAX_SIGMA_S:
        return None
    return float(lags.start_s[best]) + aside_s, float(np.hypot(sigma_s, LATENCY_S))
