"""Run one survey from start to end: videos and tracks in, layers and run.json out."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from errno import ENOSPC
from pathlib import Path

import geopandas

from roadscan.detect.detector import load_detector
from roadscan.errors import InputFault, RoadscanError
from roadscan.model.drive import Drive
from roadscan.model.road import Network, Vehicle
from roadscan.model.survey import MAX_SURVEY_NAME, DriveKey, Survey, survey_name_fault
from roadscan.pipeline.chunk import AnalysisTools, chunk_of, work_chunks
from roadscan.pipeline.find_inputs import find_track, list_videos
from roadscan.pipeline.keep_pictures import PictureRules, load_picture_rules
from roadscan.pipeline.objections import object_to_pictures
from roadscan.pipeline.prepare import (
    Detecting,
    DrivenTrack,
    PreparedDrive,
    Settings,
    drive_track,
    prepare_drive,
)
from roadscan.pipeline.progress import NoProgress, Progress
from roadscan.pipeline.run_account import Outcome, Tools, account
from roadscan.pipeline.run_record import (
    RUN_FILE,
    PicturesRecord,
    RunRecord,
    Stopwatch,
    read_record,
    write_atomically,
)
from roadscan.pipeline.scheme import load_scheme
from roadscan.pipeline.score_survey import score_survey, summary_of
from roadscan.pipeline.video_clock import OFFSET_WITHIN_S, GivenOffset
from roadscan.publish.export import PHOTOS, export_all
from roadscan.read.camera_file import read_camera
from roadscan.read.input_files import check_file
from roadscan.read.network import read_network
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.objection_areas import read_objections
from roadscan.store.sqlite import open_store
from roadscan.store.store import Store


@dataclass(frozen=True, slots=True)
class RunResult:
    """Results of a run; the layers are read on first access."""

    out: Path
    record: RunRecord

    @property
    def segments(self) -> geopandas.GeoDataFrame:
        """The segments with their scores, in WGS84."""
        return self._layer("segments")

    @property
    def damages(self) -> geopandas.GeoDataFrame:
        """The damages, in WGS84."""
        return self._layer("damages")

    def classes(self) -> dict[str, int]:
        """Segments by condition class."""
        found = Counter(int(value) for value in self.segments["condition_class"].dropna())
        return {str(name): found[name] for name in sorted(found)}

    def findings(self) -> dict[str, int]:
        """Segments by what may be said of them: "class_2", "no_damage_seen"."""
        found = Counter(self.segments["finding"].dropna())
        return {str(name): found[name] for name in sorted(found)}

    def _layer(self, name: str) -> geopandas.GeoDataFrame:
        return geopandas.read_file(self.out / "roadscan.gpkg", layer=name).to_crs("EPSG:4326")


def open_result(out: Path | str) -> RunResult:
    """Open the finished results of a folder again.

    Raises
    ------
    RoadscanError
        `file_missing` if `roadscan run` did not finish there, `record_malformed`.
    """
    return RunResult(Path(out), read_record(Path(out) / RUN_FILE))


def run(  # noqa: PLR0913 -- each is an option of the command
    videos: Path | str | Sequence[Path | str],
    *,
    network: Path | str,
    out: Path | str,
    mapping: NetworkMapping | None = None,
    track: Path | str | None = None,
    survey: str | None = None,
    camera: Path | str | None = None,
    offset_s: float | None = None,
    offset_within_s: float = OFFSET_WITHIN_S,
    scheme: str = "ap9k",
    model: str = "",
    every_m: float = 3.0,
    privacy_model: str = "",
    context_photos: bool = False,
    objections: Path | str | None = None,
    vehicle: Vehicle = Vehicle.CAR,
    trust_pt: bool = False,
    progress: Progress | None = None,
    tell: Callable[[Sequence[str]], None] | None = None,
) -> RunResult:
    """Turn the videos of a survey into scored segments; work already done is not repeated.

    `videos` is a video, a folder of them, or several of either; `mapping` assigns the columns of
    the network, in place of a mapping file beside it. A video that cannot be used is recorded with
    the reason, and the others continue. Photos show only the road, or with `context_photos` the
    whole frame with persons and vehicles removed as far as the privacy network finds them; no photo
    shows the areas of `objections`. The vehicle decides which links are driven.
    `tell` is called with the remarks on the network before any
    drive is read. Torch weights are code: those that do not come with roadscan are loaded only with
    `trust_pt`.

    Raises
    ------
    RoadscanError
        If no video could be used, nothing could be assessed, or network, camera, scheme, model or
        output folder are unusable; `code` and `exit_code` say which.
    """
    watch, progress = Stopwatch(), progress or NoProgress()
    out = Path(out)
    name = survey or out.resolve().name
    _check_name(name)
    given = [videos] if isinstance(videos, Path | str) else videos
    paths = list_videos([Path(video) for video in given])
    with watch.stage("load"):
        paths_too = vehicle is not Vehicle.CAR
        roads = read_network(
            Path(network), load_scheme(scheme).lane_width_m, mapping, paths=paths_too
        )
        tools = _load(scheme, camera, roads, model, trust_pt=trust_pt)
        rules = load_picture_rules(privacy_model, context=context_photos)
        tools = replace(tools, pictures=rules)
        masks = () if objections is None else read_objections(Path(objections))
        _check_writable(out)
    if tell is not None:
        tell(tools.network.remarks)
    offset = None if offset_s is None else GivenOffset(offset_s, offset_within_s)
    settings = Settings(
        name, tools.camera, offset, every_m, tools.scheme.viewing, rules.key, vehicle
    )
    given_track = None if track is None else Path(track)
    with watch.stage("prepare"):
        drives, faults = _prepare_all(paths, given_track, tools, settings, watch, progress)
    with open_store(out) as store:
        store.put_network(tools.network)
        object_to_pictures(store, masks, "roadscan run")
        tools = replace(tools, pictures=replace(rules, masks=store.pictures.objections()))
        worked_s, broken = _work_all(store, drives, tools, watch, progress)
        store.put_survey(_survey(name, tools, drives))
        with watch.stage("assess"):
            progress.begin("assessing", 0)
            results = score_survey(store, name)
        with watch.stage("publish"):
            progress.begin("publishing", 0)
            export_all(store, results, out)
        summary = summary_of(results.assessment)
        seconds = {**watch.seconds, "total": watch.total_s()}
        outcome = Outcome(
            drives,
            [*faults, *broken],
            store.counts(name),
            summary,
            _pictures(store, name, out, rules),
            worked_s,
            seconds,
        )
    record = account(name, tools, outcome)
    write_atomically(out / RUN_FILE, record.as_json())
    if not summary.scored:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.not_scored.items())
        raise RoadscanError(
            "nothing_assessed",
            f"no segment could be scored ({reasons})",
            f"{out / RUN_FILE} says where frames and detections went",
        )
    return RunResult(out, record)


def _check_name(name: str) -> None:
    """Refuse a name that the service would refuse too; raises `option_invalid`."""
    why = survey_name_fault(name)
    if why is not None:
        raise RoadscanError(
            "option_invalid",
            f"the survey {name[:60]!r} {why}",
            f"Name it with --survey, up to {MAX_SURVEY_NAME} characters without / and \\",
        )


def _pictures(store: Store, survey: str, out: Path, rules: PictureRules) -> PicturesRecord:
    refused = store.pictures.refused(survey)
    return PicturesRecord(
        network=rules.finder.name if rules.finder else "",
        view=rules.view.value,
        kept=store.pictures.count(survey),
        photos=len(list((out / PHOTOS).glob("*.jpg"))),
        refused={reason.value: count for reason, count in refused.items()},
    )


def _load(
    scheme: str,
    camera: Path | str | None,
    roads: Network,
    model: str,
    *,
    trust_pt: bool,
) -> Tools:
    loaded_scheme = load_scheme(scheme)
    loaded_camera = read_camera(None if camera is None else Path(camera))
    detector = load_detector(model, trust_pt=trust_pt)
    return Tools(loaded_scheme, loaded_camera, roads, detector)


def _survey(name: str, tools: Tools, drives: Sequence[PreparedDrive]) -> Survey:
    return Survey(
        name,
        tools.network.sha256,
        tools.detector.name,
        tools.detector.kinds,
        tools.scheme.text,
        tuple(DriveKey(d.drive.drive_id, d.drive.settings_sha256) for d in drives),
        dict(tools.detector.hit_rates),
    )


def _check_writable(out: Path) -> None:
    """Check before the work that results can be written, and leave nothing behind."""
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    probe = out / ".roadscan-write-test"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise RoadscanError(
            "output_disk_full" if error.errno == ENOSPC else "output_not_writable",
            f"the folder {out} cannot be written to ({error.strerror})",
            "Name another one with --out",
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
            for folder in missing:
                folder.rmdir()


def _prepare_all(
    paths: Sequence[Path],
    given_track: Path | None,
    tools: Tools,
    settings: Settings,
    watch: Stopwatch,
    progress: Progress,
) -> tuple[list[PreparedDrive], list[InputFault]]:
    """Prepare each video; return the faults of those that cannot be used beside the drives."""
    detecting = Detecting(tools.detector.name, tools.detector.sha256)
    tracks: dict[Path, DrivenTrack] = {}
    drives: dict[str, PreparedDrive] = {}
    faults: list[InputFault] = []
    continues_s: dict[float, float] = {}
    progress.begin("reading", len(paths))
    for path in paths:
        try:
            check_file(path)
            track_path = find_track(path, given_track)
            if track_path not in tracks:
                tracks[track_path] = drive_track(track_path, tools.network, settings.vehicle)
            track = tracks[track_path]
            drive = prepare_drive(
                path, track, tools.network, settings, detecting, watch, continues_s
            )
            drives.setdefault(drive.drive.drive_id, drive)
            _note_end(continues_s, drive.drive)
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


def _note_end(continues_s: dict[float, float], drive: Drive) -> None:
    """Note when a video ended: the next one may have its date, as chapters of a recording do."""
    if drive.video.started_s is not None:
        ended_s = drive.clock.utc_s(drive.video.playable_s)
        dated_s = drive.video.started_s
        continues_s[dated_s] = max(ended_s, continues_s.get(dated_s, ended_s))


def _work_all(
    store: Store,
    drives: Sequence[PreparedDrive],
    tools: Tools,
    watch: Stopwatch,
    progress: Progress,
) -> tuple[float, list[InputFault]]:
    """Process every drive; if a video breaks off, the part before that is used."""
    worked_s, broken = 0.0, list[InputFault]()
    for drive in drives:
        try:
            worked_s += _work(store, drive, tools, watch, progress)
        except RoadscanError as error:
            if not error.code.startswith("video_"):
                raise
            broken.append(InputFault.of(str(drive.video_path), error))
            done = store.done_chunks(drive.drive.drive_id, drive.drive.settings_sha256)
            if len(drives) == 1 and not done:
                raise
    return worked_s, broken


def _work(
    store: Store, prepared: PreparedDrive, tools: Tools, watch: Stopwatch, progress: Progress
) -> float:
    """Process the pending chunks of a drive; return the seconds of video in them."""
    drive = prepared.drive
    store.put_drive(drive, prepared.trace)
    numbers = chunk_of(prepared.wanted_video_s)
    done = store.done_chunks(drive.drive_id, drive.settings_sha256)
    pending = frozenset(numbers.tolist()) - done
    if not pending:
        return 0.0
    progress.begin(drive.video.name, sum(int(number) in pending for number in numbers))
    analysis = AnalysisTools(tools.detector, tools.network, tools.scheme, tools.pictures)
    for result in work_chunks(prepared, pending, analysis, watch, progress):
        with watch.stage("store"):
            store.put_chunk(result, drive.settings_sha256)
    return drive.video.playable_s * len(pending) / len(set(numbers.tolist()))
