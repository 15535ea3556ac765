"""Training data from the reviews of a town; logged for audit, as pictures leave the town."""

from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.publish.training_data import TrainingData, write_training_data
from roadscan.serve.town import Town

WHO: Final = "roadscan export-training"


def export_training(town: Town, survey: str, out: Path) -> TrainingData:
    """Write the reviewed frames of one survey, or of all ("").

    Raises `survey_unknown`, and the errors of `write_training_data`.
    """
    known = town.store.surveys()
    if survey and survey not in known:
        names = ", ".join(repr(name) for name in known) or "none"
        raise RoadscanError(
            "survey_unknown", f"there is no survey {survey[:80]!r}", f"Known: {names}"
        )
    written = write_training_data(town.store, (survey,) if survey else known, out)
    what = f"{written.frames} pictures of {survey or 'all surveys'}"
    town.accounts.record(WHO, "training_exported", what)
    return written
