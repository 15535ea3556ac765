"""A dash camera's clip: which picture is on show when, told by another way of decoding."""

from pathlib import Path

import av
import numpy as np
import pytest

from roadscan.model.arrays import Floats
from roadscan.read.video import frames_at, grey_frames, probe

pytestmark = pytest.mark.real

CLIPS = {"driving_solid_white_right.mp4": (25.0, 221), "gopro_max_heromode.mp4": (29.97, 315)}


def presented_s(path: Path) -> Floats:
    """Times of all pictures, decoded one after the other in this process."""
    with av.open(str(path)) as container:
        return np.array([frame.time for frame in container.decode(video=0)])


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_told_with_its_real_rate_length_and_start(real_data: Path, name: str) -> None:
    path = real_data / "video" / name
    info = probe(path)
    rate_hz, count = CLIPS[name]
    assert info.frames == len(presented_s(path)) == count
    assert info.frame_rate_hz == pytest.approx(rate_hz, rel=1e-3)
    assert info.playable_s == pytest.approx(info.claimed_s, abs=0.04)
    assert not info.variable_frame_rate
    assert info.warnings == ()
    assert info.started_s is not None
    assert 1.4e9 < info.started_s < 1.7e9
    assert any(stream.startswith("audio") for stream in info.streams)


@pytest.mark.parametrize("name", CLIPS)
def test_each_time_gets_the_picture_presented_last_before_it(real_data: Path, name: str) -> None:
    path = real_data / "video" / name
    all_s = presented_s(path)
    wanted_s = np.sort(np.random.default_rng(5).uniform(0.0, all_s[-1], 40))
    frames = list(frames_at(path, wanted_s))
    times_s = np.array([frame.video_t_s for frame in frames])
    due = np.unique(np.searchsorted(all_s, wanted_s + 0.0005, side="right") - 1)
    assert times_s == pytest.approx(all_s[due], abs=1e-6)
    assert {frame.image.shape for frame in frames} == {(probe(path).height, probe(path).width, 3)}
    assert len({frame.image.tobytes() for frame in frames}) == len(frames)


def test_small_grey_pictures_of_the_clip_are_those_of_their_time(real_data: Path) -> None:
    path = real_data / "video" / "driving_solid_white_right.mp4"
    frames = list(grey_frames(path, [(2.0, 4.0), (6.0, 7.0)], 10.0, 320))
    times_s = np.array([frame.video_t_s for frame in frames])
    assert len(frames) == pytest.approx(32, abs=2)
    assert np.min(np.abs(times_s[:, None] - presented_s(path)[None, :]), axis=1).max() < 1e-6
    coloured = {frame.video_t_s: frame.image for frame in frames_at(path, times_s)}
    for frame in frames[::8]:
        full = coloured[frame.video_t_s].mean(axis=2)
        blocks = full[:, : 320 * 3].reshape(180, 3, 320, 3).mean(axis=(1, 3))
        assert np.abs(blocks - frame.image).mean() < 6.0
