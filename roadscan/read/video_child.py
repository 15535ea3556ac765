"""Decodes an untrusted video in a process that may crash, stall or be killed.

Run by `read.video` as `python -m roadscan.read.video_child`, with a request (JSON) as the first
line on stdin. Answers are JSON lines on stdout; pictures go through a shared file of slots, of
which the parent gives one back with each further byte on stdin.
"""

import json
import mmap
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from roadscan.read.video_formats import CODEC_DECODERS, CODECS, sniff_container

SAME_TIME_S = 0.0005
SEEK_AHEAD_S = 15.0
"""Several groups of pictures: below this, decoding on is faster than seeking."""
BEAT_PACKETS = 64
"""A sign of life after so many packets without a picture."""


class RefusalError(Exception):
    """The file is not one we decode: code, message, hint."""


def main() -> None:
    """Answer the one request on stdin."""
    request = json.loads(sys.stdin.buffer.readline())
    _limit_memory(request["memory_bytes"])
    try:
        with _open(request) as container:
            stream = _picture_stream(container, request)
            if request["task"] == "probe":
                _say(_probe(container, stream, request))
            else:
                _send_frames(container, stream, request)
        _say({"done": True})
    except RefusalError as refusal:
        _say({"refused": refusal.args})
    except BrokenPipeError:
        os._exit(0)  # the parent has gone: nobody is left to tell
    except (av.FFmpegError, OSError, MemoryError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        hint = "Copy it again from the camera; a recording that was cut off may be beyond repair"
        _say(
            {"refused": ("video_not_a_video", f"{request['name']} cannot be opened ({what})", hint)}
        )


def _limit_memory(limit_bytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 -- not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _open(request: dict[str, Any]) -> InputContainer:
    """Open with the demuxer that the content calls for; nothing but this file may be opened."""
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
    opened: InputContainer = av.open(
        request["path"], format=container.demuxers.split(",", maxsplit=1)[0], options=options
    )
    return opened


def _picture_stream(container: InputContainer, request: dict[str, Any]) -> VideoStream:
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        kinds = ", ".join(stream.type for stream in container.streams) or "none"
        raise RefusalError(
            "video_no_picture_stream",
            f"{request['name']} has no video stream (streams: {kinds})",
            "Give the camera's video file",
        )
    stream = streams[0]
    codec = stream.codec_context.codec.canonical_name
    if codec not in CODECS:
        raise RefusalError(
            "video_codec_not_allowed",
            f"{request['name']} is coded as {codec}",
            f"Convert it to one of {', '.join(sorted(CODECS))}",
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if width > request["max_width"] or height > request["max_height"]:
        raise RefusalError(
            "video_too_large",
            f"{request['name']} has pictures of {width} x {height}",
            f"At most {request['max_width']} x {request['max_height']}",
        )
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = request["threads"]
    return stream


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _tick(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 90_000)


def _start_s(stream: VideoStream) -> float:
    return float((stream.start_time or 0) * _tick(stream))


def _probe(
    container: InputContainer, stream: VideoStream, request: dict[str, Any]
) -> dict[str, Any]:
    first = _first_frame(container, stream, request)
    rotation_deg = int(first.rotation) % 360
    width, height = first.width, first.height
    if rotation_deg in {90, 270}:
        width, height = height, width
    container.seek(stream.start_time or 0, stream=stream, backward=True)
    times_s, last_end_s = _packet_times(container, stream)
    start_s = _start_s(stream)
    claimed = stream.duration * _tick(stream) if stream.duration else None
    if claimed is None and container.duration:
        claimed = Fraction(container.duration, av.time_base)
    steps_s = np.diff(np.sort(times_s))
    steps_s = steps_s[steps_s > 0]
    uneven = len(steps_s) > 1 and np.ptp(np.percentile(steps_s, [5, 95])) > 0.1 * np.median(steps_s)
    return {
        "container": container.format.name,
        "codec": stream.codec_context.codec.canonical_name,
        "width": width,
        "height": height,
        "rotation_deg": rotation_deg,
        "claimed_s": float(claimed) if claimed is not None else last_end_s - start_s,
        "playable_s": last_end_s - start_s,
        "frames": len(times_s),
        "variable_frame_rate": bool(uneven),
        "created": container.metadata.get("creation_time"),
        "streams": [f"{s.type}:{_codec_name(s)}" for s in container.streams],
    }


def _codec_name(stream: Any) -> str:
    context = getattr(stream, "codec_context", None)
    return context.codec.canonical_name if context is not None else "data"


def _first_frame(
    container: InputContainer, stream: VideoStream, request: dict[str, Any]
) -> VideoFrame:
    for frame in _decoded(container, stream):
        return frame
    raise RefusalError(
        "video_not_a_video",
        f"not one picture of {request['name']} can be decoded",
        "Copy it again from the camera",
    )


def _packet_times(container: InputContainer, stream: VideoStream) -> tuple[Any, float]:
    times_s: list[float] = []
    end_s = 0.0
    try:
        for packet in container.demux(stream):
            if packet.pts is None or packet.is_corrupt or not packet.size:
                continue
            time_s = float(packet.pts * packet.time_base)
            times_s.append(time_s)
            end_s = max(end_s, time_s + float((packet.duration or 0) * packet.time_base))
    except av.FFmpegError:
        pass  # the file ends here; what was read counts
    return np.array(times_s), end_s


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield what can be decoded; a damaged packet costs its pictures, not the rest."""
    packets = container.demux(stream)
    silent = 0
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        silent = 0 if frames else silent + 1
        for frame in frames:
            if frame.pts is not None:
                yield frame
        if silent >= BEAT_PACKETS:
            _say({"alive": True})
            silent = 0


def _send_frames(container: InputContainer, stream: VideoStream, request: dict[str, Any]) -> None:
    sender = _Sender(request)
    if request["task"] == "frames":
        for frame, time_s in _shown_at(container, stream, request["times_s"]):
            sender.send(_upright(frame, frame.to_ndarray(format="bgr24")), time_s)
    else:
        for frame, time_s in _windowed(container, stream, request["windows"], request["rate_hz"]):
            height = max(2, round(frame.height * request["width"] / frame.width))
            small = frame.reformat(
                request["width"], height, "gray", interpolation=Interpolation.AREA
            )
            sender.send(_upright(frame, small.to_ndarray()), time_s)


def _upright(frame: VideoFrame, image: Any) -> Any:
    turns = int(frame.rotation) % 360 // 90
    return np.rot90(image, k=turns) if turns else image


def _shown_at(
    container: InputContainer, stream: VideoStream, times_s: list[float]
) -> Iterator[tuple[VideoFrame, float]]:
    """Yield the frame on show at each time, each frame once."""
    start_s = _start_s(stream)
    held: VideoFrame | None = None
    position = 0
    beats = 0
    while position < len(times_s):
        if held is None or times_s[position] - _time_s(held, start_s) > SEEK_AHEAD_S:
            _seek(container, stream, times_s[position] + start_s, is_start=held is None)
            held = None
        for frame in _decoded(container, stream):
            time_s = _time_s(frame, start_s)
            if time_s > times_s[position] + SAME_TIME_S:
                shown = frame if held is None else held
                yield shown, _time_s(shown, start_s)
                while position < len(times_s) and times_s[position] + SAME_TIME_S < time_s:
                    position += 1
                if position == len(times_s):
                    return
                if times_s[position] - time_s > SEEK_AHEAD_S:
                    held = frame
                    break
            held = frame
            beats += 1
            if beats % BEAT_PACKETS == 0:
                _say({"alive": True})
        else:
            # The end: the last frame stays on show for one more frame's time.
            if held is not None:
                time_s = _time_s(held, start_s)
                if times_s[position] <= time_s + _frame_s(stream):
                    yield held, time_s
            return


def _seek(container: InputContainer, stream: VideoStream, to_s: float, *, is_start: bool) -> None:
    if is_start and to_s - _start_s(stream) < SEEK_AHEAD_S:
        return
    container.seek(int(to_s / _tick(stream)), stream=stream, backward=True)


def _time_s(frame: VideoFrame, start_s: float) -> float:
    return (frame.time or 0.0) - start_s


def _frame_s(stream: VideoStream) -> float:
    return float(1 / stream.average_rate) if stream.average_rate else 0.1


def _windowed(
    container: InputContainer,
    stream: VideoStream,
    windows: list[list[float]],
    rate_hz: float,
) -> Iterator[tuple[VideoFrame, float]]:
    """Yield the frames inside the windows, thinned to at most `rate_hz`."""
    start_s = _start_s(stream)
    for from_s, to_s in windows:
        container.seek(int((from_s + start_s) / _tick(stream)), stream=stream, backward=True)
        following_s = from_s
        for frame in _decoded(container, stream):
            time_s = _time_s(frame, start_s)
            if time_s > to_s:
                break
            if time_s + SAME_TIME_S >= following_s:
                yield frame, time_s
                following_s = max(following_s + 1.0 / rate_hz, time_s + 0.5 / rate_hz)


class _Sender:
    """Puts pictures into the slots of the shared file, waiting for a free one."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._slot_bytes: int = request["slot_bytes"]
        self._slots: int = request["slots"]
        self._sent = 0
        with Path(request["ring"]).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), self._slot_bytes * self._slots)
        _say({"ready": True})

    def send(self, image: Any, time_s: float) -> None:
        if self._sent >= self._slots and not sys.stdin.buffer.read(1):
            os._exit(0)  # the parent has gone
        if image.nbytes > self._slot_bytes:
            return  # a stream that grows its pictures midway: not what was probed
        slot = self._sent % self._slots
        target = np.frombuffer(
            self._memory, np.uint8, image.nbytes, slot * self._slot_bytes
        ).reshape(image.shape)
        np.copyto(target, image)
        self._sent += 1
        _say({"slot": slot, "shape": image.shape, "t_s": time_s})


if __name__ == "__main__":
    main()
