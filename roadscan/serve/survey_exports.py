"""Files of exported surveys: one zip each, stored in the town's folder for a week."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = "exports"
KEPT_S: Final = 7 * 86400.0
"""An export contains pictures, so it must not outlive its sources by much."""


def export_path(data: Path, job_id: str) -> Path:
    """Return the path of a job's export, whether or not it exists."""
    return data / FOLDER / f"{job_id}.zip"


def exports(data: Path) -> Iterator[Path]:
    """Yield the exports of a town."""
    return (data / FOLDER).glob("*.zip")


def remove_exports(data: Path) -> None:
    """Remove all exports, and the remains of those of killed jobs.

    Any of them may contain the data to be erased; each can be made again.
    """
    shutil.rmtree(data / FOLDER, ignore_errors=True)


def remove_old_exports(data: Path, now_s: float) -> None:
    """Remove the exports older than `KEPT_S`."""
    for path in exports(data):
        if now_s - path.stat().st_mtime > KEPT_S:
            path.unlink(missing_ok=True)
