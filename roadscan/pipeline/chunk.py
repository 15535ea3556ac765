"""Works through a drive chunk by chunk: frames in, observations and cells out."""

import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from roadscan.assess.cells import GridBuilder
from roadscan.assess.scheme import Scheme
from roadscan.detect.detector import Detector
from roadscan.detect.people import PeopleNotLookedFor, sure_boxes
from roadscan.detect.quality import check_frame
from roadscan.locate.place import Eye, place_frame
from roadscan.model.arrays import Floats, Ints
from roadscan.model.damage import Observation, Rejection
from roadscan.model.drive import ChunkResult, FrameCounts, RejectedBox
from roadscan.model.picture import Boxes, Frame, FrameRejection, Rows
from roadscan.model.road import Network
from roadscan.pipeline.photos import (
    NO_PICTURES,
    PictureKeeper,
    PictureRules,
    rows_of_traffic,
    standing,
)
from roadscan.pipeline.prepare import PreparedDrive
from roadscan.pipeline.progress import Progress
from roadscan.pipeline.record import Stopwatch
from roadscan.read.video import frames_at

CHUNK_S = 60.0
"""Seconds of video that are done again at most after a stop."""

SAME_TIME_S = 0.0005
"""A frame is the one wanted at a time if it is shown up to this much later: clocks of containers
count in ticks."""

NOT_THERE = (FrameRejection.NOT_DECODED, FrameRejection.REPEATED)
"""Of the frames planned, those that the video does not have."""

LOOKERS = min(4, os.cpu_count() or 1)
"""Threads that look at frames, each at one of its own."""


def chunk_of(wanted_video_s: Floats) -> Ints:
    """Return the number of the chunk that each time in the video falls into."""
    return np.floor(wanted_video_s / CHUNK_S).astype(np.int64)


@dataclass
class _Chunk:
    """A chunk being filled."""

    number: int
    planned: int
    scheme: Scheme
    network: Network
    keeper: PictureKeeper
    usable: int = 0
    detections: int = 0
    observed: int = 0
    rejected: Counter[FrameRejection] = field(default_factory=Counter)
    observations: list[Observation] = field(default_factory=list)
    rejections: list[RejectedBox] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = GridBuilder(self.network, self.scheme)
        self.unusable = GridBuilder(self.network, self.scheme)

    def finish(self, drive_id: str) -> ChunkResult:
        """Close the account: every frame and every detection is somewhere."""
        if self.planned != self.usable + sum(self.rejected.values()):
            message = (
                f"chunk {self.number}: {self.planned} frames planned, but {self.usable} usable "
                f"and {dict(self.rejected)} rejected"
            )
            raise AssertionError(message)
        if self.detections != self.observed + len(self.rejections):
            message = (
                f"chunk {self.number}: {self.detections} detections, but {self.observed} "
                f"observations and {len(self.rejections)} rejections"
            )
            raise AssertionError(message)
        decoded = self.planned - sum(self.rejected[reason] for reason in NOT_THERE)
        pictures, refused = self.keeper.finish()
        return ChunkResult(
            drive_id=drive_id,
            number=self.number,
            from_video_s=self.number * CHUNK_S,
            to_video_s=(self.number + 1) * CHUNK_S,
            frames=FrameCounts(self.planned, decoded, self.usable, dict(self.rejected)),
            detections=self.detections,
            observed=self.observed,
            observations=tuple(self.observations),
            rejections=tuple(self.rejections),
            grids=self.seen.grids(),
            unusable=self.unusable.grids(),
            pictures=pictures,
            refused_pictures=refused,
        )


@dataclass(frozen=True, slots=True)
class Looking:
    """What every frame is looked at with."""

    detector: Detector
    network: Network
    scheme: Scheme
    pictures: PictureRules = NO_PICTURES


def work_chunks(
    prepared: PreparedDrive,
    pending: frozenset[int],
    looking: Looking,
    watch: Stopwatch,
    progress: Progress,
) -> Iterator[ChunkResult]:
    """Yield the result of each pending chunk, in order, as soon as it is done.

    Memory does not grow with the drive: frames come one by one, a chunk is let go when it is
    yielded. `pending` holds numbers of `chunk_of`.
    """
    numbers = chunk_of(prepared.wanted_video_s)
    todo = np.isin(numbers, sorted(pending))
    planned = Counter(numbers[todo].tolist())
    # a picture on show across the end of a chunk is that chunk's, whether it is done now or not
    asked = todo | np.append(todo[1:], False)
    wanted_s, numbers = prepared.wanted_video_s[asked], numbers[asked]
    info = prepared.drive.video
    eye = Eye(
        prepared.drive.camera,
        info.width,
        info.height,
        prepared.matched,
        looking.network,
    )
    rows = rows_of_traffic(eye)

    def begin(number: int) -> _Chunk:
        keeper = PictureKeeper(looking.pictures, eye, looking.network, looking.scheme)
        return _Chunk(number, planned[number], looking.scheme, looking.network, keeper)

    frames = frames_at(prepared.video_path, wanted_s)
    chunks = iter(sorted(planned))
    chunk: _Chunk | None = None
    shown = _shown(frames, wanted_s, 1 / max(info.frame_rate_hz, 1e-9), watch)
    numbered = ((int(numbers[n]), one) for n, one in enumerate(shown) if numbers[n] in pending)
    for seen in _see_all(numbered, eye, rows, looking, watch):
        while chunk is None or chunk.number < seen.number:
            if chunk is not None:
                yield chunk.finish(prepared.drive.drive_id)
            chunk = begin(next(chunks))
        _place(seen, chunk, prepared, eye, looking, watch)
        progress.advance()
    if chunk is not None:
        yield chunk.finish(prepared.drive.drive_id)


@dataclass(frozen=True, slots=True)
class _NoFrame:
    """A wanted time at which the video has no frame of its own."""

    video_t_s: float
    reason: FrameRejection


def _shown(
    frames: Iterator[Frame], wanted_s: Floats, step_s: float, watch: Stopwatch
) -> Iterator[Frame | _NoFrame]:
    """Yield for each wanted time the frame on show, or why there is none to be looked at.

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
            yield _NoFrame(float(wanted_s[position]), reason)
            position += 1
        if frame is None:
            return
        yield frame
        still_s = begins_s + step_s
        position += 1


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame that was looked at, and what was found in it."""

    number: int
    """Of the chunk that it belongs to."""
    frame: Frame
    people: Boxes
    boxes: Boxes


@dataclass(frozen=True, slots=True)
class _Lost:
    """A frame of no use, or none at all."""

    number: int
    video_t_s: float
    reason: FrameRejection


def _see_all(
    frames: Iterator[tuple[int, Frame | _NoFrame]],
    eye: Eye,
    rows: Rows | None,
    looking: Looking,
    watch: Stopwatch,
) -> Iterator[_Seen | _Lost]:
    """Look at frames with several threads; yield them in their order, few at a time."""
    waiting: deque[Future[_Seen | _Lost]] = deque()

    def first() -> _Seen | _Lost:
        with watch.stage("detect"):
            return waiting.popleft().result()

    with ThreadPoolExecutor(LOOKERS) as pool:
        try:
            for number, frame in frames:
                waiting.append(pool.submit(_see, number, frame, eye, rows, looking))
                if len(waiting) > LOOKERS:
                    yield first()
            while waiting:
                yield first()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _see(
    number: int, frame: Frame | _NoFrame, eye: Eye, rows: Rows | None, looking: Looking
) -> _Seen | _Lost:
    """Check a frame, then look for traffic and damage in it."""
    if isinstance(frame, _NoFrame):
        return _Lost(number, frame.video_t_s, frame.reason)
    unusable = check_frame(frame.image)
    if unusable is not None:
        return _Lost(number, frame.video_t_s, unusable)
    people = _NOTHING
    if looking.pictures.finder is not None and rows is not None:
        try:
            people = standing(looking.pictures.finder.traffic(frame, rows), eye)
        except PeopleNotLookedFor:
            return _Lost(number, frame.video_t_s, FrameRejection.TRAFFIC_UNKNOWN)
    return _Seen(number, frame, people, looking.detector.detect([frame], eye.rows)[0])


def _place(
    seen: _Seen | _Lost,
    chunk: _Chunk,
    prepared: PreparedDrive,
    eye: Eye,
    looking: Looking,
    watch: Stopwatch,
) -> None:
    """Put a frame into the account of its chunk, and what was found in it on the road."""
    clock = prepared.drive.clock
    video_t_s = seen.video_t_s if isinstance(seen, _Lost) else seen.frame.video_t_s
    frame_t_s = clock.started_s + clock.offset_s + video_t_s
    if isinstance(seen, _Lost):
        chunk.rejected[seen.reason] += 1
        chunk.unusable.add_lost(place_frame(_NOTHING, frame_t_s, eye).views, seen.reason)
        return
    chunk.usable += 1
    boxes, traffic = seen.boxes, sure_boxes(seen.people)
    with watch.stage("place"):
        placed = place_frame(boxes, frame_t_s, eye, traffic)
        chunk.detections += len(boxes.kind)
        chunk.rejections += [
            RejectedBox(
                frame_t_s,
                boxes.kind[number],
                float(boxes.confidence[number]),
                _corners(boxes.xyxy[number]),
                reason,
            )
            for number, reason in placed.rejections
        ]
        _keep_observations(placed.observations, chunk, looking.scheme)
        chunk.seen.add_frame(placed.views, placed.observations)
        # driven and not seen: without this, a lane behind a lorry would count as not driven
        behind = [replace(view, hidden=()) for view in placed.views if view.hidden]
        chunk.unusable.add_lost(behind, Rejection.HIDDEN)
    with watch.stage("pictures"):
        chunk.keeper.offer(seen.frame, frame_t_s, placed.observations, traffic)


def _keep_observations(
    observations: tuple[Observation, ...], chunk: _Chunk, scheme: Scheme
) -> None:
    scored = [observation for observation in observations if observation.kind in scheme.kinds]
    others = {o.box_number: o for o in observations if o.kind not in scheme.kinds}
    chunk.observations += scored
    chunk.observed += len({observation.box_number for observation in scored})
    chunk.rejections += [
        RejectedBox(o.frame_t_s, o.kind, o.confidence, o.box_xyxy, Rejection.KIND_NOT_SCORED)
        for o in others.values()
    ]


def _corners(xyxy: Floats) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in xyxy)
    return x1, y1, x2, y2


_NOTHING = Boxes(np.empty((0, 4)), np.empty(0), ())
