"""Where exports of whole surveys lie: one file each, in the town's folder, for a week."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = "exports"
KEPT_S: Final = 7 * 86400.0
"""Pictures are in it: an export must not outlive by much what it was made of."""


def export_path(data: Path, job_id: str) -> Path:
    """Return where the export of a job is, or would be."""
    return data / FOLDER / f"{job_id}.zip"


def exports(data: Path) -> Iterator[Path]:
    """Yield those that lie here."""
    return (data / FOLDER).glob("*.zip")


def remove_exports(data: Path) -> None:
    """Remove them all, and what a killed job left of one: what is to go may be in any of them.

    Each can be asked for again.
    """
    shutil.rmtree(data / FOLDER, ignore_errors=True)


def remove_old_exports(data: Path, now_s: float) -> None:
    """Remove the exports whose time is over."""
    for path in exports(data):
        if now_s - path.stat().st_mtime > KEPT_S:
            path.unlink(missing_ok=True)
