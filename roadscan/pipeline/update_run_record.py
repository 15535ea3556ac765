"""Brings `run.json` up to what the store has now, after a drive was erased or a survey moved."""

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
from roadscan.model.road import Network
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


def retell_run(
    folder: Path, store: Store, survey: str, summary: ScoreSummary, read: Network | None = None
) -> None:
    """Write `run.json` anew for the survey as it is now, if there is one of that survey.

    What only the run knew stays: its version, times, camera, model and inputs without use. A
    record that an other roadscan wrote and this one cannot read is removed, not left to tell of
    what is no more. `read` is the network as its file was read, where it was read just now.
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
    record = _retold(before, folder, store, survey, summary)
    if read is not None:
        remarks = read.remarks
    else:
        same = before.network.sha256 == record.network.sha256
        remarks = before.network.remarks if same else ()
    record = replace(record, network=replace(record.network, remarks=remarks))
    write_atomically(path, record.as_json())


def _retold(
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
    """Tell whether a fault is of one of some drives: a video may break after a part of it."""
    return PurePath(fault.source).name in {record.video for record in drives}


def _credited_m(store: Store, survey: Survey, network: Network) -> dict[str, float]:
    """Add up metres driven by link, of what the store has of the tracks; {} if it lacks one."""
    by_track = defaultdict[str, list[Track]](list)
    for key in survey.drives:
        trace = store.rematch_inputs.of(key)
        if trace is None:
            return {}
        by_track[store.drive(key).track_sha256].append(trace.track)
    credited = Counter[str]()
    for pieces in by_track.values():
        path = clean_track(_joined(pieces), network.crs_epsg)
        credited.update(match_path(path, network).credited_m)
    return {link: round(metres, 1) for link, metres in sorted(credited.items())}


def _joined(pieces: Sequence[Track]) -> Track:
    """Return a track of its pieces, which overlap where videos follow on each other."""
    _, which = np.unique(np.concatenate([piece.t_s for piece in pieces]), return_index=True)
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(piece, name) for piece in pieces])[which]
        for name in FIX_FIELDS
    }
    return replace(pieces[0], **arrays)
