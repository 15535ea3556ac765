"""The account of a run: its inputs, where every frame and detection went, its results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from roadscan.assess.scheme import Scheme
from roadscan.detect.detector import Detector
from roadscan.errors import InputFault
from roadscan.model.damage import Rejection
from roadscan.model.drive import Drive, FrameCounts
from roadscan.model.frame import Camera, FrameRejection
from roadscan.model.road import Network
from roadscan.model.score import STATEMENT
from roadscan.model.survey import SurveyCounts
from roadscan.model.time import iso_utc
from roadscan.pipeline.camera_warnings import camera_error_m, camera_warnings
from roadscan.pipeline.keep_pictures import NO_PICTURES, PictureRules
from roadscan.pipeline.prepare import PreparedDrive
from roadscan.pipeline.run_record import (
    DriveRecord,
    FaultRecord,
    FramesRecord,
    ModelRecord,
    NetworkRecord,
    PicturesRecord,
    RunRecord,
    SchemeRecord,
    SegmentsRecord,
    SurveyRecord,
    SyncRecord,
)
from roadscan.pipeline.score_survey import ScoreSummary


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything that a run uses besides its videos and tracks."""

    scheme: Scheme
    camera: Camera
    network: Network
    detector: Detector
    pictures: PictureRules = NO_PICTURES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the videos of a run."""

    drives: Sequence[PreparedDrive]
    faults: Sequence[InputFault]
    counts: SurveyCounts
    summary: ScoreSummary
    pictures: PicturesRecord
    worked_s: float
    """Seconds of video processed in this run."""
    seconds: dict[str, float]
    """Wall time by stage, and in total."""


def account(survey: str, tools: Tools, outcome: Outcome) -> RunRecord:
    """Return the record of a run, as run.json has it."""
    driven = [prepared.drive for prepared in outcome.drives]
    drives = tuple(map(drive_record, driven))
    scheme = tools.scheme
    return RunRecord(
        roadscan=version("roadscan"),
        statement=STATEMENT,
        drive=survey_record(survey, drives, _credited_m(outcome.drives)),
        drives=drives,
        frames=frames_record(outcome.counts.frames),
        detections=outcome.counts.detections,
        observations=outcome.counts.observed,
        rejections=by_name(outcome.counts.rejections),
        damages=outcome.summary.damages,
        segments=SegmentsRecord(
            outcome.summary.scored, outcome.summary.not_scored, outcome.summary.lost_m
        ),
        sync=max((drive.sync for drive in drives), key=lambda sync: sync.sigma_s),
        camera=max((drive.camera for drive in driven), key=camera_error_m),
        model=ModelRecord(tools.detector.name, tools.detector.sha256, tools.detector.kinds),
        pictures=outcome.pictures,
        scheme=SchemeRecord(scheme.id, scheme.version, scheme.sha256),
        network=network_record(tools.network),
        timings_s={name: round(seconds, 3) for name, seconds in outcome.seconds.items()},
        realtime_factor=round(outcome.worked_s / outcome.seconds["total"], 2),
        faults=tuple(
            FaultRecord(f.source, f.code, f.message, f.hint, f.facts) for f in outcome.faults
        ),
        warnings=warnings_of(
            [(prepared.drive, prepared.trace.track.warnings) for prepared in outcome.drives],
            outcome.pictures,
        ),
    )


def survey_record(
    survey: str, drives: Sequence[DriveRecord], credited_m: dict[str, float]
) -> SurveyRecord:
    """Return the record of a survey: its drives taken together."""
    return SurveyRecord(
        survey=survey,
        videos=len(drives),
        started_at=min(drive.started_at for drive in drives),
        ended_at=max(drive.ended_at for drive in drives),
        length_m=round(sum(drive.length_m for drive in drives), 1),
        credited_m=credited_m,
    )


def frames_record(frames: FrameCounts) -> FramesRecord:
    """Return the record of where frames went."""
    return FramesRecord(frames.planned, frames.decoded, frames.usable, by_name(frames.rejected))


def network_record(network: Network) -> NetworkRecord:
    """Return the record of a network."""
    crs = f"EPSG:{network.crs_epsg}"
    return NetworkRecord(network.source, network.sha256, len(network.links), crs, network.remarks)


def warnings_of(
    drives: Sequence[tuple[Drive, tuple[str, ...]]], pictures: PicturesRecord
) -> tuple[str, ...]:
    """Return the warnings about drives, given with those of their tracks, and about pictures."""
    of_drives = (
        f"{drive.video.name}: {warning}"
        for drive, of_track in drives
        for warning in (*drive.video.warnings, *of_track, *drive.clock.warnings)
    )
    return (
        *of_drives,
        *(
            f"{drive.video.name}: {warning}"
            for drive, _ in drives
            for warning in camera_warnings(drive.camera)
        ),
        *_picture_warnings(pictures),
    )


def _picture_warnings(pictures: PicturesRecord) -> tuple[str, ...]:
    """Return the warnings about refused pictures, and about traffic that was not looked for."""
    warnings = [f"{count} pictures not kept: {why}" for why, count in pictures.refused.items()]
    if not pictures.network:
        warnings.append("road_hidden_by_traffic_not_looked_for: no privacy network")
    return tuple(warnings)


def _credited_m(drives: Sequence[PreparedDrive]) -> dict[str, float]:
    """Add up the metres driven by link; a track shared by several videos counts once."""
    credited = Counter[str]()
    for matched in {id(drive.matched): drive.matched for drive in drives}.values():
        credited.update(matched.credited_m)
    return {link: round(metres, 1) for link, metres in sorted(credited.items())}


def by_name(counts: Mapping[FrameRejection, int] | Mapping[Rejection, int]) -> dict[str, int]:
    """Return the counts by name of reason, sorted."""
    return {str(reason): count for reason, count in sorted(counts.items())}


def drive_record(drive: Drive) -> DriveRecord:
    """Return the record of one drive."""
    clock = drive.clock
    return DriveRecord(
        drive_id=drive.drive_id,
        video=drive.video.name,
        video_sha256=drive.video.sha256,
        claimed_s=round(drive.video.claimed_s, 3),
        playable_s=round(drive.video.playable_s, 3),
        frame_rate_hz=round(drive.video.frame_rate_hz, 3),
        track=drive.track_name,
        track_sha256=drive.track_sha256,
        started_at=iso_utc(drive.started_s),
        ended_at=iso_utc(drive.ended_s),
        length_m=round(drive.length_m, 1),
        sync=SyncRecord(
            round(clock.offset_s, 3),
            round(clock.sigma_s, 3),
            clock.source,
            round(clock.correlation, 3),
        ),
        camera=drive.camera,
    )
