"""Leaving packets out changes no picture, and leaves out what it can."""

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadscan.model.arrays import Floats
from roadscan.read import video_child, video_packets
from roadscan.read.video_packets import needed_packets

RATE_HZ = 30
SECONDS = 10
SIZE = (96, 64)
KINDS = {
    "no B frames": ("a.mp4", "libx264", {"bf": "0"}),
    "B frames": ("b.mp4", "libx264", {"bf": "3"}),
    "open groups": ("c.mp4", "libx264", {"bf": "3", "x264-params": "open-gop=1"}),
    "no key frames": ("d.ts", "libx264", {"x264-params": "intra-refresh=1"}),
    "start codes": ("e.ts", "libx264", {"bf": "2"}),
    "long groups": ("f.mkv", "libx264", {"bf": "3", "g": "200"}),
    "hevc": ("g.mp4", "libx265", {"x265-params": "log-level=none"}),
    "hevc, closed": ("h.mp4", "libx265", {"x265-params": "log-level=none:open-gop=0:bframes=0"}),
    "mjpeg": ("i.avi", "mjpeg", {}),
    "mpeg4": ("j.avi", "mpeg4", {}),
    "vp9": ("k.mkv", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
}
SPARING = ("no B frames", "B frames", "start codes", "hevc, closed", "mjpeg", "vp9")
"""Videos with clean starts."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    return {kind: write(folder / name, *how) for kind, (name, *how) in KINDS.items()}


def write(path: Path, codec: str, options: dict[str, str]) -> Path:
    """Write a moving texture, of which no two pictures are alike."""
    texture = np.random.default_rng(1).integers(0, 255, (16, 24, 3), np.uint8)
    texture = np.kron(texture, np.ones((8, 8, 1), np.uint8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE_HZ, options={"g": str(RATE_HZ)} | options)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(SECONDS * RATE_HZ):
            image = np.ascontiguousarray(np.roll(texture, (number, 2 * number), (0, 1))[:64, :96])
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shown(path: Path, times_s: list[float]) -> list[tuple[float, str]]:
    """Return time and contents of what is on show, decoded in this process."""
    request = {"path": str(path), "name": path.name, "threads": 2}
    video = video_child._open(request | {"max_width": 4096, "max_height": 4096})
    return [
        (round(video.time_s(frame), 4), hashlib.md5(bytes(frame.planes[0])).hexdigest())  # noqa: S324 -- to compare
        for frame in video_child._shown_at(video, times_s)
    ]


def all_of(packets: object, stream: object, wanted_s: object, start_s: object) -> object:
    return ((packet, True) for packet in packets)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wanted_s=st.lists(st.floats(-0.5, SECONDS + 0.5), min_size=1, max_size=20).map(sorted),
)
def test_pictures_are_those_that_decoding_everything_gives(
    videos: dict[str, Path], monkeypatch: pytest.MonkeyPatch, kind: str, wanted_s: list[float]
) -> None:
    sparing = shown(videos[kind], wanted_s)
    with monkeypatch.context() as patch:
        patch.setattr(video_child, "needed_packets", all_of)
        assert shown(videos[kind], wanted_s) == sparing


def needed_share(path: Path, wanted_s: Floats) -> float:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start_s = float((stream.start_time or 0) * (stream.time_base or 1))
        found = [n for _, n in needed_packets(container.demux(stream), stream, wanted_s, start_s)]
    return sum(found) / len(found)


@pytest.mark.parametrize("kind", SPARING)
def test_a_stretch_without_wanted_pictures_is_not_decoded(
    videos: dict[str, Path], kind: str
) -> None:
    assert needed_share(videos[kind], np.array([1.2, SECONDS - 0.5])) < 0.3


def test_after_the_last_wanted_picture_of_a_group_nothing_is_decoded(
    videos: dict[str, Path],
) -> None:
    sparse = np.arange(0.2, SECONDS, 1.0)
    assert needed_share(videos["no B frames"], sparse) == pytest.approx(0.3, abs=0.1)


@pytest.mark.parametrize("kind", ["no key frames", "open groups", "mpeg4"])
def test_where_pictures_may_lean_on_what_is_before_a_key_frame_all_are_decoded(
    videos: dict[str, Path], kind: str
) -> None:
    assert needed_share(videos[kind], np.array([1.2, SECONDS - 0.5])) > 0.8


def test_a_group_longer_than_is_held_back_is_decoded_but_for_its_rest(
    videos: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted_s = [0.1, SECONDS - 0.5]
    whole = shown(videos["long groups"], wanted_s)
    monkeypatch.setattr(video_packets, "MAX_GROUP", 50)
    assert shown(videos["long groups"], wanted_s) == whole
    assert needed_share(videos["long groups"], np.array(wanted_s)) > 0.8


def test_every_packet_comes_once_and_in_order(videos: dict[str, Path]) -> None:
    with av.open(str(videos["B frames"])) as container:
        stream = container.streams.video[0]
        times = [packet.dts for packet in container.demux(stream)]
    with av.open(str(videos["B frames"])) as container:
        stream = container.streams.video[0]
        packets = needed_packets(container.demux(stream), stream, np.array([3.0]), 0.0)
        assert [packet.dts for packet, _ in packets] == times
