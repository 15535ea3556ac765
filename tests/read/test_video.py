"""Videos as cameras write them: which picture is on show when, and how far a file goes."""

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from roadscan.errors import RoadscanError
from roadscan.model.time import iso_utc
from roadscan.read import video_decoder
from roadscan.read.video import frames_at, grey_frames, probe
from roadscan.read.video_decoder import DecodeLimits
from tests.read.videos import SIZE, number_of, turn, write_video

EVEN_S = np.arange(30) / 10


def shown(path: Path, times_s: list[float]) -> list[tuple[int, float]]:
    frames = frames_at(path, np.array(times_s))
    return [(number_of(frame), round(frame.video_t_s, 3)) for frame in frames]


@pytest.mark.parametrize(
    ("name", "codec", "says"),
    [
        ("a.mp4", "libx264", ("mov", "h264")),
        ("a.mov", "libx265", ("mov", "hevc")),
        ("a.mkv", "libvpx-vp9", ("matroska", "vp9")),
        ("b.mkv", "libsvtav1", ("matroska", "av1")),
        ("a.avi", "mjpeg", ("avi", "mjpeg")),
        ("b.avi", "mpeg4", ("avi", "mpeg4")),
        ("a.ts", "libx264", ("mpegts", "h264")),
    ],
)
def test_every_container_and_codec_gives_the_picture_on_show_at_its_time(
    tmp_path: Path, name: str, codec: str, says: tuple[str, str]
) -> None:
    tick = {"avi": 10, "ts": 90_000}.get(name[-3:].strip("."), 1000)
    path = write_video(tmp_path / name, EVEN_S, codec=codec, tick=tick)
    info = probe(path)
    assert (info.container, info.codec) == says
    assert (info.width, info.height, info.frames) == (*SIZE, 30)
    assert info.playable_s == pytest.approx(3.0, abs=0.11)
    assert not info.variable_frame_rate
    assert info.warnings == ()
    wanted = [0.0, 0.25, 1.0, 1.04, 1.09, 2.95]
    assert shown(path, wanted) == [(0, 0.0), (2, 0.2), (10, 1.0), (29, 2.9)]


def test_times_of_a_variable_frame_rate_are_those_of_presentation(tmp_path: Path) -> None:
    times_s = [0.0, 0.04, 0.08, 0.5, 0.51, 1.9, 2.0, 2.7]
    path = write_video(tmp_path / "vfr.mp4", times_s)
    info = probe(path)
    assert info.variable_frame_rate
    assert info.frame_rate_hz == pytest.approx(8 / info.playable_s)
    assert shown(path, times_s) == list(enumerate(times_s))
    assert shown(path, [0.49, 1.0, 1.89, 2.6]) == [(2, 0.08), (4, 0.51), (6, 2.0)]


def test_times_count_from_the_first_picture_whatever_the_container_starts_at(
    tmp_path: Path,
) -> None:
    for name, tick in (("late.mkv", 1000), ("late.ts", 90_000)):
        path = write_video(tmp_path / name, 7.3 + EVEN_S, tick=tick)
        assert shown(path, [0.0, 1.0]) == [(0, 0.0), (10, 1.0)]
        assert probe(path).playable_s == pytest.approx(3.0, abs=0.11)


@pytest.mark.parametrize(
    ("clockwise_deg", "bright"),
    [(0, "left"), (90, "top"), (180, "right"), (270, "bottom")],
)
def test_pictures_come_upright(tmp_path: Path, clockwise_deg: int, bright: str) -> None:
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[:, : SIZE[0] // 2] = 255
    path = turn(write_video(tmp_path / "a.mp4", [0.0, 0.1], pictures=[image] * 2), clockwise_deg)
    lying = clockwise_deg in {90, 270}
    info = probe(path)
    assert (info.width, info.height) == (SIZE[::-1] if lying else SIZE)
    coloured = next(frames_at(path, np.array([0.0]))).image
    grey = next(grey_frames(path, [(0.0, 1.0)], 10.0, 48)).image
    for seen in (coloured.mean(axis=2), grey):
        height, width = seen.shape
        sides = {
            "left": seen[:, : width // 2],
            "right": seen[:, width // 2 :],
            "top": seen[: height // 2],
            "bottom": seen[height // 2 :],
        }
        assert max(sides, key=lambda side: float(sides[side].mean())) == bright
    assert coloured.shape == (info.height, info.width, 3)


@pytest.mark.parametrize(("name", "tick"), [("a.mp4", 1000), ("a.mkv", 1000), ("a.ts", 90_000)])
def test_pictures_far_apart_are_sought_and_are_those_that_decoding_through_gives(
    tmp_path: Path, name: str, tick: int
) -> None:
    times_s = np.arange(240) / 4
    path = write_video(tmp_path / name, times_s, tick=tick, key_every=40)
    through = {round(f.video_t_s, 3): f.image for f in frames_at(path, times_s)}
    assert len(through) == 240
    for wanted in ([0.0, 19.9, 41.1], [33.3], [17.0, 59.75]):
        for frame in frames_at(path, np.array(wanted)):
            assert np.array_equal(frame.image, through[round(frame.video_t_s, 3)])
        seen = [frame.video_t_s for frame in frames_at(path, np.array(wanted))]
        assert seen == pytest.approx([np.floor(t * 4) / 4 for t in wanted], abs=0.002)


def test_small_grey_pictures_come_from_inside_the_windows_at_the_rate_asked_for(
    tmp_path: Path,
) -> None:
    path = write_video(tmp_path / "a.mp4", np.arange(100) / 30)
    frames = list(grey_frames(path, [(0.5, 1.0), (2.0, 2.5)], 10.0, 48))
    times_s = np.array([frame.video_t_s for frame in frames])
    assert len(frames) == pytest.approx(11, abs=1)
    assert all(0.49 < t < 1.01 or 1.99 < t < 2.51 for t in times_s)
    assert np.diff(times_s).min() > 0.05
    assert frames[0].image.shape == (32, 48)


def test_a_file_cut_off_plays_as_far_as_it_goes_and_says_how_far(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (30, SIZE[1], SIZE[0], 3), np.uint8)
    for name, codec, tick in (
        ("a.mp4", "libx264", 1000),
        ("a.mkv", "libx264", 1000),
        ("a.avi", "mpeg4", 10),
    ):
        path = write_video(
            tmp_path / name,
            EVEN_S,
            codec=codec,
            tick=tick,
            pictures=list(noise),
            faststart=name.endswith("mp4"),
        )
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
        info = probe(path)
        assert info.claimed_s == pytest.approx(3.0, abs=0.11)
        assert 1.2 < info.playable_s < 2.2
        (warning,) = info.warnings
        assert warning == (
            f"truncated: plays {info.playable_s:.1f} s of the {info.claimed_s:.1f} s claimed"
        )
        seen = [round(frame.video_t_s, 3) for frame in frames_at(path, EVEN_S)]
        assert seen == [t for t in EVEN_S.round(3) if t < seen[-1] + 0.01]
        assert seen[-1] == pytest.approx(info.playable_s - 0.1, abs=0.15)


def test_a_file_without_its_index_is_not_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", EVEN_S)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(RoadscanError) as caught:
        probe(path)
    assert caught.value.code == "video_not_a_video"
    assert "truncated" in caught.value.hint


def test_damage_in_the_middle_costs_its_pictures_and_not_the_rest(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (40, SIZE[1], SIZE[0], 3), np.uint8)
    path = write_video(tmp_path / "a.mp4", np.arange(40) / 10, pictures=list(noise), key_every=5)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 20] = bytes(len(data) // 20)
    path.write_bytes(data)
    seen = [frame.video_t_s for frame in frames_at(path, np.arange(40) / 10)]
    assert 25 < len(seen) <= 40
    assert seen[-1] == pytest.approx(3.9, abs=0.01)


def test_a_video_starts_at_its_containers_time_and_never_at_its_files(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        path = write_video(tmp_path / name, EVEN_S, created="2026-03-14T09:26:53Z")
        started_s = probe(path).started_s
        assert started_s is not None
        assert iso_utc(started_s) == "2026-03-14T09:26:53.0Z"
    nameless = write_video(tmp_path / "b.mp4", EVEN_S)
    os.utime(nameless, (1.7e9, 1.7e9))
    assert probe(nameless).started_s is None


@pytest.mark.parametrize("never_set", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_clock_that_was_never_set_is_no_time(tmp_path: Path, never_set: str) -> None:
    assert probe(write_video(tmp_path / "a.mkv", EVEN_S, created=never_set)).started_s is None


def test_who_stops_looking_ends_the_decoder(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", np.arange(300) / 10)
    frames = frames_at(path, np.arange(300) / 10)
    next(frames)
    assert len(decoders()) == 1
    frames.close()
    assert decoders() == []


def decoders() -> list[int]:
    """Return the processes that decode for this one; tests before may have left it others."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, command in commands.items() if b"video_child" in command]


def test_a_decoder_that_is_killed_is_an_error_of_its_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", np.arange(300) / 10)
    frames = frames_at(path, np.arange(300) / 10)
    next(frames)
    os.kill(decoders()[0], signal.SIGKILL)
    with pytest.raises(RoadscanError) as caught:
        list(frames)
    assert caught.value.code == "video_decoder_crashed"
    assert "a.mp4" in caught.value.message
    assert "-9" in caught.value.message


def test_a_decoder_that_falls_silent_is_stopped(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", np.arange(300) / 10)
    frames = frames_at(path, np.arange(300) / 10, DecodeLimits(stall_s=3.0))
    next(frames)
    os.kill(decoders()[0], signal.SIGSTOP)
    with pytest.raises(RoadscanError) as caught:
        list(frames)
    assert caught.value.code == "video_decoder_timeout"
    assert decoders() == []


def test_a_decoder_gets_no_more_memory_than_it_may_have(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", EVEN_S)
    with pytest.raises(RoadscanError) as caught:
        probe(path, DecodeLimits(memory_bytes=100 << 20))
    assert caught.value.code == "video_too_large"
    assert "0.1 GiB" in caught.value.message


def test_pictures_larger_than_allowed_are_refused_unopened(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", EVEN_S)
    with pytest.raises(RoadscanError) as caught:
        probe(path, DecodeLimits(max_width=64))
    assert caught.value.code == "video_too_large"
    assert "96 x 64" in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        b'{"t_s": 0.0, "shape": [100000, 100000, 3]}\n',
        b'{"t_s": 0.0, "shape": [-1, 2, 3]}\n',
        b'{"t_s": 0.0, "shape": ["x"]}\n',
        b'{"t_s": 0.0, "shape": [64, 96, 3]}\nshort',
        b"x" * (2 << 20),
        b"[1, 2]\n",
        b"",
    ],
)
def test_a_decoder_taken_over_cannot_make_its_parent_believe_it(
    tmp_path: Path, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "answer").write_bytes(answer)
    start = subprocess.Popen

    def fake(_: object, **pipes: object) -> object:
        return start(["cat", str(tmp_path / "answer")], **pipes)  # type: ignore[call-overload]

    monkeypatch.setattr(video_decoder.subprocess, "Popen", fake)
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    with pytest.raises(RoadscanError) as caught:
        list(frames_at(path, EVEN_S))
    assert caught.value.code == "video_decoder_crashed"


def test_modules_in_the_working_directory_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", EVEN_S)
    for name in ("json", "av", "numpy", "roadscan"):
        (tmp_path / f"{name}.py").write_text("import os; os._exit(3)")
    monkeypatch.chdir(tmp_path)
    assert probe(path).frames == 30
