"""When a video was taken: what is used, what is said about it, and what is refused."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from roadscan.errors import RoadscanError
from roadscan.locate.clean_track import clean_track
from roadscan.locate.clock import FoundClock, NoClock
from roadscan.model.drive import ClockFit, VideoInfo
from roadscan.model.track import DrivePath
from roadscan.pipeline import video_clock
from roadscan.pipeline.video_clock import GivenOffset, place_in_time
from roadscan.read.track_file import read_track
from roadscan.read.video import probe
from tests.locate.drives import CRS_EPSG, STARTED_S, town_drive, track_of

SAMPLE = Path(__file__).resolve().parents[2] / "data_samples"
INFO = VideoInfo(
    "a.mp4", "0" * 64, "mp4", "h264", 320, 180, 0, 60.0, 60.0, 600, 10.0,
    variable_frame_rate=False, started_s=STARTED_S + 4.0, streams=(), warnings=(),
)  # fmt: skip


@pytest.fixture
def path() -> DrivePath:
    return clean_track(track_of(town_drive(), np.random.default_rng(0), noise_m=1.0), CRS_EPSG)


def placed(
    monkeypatch: pytest.MonkeyPatch,
    path: DrivePath,
    seen: FoundClock | NoClock,
    info: VideoInfo = INFO,
    given: GivenOffset | None = None,
    earlier_s: float = 0.0,
) -> ClockFit:
    monkeypatch.setattr(video_clock, "_look", lambda *_: seen)
    return place_in_time(Path("a.mp4"), info, path, given, earlier_s)


def test_a_clock_that_is_right_is_no_news(monkeypatch: pytest.MonkeyPatch, path: DrivePath) -> None:
    seen = FoundClock(STARTED_S + 5.4, 0.1, 0.98, "camera")
    fit = placed(monkeypatch, path, seen)
    assert (fit.source, fit.sigma_s, fit.warnings) == ("motion", 0.1, ())
    assert fit.offset_s == pytest.approx(1.4)


@pytest.mark.parametrize(
    ("why", "words"),
    [("zone", "local time"), ("end", "the end of the recording"), ("rollover", "7,168 days")],
)
def test_a_clock_that_is_far_off_is_corrected_and_named(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath, why: str, words: str
) -> None:
    seen = FoundClock(STARTED_S + 5.4, 0.1, 0.98, why)
    fit = placed(monkeypatch, path, seen, replace(INFO, started_s=STARTED_S + 3604.0))
    assert fit.offset_s == pytest.approx(-3598.6)
    (warning,) = fit.warnings
    assert warning.startswith("clock_corrected: a.mp4: the camera's clock is off by +3598.6 s")
    assert words in warning


def test_a_clock_that_nothing_confirms_is_known_to_the_search(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath
) -> None:
    fit = placed(monkeypatch, path, NoClock("little_driven", 0.3))
    assert (fit.source, fit.offset_s) == ("container", 0.0)
    assert fit.sigma_s == pytest.approx(10.0 / 3.0**0.5)
    assert fit.warnings[0].startswith("clock_not_confirmed: the track has too few turns")


def test_where_pictures_and_track_do_not_agree_the_place_is_not_known(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath
) -> None:
    fit = placed(monkeypatch, path, NoClock("no_fit", 0.5))
    assert fit.sigma_s >= 600.0
    assert fit.warnings[0].startswith("clock_no_fit: ")


def test_of_videos_that_share_a_date_the_second_may_begin_where_the_first_ends(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath
) -> None:
    fit = placed(monkeypatch, path, NoClock("little_seen", 0.0), earlier_s=700.0)
    assert fit.sigma_s == 700.0


def refused(code: str, *arguments: object, **named: object) -> str:
    with pytest.raises(RoadscanError) as raised:
        placed(*arguments, **named)  # type: ignore[arg-type]
    assert raised.value.code == code
    return str(raised.value)


@pytest.mark.parametrize(
    ("why", "code", "words"),
    [
        ("looks_back", "camera_looks_back", "the camera looks back"),
        ("mirrored", "picture_mirrored", "mirrored"),
    ],
)
def test_a_camera_that_looks_the_wrong_way_is_refused(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath, why: str, code: str, words: str
) -> None:
    for given in (None, GivenOffset(0.0, 0.5)):
        assert words in refused(code, monkeypatch, path, NoClock(why, 0.9), given=given)


def test_a_given_offset_counts_as_it_was_said_where_the_pictures_say_nothing(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath
) -> None:
    fit = placed(monkeypatch, path, NoClock("little_seen", 0.0), given=GivenOffset(2.0, 0.5))
    assert (fit.offset_s, fit.source, fit.warnings) == (2.0, "option", ())
    assert fit.sigma_s == pytest.approx(0.5 / 3.0**0.5)
    fit = placed(monkeypatch, path, NoClock("no_fit", 0.4), given=GivenOffset(2.0, 0.5))
    assert fit.sigma_s > 5.0
    assert fit.warnings[0].startswith("clock_no_fit: ")


def test_a_given_offset_is_refined_by_the_pictures_and_refused_if_they_are_elsewhere(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath
) -> None:
    given = GivenOffset(0.0, 0.5)
    near = FoundClock(STARTED_S + 7.4, 0.1, 0.98, "given")
    fit = placed(monkeypatch, path, near, given=given)
    assert (fit.source, fit.offset_s) == ("motion", pytest.approx(3.4))
    far = FoundClock(STARTED_S + 17.7, 0.1, 0.98, "track")
    said = refused("clock_contradicted", monkeypatch, path, far, given=given)
    assert "Give --offset-s 13.70" in said


def test_a_video_without_a_date_is_taken_to_begin_with_a_track_that_is_hardly_longer(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath
) -> None:
    undated = replace(INFO, started_s=None)
    fit = placed(monkeypatch, path, NoClock("little_seen", 0.0), undated)
    assert fit.source == "assumed"
    assert fit.warnings[0].startswith("clock_assumed: the video has no date")
    assert fit.sigma_s >= 20.0 / 12.0**0.5
    short = replace(undated, playable_s=3.0)
    said = refused("clock_unknown", monkeypatch, path, NoClock("little_seen", 0.0), short)
    assert "a track of 79 s" in said


@pytest.mark.parametrize(
    ("apart_s", "words"),
    [
        (7200.0, "+2 h apart: looks like local time in one of them; try --offset-s 7200 "),
        (-5400.0, "-1.5 h apart: looks like local time in one of them; try --offset-s -5400 "),
        (7168 * 86_400.0, "7,168 days"),
        (1000.0, "Check the camera's clock, and whether the track is of this drive"),
    ],
)
def test_no_overlap_suggests_only_what_can_be_right(
    monkeypatch: pytest.MonkeyPatch, path: DrivePath, apart_s: float, words: str
) -> None:
    info = replace(INFO, started_s=STARTED_S + 4.0 - apart_s)
    said = refused("track_no_overlap", monkeypatch, path, NoClock("little_seen", 0.0), info)
    assert words in said


@pytest.mark.parametrize("shift_s", [-3600.0, 12.3])
def test_the_sample_drive_is_found_on_a_track_of_another_time(
    tmp_path: Path, shift_s: float
) -> None:
    def later(time: re.Match[str]) -> str:
        moment = datetime.fromisoformat(time[1]) + timedelta(seconds=shift_s)
        return f"<time>{moment.isoformat()}</time>"

    track = tmp_path / "drive.gpx"
    text = (SAMPLE / "drive.gpx").read_text()
    track.write_text(re.sub("<time>(.*?)</time>", later, text))
    video = SAMPLE / "drive.mp4"
    fit = place_in_time(video, probe(video), clean_track(read_track(track), CRS_EPSG))
    assert fit.source == "motion"
    assert fit.offset_s == pytest.approx(1.4 + shift_s, abs=0.15)
    assert fit.warnings[0].startswith("clock_corrected: ")
