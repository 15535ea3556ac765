from pathlib import Path

import cv2
import numpy as np

from data_samples.render import frames
from data_samples.render.damage import KINDS
from data_samples.render.frames import write_frames


def test_frames_come_with_labels_inside_the_picture(tmp_path: Path) -> None:
    write_frames(7, 1, tmp_path)
    pictures = sorted((tmp_path / "images").glob("*.jpg"))
    assert len(pictures) == 1
    labels = [
        [float(v) for v in row.split()]
        for path in pictures
        for row in (tmp_path / "labels" / f"{path.stem}.txt").read_text().splitlines()
    ]
    assert labels
    for kind, x, y, width, height in labels:
        assert kind in range(len(KINDS))
        assert min(width, height) > 0
        assert min(x - width / 2, y - height / 2) >= -1e-6
        assert max(x + width / 2, y + height / 2) <= 1 + 1e-6
    for path in pictures:
        image = cv2.imread(str(path))
        assert image is not None
        assert image.shape[1] <= frames.OUT_WIDTH
        assert image.std() > 10


def test_all_kinds_of_damage_are_drawn() -> None:
    kinds = set()
    for number in range(12):
        rng = np.random.default_rng((11, number))
        road = frames._road(rng)
        kinds |= {shape.kind for _, shape in frames._damages(rng, road)}
    assert kinds == set(KINDS)
