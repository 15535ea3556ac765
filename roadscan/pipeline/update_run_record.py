"""Update `run.json` from the store after a drive was erased or a survey got another network."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.locate.clean_track import clean_track
from roadscan.locate.map_matching import match_path
from roadscan.model.drive import Drive
from roadscan.model.road import Network, Vehicle
from roadscan.model.survey import DriveKey, Survey
from roadscan.model.track import FIX_FIELDS, Track
from roadscan.pipeline.results_folder import PHOTOS
from roadscan.pipeline.run_account import (
    by_name,
    drive_record,
    frames_record,
    network_record,
    survey_record,
    warnings_of,
)
from roadscan.pipeline.run_record import (
    RUN_FILE,
    DriveRecord,
    FaultRecord,
    RunRecord,
    SchemeRecord,
    SegmentsRecord,
    read_record,
    write_atomically,
)
from roadscan.pipeline.score_survey import ScoreSummary
from roadscan.store.store import Store


def update_run_record(
    folder: Path, store: Store, survey: str, summary: ScoreSummary, read: Network | None = None
) -> None:
    """Write `run.json` anew for the survey as it is now, if the file exists.

    What only the run knew stays: version, times, camera, model and unusable inputs. A record of
    another version of roadscan that cannot be read is removed, since it may describe drives that
    are gone. `read` is the network, if its file has just been read.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        return
    try:
        before = read_record(path)
    except RoadscanError as error:
        if error.code != "record_malformed":
            raise
        path.unlink()
        return
    record = _updated(before, folder, store, survey, summary)
    if read is not None:
        remarks = read.remarks
    else:
        same = before.network.sha256 == record.network.sha256
        remarks = before.network.remarks if same else ()
    record = replace(record, network=replace(record.network, remarks=remarks))
    write_atomically(path, record.as_json())


def _updated(
    before: RunRecord, folder: Path, store: Store, name: str, summary: ScoreSummary
) -> RunRecord:
    survey, drives, counts = store.survey(name), store.drives(name), store.counts(name)
    network, scheme = store.network(survey.network_sha256), parse_scheme(survey.scheme_text)
    records = tuple(map(drive_record, drives))
    gone = _gone(before.drives, records)
    pictures = replace(
        before.pictures,
        kept=store.pictures.count(name),
        photos=len(list(folder.glob(PHOTOS))),
        refused={why.value: count for why, count in store.pictures.refused(name).items()},
    )
    return replace(
        before,
        drive=survey_record(name, records, _credited_m(store, survey, network)),
        drives=records,
        frames=frames_record(counts.frames),
        detections=counts.detections,
        observations=counts.observed,
        rejections=by_name(counts.rejections),
        damages=summary.damages,
        segments=SegmentsRecord(summary.scored, summary.not_scored, summary.lost_m),
        sync=max((record.sync for record in records), key=lambda sync: sync.sigma_s),
        pictures=pictures,
        scheme=SchemeRecord(scheme.id, scheme.version, scheme.sha256),
        network=network_record(network),
        faults=tuple(fault for fault in before.faults if not _is_of(fault, gone)),
        warnings=warnings_of(
            [(drive, _track_warnings(store, drive)) for drive in drives], pictures
        ),
        erased=before.erased + len(gone),
    )


def _track_warnings(store: Store, drive: Drive) -> tuple[str, ...]:
    trace = store.rematch_inputs.of(DriveKey(drive.drive_id, drive.settings_sha256))
    return () if trace is None else trace.track.warnings


def _gone(before: Sequence[DriveRecord], now: Sequence[DriveRecord]) -> tuple[DriveRecord, ...]:
    left = {record.drive_id for record in now}
    return tuple(record for record in before if record.drive_id not in left)


def _is_of(fault: FaultRecord, drives: Sequence[DriveRecord]) -> bool:
    """Tell whether a fault belongs to one of these drives: its video may have broken off."""
    return PurePath(fault.source).name in {record.video for record in drives}


def _credited_m(store: Store, survey: Survey, network: Network) -> dict[str, float]:
    """Add up the metres driven by link from the stored tracks; {} if one is not stored."""
    by_track = defaultdict[tuple[str, Vehicle], list[Track]](list)
    for key in survey.drives:
        trace = store.rematch_inputs.of(key)
        if trace is None:
            return {}
        drive = store.drive(key)
        by_track[drive.track_sha256, drive.vehicle].append(trace.track)
    credited = Counter[str]()
    for (_, vehicle), pieces in by_track.items():
        path = clean_track(_joined(pieces), network.crs_epsg)
        credited.update(match_path(path, network, vehicle).credited_m)
    return {link: round(metres, 1) for link, metres in sorted(credited.items())}


def _joined(pieces: Sequence[Track]) -> Track:
    """Join the pieces of a track, which overlap where one video follows another."""
    _, which = np.unique(np.concatenate([piece.t_s for piece in pieces]), return_index=True)
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(piece, name) for piece in pieces])[which]
        for name in FIX_FIELDS
    }
    return replace(pieces[0], **arrays)
