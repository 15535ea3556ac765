"""Decode an untrusted video in a process that may crash, stall or be killed.

Run by `read.video_decoder` as `python -m roadscan.read.video_child`, with a request (a line of
JSON) on stdin. Responses are lines of JSON on stdout; one with a "shape" is followed by the bytes
of its picture. The process blocks on the pipe until the parent reads.
"""

import json
import os
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from roadscan.model.arrays import Floats
from roadscan.read.video_formats import CODEC_DECODERS, CODECS, sniff_container
from roadscan.read.video_packets import needed_packets

SAME_TIME_S = 0.0005
SEEK_AHEAD_S = 15.0
"""Several groups of pictures: for less than this, decoding on is faster than seeking."""
BEAT_PACKETS = 64
"""Send a heartbeat after so many packets or frames without a picture."""


class RefusalError(Exception):
    """The file is refused: code, message, hint."""


@dataclass(frozen=True, slots=True)
class _Video:
    """An open video: its picture stream and the size that the stream declares."""

    request: dict[str, Any]
    container: InputContainer
    stream: VideoStream
    size: tuple[int, int]
    tick_s: Fraction
    start_s: float
    """Presentation time of its first frame; times count from it."""

    def time_s(self, frame: VideoFrame) -> float:
        return (frame.time or 0.0) - self.start_s

    def seek(self, to_s: float) -> None:
        """Go to a key frame before a time, or near it where the container has no index."""
        self.container.seek(int((to_s + self.start_s) / self.tick_s), stream=self.stream)

    def reopened(self) -> "_Video":
        """Reopen it at its beginning, which seeking may miss where there is no index."""
        return _open(self.request)


def main() -> None:
    """Serve the request on stdin."""
    request = json.loads(sys.stdin.buffer.readline())
    _limit_memory(request["memory_bytes"])
    try:
        video = _open(request)
        if request["task"] == "probe":
            _say(_probe(video))
        else:
            _send_frames(video)
        _say({"done": True})
    except RefusalError as refusal:
        _say({"refused": refusal.args})
    except BrokenPipeError:
        os._exit(0)  # the parent is gone: nobody reads the response
    except (MemoryError, ImportError):  # PyAV loads parts of itself as it opens a file
        allowed = f"{request['memory_bytes'] / (1 << 30):.1f} GiB"
        what = f"{request['name']} needs more than the {allowed} of memory that a decoder may use"
        _say({"refused": ("video_too_large", what, "Convert it to a lower resolution")})
    except (av.FFmpegError, OSError) as error:
        what = " ".join(str(error).split())
        hint = "Copy it again from the camera; a truncated recording may be beyond repair"
        _say(
            {"refused": ("video_not_a_video", f"{request['name']} cannot be opened ({what})", hint)}
        )


def _limit_memory(limit_bytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 -- not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(answer: dict[str, Any], picture: memoryview | bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(picture)
    sys.stdout.buffer.flush()


def _open(request: dict[str, Any]) -> _Video:
    """Open with the demuxer that matches the content; no other file may be opened."""
    with Path(request["path"]).open("rb") as file:
        container = sniff_container(file.read(4096))
    if container.refusal:
        raise RefusalError(
            container.refusal[0], f"{request['name']} {container.refusal[1]}", container.hint
        )
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": container.demuxers,
        "codec_whitelist": CODEC_DECODERS,
    }
    opened = av.open(
        request["path"], format=container.demuxers.split(",", maxsplit=1)[0], options=options
    )
    return _picture_stream(opened, request)


def _picture_stream(container: InputContainer, request: dict[str, Any]) -> _Video:
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        kinds = ", ".join(stream.type for stream in container.streams) or "none"
        raise RefusalError(
            "video_no_picture_stream",
            f"{request['name']} has no video stream (streams: {kinds})",
            "Give the camera's video file",
        )
    stream = streams[0]
    codec = _codec_name(stream)
    if codec not in CODECS:
        raise RefusalError(
            "video_codec_not_allowed",
            f"{request['name']} has the codec {codec}",
            f"Convert it to one of {', '.join(sorted(CODECS))}",
        )
    size = (stream.codec_context.width, stream.codec_context.height)
    if size[0] > request["max_width"] or size[1] > request["max_height"]:
        raise RefusalError(
            "video_too_large",
            f"{request['name']} has a resolution of {size[0]} x {size[1]}",
            f"Convert it to at most {request['max_width']} x {request['max_height']}",
        )
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = request["threads"]
    tick_s = stream.time_base or Fraction(1, 90_000)
    return _Video(
        request, container, stream, size, tick_s, float((stream.start_time or 0) * tick_s)
    )


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _claimed_s(video: _Video) -> float:
    """Return the duration declared by the file, 0 if there is none."""
    container, stream = video.container, video.stream
    claimed = stream.duration * video.tick_s if stream.duration else Fraction(0)
    if not claimed and container.duration:
        claimed = Fraction(container.duration, av.time_base)
    if stream.frames and stream.average_rate:
        # for a truncated AVI FFmpeg shortens the duration to what is there, but not the frame count
        claimed = max(claimed, stream.frames / stream.average_rate)
    return float(claimed)


def _codec_name(stream: Any) -> str:
    context = getattr(stream, "codec_context", None)
    return context.codec.canonical_name if context is not None else "data"


def _probe(video: _Video) -> dict[str, Any]:
    first = _first_frame(video)
    rotation_deg = int(first.rotation) % 360
    width, height = video.size
    if rotation_deg in {90, 270}:
        width, height = height, width
    video = video.reopened()
    container, stream = video.container, video.stream
    times_s, last_end_s = _packet_times(video)
    steps_s = np.diff(np.sort(times_s))
    steps_s = steps_s[steps_s > 0]
    uneven = len(steps_s) > 1 and np.ptp(np.percentile(steps_s, [5, 95])) > 0.1 * np.median(steps_s)
    return {
        "container": container.format.name,
        "codec": _codec_name(stream),
        "width": width,
        "height": height,
        "rotation_deg": rotation_deg,
        "claimed_s": _claimed_s(video) or last_end_s - video.start_s,
        "playable_s": last_end_s - video.start_s,
        "frames": len(times_s),
        "variable_frame_rate": bool(uneven),
        "created": container.metadata.get("creation_time"),
        "streams": [f"{s.type}:{_codec_name(s)}" for s in container.streams],
    }


def _first_frame(video: _Video) -> VideoFrame:
    for frame in _decoded(video):
        return frame
    raise RefusalError(
        "video_not_a_video",
        f"no picture of {video.request['name']} can be decoded",
        "Copy it again from the camera",
    )


def _packet_times(video: _Video) -> tuple[Any, float]:
    times_s = array("d")
    end_s = video.start_s
    with suppress(av.FFmpegError):  # the file ends here; what was read so far counts
        for number, packet in enumerate(video.container.demux(video.stream)):
            if number % BEAT_PACKETS == 0:
                _say({"alive": True})
            if packet.pts is None or packet.is_corrupt or not packet.size:
                continue
            time_s = float(packet.pts * packet.time_base)
            times_s.append(time_s)
            end_s = max(end_s, time_s + float((packet.duration or 0) * packet.time_base))
    return np.array(times_s), end_s


def _decoded(video: _Video, wanted_s: Floats | None = None) -> Iterator[VideoFrame]:
    """Yield all decodable frames, or those needed for the pictures displayed at some times.

    A damaged packet costs its own pictures, not the rest. Pictures of another size than the stream
    declares are not from this camera and are skipped.
    """
    demuxed = video.container.demux(video.stream)
    packets = (
        ((packet, True) for packet in demuxed)
        if wanted_s is None
        else needed_packets(demuxed, video.stream, wanted_s, video.start_s)
    )
    silent = 0
    while True:
        try:
            packet, is_needed = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            frames = packet.decode() if is_needed and not packet.is_corrupt else []
        except av.FFmpegError:
            continue
        silent = 0 if frames else silent + 1
        for frame in frames:
            if frame.pts is not None and (frame.width, frame.height) == video.size:
                yield frame
        if silent >= BEAT_PACKETS:
            _say({"alive": True})
            silent = 0


def _decoded_from(
    video: _Video, from_s: float, wanted_s: Floats | None = None
) -> Iterator[VideoFrame]:
    """Yield frames starting with one not later than `from_s`, or with the first of the video.

    With `wanted_s`, only those needed for the pictures displayed at these times.

    Where a container has no index, seeking lands between key frames, and the next one may be later;
    then the search starts further back.
    """
    back_s = 0.0
    while from_s - back_s > SEEK_AHEAD_S:
        video.seek(from_s - back_s)
        frames = _decoded(video, wanted_s)
        first = next(frames, None)
        if first is not None and video.time_s(first) <= from_s + SAME_TIME_S:
            yield first
            yield from frames
            return
        back_s = max(SEEK_AHEAD_S, 2.0 * back_s)
    yield from _decoded(video.reopened(), wanted_s)


def _send_frames(video: _Video) -> None:
    request = video.request
    if request["task"] == "frames":
        for frame in _shown_at(video, request["times_s"]):
            _send(frame, frame.to_ndarray(format="bgr24"), video.time_s(frame))
    else:
        width = request["width"]
        height = max(2, round(video.size[1] * width / video.size[0]))
        for frame in _windowed(video, request["windows"], request["rate_hz"]):
            small = frame.reformat(width, height, "gray", interpolation=Interpolation.AREA)
            _send(frame, small.to_ndarray(), video.time_s(frame))


def _send(frame: VideoFrame, image: Any, time_s: float) -> None:
    turns = int(frame.rotation) % 360 // 90
    upright = np.ascontiguousarray(np.rot90(image, k=turns))
    _say({"t_s": time_s, "shape": upright.shape}, upright.data.cast("B"))


def _shown_at(video: _Video, times_s: list[float]) -> Iterator[VideoFrame]:
    """Yield the frame displayed at each time, each frame once, as far as it can be decoded."""
    position = 0
    while position < len(times_s):
        wanted_s = np.array(times_s[position:])
        frames = _decoded_from(video, times_s[position], wanted_s)
        for frame, until_s in _with_ends(video, frames):
            while position < len(times_s) and times_s[position] + SAME_TIME_S < video.time_s(frame):
                position += 1
            before = position
            while position < len(times_s) and times_s[position] + SAME_TIME_S < until_s:
                position += 1
            if position == before:
                continue
            yield frame
            if position == len(times_s) or times_s[position] - until_s > SEEK_AHEAD_S:
                break
        else:
            return


def _with_ends(video: _Video, frames: Iterator[VideoFrame]) -> Iterator[tuple[VideoFrame, float]]:
    """Pair each frame with the time of the next; the last is shown as long as the one before."""
    step_s = 0.0
    held = next(frames, None)
    for number, frame in enumerate(frames):
        if held is not None:
            step_s = max(0.0, video.time_s(frame) - video.time_s(held))
            yield held, video.time_s(frame)
        held = frame
        if number % BEAT_PACKETS == 0:
            _say({"alive": True})
    if held is not None:
        rate_hz = video.stream.average_rate
        yield held, video.time_s(held) + max(step_s, float(1 / rate_hz) if rate_hz else 0.0)


def _windowed(video: _Video, windows: list[list[float]], rate_hz: float) -> Iterator[VideoFrame]:
    """Yield the frames inside the windows, thinned to at most `rate_hz`."""
    for from_s, to_s in windows:
        following_s = from_s
        for number, frame in enumerate(_decoded_from(video, from_s)):
            time_s = video.time_s(frame)
            if time_s > to_s:
                break
            if time_s + SAME_TIME_S >= following_s:
                yield frame
                following_s = max(following_s + 1.0 / rate_hz, time_s + 0.5 / rate_hz)
            if number % BEAT_PACKETS == 0:
                _say({"alive": True})


if __name__ == "__main__":
    main()
