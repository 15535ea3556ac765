"""Erase a drive from a folder of results, and write the files beside the store anew."""

import time
from pathlib import Path

from roadscan.pipeline.results_folder import (
    open_results,
    outputs_mention,
    remove_layers,
    remove_outputs,
    survey_shown,
)
from roadscan.pipeline.score_survey import score_survey, summary_of
from roadscan.pipeline.update_run_record import update_run_record
from roadscan.publish.export import export_all
from roadscan.publish.layer_frames import Results
from roadscan.store.erasure import Erased
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from roadscan.store.surveys.list_drives import KnownDrive, find_drive, full_id, known_drives


def drives_in_folder(folder: Path) -> tuple[KnownDrive, ...]:
    """Return all drives of a folder of results; raises the errors of `open_results`."""
    with open_results(folder) as store:
        return known_drives(store.engine)


def find_in_folder(folder: Path, drive_id: str) -> KnownDrive:
    """Return a drive of a folder of results; raises `drive_unknown` and as `open_results`."""
    with open_results(folder) as store:
        return find_drive(store.engine, drive_id)


def erase_from_folder(folder: Path, drive_id: str) -> Erased:
    """Erase a drive, score its surveys without it, and write layers, photos and `run.json` anew.

    Files that may show somebody are removed first and `run.json` is written last, so a repeat after
    a kill finishes the work.

    Raises
    ------
    RoadscanError
        `drive_unknown` if neither the store nor the files beside it contain it, and the errors of
        `open_results` and `export_all`.
    """
    with open_results(folder) as store:
        ids = [one.drive.drive_id for one in known_drives(store.engine)]
        known = any(one.startswith(drive_id) for one in ids)
        # a drive that only the files know: an erasure was killed, and the rest is still to be done
        if known or not outputs_mention(folder, drive_id):
            drive_id = full_id(ids, drive_id)
        remove_layers(folder)
        erased = store.erase_drive(drive_id)
        shown = survey_shown(folder)
        if shown in store.surveys():
            results = _score(store, shown)
            export_all(store, results, folder)
            update_run_record(folder, store, shown, summary_of(results.assessment))
        else:
            remove_outputs(folder)
        for waiting in Scorings(store.engine, time.time).outstanding():
            _score(store, waiting.survey)
    return erased


def _score(store: Store, survey: str) -> Results:
    scorings, began_s = Scorings(store.engine, time.time), time.monotonic()
    change, results = scorings.status(survey).requested, score_survey(store, survey)
    scorings.mark_done(survey, change, time.monotonic() - began_s)
    return results
