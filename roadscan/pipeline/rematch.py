"""Match stored drives to another network, without their videos and without the detector.

The store has the detections of each frame and the track of the drive: cleaning, matching and
placing are repeated, detection is not. The result is the same as if the recordings had been
analysed again.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.errors import RoadscanError
from roadscan.locate.box_placement import CameraOnRoute
from roadscan.locate.clean_track import clean_track
from roadscan.locate.map_matching import match_path
from roadscan.model.drive import ChunkResult, Drive
from roadscan.model.road import Network, Vehicle
from roadscan.model.survey import DriveKey
from roadscan.pipeline.chunk import ChunkAccount
from roadscan.pipeline.prepare import check_near, driven_stretches, settings_digest
from roadscan.pipeline.results_folder import named_survey, open_results
from roadscan.pipeline.score_survey import ScoreSummary, score_survey, summary_of
from roadscan.pipeline.update_run_record import update_run_record
from roadscan.publish.export import export_all
from roadscan.read.network import read_network
from roadscan.store.store import Store


@dataclass(frozen=True, slots=True)
class Rematchable:
    """The drives of a survey, by whether the store has what matching them again needs."""

    traced: tuple[DriveKey, ...]
    untraced: tuple[DriveKey, ...]
    """Analysed by an older roadscan that did not store it."""


def rematchable(store: Store, survey: str) -> Rematchable:
    """Sort the drives of a survey; KeyError if there is no survey of this name."""
    traced, untraced = list[DriveKey](), list[DriveKey]()
    for key in store.survey(survey).drives:
        chunks = store.done_chunks(key.drive_id, key.settings_sha256)
        whole = store.rematch_inputs.has(key) and chunks <= frozenset(
            store.rematch_inputs.chunks(key)
        )
        (traced if whole else untraced).append(key)
    return Rematchable(tuple(traced), tuple(untraced))


def rematch_drive(
    store: Store, before: DriveKey, survey: str, network: Network, scheme: Scheme
) -> DriveKey:
    """Match a drive to a network and store it under the key that it has there.

    Repeating it changes nothing, and its results on other networks stay.

    Raises
    ------
    RoadscanError
        `network_too_far` if drive and network lie over 10 km apart.
    KeyError
        If there is no drive with this key, or its trace is not stored.
    """
    drive, trace = store.drive(before), store.rematch_inputs.of(before)
    if trace is None:
        raise KeyError(before)
    path = clean_track(trace.track, network.crs_epsg)
    check_near(path, network, drive.track_name)
    video = drive.video
    setup = CameraOnRoute(
        drive.camera,
        video.width,
        video.height,
        match_path(path, network, drive.vehicle),
        network,
        drive.clock.sigma_s,
    )
    moved = replace(
        drive,
        survey=survey,
        settings_sha256=settings_digest(drive, network, trace, scheme.viewing),
        path_m=driven_stretches(path, drive.started_s, drive.ended_s),
    )
    store.put_drive(moved, trace)
    for number in store.rematch_inputs.chunks(before):
        result = _placed_again(store, before, moved, number, setup, network, scheme)
        store.put_chunk(result, moved.settings_sha256)
    return DriveKey(moved.drive_id, moved.settings_sha256)


@dataclass(frozen=True, slots=True)
class Rematched:
    """A survey of a folder of results on its new network."""

    survey: str
    drives: int
    network: Network
    summary: ScoreSummary


def rematch_in_folder(folder: Path, network_path: Path, name: str | None) -> Rematched:
    """Move a survey of a folder to another network and write its layers and `run.json` anew.

    Either all of its drives move or none. Without a name, the folder must hold a single survey.

    Raises
    ------
    RoadscanError
        `drive_needs_video` if the frames of a drive are not stored, `network_too_far`,
        `survey_unknown`, and the errors of `open_results`, `read_network` and `export_all`.
    """
    with open_results(folder) as store:
        survey = store.survey(named_survey(store, name))
        scheme = parse_scheme(survey.scheme_text)
        before = store.network(survey.network_sha256)
        paths = any(store.drive(key).vehicle is not Vehicle.CAR for key in survey.drives)
        network = read_network(network_path, scheme.lane_width_m, before=before, paths=paths)
        found = rematchable(store, survey.name)
        if found.untraced:
            raise RoadscanError(
                "drive_needs_video",
                f"what the frames of {len(found.untraced)} drives showed is not kept",
                "Give the videos to roadscan run with this network",
            )
        store.put_network(network)
        keys = [rematch_drive(store, key, survey.name, network, scheme) for key in found.traced]
        store.put_survey(replace(survey, network_sha256=network.sha256, drives=tuple(keys)))
        results = score_survey(store, survey.name)
        export_all(store, results, folder)
        summary = summary_of(results.assessment)
        update_run_record(folder, store, survey.name, summary, network)
    return Rematched(survey.name, len(keys), network, summary)


def _placed_again(
    store: Store,
    before: DriveKey,
    drive: Drive,
    number: int,
    setup: CameraOnRoute,
    network: Network,
    scheme: Scheme,
) -> ChunkResult:
    frames = store.rematch_inputs.frames(before, number)
    account = ChunkAccount(number, len(frames), scheme, network)
    for found in frames:
        account.put(found, drive.clock.utc_s(found.video_t_s), setup)
    pictures, refused = store.pictures.of_chunk(before.drive_id, before.settings_sha256, number)
    return account.finish(drive.drive_id, pictures, refused)
