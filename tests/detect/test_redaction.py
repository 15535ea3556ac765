"""The laws of the door: what is not to be shown does not change one byte of a picture."""

import ast
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roadscan
from roadscan.detect.people import PeopleFinder
from roadscan.detect.redaction import (
    BLOCKS_ACROSS,
    GROWTH,
    LONG_SIDE_PX,
    PAINT_BGR,
    enlarged_boxes,
    inside_polygon,
    pixelated,
    redacted_picture,
    with_labelled_box,
)
from roadscan.model.arrays import Floats, Image
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.stored_picture import Picture, PictureRefusal, PictureView
from tests.detect.people import Finds, NeverAnswers, Raises, boxes_at

WIDTH, HEIGHT = 240, 136
ROAD = np.array([[20.0, 140.0], [90.0, 60.0], [150.0, 60.0], [220.0, 140.0]])
ROWS = Rows(40, HEIGHT)

pictures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
)
outlines = st.lists(
    st.tuples(st.floats(-50, WIDTH + 50), st.floats(-20, HEIGHT + 20)), min_size=3, max_size=6
).map(np.array)
corners = st.tuples(
    st.floats(0, WIDTH), st.floats(0, HEIGHT), st.floats(1, 80), st.floats(1, 60)
).map(lambda v: [v[0], v[1], min(WIDTH, v[0] + v[2]), min(HEIGHT, v[1] + v[3])])


def finder(*boxes: list[float]) -> PeopleFinder:
    return PeopleFinder(Finds(), Finds(*boxes))


def kept(
    image: Image,
    *boxes: list[float],
    view: PictureView = PictureView.ROAD,
    outline: Floats = ROAD,
) -> Picture:
    made = redacted_picture(Frame(0.0, image), view, outline, ROWS, finder(*boxes))
    assert isinstance(made, Picture)
    return made


def pixels(picture: Picture) -> Image:
    return cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)


def shuffled_in_blocks(image: Image, where: np.ndarray, seed: int) -> Image:
    """Exchange pixels of each block among those of `where`: its mean colour stays."""
    rng, other = np.random.default_rng(seed), image.copy()
    side = -(-WIDTH // BLOCKS_ACROSS)
    for top in range(0, HEIGHT, side):
        for left in range(0, WIDTH, side):
            block = (slice(top, top + side), slice(left, left + side))
            own = other[block][where[block]]
            other[block][where[block]] = rng.permutation(own)
    return other


@settings(max_examples=40)
@given(pictures, outlines, st.integers(0, 99))
def test_beside_the_road_only_the_mean_colour_of_a_block_matters(
    image: Image, outline: Floats, seed: int
) -> None:
    other = shuffled_in_blocks(image, ~inside_polygon(outline, image.shape), seed)
    assert kept(image, outline=outline).jpeg == kept(other, outline=outline).jpeg


@settings(max_examples=40)
@given(pictures, pictures, st.lists(corners, min_size=1, max_size=3), st.sampled_from(PictureView))
def test_what_was_found_leaves_no_trace_in_a_picture(
    image: Image, other: Image, boxes: list[list[float]], view: PictureView
) -> None:
    changed = image.copy()
    for x1, y1, x2, y2 in boxes:
        part = slice(int(y1), int(np.ceil(y2))), slice(int(x1), int(np.ceil(x2)))
        changed[part] = other[part]
    assert kept(image, *boxes, view=view).jpeg == kept(changed, *boxes, view=view).jpeg


def test_the_road_itself_is_shown_as_it_is() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    image[100:104, 100:140] = 20
    shown = pixels(kept(image))
    assert np.abs(shown[101:103, 105:135].astype(int) - 20).max() < 25
    assert np.abs(shown[110:130, 90:150].astype(int) - 120).max() < 10


def test_a_wide_picture_shows_what_stands_beside_the_road() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (HEIGHT, WIDTH, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    image = np.clip(128 + smooth * 600, 0, 255).astype(np.uint8)
    road, wide = (pixels(kept(image, view=view)).astype(int) for view in PictureView)
    beside = (slice(0, 40), slice(0, 60))
    assert np.abs(wide[beside] - image[beside]).mean() < 12
    assert np.abs(road[beside] - image[beside]).mean() > 24


def test_boxes_known_from_elsewhere_are_painted_over_as_well() -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    made = redacted_picture(
        Frame(0.0, image), PictureView.CONTEXT, ROAD, ROWS, finder(), [np.array([[60, 20, 90, 70]])]
    )
    assert isinstance(made, Picture)
    assert np.abs(pixels(made)[25:65, 65:85].astype(int) - PAINT_BGR).max() < 12


@given(st.lists(corners, max_size=5))
def test_painted_boxes_hold_the_boxes_found_and_more_on_every_side(
    boxes: list[list[float]],
) -> None:
    for found, painted in zip(
        boxes, enlarged_boxes(boxes_at(*boxes).xyxy, (HEIGHT, WIDTH, 3)), strict=True
    ):
        wide, high = GROWTH * (found[2] - found[0]), GROWTH * (found[3] - found[1])
        assert painted[0] <= max(0, found[0] - wide)
        assert painted[1] <= max(0, found[1] - high)
        assert painted[2] >= min(WIDTH, found[2] + wide)
        assert painted[3] >= min(HEIGHT, found[3] + high)


@settings(max_examples=40)
@given(st.integers(24, 700), st.integers(20, 500))
def test_blocks_are_a_24th_of_the_width_each_of_one_colour(width: int, height: int) -> None:
    image = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    blocks = pixelated(image)
    side = -(-width // BLOCKS_ACROSS)
    assert blocks.shape == image.shape
    for top in range(0, height, side):
        for left in range(0, width, side):
            block = blocks[top : top + side, left : left + side].reshape(-1, 3)
            assert (block == block[0]).all()


def test_without_a_network_there_is_no_picture() -> None:
    frame = Frame(0.0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert redacted_picture(frame, PictureView.ROAD, ROAD, ROWS, None) is PictureRefusal.NO_NETWORK


@pytest.mark.parametrize(("outline", "rows"), [(None, ROWS), (ROAD, None)])
@pytest.mark.parametrize("view", PictureView)
def test_without_the_cameras_geometry_there_is_no_picture(
    outline: Floats | None, rows: Rows | None, view: PictureView
) -> None:
    frame = Frame(0.0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert redacted_picture(frame, view, outline, rows, finder()) is PictureRefusal.NO_GEOMETRY


def test_a_network_that_fails_makes_no_picture() -> None:
    frame = Frame(0.0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    failing = PeopleFinder(Finds(), Raises())
    made = redacted_picture(frame, PictureView.ROAD, ROAD, ROWS, failing)
    assert made is PictureRefusal.NETWORK_FAILED


def test_a_network_that_hangs_makes_no_picture() -> None:
    frame = Frame(0.0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    hanging = NeverAnswers()
    people = PeopleFinder(hanging, hanging, limit_s=0.05)
    made = redacted_picture(frame, PictureView.ROAD, ROAD, ROWS, people)
    assert made is PictureRefusal.NETWORK_TIMEOUT
    hanging.let_go()


def test_a_picture_carries_nothing_but_pixels() -> None:
    jpeg = kept(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).jpeg
    segments, at = [], 2
    while jpeg[at + 1] != 0xDA:  # up to the start of the scan
        segments.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    application = {marker for marker in segments if 0xE0 <= marker <= 0xEF or marker == 0xFE}
    assert application <= {0xE0}  # JFIF: the density; no EXIF, no comment


def test_a_large_frame_is_kept_smaller_and_its_boxes_with_it() -> None:
    image = np.full((1440, 2560, 3), 90, np.uint8)
    outline = ROAD * (2560 / WIDTH)
    made = kept(image, outline=outline)
    assert (made.width, made.height, made.scale) == (LONG_SIDE_PX, 720, 0.5)
    marked = pixels(with_labelled_box(made, (1200.0, 1000.0, 1400.0, 1200.0), "D40"))
    plain = pixels(made).astype(int)
    changed = np.argwhere(np.abs(marked.astype(int) - plain).max(axis=2) > 60)
    assert abs(changed[:, 1].min() - 600) <= 3
    assert abs(changed[:, 0].max() - 600) <= 3


def test_a_box_and_its_word_stay_within_the_picture() -> None:
    made = kept(np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    for box in ((0.0, 0.0, 30.0, 8.0), (200.0, 120.0, 240.0, 136.0), (-9.0, -9.0, 300.0, 200.0)):
        marked = with_labelled_box(made, box, "Repair 0.42")
        assert (marked.width, marked.height, marked.view) == (WIDTH, HEIGHT, made.view)


def test_the_same_frame_gives_the_same_bytes() -> None:
    image = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    assert kept(image, [10.0, 90.0, 40.0, 120.0]) == kept(image, [10.0, 90.0, 40.0, 120.0])


def test_no_other_module_writes_pictures() -> None:
    package = Path(roadscan.__file__).parent
    writes = {"imwrite", "imencode", "imencodemulti", "imwritemulti", "imwriteanimation"}
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in writes)
        or (isinstance(node, ast.alias) and node.name in writes)
        or (isinstance(node, ast.Name) and node.id in writes)
    }
    assert found == {"detect/redaction.py"}


def test_only_the_door_and_the_store_make_pictures() -> None:
    package = Path(roadscan.__file__).parent
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Picture"
    }
    assert found == {"detect/redaction.py", "store/surveys/pictures.py"}


def test_the_fakes_of_these_tests_are_detectors() -> None:
    frame = Frame(0.0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    (found,) = Finds([1.0, 2.0, 30.0, 40.0]).detect([frame])
    assert isinstance(found, Boxes)
    assert found.xyxy.tolist() == [[1.0, 2.0, 30.0, 40.0]]
