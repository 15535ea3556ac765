"""A folder of results: its store, and the files that `roadscan run` wrote beside it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.pipeline.run_record import RUN_FILE
from roadscan.store.sqlite import FILE, JOBS_FILE, open_store
from roadscan.store.store import Store

DRIVES_LAYER: Final = "layers/drives.geojson"
LAYERS: Final = (
    "layers/segments.geojson", "layers/damages.geojson", DRIVES_LAYER, "roadscan.gpkg",
    "map.png", "map.html",
)  # fmt: skip
PHOTOS: Final = "photos/*.jpg"
UNFINISHED: Final = ".export-partial"
"""Temporary folder of an export; it remains if the export was killed."""


@contextmanager
def open_results(folder: Path) -> Iterator[Store]:
    """Open the store of a folder of results in order to change it.

    Raises
    ------
    RoadscanError
        `file_missing` without a store, `option_invalid` if the folder is that of a served town,
        whose recordings and jobs are outside the store; and the errors of `open_store`.
    """
    if not (folder / FILE).is_file():
        raise RoadscanError(
            "file_missing", f"{folder} holds no {FILE}", "Name a folder that roadscan run wrote"
        )
    if (folder / JOBS_FILE).is_file():
        raise RoadscanError(
            "option_invalid",
            f"{folder} is the folder of a town that is served",
            "Name it with --data where the command has it, else use the administration page",
        )
    with open_store(folder) as store:
        yield store


def named_survey(store: Store, name: str | None) -> str:
    """Return the survey named, or the only one; raises `survey_unknown` or `option_invalid`."""
    names = store.surveys()
    listed = ", ".join(map(repr, names)) or "none"
    if name is not None and name not in names:
        what = f"there is no survey {name[:80]!r}"
        raise RoadscanError("survey_unknown", what, f"Known: {listed}")
    if name is None and len(names) != 1:
        what = f"there are {len(names)} surveys"
        raise RoadscanError("option_invalid", what, f"Name one: {listed}")
    return names[0] if name is None else name


def survey_shown(folder: Path) -> str | None:
    """Return the survey whose layers lie in a folder, according to `run.json`, or None."""
    try:
        record = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        return str(record["drive"]["survey"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def outputs_mention(folder: Path, drive_id: str) -> bool:
    """Tell whether files that a run left in a folder may show a drive.

    They may unless files that list the drives exist and none of them lists this one.
    """
    naming = [path for name in (RUN_FILE, DRIVES_LAYER) if (path := folder / name).is_file()]
    if naming:
        return any(drive_id.encode() in path.read_bytes() for path in naming)
    return any(True for _ in _layers(folder))


def remove_layers(folder: Path) -> None:
    """Remove layers, maps and photos, which can be made again from the store."""
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    for path in list(_layers(folder)):
        path.unlink(missing_ok=True)


def remove_outputs(folder: Path) -> None:
    """Remove everything that a run left in a folder besides the store, `run.json` last."""
    remove_layers(folder)
    (folder / RUN_FILE).unlink(missing_ok=True)


def _layers(folder: Path) -> Iterator[Path]:
    yield from (path for name in LAYERS if (path := folder / name).is_file())
    yield from folder.glob(PHOTOS)
    yield from (folder / UNFINISHED).rglob("*.*")
