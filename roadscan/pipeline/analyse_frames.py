"""Looks at the frames of a drive, each once, several at a time: what is in them, not yet where."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from roadscan.detect.detector import Detector
from roadscan.detect.frame_quality import check_frame
from roadscan.detect.people import PeopleDetectionError, PeopleFinder, confident_boxes
from roadscan.locate.box_placement import NO_TRAFFIC, CameraOnRoute
from roadscan.model.arrays import Floats
from roadscan.model.drive import FrameDetections, UnusableFrame
from roadscan.model.frame import Frame, FrameRejection
from roadscan.pipeline.keep_pictures import rows_of_traffic, standing
from roadscan.pipeline.run_record import Stopwatch

SAME_TIME_S = 0.0005
"""A frame is the one wanted at a time if it is shown up to this much later: clocks of containers
count in ticks."""

LOOKERS = min(4, os.cpu_count() or 1)
"""Threads that look at frames, each at one of its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame with what was found in it."""

    frame: Frame
    found: FrameDetections


class FrameAnalyser:
    """Looks at one frame of a drive; several threads may ask at once."""

    def __init__(
        self, setup: CameraOnRoute, detector: Detector, finder: PeopleFinder | None
    ) -> None:
        self._setup = setup
        self._rows = rows_of_traffic(setup)
        self._detector = detector
        self._finder = finder

    def look(self, frame: Frame | UnusableFrame) -> Seen | UnusableFrame:
        """Check a frame, then look for traffic and damage in it."""
        if isinstance(frame, UnusableFrame):
            return frame
        unusable = check_frame(frame.image)
        if unusable is not None:
            return UnusableFrame(frame.video_t_s, unusable)
        try:
            traffic = self._traffic(frame)
        except PeopleDetectionError:
            return UnusableFrame(frame.video_t_s, FrameRejection.TRAFFIC_UNKNOWN)
        boxes = self._detector.detect([frame], self._setup.rows)[0]
        return Seen(frame, FrameDetections(frame.video_t_s, boxes, traffic))

    def _traffic(self, frame: Frame) -> Floats:
        if self._finder is None or self._rows is None:
            return NO_TRAFFIC
        return confident_boxes(standing(self._finder.traffic(frame, self._rows), self._setup))


def shown_at(
    frames: Iterator[Frame], wanted_s: Floats, step_s: float, watch: Stopwatch
) -> Iterator[Frame | UnusableFrame]:
    """Yield for each wanted time the frame on show, or why there is none to analyse.

    A frame comes once; while it stays on show, wanted times are repeats. The last one is on show
    for `step_s`, as the others; after that the video has ended, or could not be decoded any more.
    """
    position, still_s = 0, -np.inf
    while True:
        with watch.stage("decode"):
            frame = next(frames, None)
        begins_s = np.inf if frame is None else frame.video_t_s
        if frame is not None and position:
            still_s = begins_s
        while position < len(wanted_s) and wanted_s[position] + SAME_TIME_S < begins_s:
            on_show = wanted_s[position] + SAME_TIME_S < still_s
            reason = FrameRejection.REPEATED if on_show else FrameRejection.NOT_DECODED
            yield UnusableFrame(float(wanted_s[position]), reason)
            position += 1
        if frame is None:
            return
        yield frame
        still_s = begins_s + step_s
        position += 1


def analyse_frames(
    frames: Iterator[tuple[int, Frame | UnusableFrame]], looker: FrameAnalyser, watch: Stopwatch
) -> Iterator[tuple[int, Seen | UnusableFrame]]:
    """Look at frames with several threads; yield them numbered and in order, few at a time."""
    waiting: deque[tuple[int, Future[Seen | UnusableFrame]]] = deque()

    def first() -> tuple[int, Seen | UnusableFrame]:
        number, looked = waiting.popleft()
        with watch.stage("detect"):
            return number, looked.result()

    with ThreadPoolExecutor(LOOKERS) as pool:
        try:
            for number, frame in frames:
                waiting.append((number, pool.submit(looker.look, frame)))
                if len(waiting) > LOOKERS:
                    yield first()
            while waiting:
                yield first()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
