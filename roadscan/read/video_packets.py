"""Skip the packets of a video that no requested picture needs: decoding is most of the work.

Nothing after a clean start (an IDR picture, say) depends on anything before it. So within a group,
the packets from one clean start to the next, those after the last requested picture need no
decoding, and none do if no picture of the group is requested, as at a red light.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import av
import numpy as np
from av.video.stream import VideoStream

from roadscan.model.arrays import Floats

Packet: TypeAlias = "av.Packet[Any]"

SAME_TIME_S = 0.0005
"""Containers round times to ticks."""
MAX_GROUP = 600
"""Packets held back until it is known which are needed; longer groups are split."""
LAST_ALONE = 2
"""Packets of a single-picture group at the end of a file: the picture and the flush packet."""
KEY_IS_CLEAN = frozenset({"mjpeg", "vp9", "av1"})
"""Codecs whose key frames reset all references."""
H264_SLICES, H264_IDR = frozenset(range(1, 6)), 5
HEVC_SLICES, HEVC_IDR, HEVC_IDR_LED = frozenset(range(32)), frozenset({20}), 19
"""NAL unit types: H.264 table 7-1, H.265 table 7-1."""


def needed_packets(
    packets: Iterator[Packet], stream: VideoStream, wanted_s: Floats, start_s: float
) -> Iterator[tuple[Packet, bool]]:
    """Yield every packet, and whether it is needed for the pictures displayed at some times.

    `wanted_s` are ascending times since `start_s`. Where the next clean start is not known (at the
    end of the file, and after the last wanted time) all are needed.
    """
    wanted_s = wanted_s + start_s + SAME_TIME_S
    from_s = -np.inf
    for group, to_s in _groups(packets, _clean_start(stream)):
        until = len(group) if to_s is None else _needed(group, wanted_s, from_s, to_s)
        for number, packet in enumerate(group):
            yield packet, number < until
        from_s = from_s if to_s is None else to_s


def _groups(
    packets: Iterator[Packet], is_clean: Callable[[Packet], bool]
) -> Iterator[tuple[list[Packet], float | None]]:
    """Yield groups, or the beginnings of long ones, with the time of the next clean start.

    A last group with a single picture is joined to the one before, which determines how long that
    picture is displayed.
    """
    before: tuple[list[Packet], float | None] | None = None
    group: list[Packet] = []
    for packet in packets:
        ended = packet.is_keyframe and packet.pts is not None and is_clean(packet)
        if group and (ended or len(group) == MAX_GROUP):
            if before is not None:
                yield before
            before = (group, _time_s(packet) if ended else None)
            group = []
        group.append(packet)
    if before is not None and len(group) > LAST_ALONE:
        yield before
    elif before is not None:
        group = before[0] + group
    yield group, None


def _needed(group: list[Packet], wanted_s: Floats, from_s: float, to_s: float) -> int:
    """Return how many packets of a group are needed for the times from `from_s` to `to_s`."""
    if not len(wanted_s) or wanted_s[-1] < to_s or any(packet.pts is None for packet in group):
        return len(group)
    times_s = np.array([_time_s(packet) for packet in group])
    first, end = np.searchsorted(wanted_s, [from_s, to_s])
    if first == end:
        return 0
    order = np.argsort(times_s, kind="stable")
    on_show = np.searchsorted(times_s[order], wanted_s[first:end], side="right") - 1
    return int(order[np.maximum(on_show, 0)].max()) + 1


def _time_s(packet: Packet) -> float:
    return float((packet.pts or 0) * packet.time_base)


def _clean_start(stream: VideoStream) -> Callable[[Packet], bool]:
    """Return a test for whether a key frame resets all references."""
    codec, header = stream.codec_context.codec.canonical_name, stream.codec_context.extradata or b""
    boxed = header[:1] == b"\x01"  # sizes before the units (ISO 14496-15), else start codes
    if codec == "h264":
        size_bytes = (header[4] & 3) + 1 if boxed and len(header) > 4 else 0
        return lambda packet: _first(packet, size_bytes, lambda b: b & 31, H264_SLICES) == H264_IDR
    if codec == "hevc":
        size_bytes = (header[21] & 3) + 1 if boxed and len(header) > 21 else 0
        # the other kind of IDR may be followed by pictures displayed before it
        clean = HEVC_IDR if stream.codec_context.has_b_frames else HEVC_IDR | {HEVC_IDR_LED}
        return lambda packet: (
            _first(packet, size_bytes, lambda b: b >> 1 & 63, HEVC_SLICES) in clean
        )
    return lambda _: codec in KEY_IS_CLEAN


def _first(
    packet: Packet, size_bytes: int, kind_of: Callable[[int], int], slices: frozenset[int]
) -> int | None:
    """Return the type of the first NAL unit of a packet that contains a slice of the picture."""
    data = bytes(packet)
    for at in _units(data, size_bytes):
        if at < len(data) and (kind := kind_of(data[at])) in slices:
            return kind
    return None


def _units(data: bytes, size_bytes: int) -> Iterator[int]:
    """Yield the offsets at which the NAL units of a packet begin."""
    at = 0
    while size_bytes and at + size_bytes < len(data):
        yield at + size_bytes
        at += size_bytes + int.from_bytes(data[at : at + size_bytes])
    while not size_bytes and (at := data.find(b"\0\0\1", at) + 3) > 2:
        yield at
