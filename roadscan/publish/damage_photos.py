"""Photos of damages: for each the stored picture that shows it best, with its box drawn in."""

from pathlib import Path

from roadscan.detect.redaction import with_labelled_box
from roadscan.model.damage import Damage
from roadscan.publish.layer_frames import Results
from roadscan.store.store import Store

PHOTOS = "photos"


def write_photos(store: Store, results: Results, folder: Path) -> None:
    """Write photos/ID.jpg of every damage that has a picture."""
    (folder / PHOTOS).mkdir(exist_ok=True)
    for damage in results.assessment.damages:
        name = results.photos.get(damage.damage_id)
        picture = store.pictures.of(results.survey.name, damage.best) if name else None
        if name and picture:
            made = with_labelled_box(picture, damage.best.box_xyxy, _caption(damage))
            (folder / name).write_bytes(made.jpeg)


def remove_stale_photos(results: Results, folder: Path) -> None:
    """Remove photos of damages that no longer exist, or whose picture must not be kept."""
    kept = set(results.photos.values())
    for path in sorted((folder / PHOTOS).glob("*.jpg")):
        if f"{PHOTOS}/{path.name}" not in kept:
            path.unlink()


def _caption(damage: Damage) -> str:
    return f"{damage.kind} {damage.best.confidence:.2f}"
