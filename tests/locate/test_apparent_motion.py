"""Apparent motion: turn and speed up to scale, from rendered and from real pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from roadscan.locate.apparent_motion import Motion, apparent_motion
from roadscan.model.frame import Frame
from tests.locate.drives import STARTED_S, TrueDrive, filmed, town_drive

TURNING_S = (16.0, 28.0)
"""Brake, right turn, drive off."""


@pytest.fixture(scope="module")
def drive() -> TrueDrive:
    return town_drive()


@pytest.fixture(scope="module")
def turning(drive: TrueDrive) -> Motion:
    from_s, to_s = STARTED_S + np.array(TURNING_S)
    return apparent_motion(filmed(drive, from_s, to_s, np.random.default_rng(0)))


def test_turn_follows_the_vehicle_and_is_positive_to_the_right(
    drive: TrueDrive, turning: Motion
) -> None:
    true_radps = np.interp(STARTED_S + TURNING_S[0] + turning.t_s, drive.t_s, drive.turn_radps)
    assert np.corrcoef(turning.turn, true_radps)[0, 1] > 0.98
    assert turning.turn[np.argmax(true_radps)] > 0.0


def test_speed_follows_the_vehicle(drive: TrueDrive, turning: Motion) -> None:
    true_mps = np.interp(STARTED_S + TURNING_S[0] + turning.t_s, drive.t_s, drive.speed_mps)
    assert np.corrcoef(turning.speed, true_mps)[0, 1] > 0.95
    assert turning.quality.mean() > 0.7


def test_a_pair_stands_at_the_middle_of_its_frames(turning: Motion) -> None:
    np.testing.assert_allclose(turning.t_s, np.arange(len(turning.t_s)) * 0.1 + 0.05, atol=1e-6)


def test_a_standing_vehicle_does_not_move(drive: TrueDrive) -> None:
    standing = filmed(drive, STARTED_S + 42.0, STARTED_S + 43.0, np.random.default_rng(1))
    motion = apparent_motion(standing)
    np.testing.assert_allclose(motion.turn, 0.0, atol=0.02)
    np.testing.assert_allclose(motion.speed, 0.0, atol=0.2)


def test_windows_are_not_joined(drive: TrueDrive) -> None:
    rng = np.random.default_rng(2)
    first = list(filmed(drive, STARTED_S + 30.0, STARTED_S + 31.0, rng))
    later = [Frame(f.video_t_s + 20.0, f.image) for f in first]
    motion = apparent_motion([*first, *later])
    assert len(motion.t_s) == 2 * (len(first) - 1)
    np.testing.assert_array_equal(np.unique(motion.window), [0, 1])
    assert not ((motion.t_s > 1.0) & (motion.t_s < 20.0)).any()


def test_pictures_without_anything_in_them_say_nothing() -> None:
    blank = [Frame(0.1 * k, np.full((180, 320), 90, np.uint8)) for k in range(5)]
    motion = apparent_motion(blank)
    assert len(motion.t_s) == 4
    assert np.isnan(motion.turn).all()
    assert np.isnan(motion.speed).all()
    np.testing.assert_array_equal(motion.quality, 0.0)


def test_no_frames_are_no_motion() -> None:
    assert len(apparent_motion([]).t_s) == 0
    assert len(apparent_motion([Frame(0.0, np.zeros((180, 320), np.uint8))]).t_s) == 0


@pytest.mark.real
def test_a_real_motorway_drive_goes_straight_ahead(real_data: Path) -> None:
    video = cv2.VideoCapture(str(real_data / "video" / "driving_solid_white_right.mp4"))
    frames: list[Frame] = []
    for k in range(75):
        read, picture = video.read()
        assert read
        small = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
        frames.append(Frame(k / 25.0, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8)))
    video.release()
    motion = apparent_motion(frames)
    assert np.abs(np.nanmedian(motion.turn)) < 0.05
    told = motion.speed[np.isfinite(motion.speed)]
    assert len(told) > 0.6 * len(motion.speed)
    assert (told > 0.0).mean() > 0.9
    # constant speed: most pairs agree
    assert np.median(np.abs(told - np.median(told))) < 0.3 * np.median(told)
