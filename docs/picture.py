"""Makes the README's picture from the results of `make demo`: a frame with its boxes, the map."""

import sys
from collections import Counter
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from roadscan.model.arrays import Image
from roadscan.model.damage import Observation
from roadscan.model.drive import Drive
from roadscan.read.video import frames_at
from roadscan.store.sqlite import open_store

ROOT: Final = Path(__file__).resolve().parent.parent
SURVEY: Final = "Sample drive (rendered)"
HEIGHT_PX: Final = 560
COLOURS: Final = {
    "D00": (0, 0, 0),
    "D10": (0, 0, 0),
    "D20": (0, 0, 0),
    "D40": (167, 121, 204),
    "Repair": (115, 158, 0),
}
"""BGR of roadscan/publish/styles.toml."""


def main(results: Path, picture: Path) -> None:
    """Put the frame with most kinds of damage beside the map."""
    with open_store(results) as store:
        (drive,) = store.drives(SURVEY)
        network = store.network(store.survey(SURVEY).network_sha256)
        seen = [
            sighting.observation
            for link in network.links
            for direction in link.directions
            for sighting in store.sightings(SURVEY, link.link_id, direction)
        ]
    frame = _frame(drive, _of_one_frame(seen))
    town = cv2.imread(str(results / "map.png"))
    joined = np.hstack([_to_height(frame), _to_height(_cropped(town))])
    picture.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(picture), joined, [cv2.IMWRITE_JPEG_QUALITY, 88])


def _of_one_frame(seen: list[Observation]) -> list[Observation]:
    kinds = {t: {o.kind for o in seen if o.frame_t_s == t} for t in {o.frame_t_s for o in seen}}
    boxes = Counter(o.frame_t_s for o in seen)
    best = max(boxes, key=lambda t: (len(kinds[t]), boxes[t], -t))
    return [o for o in seen if o.frame_t_s == best]


def _frame(drive: Drive, found: list[Observation]) -> Image:
    video_s = found[0].frame_t_s - drive.clock.started_s - drive.clock.offset_s
    (frame,) = frames_at(ROOT / "data_samples" / drive.video.name, np.array([video_s]))
    image = np.ascontiguousarray(frame.image)
    for observation in found:
        x1, y1, x2, y2 = (round(value) for value in observation.box_xyxy)
        colour = COLOURS.get(observation.kind, (0, 0, 0))
        label = f"{observation.kind} {observation.confidence:.2f}"
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, 3)
        (width, height), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 2)
        cv2.rectangle(image, (x1, y1 - height - 10), (x1 + width + 6, y1), colour, cv2.FILLED)
        white, at = (255, 255, 255), (x1 + 3, y1 - 5)
        cv2.putText(image, label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, white, 2, cv2.LINE_AA)
    return image


def _cropped(town: Image) -> Image:
    """Cut the paper around the drawing away."""
    rows, columns = (np.flatnonzero((town < 250).any(axis=(2, k))) for k in (1, 0))
    top, left = max(0, rows[0] - 12), max(0, columns[0] - 12)
    return town[top : rows[-1] + 12, left : columns[-1] + 12]


def _to_height(image: Image) -> Image:
    width = round(image.shape[1] * HEIGHT_PX / image.shape[0])
    resized: Image = cv2.resize(image, (width, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return resized


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out/demo",
        ROOT / "docs/images/demo.jpg",
    )
