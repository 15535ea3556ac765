"""What reviewers of a town said, to train on: its pictures leave it, so it is on record."""

import time
from pathlib import Path

from roadscan.errors import RoadscanError
from roadscan.publish.training_data import TrainingData, write_training_data
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import need_town, open_town
from roadscan.store.town.accounts import Accounts

WHO = "roadscan export-training"


def export_training(settings: ServeSettings, survey: str, out: Path) -> TrainingData:
    """Write the reviewed frames of one survey, or of all (""), and say so in the audit log.

    Raises `file_missing`, `survey_unknown`, and what `write_training_data` raises.
    """
    need_town(settings)
    with open_town(settings) as store:
        known = store.surveys()
        if survey and survey not in known:
            names = ", ".join(repr(name) for name in known) or "none"
            raise RoadscanError(
                "survey_unknown", f"there is no survey {survey[:80]!r}", f"Known: {names}"
            )
        written = write_training_data(store, (survey,) if survey else known, out)
        what = f"{written.frames} pictures of {survey or 'all surveys'}"
        Accounts(store.engine, time.time).record(WHO, "training_exported", what)
    return written
