"""The privacy network on real pictures, and on rendered ones with real people and cars in them.

A sample of what `python -m benchmarks.privacy` measures; docs/privacy.md has the figures.
"""

from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.privacy import CAMERA, CLIPS, LANE_WIDTH_M, measure
from benchmarks.privacy_material import Known, clip_pictures, pasted_pictures, street_pictures
from roadscan.detect.people import PeopleFinder, load_people_finder
from roadscan.detect.redaction import enlarged_boxes, inside_polygon, redacted_picture
from roadscan.locate.camera_projection import near_field
from roadscan.locate.driven_route import RouteAhead
from roadscan.locate.road_view import road_outline, tall_enough, traffic_rows
from roadscan.model.frame import Frame
from roadscan.model.stored_picture import Picture, PictureView
from roadscan.read.camera_file import read_camera

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def finder() -> PeopleFinder:
    return load_people_finder()


def every(step: int, pictures: Iterable[Known]) -> list[Known]:
    return list(islice(pictures, 0, None, step))


@pytest.mark.parametrize(
    ("name", "step", "least", "in_vain"),
    [
        ("street", 5, 0.80, 0.30),
        (CLIPS[0], 4, 0.90, 0.06),
        (CLIPS[1], 5, 0.70, 0.08),
        ("pasted", 5, 0.90, 0.06),
    ],
)
def test_of_those_who_are_large_enough_most_are_found_in_a_whole_frame(
    real_data: Path, finder: PeopleFinder, name: str, step: int, least: float, in_vain: float
) -> None:
    pictures = {
        "street": lambda: street_pictures(real_data),
        "pasted": lambda: pasted_pictures(real_data),
    }.get(name, lambda: clip_pictures(real_data, name))
    tally = measure(
        every(step, pictures()), lambda frame: finder.find_for_redaction(frame, None).xyxy
    )
    figures = tally.figures()
    assert figures["24 px and over"]["boxes"] > 10
    assert figures["24 px and over"]["recall"] >= least
    assert figures["area painted in vain"]["mean"] <= in_vain


def test_nobody_is_left_on_the_road_in_pictures_as_they_are_kept_by_default(
    real_data: Path, finder: PeopleFinder
) -> None:
    camera = read_camera(CAMERA)
    on_road = 0
    for known in every(3, pasted_pictures(real_data)):
        height, width = known.image.shape[:2]
        field = near_field(camera, width, height, LANE_WIDTH_M)
        assert field is not None
        along = np.linspace(0.0, 40.0, 41)
        course = RouteAhead(along, along, along * 0, along * 0, ends=False)
        outline = road_outline(camera, width, height, course, field, LANE_WIDTH_M)
        rows = traffic_rows(camera, width, height, field)
        tall = partial(tall_enough, camera, width, height)
        frame = Frame(0.0, known.image)
        made = redacted_picture(frame, PictureView.ROAD, outline, rows, finder, (), tall)
        assert isinstance(made, Picture)
        assert outline is not None
        shown = inside_polygon(outline, known.image.shape)
        found = finder.find_for_redaction(frame, rows).xyxy
        for x1, y1, x2, y2 in enlarged_boxes(found[tall(found)], known.image.shape):
            shown[y1:y2, x1:x2] = False
        road = inside_polygon(outline, known.image.shape)
        for x1, y1, x2, y2 in known.xyxy.astype(int):
            on_road += bool(road[y1:y2, x1:x2].mean() > 0.02)
            assert shown[y1:y2, x1:x2].mean() < 0.05, known.name
    assert on_road > 3
