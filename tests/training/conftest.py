"""Small made-up pictures: textures in which features are found, and roads that have none."""

import cv2
import numpy as np
import pytest

from training.pictures import encode

SIDE = 240


def texture(seed: int) -> np.ndarray:
    """A picture full of corners, of its own for each seed."""
    rng = np.random.default_rng(seed)
    image = np.full((SIDE, SIDE, 3), 120, np.uint8)
    for _ in range(160):
        x, y, w, h = (int(v) for v in rng.integers(0, SIDE, 4))
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        cv2.rectangle(image, (x, y), (x + w // 10 + 2, y + h // 10 + 2), colour, -1)
    return image


@pytest.fixture
def place() -> "UploadSource":
    return UploadSource()


class UploadSource:
    """Pictures of made-up places by number."""

    def seen(self, number: int) -> bytes:
        return encode(texture(number))

    def seen_again(self, number: int) -> bytes:
        """The same place from a little further back and to the side, darker."""
        matrix = np.array([[0.9, 0.02, 12], [-0.02, 0.92, 6]], np.float32)
        moved = cv2.warpAffine(texture(number), matrix, (SIDE, SIDE), borderValue=(90, 90, 90))
        return encode((moved * 0.8).astype(np.uint8), 70)
