"""Windows of large pictures: their boxes stay on what they show."""

import cv2
import numpy as np
import pytest

from training.pictures import Picture, decode, encode
from training.windows import SEEN_PX, WINDOW_PX, cut, with_windows


def picture(width: int, split: str = "train", view: str = "vehicle") -> Picture:
    """A grey picture with a white square low in its middle, boxed."""
    image = np.full((600, width, 3), 90, np.uint8)
    x, y = width // 2, 500
    cv2.rectangle(image, (x - 20, y - 20), (x + 19, y + 19), (255, 255, 255), -1)
    labels = f"3 0.5 {y / 600} {40 / width} {40 / 600}\n"
    return Picture("p", "town", view, split, "s", encode(image, 95), labels)


def test_a_window_shows_what_its_boxes_say() -> None:
    whole, part = with_windows([picture(900)])
    assert (whole.name, part.name, part.scene) == ("p", "p_window", whole.scene)
    image = decode(part.jpeg)
    assert image.shape[1] == WINDOW_PX
    assert image.shape[0] == min(WINDOW_PX, round(600 * SEEN_PX / 900))
    _, cx, cy, w, h = (float(value) for value in part.labels.split())
    white = np.argwhere(image[:, :, 0] > 180)
    size = np.array(image.shape[:2])
    assert white.mean(axis=0) == pytest.approx(np.array([cy, cx]) * size, abs=1)
    assert np.ptp(white, axis=0) == pytest.approx(np.array([h, w]) * size, abs=2)


@pytest.mark.parametrize(
    "given", [picture(SEEN_PX), picture(900, split="val"), picture(900, view="survey")]
)
def test_only_wide_training_pictures_of_vehicles_give_windows(given: Picture) -> None:
    assert list(with_windows([given])) == [given]


def test_a_box_that_is_nearly_outside_is_none() -> None:
    lines = "0 0.1 0.5 0.2 0.5\n1 0.5 0.5 0.5 0.5\n"
    kept = cut(lines, (100, 100), (18, 0), (100, 50, 3), 0.3)
    assert [line.split()[0] for line in kept.splitlines()] == ["1"]
    # a region of which a sliver is inside still leaves that out
    assert len(cut(lines, (100, 100), (18, 0), (100, 50, 3), 0.0).splitlines()) == 2
