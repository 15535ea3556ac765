"""When a video was taken: by its own clock, a given offset, and the motion in its pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.locate.apparent_motion import Flow, corner_flows, motion_from_flows
from roadscan.locate.clock import FoundClock, NoClock, choose_windows, find_clock
from roadscan.locate.clock_guesses import (
    ROLLOVER_S,
    SEARCH_S,
    ZONE_STEP_S,
    ZONE_STEPS,
    ClockGuess,
    guesses_for,
)
from roadscan.model.drive import ClockFit, VideoInfo
from roadscan.model.time import iso_utc
from roadscan.model.track import DrivePath
from roadscan.pipeline.run_record import Stopwatch
from roadscan.read.video import grey_frames

MIN_OVERLAP_S: Final = 1.0
RATE_HZ: Final = 10.0
WIDTH_PX: Final = 320
FIRST_S: Final = 48.0
"""Of picture is looked at first; only if it leaves a doubt, as much as follows."""
SHARE: Final = 0.1
MOST_S: Final = (96.0, 180.0)
"""A tenth of the video, within these bounds."""
UNCONFIRMED_SIGMA_S: Final = SEARCH_S / 3.0**0.5
"""Of a camera's clock that nothing confirms: anywhere within the search, all equally likely."""
UNRELATED_SIGMA_S: Final = 600.0
"""Where the pictures fit the track nowhere, the camera's time is not to be trusted."""
OFFSET_WITHIN_S: Final = 0.5
"""An offset given by hand is taken to be right to half a second if nothing else is said."""
ASSUMED_SLACK_S: Final = 60.0
"""A video without a date may begin with the track if that is no longer than this beyond it."""
DAY_S: Final = 86_400.0

ASSUMED: Final = "clock_assumed: the video has no date: it is taken to begin with the track"
WHY_NOT: Final = {
    "little_seen": "the pictures show too few changes of speed and turns to tell the time by",
    "little_driven": "the track has too few turns and changes of speed to tell the time by",
    "too_short": "pictures and track agree, but on too few turns and halts to be sure",
    "several": "the pictures fit the track at more than one time",
    "fixes_rare": "the fixes are too far apart to tell the time by",
    "no_fit": "turns and speed in the pictures do not agree with the track: is it of another "
    "drive, is the clock further off than the track reaches, or is it a time-lapse",
}
CORRECTED: Final = {
    "end": "its date is that of the end of the recording",
    "zone": "it looks like local time",
    "rollover": "1,024 weeks (7,168 days): one of the two counts GPS weeks from the wrong start",
    "chapter": "it has the date of the recording that it continues",
    "track": "it was found on the track",
}


@dataclass(frozen=True, slots=True)
class GivenOffset:
    """An offset given by hand: UTC = start of the video + time in the video + this."""

    offset_s: float
    within_s: float
    """Half the width of what it is taken for where the pictures say nothing."""


def place_in_time(
    video_path: Path,
    info: VideoInfo,
    path: DrivePath,
    given: GivenOffset | None = None,
    earlier_s: float = 0.0,
    watch: Stopwatch | None = None,
) -> ClockFit:
    """Find the offset between picture and track: near one that is given, else near what is likely.

    `earlier_s`: how much later than its own date the videos of the same date ended.

    Raises
    ------
    RoadscanError
        `track_no_overlap`, with both intervals; `clock_contradicted` if the pictures belong
        elsewhere on the track than the given offset says; `clock_unknown` if the video has no date
        and could be anywhere on the track; `camera_looks_back`, `picture_mirrored`.
    """
    started_s = float(path.t_s[0]) if info.started_s is None else info.started_s
    likely_s = started_s + (0.0 if given is None else given.offset_s)
    continues_s = started_s + earlier_s if earlier_s else None
    if given is None:
        guesses = guesses_for(info.started_s, info.playable_s, continues_s)
    else:
        _check_overlap(info, likely_s, path, "the given offset leaves them apart")
        around_s = max(given.within_s, SEARCH_S)
        guesses = (
            ClockGuess("given", np.array([likely_s]), around_s),
            *guesses_for(None, info.playable_s, continues_s),
        )
    clock = _look(video_path, info, path, likely_s, guesses, watch or Stopwatch())
    if isinstance(clock, FoundClock):
        return _found(info, started_s, clock, given)
    _check_turned(info, clock)
    if given is not None:
        return _as_given(info, started_s, given, clock)
    if info.started_s is None:
        return _assumed(info, path, started_s, clock)
    _check_overlap(info, likely_s, path, WHY_NOT[clock.why])
    sigma_s = UNRELATED_SIGMA_S if clock.why == "no_fit" else UNCONFIRMED_SIGMA_S
    # of videos that share a date, one may begin where the other ends
    sigma_s = max(sigma_s, earlier_s)
    told = (_not_confirmed(clock),)
    return ClockFit(started_s, 0.0, sigma_s, "container", clock.correlation, told)


def _look(
    video_path: Path,
    info: VideoInfo,
    path: DrivePath,
    likely_s: float,
    guesses: tuple[ClockGuess, ...],
    watch: Stopwatch,
) -> FoundClock | NoClock:
    """Look at as much picture as it takes."""
    budget_s = float(np.clip(SHARE * info.playable_s, *MOST_S))
    windows = choose_windows(path, likely_s, info.playable_s, budget_s)
    clock: FoundClock | NoClock = NoClock("little_seen", 0.0)
    flows: list[Flow] = []
    with watch.stage("clock"):
        for some in _rounds(windows):
            frames = grey_frames(video_path, sorted(some), RATE_HZ, WIDTH_PX)
            after = flows[-1].window + 1 if flows else 0
            flows += corner_flows(watch.waits("clock_decode", frames), after)
            clock = find_clock(motion_from_flows(flows), path, guesses)
            if isinstance(clock, FoundClock):
                break
    return clock


def _rounds(windows: tuple[tuple[float, float], ...]) -> list[tuple[tuple[float, float], ...]]:
    """Return the windows to look at first, and the others."""
    lengths_s = np.cumsum([to_s - from_s for from_s, to_s in windows])
    first = int(np.searchsorted(lengths_s, FIRST_S - 1e-6)) + 1
    return [some for some in (windows[:first], windows[first:]) if some]


def _found(
    info: VideoInfo, started_s: float, clock: FoundClock, given: GivenOffset | None
) -> ClockFit:
    offset_s = clock.start_s - started_s
    if given is not None and clock.why == "track":
        raise RoadscanError(
            "clock_contradicted",
            f"the pictures of {info.name} belong to the track at an offset of {offset_s:.2f} s, "
            f"not at the given {given.offset_s:.2f} s",
            f"Give --offset-s {offset_s:.2f}, or none: then it is found from the pictures",
            offset_s=round(offset_s, 2),
        )
    warnings: tuple[str, ...] = ()
    if clock.why in CORRECTED and info.started_s is not None:
        said = (
            f"{info.name}: the camera's clock is off by {-offset_s:+.1f} s, found from the pictures"
        )
        warnings = (f"clock_corrected: {said}; {CORRECTED[clock.why]}",)
    return ClockFit(started_s, offset_s, clock.sigma_s, "motion", clock.correlation, warnings)


def _check_turned(info: VideoInfo, clock: NoClock) -> None:
    if clock.why == "looks_back":
        raise RoadscanError(
            "camera_looks_back",
            f"in the pictures of {info.name} the road moves away: the camera looks back",
            "Use a camera that looks ahead; damage behind the vehicle cannot be placed",
        )
    if clock.why == "mirrored":
        raise RoadscanError(
            "picture_mirrored",
            f"the pictures of {info.name} turn left where the track turns right: they are mirrored",
            "Switch off the mirroring in the camera; left and right would be mistaken",
        )


def _not_confirmed(clock: NoClock) -> str:
    code = "clock_no_fit" if clock.why == "no_fit" else "clock_not_confirmed"
    return f"{code}: {WHY_NOT[clock.why]}"


def _as_given(info: VideoInfo, started_s: float, given: GivenOffset, clock: NoClock) -> ClockFit:
    """Return the given offset, far less sure where the pictures do not agree with it."""
    warnings = (ASSUMED,) if info.started_s is None else ()
    sigma_s = given.within_s / 3.0**0.5
    if clock.why == "no_fit":
        sigma_s, warnings = max(sigma_s, UNCONFIRMED_SIGMA_S), (*warnings, _not_confirmed(clock))
    return ClockFit(started_s, given.offset_s, sigma_s, "option", 0.0, warnings)


def _assumed(info: VideoInfo, path: DrivePath, started_s: float, clock: NoClock) -> ClockFit:
    slack_s = float(path.t_s[-1] - path.t_s[0]) - info.playable_s
    if slack_s > ASSUMED_SLACK_S or clock.why == "no_fit":
        raise RoadscanError(
            "clock_unknown",
            f"{info.name} has no date, and where it was taken on a track of "
            f"{slack_s + info.playable_s:.0f} s is not known: {WHY_NOT[clock.why]}",
            "Give --offset-s (from the start of the track to that of the video), or a track of "
            "this drive alone",
        )
    sigma_s = max(UNCONFIRMED_SIGMA_S, slack_s / 12.0**0.5)
    warnings = (ASSUMED, _not_confirmed(clock))
    return ClockFit(started_s, 0.0, sigma_s, "assumed", clock.correlation, warnings)


def _check_overlap(info: VideoInfo, started_s: float, path: DrivePath, why: str) -> None:
    first_s, last_s = float(path.t_s[0]), float(path.t_s[-1])
    if _overlap_s(info, started_s, path) >= min(MIN_OVERLAP_S, info.playable_s):
        return
    raise RoadscanError(
        "track_no_overlap",
        f"{info.name} runs from {iso_utc(started_s)} to {iso_utc(started_s + info.playable_s)}, "
        f"the track from {iso_utc(first_s)} to {iso_utc(last_s)} ({why})",
        _way_out(info, started_s, path),
        video_from=iso_utc(started_s),
        video_to=iso_utc(started_s + info.playable_s),
        track_from=iso_utc(first_s),
        track_to=iso_utc(last_s),
    )


def _overlap_s(info: VideoInfo, started_s: float, path: DrivePath) -> float:
    ended_s = started_s + info.playable_s
    return min(ended_s, float(path.t_s[-1])) - max(started_s, float(path.t_s[0]))


def _way_out(info: VideoInfo, started_s: float, path: DrivePath) -> str:
    """Return what may be wrong, with an offset only where one alone can be right."""
    container_s = started_s if info.started_s is None else info.started_s
    apart_s = float(path.t_s[0]) - container_s
    if abs(abs(apart_s) - ROLLOVER_S) < DAY_S:
        return (
            "They are 1,024 weeks (7,168 days) apart, which is where GPS weeks begin anew: update "
            "the receiver or the camera, and check its clock"
        )
    hours = np.arange(-ZONE_STEPS, ZONE_STEPS + 1) * ZONE_STEP_S
    whole = 0.9 * min(info.playable_s, float(path.t_s[-1] - path.t_s[0]))
    fitting = [h for h in hours if h and _overlap_s(info, container_s + float(h), path) >= whole]
    if len(fitting) == 1:
        return (
            f"They are {fitting[0] / 3600.0:+g} h apart: looks like local time in one of them; "
            f"try --offset-s {fitting[0]:.0f} --offset-within-s {SEARCH_S:.0f}"
        )
    return "Check the camera's clock, and whether the track is of this drive"
