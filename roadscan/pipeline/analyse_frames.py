"""Analyse the frames of a drive: each once, several at a time; what they show, not yet where."""

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
"""A frame that begins up to this much after a wanted time is still the one wanted: containers count
time in ticks."""

THREADS = min(4, os.cpu_count() or 1)
"""Threads that analyse frames, one frame each."""


@dataclass(frozen=True, slots=True)
class AnalysedFrame:
    """A frame, and the traffic and damage detected in it."""

    frame: Frame
    found: FrameDetections


class FrameAnalyser:
    """Analyses single frames of a drive; safe to call from several threads at once."""

    def __init__(
        self, setup: CameraOnRoute, detector: Detector, finder: PeopleFinder | None
    ) -> None:
        self._setup = setup
        self._rows = rows_of_traffic(setup)
        self._detector = detector
        self._finder = finder

    def analyse(self, frame: Frame | UnusableFrame) -> AnalysedFrame | UnusableFrame:
        """Check a frame, then detect traffic and damage in it."""
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
        return AnalysedFrame(frame, FrameDetections(frame.video_t_s, boxes, traffic))

    def _traffic(self, frame: Frame) -> Floats:
        if self._finder is None or self._rows is None:
            return NO_TRAFFIC
        return confident_boxes(standing(self._finder.traffic(frame, self._rows), self._setup))


def shown_at(
    frames: Iterator[Frame], wanted_s: Floats, step_s: float, watch: Stopwatch
) -> Iterator[Frame | UnusableFrame]:
    """Yield the frame on show at each wanted time, or the reason why there is none to analyse.

    Each frame is yielded once; further wanted times while it is on show count as repeated. The
    last frame is on show for `step_s`; after that the video has ended or cannot be decoded.
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
    frames: Iterator[tuple[int, Frame | UnusableFrame]], analyser: FrameAnalyser, watch: Stopwatch
) -> Iterator[tuple[int, AnalysedFrame | UnusableFrame]]:
    """Analyse numbered frames in several threads; yield them in order, with few held at a time."""
    waiting: deque[tuple[int, Future[AnalysedFrame | UnusableFrame]]] = deque()

    def first() -> tuple[int, AnalysedFrame | UnusableFrame]:
        number, analysed = waiting.popleft()
        with watch.stage("detect"):
            return number, analysed.result()

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for number, frame in frames:
                waiting.append((number, pool.submit(analyser.analyse, frame)))
                if len(waiting) > THREADS:
                    yield first()
            while waiting:
                yield first()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
