from dataclasses import replace

import pytest

from roadscan.model.drive_check import Concern, CoverCheck, DriveCheck, TrackCheck, VideoCheck
from roadscan.pipeline.check_drive import check_drive, with_concerns
from roadscan.read.camera_file import read_camera
from roadscan.read.network import read_network

VIDEO = VideoCheck(
    "a.mp4", "0" * 64, "mp4", "h264", ("video:h264",), 1920, 1080, 0, 100.0, 100.0, 3000, 30.0,
    variable_frame_rate=False, started_at="2026-06-10T08:15:00.0Z",
)  # fmt: skip
TRACK = TrackCheck("a.gpx", "gpx", 100, 100, {}, "2026", "2026", 1.0, 800.0, 2.5, ())
COVER = CoverCheck(100.0, 800.0, 266, 0.0, 790.0)
GOOD = DriveCheck(VIDEO, TRACK, None, COVER, ())


def concerns(check):
    return with_concerns(check).concerns


def test_a_good_drive_raises_no_concern():
    assert concerns(GOOD) == ()


@pytest.mark.parametrize(
    ("wrong", "concern"),
    [
        (replace(GOOD, warnings=("truncated: plays 5.0 s",)), Concern.VIDEO_TRUNCATED),
        (replace(GOOD, warnings=("clock_assumed",)), Concern.CLOCK_ASSUMED),
        (replace(GOOD, warnings=("clock_not_confirmed",)), Concern.CLOCK_NOT_CONFIRMED),
        (replace(GOOD, warnings=("track_same_time: 9 of 10",)), Concern.TRACK_SAME_TIME),
        (replace(GOOD, warnings=("track_cut_off: it ends",)), Concern.TRACK_CUT_OFF),
        (replace(GOOD, warnings=("track_unchecked: none",)), Concern.TRACK_UNCHECKED),
        (replace(GOOD, warnings=("track_fixes_lost: 9 of 10",)), Concern.TRACK_FIXES_LOST),
        (replace(GOOD, warnings=("camera_assumed: hfov_deg 70",)), Concern.CAMERA_ASSUMED),
        (replace(GOOD, track=replace(TRACK, accuracy_m=25.0)), Concern.TRACK_INACCURATE),
        (replace(GOOD, track=replace(TRACK, interval_s=5.0)), Concern.TRACK_SPARSE),
        (replace(GOOD, would_cover=replace(COVER, without_track_s=11.0)), Concern.TRACK_GAPS),
        (replace(GOOD, would_cover=replace(COVER, seconds=80.0)), Concern.LITTLE_OVERLAP),
        (replace(GOOD, would_cover=replace(COVER, on_network_m=600.0)), Concern.LITTLE_ON_NETWORK),
        (
            replace(GOOD, would_cover=replace(COVER, length_m=30.0, on_network_m=30.0)),
            Concern.NOTHING_DRIVEN,
        ),
    ],
)
def test_what_somebody_should_look_at_is_said_once(wrong, concern):
    assert concerns(wrong) == (concern,)


def test_a_receiver_that_states_no_accuracy_raises_no_concern():
    assert concerns(replace(GOOD, track=replace(TRACK, accuracy_m=None))) == ()


def test_how_much_lies_on_the_network_is_of_what_was_filmed(small_drive):
    network = read_network(small_drive.network)
    check = check_drive(small_drive.video, small_drive.track, network)
    between_two_fixes_m = 10.0
    assert check.would_cover.on_network_m == pytest.approx(
        check.would_cover.length_m, abs=2 * between_two_fixes_m
    )
    assert check_drive(small_drive.video, small_drive.track).would_cover.on_network_m is None


def test_a_camera_that_nobody_described_is_a_concern(small_drive):
    for track in (small_drive.track, None):
        assumed = check_drive(small_drive.video, track)
        assert Concern.CAMERA_ASSUMED in assumed.concerns
        assert assumed.camera.assumed
        given = check_drive(small_drive.video, track, camera=read_camera(small_drive.camera))
        assert Concern.CAMERA_ASSUMED not in given.concerns
