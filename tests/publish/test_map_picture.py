"""The overview map: class colours where there is a score, grey where there is none."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from roadscan.model.arrays import Image
from roadscan.publish.layer_frames import Results, damages_layer, drives_layer, segments_layer
from roadscan.publish.map_picture import DPI, HEIGHT_IN, WIDTH_IN, write_map_picture
from roadscan.publish.styles import palette
from tests.assess.lanes import AP9K


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour.removeprefix("#")))


def draw(path: Path, results: Results) -> Image:
    layers = segments_layer(results), damages_layer(results), drives_layer(results)
    write_map_picture(path, results, *layers)
    return np.asarray(cv2.imread(str(path))[..., ::-1], dtype=np.uint8)


def count(picture: Image, colour: str) -> int:
    """Count pixels of a colour on the map itself, the legend left out."""
    own = np.all(np.abs(picture.astype(int) - rgb(colour)) <= 2, axis=2)
    own[: picture.shape[0] // 3, : picture.shape[1] // 4] = False
    return int(own.sum())


@pytest.fixture(scope="module")
def picture(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return draw(tmp_path_factory.mktemp("map") / "map.png", results)


def test_the_picture_has_the_size_that_is_stated(picture: Image) -> None:
    assert picture.shape == (round(HEIGHT_IN * DPI), round(WIDTH_IN * DPI), 3)


def test_only_what_is_scored_has_the_colour_of_a_class(picture: Image) -> None:
    found = {c.number: count(picture, c.colour) for c in AP9K.classes}
    assert found[1] > 200
    assert [number for number, pixels in found.items() if pixels > 20] == [1]


def test_what_is_not_assessed_is_grey_with_gaps(picture: Image) -> None:
    grey = count(picture, palette().not_assessed)
    assert grey > 1000


def test_nothing_assessed_is_drawn_in_the_colour_of_no_class(
    results: Results, tmp_path: Path
) -> None:
    unscored = results.assessment.results[1].score
    nothing = tuple(replace(r, score=unscored) for r in results.assessment.results)
    bare = replace(results.assessment, results=nothing, damages=())
    seen = draw(tmp_path / "map.png", replace(results, assessment=bare))
    assert all(count(seen, c.colour) < 20 for c in AP9K.classes)


def test_a_picture_is_drawn_of_a_single_street(results: Results, tmp_path: Path) -> None:
    segments = segments_layer(results).iloc[:1]
    write_map_picture(
        tmp_path / "map.png", results, segments, damages_layer(results), drives_layer(results)
    )
    assert cv2.imread(str(tmp_path / "map.png")) is not None
