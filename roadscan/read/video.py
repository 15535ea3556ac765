"""Read untrusted videos in a child process: facts, requested frames, small grey frames."""

from collections.abc import Iterator, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

from roadscan.model.arrays import Floats
from roadscan.model.drive import VideoInfo
from roadscan.model.frame import Frame
from roadscan.read.input_files import check_file, sha256_of
from roadscan.read.track_fixes import time_or_nan
from roadscan.read.video_decoder import DecodeLimits, Decoding

MIN_MISSING_S = 0.5
MIN_MISSING_SHARE = 0.01
"""A video shorter than claimed by more than both of these is truncated."""


def probe(path: Path, limits: DecodeLimits | None = None) -> VideoInfo:
    """Find out what a video really contains: reads all packets and decodes one frame.

    `started_s` is the container's creation time, never the file's. Times in a video count from its
    first presented frame.

    Raises
    ------
    RoadscanError
        `video_not_a_video`, `video_no_picture_stream`, `video_container_not_allowed`,
        `video_codec_not_allowed`, `video_too_large`, `video_decoder_crashed`,
        `video_decoder_timeout`, and what `check_file` raises.
    """
    check_file(path)
    request = {"task": "probe"}
    facts: dict[str, Any] = {}
    for answer in Decoding(path, request, limits or DecodeLimits()).answers():
        facts.update(answer)
    claimed_s, playable_s = facts["claimed_s"], facts["playable_s"]
    missing_s = claimed_s - playable_s
    warnings = []
    if missing_s > max(MIN_MISSING_S, MIN_MISSING_SHARE * claimed_s):
        warnings.append(f"truncated: plays {playable_s:.1f} s of the {claimed_s:.1f} s claimed")
    return VideoInfo(
        name=path.name,
        sha256=sha256_of(path),
        container=facts["container"],
        codec=facts["codec"],
        width=facts["width"],
        height=facts["height"],
        rotation_deg=facts["rotation_deg"],
        claimed_s=claimed_s,
        playable_s=playable_s,
        frames=facts["frames"],
        frame_rate_hz=facts["frames"] / playable_s if playable_s > 0 else 0.0,
        variable_frame_rate=facts["variable_frame_rate"],
        started_s=_created_s(facts["created"]),
        streams=tuple(facts["streams"]),
        warnings=tuple(warnings),
    )


def frames_at(path: Path, times_s: Floats, limits: DecodeLimits | None = None) -> Iterator[Frame]:
    """Yield the frame displayed at each time (ascending, seconds), upright, BGR, each frame once.

    The child decodes a few frames ahead. The stream ends early if the video does.

    Raises
    ------
    RoadscanError
        As `probe`.
    """
    if len(times_s) == 0:
        return
    request = {"task": "frames", "times_s": [float(t) for t in times_s]}
    yield from _frames(path, request, limits or DecodeLimits())


def grey_frames(
    path: Path,
    windows: Sequence[tuple[float, float]],
    rate_hz: float,
    width: int,
    limits: DecodeLimits | None = None,
) -> Iterator[Frame]:
    """Yield small grey frames inside the windows (seconds), at a rate of at most `rate_hz`.

    Raises
    ------
    RoadscanError
        As `probe`.
    """
    if not windows:
        return
    request = {"task": "grey", "windows": list(windows), "rate_hz": rate_hz, "width": width}
    yield from _frames(path, request, limits or DecodeLimits())


def _frames(path: Path, request: dict[str, Any], limits: DecodeLimits) -> Iterator[Frame]:
    check_file(path)
    for answer in Decoding(path, request, limits).answers():
        yield Frame(answer["t_s"], answer["image"])


def _created_s(created: str | None) -> float | None:
    """Return a container's creation time as UTC epoch seconds; None if the clock was never set."""
    t_s = time_or_nan(created) if created is not None else nan
    return None if isnan(t_s) else t_s
