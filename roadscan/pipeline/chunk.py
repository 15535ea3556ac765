"""Process a drive chunk by chunk: frames in, observations and cells out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from roadscan.assess.cells import GridBuilder
from roadscan.assess.scheme import Scheme
from roadscan.detect.detector import Detector
from roadscan.locate.box_placement import CameraOnRoute, place_frame
from roadscan.model.arrays import Floats, Ints
from roadscan.model.damage import Observation, Rejection
from roadscan.model.drive import (
    ChunkResult,
    ClockFit,
    FrameCounts,
    FrameDetections,
    RejectedBox,
    UnusableFrame,
)
from roadscan.model.frame import Boxes, FrameRejection
from roadscan.model.road import Network
from roadscan.model.stored_picture import PictureRefusal, StoredPicture
from roadscan.pipeline.analyse_frames import AnalysedFrame, FrameAnalyser, analyse_frames, shown_at
from roadscan.pipeline.keep_pictures import NO_PICTURES, PictureKeeper, PictureRules
from roadscan.pipeline.prepare import PreparedDrive
from roadscan.pipeline.progress import Progress
from roadscan.pipeline.run_record import Stopwatch
from roadscan.read.video import frames_at

CHUNK_S = 60.0
"""Seconds of video per chunk: the most that is repeated after a stop."""

NOT_THERE = (FrameRejection.NOT_DECODED, FrameRejection.REPEATED)
"""Reasons why a planned frame does not exist in the video."""


def chunk_of(wanted_video_s: Floats) -> Ints:
    """Return the chunk number of each time in the video."""
    return np.floor(wanted_video_s / CHUNK_S).astype(np.int64)


@dataclass
class ChunkAccount:
    """The account of a chunk in progress: every frame and every detection is booked once."""

    number: int
    planned: int
    scheme: Scheme
    network: Network
    usable: int = 0
    detections: int = 0
    observed: int = 0
    rejected: Counter[FrameRejection] = field(default_factory=Counter)
    observations: list[Observation] = field(default_factory=list)
    rejections: list[RejectedBox] = field(default_factory=list)
    frames: list[FrameDetections | UnusableFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = GridBuilder(self.network, self.scheme)
        self.unusable = GridBuilder(self.network, self.scheme)

    def put(
        self, found: FrameDetections | UnusableFrame, frame_t_s: float, setup: CameraOnRoute
    ) -> tuple[Observation, ...]:
        """Place the detections of the frame shown at a UTC time; return its observations."""
        self.frames.append(found)
        if isinstance(found, UnusableFrame):
            self.rejected[found.reason] += 1
            self.unusable.add_lost(place_frame(_NOTHING, frame_t_s, setup).views, found.reason)
            return ()
        self.usable += 1
        boxes = found.boxes
        placed = place_frame(boxes, frame_t_s, setup, found.traffic_xyxy)
        self.detections += len(boxes.kind)
        self.rejections += [
            RejectedBox(
                frame_t_s,
                boxes.kind[number],
                float(boxes.confidence[number]),
                _corners(boxes.xyxy[number]),
                reason,
            )
            for number, reason in placed.rejections
        ]
        self._keep(placed.observations)
        self.seen.add_frame(placed.views, placed.observations)
        # driven but not seen: otherwise a lane behind a lorry would count as not driven
        behind = [replace(view, hidden=()) for view in placed.views if view.hidden]
        self.unusable.add_lost(behind, Rejection.HIDDEN)
        return placed.observations

    def _keep(self, observations: Sequence[Observation]) -> None:
        scored = [one for one in observations if one.kind in self.scheme.kinds]
        others = {one.box_number: one for one in observations if one.kind not in self.scheme.kinds}
        self.observations += scored
        self.observed += len({one.box_number for one in scored})
        self.rejections += [
            RejectedBox(o.frame_t_s, o.kind, o.confidence, o.box_xyxy, Rejection.KIND_NOT_SCORED)
            for o in others.values()
        ]

    def finish(
        self,
        drive_id: str,
        pictures: tuple[StoredPicture, ...],
        refused: dict[PictureRefusal, int],
    ) -> ChunkResult:
        """Check that the account balances, and return the result of the chunk."""
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
            frames_found=tuple(self.frames),
        )


@dataclass(frozen=True, slots=True)
class AnalysisTools:
    """The detector, network, scheme and picture rules that a drive is analysed with."""

    detector: Detector
    network: Network
    scheme: Scheme
    pictures: PictureRules = NO_PICTURES


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk in progress: its account, and the pictures that it may store."""

    account: ChunkAccount
    keeper: PictureKeeper

    def finish(self, drive_id: str) -> ChunkResult:
        return self.account.finish(drive_id, *self.keeper.finish())


def work_chunks(
    prepared: PreparedDrive,
    pending: frozenset[int],
    tools: AnalysisTools,
    watch: Stopwatch,
    progress: Progress,
) -> Iterator[ChunkResult]:
    """Yield the result of each pending chunk, in order, as soon as it is done.

    Memory does not grow with the length of the drive: frames are decoded one by one, and a chunk
    is released once it is yielded. `pending` holds chunk numbers as in `chunk_of`.
    """
    numbers = chunk_of(prepared.wanted_video_s)
    todo = np.isin(numbers, sorted(pending))
    planned = Counter(numbers[todo].tolist())
    # a frame on show across the end of a chunk belongs to that chunk, even if it is not pending
    asked = todo | np.append(todo[1:], False)
    wanted_s, numbers = prepared.wanted_video_s[asked], numbers[asked]
    drive, network, scheme = prepared.drive, tools.network, tools.scheme
    info = drive.video
    setup = CameraOnRoute(
        drive.camera, info.width, info.height, prepared.matched, network, drive.clock.sigma_s
    )
    analyser = FrameAnalyser(setup, tools.detector, tools.pictures.finder)
    shown = shown_at(
        frames_at(prepared.video_path, wanted_s), wanted_s, 1 / max(info.frame_rate_hz, 1e-9), watch
    )
    numbered = ((int(numbers[n]), one) for n, one in enumerate(shown) if numbers[n] in pending)

    def begin(number: int) -> _Chunk:
        keeper = PictureKeeper(tools.pictures, setup, network, scheme)
        return _Chunk(ChunkAccount(number, planned[number], scheme, network), keeper)

    chunks = iter(sorted(planned))
    chunk: _Chunk | None = None
    for number, analysed in analyse_frames(numbered, analyser, watch):
        while chunk is None or chunk.account.number < number:
            if chunk is not None:
                yield chunk.finish(drive.drive_id)
            chunk = begin(next(chunks))
        _take(analysed, chunk, drive.clock, setup, watch)
        progress.advance()
    if chunk is not None:
        yield chunk.finish(drive.drive_id)


def _take(
    analysed: AnalysedFrame | UnusableFrame,
    chunk: _Chunk,
    clock: ClockFit,
    setup: CameraOnRoute,
    watch: Stopwatch,
) -> None:
    """Book a frame in its chunk's account, and offer it to the picture keeper."""
    found = analysed.found if isinstance(analysed, AnalysedFrame) else analysed
    frame_t_s = clock.utc_s(found.video_t_s)
    with watch.stage("place"):
        observations = chunk.account.put(found, frame_t_s, setup)
    if isinstance(analysed, AnalysedFrame):
        with watch.stage("pictures"):
            chunk.keeper.offer(analysed.frame, frame_t_s, observations, analysed.found.traffic_xyxy)


def _corners(xyxy: Floats) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in xyxy)
    return x1, y1, x2, y2


_NOTHING = Boxes(np.empty((0, 4)), np.empty(0), ())
