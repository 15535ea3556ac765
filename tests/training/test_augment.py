"""Weather, lens and pasted damage."""

import numpy as np
import pytest

from training.augment import DISTURBANCES, cut_patch, paste, weather

ROAD = np.random.default_rng(0).integers(95, 110, (200, 300, 1), np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda function: function.__name__)
def test_a_disturbance_changes_a_copy_and_only_a_little(disturb) -> None:
    before = ROAD.copy()
    after = disturb(ROAD, np.random.default_rng(3))
    assert (before == ROAD).all()
    assert after.shape == ROAD.shape
    assert after.dtype == np.uint8
    assert (after != ROAD).any()
    assert abs(float(after.mean()) - float(ROAD.mean())) < 80


def test_without_chance_nothing_changes() -> None:
    assert weather(ROAD, np.random.default_rng(0), chance=0.0) is ROAD


def pothole() -> np.ndarray:
    image = ROAD.copy()
    image[80:120, 100:160] = 30
    return image


def test_pasted_damage_lies_in_its_box_and_nowhere_else() -> None:
    patch = cut_patch(pothole(), np.array([100, 80, 160, 120]), 3)
    made = paste(ROAD, np.zeros((0, 4)), [patch], np.random.default_rng(1))
    assert made is not None
    image, box, kind = made
    x1, y1, x2, y2 = box.astype(int)
    assert kind == 3
    assert image[y1 + 6 : y2 - 6, x1 + 6 : x2 - 6].max() < 70
    outside = np.ones(image.shape[:2], bool)
    outside[y1 - 4 : y2 + 4, x1 - 4 : x2 + 4] = False
    assert (image[outside] == ROAD[outside]).all()


def test_nothing_is_pasted_over_other_damage_or_beside_the_road() -> None:
    patch = cut_patch(pothole(), np.array([100, 80, 160, 120]), 3)
    rng = np.random.default_rng(2)
    everywhere = np.array([[0, 0, 300, 200]], float)
    green = np.zeros_like(ROAD)
    green[..., 1] = 150
    for _ in range(20):
        assert paste(ROAD, everywhere, [patch], rng) is None
        assert paste(green, np.zeros((0, 4)), [patch], rng) is None


def test_a_mask_says_what_of_a_box_is_damage() -> None:
    mask = np.zeros(ROAD.shape[:2], np.uint8)
    mask[90:110, 110:130] = 255
    patch = cut_patch(pothole(), np.array([100, 80, 160, 120]), 3, mask)
    assert patch.alpha[23, 23] > 0.9
    assert patch.alpha[23, 55] < 0.05
