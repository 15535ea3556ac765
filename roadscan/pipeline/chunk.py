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
        decoded = self.usable + sum(self.rejected.values())
        if self.detections != self.observed + len(self.rejections):
            message = (
                f"chunk {self.number}: {self.detections} detections, but {self.observed} "
                f"observations and {len(self.rejections)} rejections"
            )
            raise AssertionError(message)
        missing = self.planned - decoded
        rejected = dict(self.rejected)
        if missing:
            rejected[FrameRejection.NOT_DECODED] = missing
        pictures, refused = self.keeper.finish()
        return ChunkResult(
            drive_id=drive_id,
            number=self.number,
            from_video_s=self.number * CHUNK_S,
            to_video_s=(self.number + 1) * CHUNK_S,
            frames=FrameCounts(self.planned, decoded, self.usable, rejected),
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
    numbered = (
        (number, frame)
        for number, frame in _numbered(frames, wanted_s, numbers, watch)
        if number in pending
    )
    for seen in _see_all(numbered, eye, rows, looking, watch):
        while chunk is None or chunk.number < seen.number:
            if chunk is not None:
                yield chunk.finish(prepared.drive.drive_id)
            chunk = begin(next(chunks))
        _place(seen, chunk, prepared, eye, looking, watch)
        progress.advance()
    if chunk is not None:
        yield chunk.finish(prepared.drive.drive_id)
    for number in chunks:
        yield begin(number).finish(prepared.drive.drive_id)


def _numbered(
    frames: Iterator[Frame], wanted_s: Floats, numbers: Ints, watch: Stopwatch
) -> Iterator[tuple[int, Frame]]:
    """Pair each frame with the chunk of the time it was wanted for."""
    position = 0
    while True:
        with watch.stage("decode"):
            frame = next(frames, None)
        if frame is None:
            return
        while position + 1 < len(wanted_s) and wanted_s[position] + SAME_TIME_S < frame.video_t_s:
            position += 1
        yield int(numbers[position]), frame
        position = min(position + 1, len(wanted_s) - 1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame that was looked at; nothing is found in one that is not usable."""

    number: int
    """Of the chunk that it belongs to."""
    frame: Frame
    unusable: FrameRejection | None
    people: Boxes
    boxes: Boxes


def _see_all(
    frames: Iterator[tuple[int, Frame]],
    eye: Eye,
    rows: Rows | None,
    looking: Looking,
    watch: Stopwatch,
) -> Iterator[_Seen]:
    """Look at frames with several threads; yield them in their order, few at a time."""
    waiting: deque[Future[_Seen]] = deque()

    def first() -> _Seen:
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


def _see(number: int, frame: Frame, eye: Eye, rows: Rows | None, looking: Looking) -> _Seen:
    """Check a frame, then look for traffic and damage in it."""
    unusable = check_frame(frame.image)
    people = boxes = _NOTHING
    if unusable is None and looking.pictures.finder is not None and rows is not None:
        try:
            people = standing(looking.pictures.finder.traffic(frame, rows), eye)
        except PeopleNotLookedFor:
            unusable = FrameRejection.TRAFFIC_UNKNOWN
    if unusable is None:
        boxes = looking.detector.detect([frame], eye.rows)[0]
    return _Seen(number, frame, unusable, people, boxes)


def _place(
    seen: _Seen,
    chunk: _Chunk,
    prepared: PreparedDrive,
    eye: Eye,
    looking: Looking,
    watch: Stopwatch,
) -> None:
    """Put a frame into the account of its chunk, and what was found in it on the road."""
    clock = prepared.drive.clock
    frame_t_s = clock.started_s + clock.offset_s + seen.frame.video_t_s
    if seen.unusable is not None:
        chunk.rejected[seen.unusable] += 1
        chunk.unusable.add_frame(place_frame(_NOTHING, frame_t_s, eye).views, ())
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
        chunk.unusable.add_frame([replace(v, hidden=()) for v in placed.views if v.hidden], ())
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
