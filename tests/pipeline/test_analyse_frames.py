"""Frames looked at by several threads: in order, few at a time, and no fault lost."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import roadscan.pipeline.analyse_frames as analyse_frames_module
from roadscan.model.drive import UnusableFrame
from roadscan.model.frame import Boxes, Frame, FrameRejection, Rows
from roadscan.model.hit_rate import HitRate
from roadscan.pipeline.analyse_frames import FrameAnalyser, analyse_frames, shown_at
from roadscan.pipeline.run_record import Stopwatch

ROAD = np.random.default_rng(1).integers(60, 200, (180, 320, 3), np.uint8)
DARK = np.zeros((180, 320, 3), np.uint8)


class Finds:
    """Finds one box as wide as the frame's time says, the later the quicker."""

    name, sha256, kinds = "fake", "", ("D00",)
    hit_rates: Mapping[str, HitRate] = MappingProxyType({})

    def __init__(self) -> None:
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        (frame,) = frames
        time.sleep(0.002 * (int(frame.video_t_s) % 3))
        if frame.video_t_s == 99.0:
            raise RuntimeError("the network failed")
        with self._lock:
            self.at_once -= 1
        return [Boxes(np.array([[0, 0, frame.video_t_s, 1]]), np.ones(1), ("D00",))]


def frames(times_s: Sequence[float], taken: list[float] | None = None) -> Iterator[Any]:
    for t_s in times_s:
        if taken is not None:
            taken.append(t_s)
        yield int(t_s) // 10, Frame(t_s, DARK if t_s == 13.0 else ROAD)


def see_all(given: Iterator[Any], detector: Finds) -> Iterator[Any]:
    setup = SimpleNamespace(rows=None, near_field=lambda _: None)
    analyser = FrameAnalyser(setup, detector, None)  # type: ignore[arg-type]
    return analyse_frames(given, analyser, Stopwatch())


@pytest.fixture(autouse=True)
def two_lookers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyse_frames_module, "THREADS", 2)


def test_frames_come_in_their_order_each_with_what_was_found_in_it() -> None:
    times_s = np.delete(np.arange(40.0), 13)
    seen = list(see_all(frames(times_s.tolist()), Finds()))
    assert [one.frame.video_t_s for _, one in seen] == times_s.tolist()
    assert [number for number, _ in seen] == (times_s // 10).tolist()
    for _, one in seen:
        assert one.found.boxes.xyxy[0, 2] == one.found.video_t_s == one.frame.video_t_s


def test_a_frame_that_is_not_usable_is_not_shown_to_the_detector() -> None:
    detector = Finds()
    lost, (_, seen) = see_all(frames([13.0, 14.0]), detector)
    assert lost == (1, UnusableFrame(13.0, FrameRejection.TOO_DARK))
    assert seen.frame.video_t_s == 14.0
    assert detector.most_at_once == 1


def shown(frames_s: Sequence[float], wanted_s: Sequence[float]) -> list[str]:
    """Say for each wanted time which frame is looked at, or why none is; a frame lasts 0.1 s."""
    video = (Frame(t_s, ROAD) for t_s in frames_s)
    found = shown_at(video, np.array(wanted_s), 0.1, Stopwatch())
    return [
        f"{one.video_t_s:g}" if isinstance(one, Frame) else f"{one.video_t_s:g} {one.reason}"
        for one in found
    ]


def test_each_wanted_time_is_accounted_for_by_the_frame_on_show() -> None:
    assert shown([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]) == ["0", "1", "2"]
    assert shown([0.9, 2.0], [1.0, 2.0004]) == ["0.9", "2"]


def test_times_at_which_the_picture_before_is_still_on_show_are_repeats() -> None:
    assert shown([0.0, 3.0], [0.0, 1.0, 2.0, 3.0]) == [
        "0",
        "1 frame_repeated",
        "2 frame_repeated",
        "3",
    ]


def test_the_last_frame_is_on_show_as_long_as_others_and_then_the_video_has_ended() -> None:
    assert shown([0.0], [0.02, 0.06, 0.09, 0.2, 5.0]) == [
        "0",
        "0.06 frame_repeated",
        "0.09 frame_repeated",
        "0.2 frame_not_decoded",
        "5 frame_not_decoded",
    ]


def test_nothing_is_repeated_before_the_first_frame() -> None:
    assert shown([2.0], [0.0, 1.0, 2.0]) == ["0 frame_not_decoded", "1 frame_not_decoded", "2"]
    assert shown([], [0.0, 1.0]) == ["0 frame_not_decoded", "1 frame_not_decoded"]


def test_a_time_without_a_frame_is_not_looked_at_and_keeps_its_place() -> None:
    none = (1, UnusableFrame(12.5, FrameRejection.REPEATED))
    seen = list(see_all(iter([*frames([12.0]), none, *frames([14.0])]), Finds()))
    assert [type(one).__name__ for _, one in seen] == [
        "AnalysedFrame",
        "UnusableFrame",
        "AnalysedFrame",
    ]
    assert seen[1] == none


def test_no_more_frames_are_taken_than_are_looked_at_and_one() -> None:
    taken: list[float] = []
    detector = Finds()
    for number, _ in enumerate(see_all(frames(np.arange(30.0).tolist(), taken), detector)):
        assert len(taken) <= number + 1 + 2
    assert detector.most_at_once <= 2


def test_a_fault_while_looking_is_not_lost() -> None:
    with pytest.raises(RuntimeError, match="the network failed"):
        list(see_all(frames([1.0, 2.0, 99.0, 4.0, 5.0]), Finds()))


def test_a_fault_of_the_video_is_not_lost() -> None:
    def broken() -> Iterator[Any]:
        yield from frames([1.0, 2.0])
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(see_all(broken(), Finds()))


def test_who_stops_taking_ends_the_looking() -> None:
    taken: list[float] = []
    seen = see_all(frames(np.arange(1000.0).tolist(), taken), Finds())
    next(seen)
    seen.close()  # type: ignore[attr-defined]
    assert len(taken) <= 4
    assert not [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")]
