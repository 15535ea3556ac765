"""One survey through all rooms: videos and tracks in, layers and run.json out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import geopandas

from roadscan.assess.grid import segments_of
from roadscan.assess.scheme import Scheme
from roadscan.detect.detector import Detector
from roadscan.detect.models import load_detector
from roadscan.errors import InputFault, RoadscanError
from roadscan.model.picture import Camera
from roadscan.model.road import Network
from roadscan.model.time import iso_utc
from roadscan.pipeline.assess import Assessed, assess_survey
from roadscan.pipeline.chunk import Looking, chunk_of, work_chunks
from roadscan.pipeline.inputs import find_track, list_videos
from roadscan.pipeline.prepare import (
    Detecting,
    DrivenTrack,
    PreparedDrive,
    Settings,
    drive_track,
    prepare_drive,
)
from roadscan.pipeline.progress import Progress, Quiet
from roadscan.pipeline.record import (
    STATEMENT,
    CameraRecord,
    DriveRecord,
    FaultRecord,
    FramesRecord,
    ModelRecord,
    NetworkRecord,
    RunRecord,
    SchemeRecord,
    SegmentsRecord,
    Stopwatch,
    SurveyRecord,
    SyncRecord,
    write_atomically,
)
from roadscan.pipeline.scheme import load_scheme
from roadscan.publish.export import export_all
from roadscan.read.camera import read_camera
from roadscan.read.network import read_network
from roadscan.store.sqlite import open_store
from roadscan.store.store import Store

RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run made; the layers are read when they are asked for."""

    out: Path
    record: RunRecord

    @property
    def segments(self) -> geopandas.GeoDataFrame:
        """The scored segments, in WGS84."""
        return geopandas.read_file(self.out / "layers" / "segments.geojson")

    @property
    def damages(self) -> geopandas.GeoDataFrame:
        """The damages, in WGS84."""
        return geopandas.read_file(self.out / "layers" / "damages.geojson")

    def classes(self) -> dict[str, int]:
        """Segments by condition class."""
        found = Counter(int(value) for value in self.segments["condition_class"].dropna())
        return {str(name): found[name] for name in sorted(found)}


@dataclass(frozen=True, slots=True)
class _Tools:
    """All that is loaded before the first video is opened."""

    scheme: Scheme
    camera: Camera
    network: Network
    detector: Detector


def run(
    videos: Sequence[Path | str],
    *,
    network: Path | str,
    out: Path | str,
    track: Path | str | None = None,
    survey: str | None = None,
    camera: Path | str | None = None,
    offset_s: float | None = None,
    scheme: str = "ap9k",
    model: str = "",
    every_m: float = 3.0,
    progress: Progress | None = None,
) -> RunResult:
    """Turn the videos of a survey into scored segments; what was done before is not done again.

    A video that cannot be used is kept with its reason in the record while the others go on.

    Raises
    ------
    RoadscanError
        If no video could be used, nothing was assessed, or network, camera, scheme, model or the
        output folder are not usable; `code` and `exit_code` say which.
    """
    watch, progress = Stopwatch(), progress or Quiet()
    out = Path(out)
    paths = list_videos([Path(video) for video in videos])
    with watch.stage("load"):
        tools = _load(scheme, camera, Path(network), model)
        _check_writable(out)
    settings = Settings(
        survey or out.resolve().name, tools.camera, offset_s, every_m, tools.scheme.sha256
    )
    given_track = None if track is None else Path(track)
    with watch.stage("prepare"):
        drives, faults = _prepare_all(paths, given_track, tools, settings, progress)
    with open_store(out) as store:
        segments = segments_of(tools.network, tools.scheme)
        store.put_network(tools.network, segments)
        worked_s = sum(_work(store, drive, tools, watch, progress) for drive in drives)
        store.put_survey(
            settings.survey, [(d.drive.drive_id, d.drive.settings_sha256) for d in drives]
        )
        with watch.stage("assess"):
            progress.begin("assessing", len(segments))
            assessed = assess_survey(
                store,
                settings.survey,
                tools.network,
                segments,
                tools.scheme,
                frozenset(tools.detector.kinds),
            )
            progress.advance(len(segments))
        with watch.stage("publish"):
            progress.begin("publishing", 0)
            export_all(store, settings.survey, out)
        record = _record(store, drives, faults, tools, settings, assessed, watch, worked_s)
    write_atomically(out / RUN_FILE, record.as_json())
    if not assessed.scored:
        reasons = ", ".join(f"{count} {reason}" for reason, count in assessed.not_scored.items())
        raise RoadscanError(
            "nothing_assessed",
            f"no segment could be scored ({reasons})",
            f"{out / RUN_FILE} tells where frames and detections went",
        )
    return RunResult(out, record)


def _load(scheme: str, camera: Path | str | None, network: Path, model: str) -> _Tools:
    loaded_scheme = load_scheme(scheme)
    loaded_camera = read_camera(None if camera is None else Path(camera))
    roads = read_network(network, loaded_scheme.lane_width_m)
    return _Tools(loaded_scheme, loaded_camera, roads, load_detector(model))


def _check_writable(out: Path) -> None:
    """Fail before the work, not after it."""
    probe = out / ".roadscan-write-test"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise RoadscanError(
            "output_not_writable",
            f"the folder {out} cannot be written to ({error.strerror})",
            "Name another one with --out",
        ) from error


def _prepare_all(
    paths: Sequence[Path],
    given_track: Path | None,
    tools: _Tools,
    settings: Settings,
    progress: Progress,
) -> tuple[list[PreparedDrive], list[InputFault]]:
    """Prepare each video, keeping the faults of those that cannot be used."""
    detecting = Detecting(tools.detector.name, tools.detector.sha256)
    tracks: dict[Path, DrivenTrack] = {}
    drives: dict[str, PreparedDrive] = {}
    faults: list[InputFault] = []
    progress.begin("reading", len(paths))
    for path in paths:
        try:
            track_path = find_track(path, given_track)
            if track_path not in tracks:
                tracks[track_path] = drive_track(track_path, tools.network)
            drive = prepare_drive(path, tracks[track_path], tools.network, settings, detecting)
            drives.setdefault(drive.drive.drive_id, drive)
        except RoadscanError as error:
            if len(paths) == 1:
                raise
            faults.append(InputFault.of(str(path), error))
        progress.advance()
    if not drives:
        raise RoadscanError(
            "video_nothing_usable",
            f"none of {len(paths)} videos could be used; the first: {faults[0].source}: "
            f"{faults[0].code}, {faults[0].message}",
            faults[0].hint,
        )
    return sorted(drives.values(), key=lambda d: (d.drive.started_s, d.drive.drive_id)), faults


def _work(
    store: Store, prepared: PreparedDrive, tools: _Tools, watch: Stopwatch, progress: Progress
) -> float:
    """Do the chunks of a drive that are not done yet; return the seconds of video in them."""
    drive = prepared.drive
    store.put_drive(drive)
    numbers = chunk_of(prepared.wanted_video_s)
    done = store.done_chunks(drive.drive_id, drive.settings_sha256)
    pending = frozenset(numbers.tolist()) - done
    if not pending:
        return 0.0
    progress.begin(drive.video.name, sum(int(number) in pending for number in numbers))
    looking = Looking(tools.detector, tools.network, tools.scheme)
    for result in work_chunks(prepared, pending, looking, watch, progress):
        with watch.stage("store"):
            store.put_chunk(result, drive.settings_sha256)
    return drive.video.playable_s * len(pending) / len(set(numbers.tolist()))


def _record(
    store: Store,
    prepared: Sequence[PreparedDrive],
    faults: Sequence[InputFault],
    tools: _Tools,
    settings: Settings,
    assessed: Assessed,
    watch: Stopwatch,
    worked_s: float,
) -> RunRecord:
    counts = store.counts(settings.survey)
    drives = tuple(_drive_record(drive) for drive in prepared)
    credited = Counter[str]()
    for matched in {id(drive.matched): drive.matched for drive in prepared}.values():
        credited.update(matched.credited_m)
    camera = tools.camera
    warnings = [
        f"{drive.drive.video.name}: {warning}"
        for drive in prepared
        for warning in (*drive.drive.video.warnings, *drive.drive.clock.warnings)
    ]
    total_s = watch.total_s()
    return RunRecord(
        roadscan=version("roadscan"),
        statement=STATEMENT,
        drive=SurveyRecord(
            survey=settings.survey,
            videos=len(drives),
            started_at=min(drive.started_at for drive in drives),
            ended_at=max(drive.ended_at for drive in drives),
            length_m=round(sum(drive.length_m for drive in drives), 1),
            credited_m={link: round(metres, 1) for link, metres in sorted(credited.items())},
        ),
        drives=drives,
        frames=FramesRecord(
            counts.frames.planned,
            counts.frames.decoded,
            counts.frames.usable,
            {reason.value: count for reason, count in sorted(counts.frames.rejected.items())},
        ),
        detections=counts.detections,
        observations=counts.observed,
        rejections={reason.value: count for reason, count in sorted(counts.rejections.items())},
        damages=assessed.damages,
        segments=SegmentsRecord(assessed.scored, assessed.not_scored),
        sync=max((drive.sync for drive in drives), key=lambda sync: sync.sigma_s),
        camera=CameraRecord(
            camera.name,
            camera.hfov_deg,
            camera.height_m,
            camera.pitch_deg,
            camera.yaw_deg,
            camera.roll_deg,
            camera.left_m,
            camera.sha256,
        ),
        model=ModelRecord(tools.detector.name, tools.detector.sha256, tools.detector.kinds),
        scheme=SchemeRecord(tools.scheme.id, tools.scheme.version, tools.scheme.sha256),
        network=NetworkRecord(
            tools.network.source,
            tools.network.sha256,
            len(tools.network.links),
            f"EPSG:{tools.network.crs_epsg}",
        ),
        timings_s={
            **{name: round(seconds, 3) for name, seconds in watch.seconds.items()},
            "total": round(total_s, 3),
        },
        realtime_factor=round(worked_s / total_s, 2),
        faults=tuple(FaultRecord(f.source, f.code, f.message, f.hint) for f in faults),
        warnings=tuple(warnings),
    )


def _drive_record(prepared: PreparedDrive) -> DriveRecord:
    drive = prepared.drive
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
    )
