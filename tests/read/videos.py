"""Makes the small videos that the tests read: grey pictures, each a step brighter than the last."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from roadscan.model.arrays import Image
from roadscan.model.frame import Frame

SIZE = (96, 64)
STEP = 6
FIRST = 20
BLACK = 3
"""So much darker come grey pictures out of the codecs."""


def write_video(
    path: Path,
    times_s: Sequence[float],
    *,
    codec: str = "libx264",
    pictures: Sequence[Image] = (),
    tick: int = 1000,
    created: str | None = None,
    faststart: bool = False,
    key_every: int = 10,
) -> Path:
    """Write a video with a picture at each presentation time; `tick` counts a second."""
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        if created is not None:
            container.metadata["creation_time"] = created
        quality = {"crf": "1"} if codec == "libx264" else {}
        stream = container.add_stream(codec, rate=30, options=quality)
        images = pictures or [_grey(k) for k in range(len(times_s))]
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, tick)
        stream.codec_context.gop_size = key_every
        for time_s, image in zip(times_s, images, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = round(time_s * tick)
            frame.time_base = Fraction(1, tick)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _grey(number: int) -> Image:
    return np.full((SIZE[1], SIZE[0], 3), FIRST + STEP * (number % 38), np.uint8)


def number_of(frame: Frame) -> int:
    """Tell by its brightness which picture of `write_video` a frame is."""
    return round((float(frame.image.mean()) - FIRST + BLACK) / STEP)


def write_sound(path: Path) -> Path:
    """Write a file with sound only."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.int16), "s16", "mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn(path: Path, clockwise_deg: int) -> Path:
    """Write into an MP4 how far a player is to turn its pictures, as telephones do."""
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise_deg]
    matrix = struct.pack(">9i", cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd") + 4
    data[header + 40 : header + 76] = matrix
    path.write_bytes(data)
    return path
