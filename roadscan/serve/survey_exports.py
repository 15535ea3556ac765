"""The files of exported surveys: one zip each, in the town's folder, for a week."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = "exports"
KEPT_S: Final = 7 * 86400.0
"""An export holds pictures: it must not outlive by much what it was made from."""


def export_path(data: Path, job_id: str) -> Path:
    """Return where the export of a job is, or would be."""
    return data / FOLDER / f"{job_id}.zip"


def exports(data: Path) -> Iterator[Path]:
    """Yield the exports of a town."""
    return (data / FOLDER).glob("*.zip")


def remove_exports(data: Path) -> None:
    """Remove all exports, and what a killed job left of one.

    What is to be erased may be in any of them; each can be made again.
    """
    shutil.rmtree(data / FOLDER, ignore_errors=True)


def remove_old_exports(data: Path, now_s: float) -> None:
    """Remove the exports older than `KEPT_S`."""
    for path in exports(data):
        if now_s - path.stat().st_mtime > KEPT_S:
            path.unlink(missing_ok=True)
