"""Cells of the lane in a labelled picture: which are damaged, and which a detector's boxes hit.

A source whose camera can be assumed gets it here, and its boxes are placed as those of a drive are
(`roadscan.locate.box_placement`). Cameras that look straight down see no lane: their pictures are
cut into cells of about a lane's third instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy.ndimage import binary_dilation
from scipy.optimize import least_squares

from roadscan.assess.cells import GridBuilder
from roadscan.assess.scheme import CellRule, Scheme
from roadscan.locate.box_placement import CameraOnRoute, place_frame
from roadscan.locate.camera_projection import ground_from_pixel, near_field, pixel_from_ground
from roadscan.model.damage import STRIPS
from roadscan.model.frame import Boxes, Camera
from roadscan.model.road import (
    Direction,
    Link,
    MatchedPath,
    Network,
    RoadClass,
    RouteStep,
    Surface,
)

LANE_M: Final = 3.5
AT_M: Final = 20.0
"""Where on its made-up road the vehicle stands: at the edge of a row, so that cells are whole."""
ROAD_M: Final = 100.0
BAND_M: Final = 6.0
"""Cells nearer than this are the near band, others the far one."""
CAMERAS: Final = {
    "berlin": Camera("berlin", 72.0, 1.3, 0.0, 0.0, 0.0, 0.0, ""),
    "rddmix": Camera("rddmix", 70.0, 1.35, 2.0, 0.0, 0.0, 0.0, ""),
    "rural": Camera("rural", 70.0, 1.5, 12.4, 0.0, 0.0, 0.0, ""),
    "syracuse": Camera("syracuse", 70.0, 1.5, 30.0, 0.0, 0.0, 0.0, ""),
}
"""Assumed from the horizon that a source's pictures show; a metre may be a metre and a half."""
PICTURE_ROWS: Final = 3
"""A picture that looks down shows about a lane's width: three by three cells."""
DNIT_HFOV_DEG: Final = 60.0


@dataclass(frozen=True)
class Cells:
    """The cells of one kind, or of several together, that one picture shows: (rows, 3) each."""

    seen: np.ndarray
    truth: np.ndarray
    found: np.ndarray
    near: np.ndarray

    @property
    def beside(self) -> np.ndarray:
        """Sound cells that touch a damaged one: a box reaches into them easily."""
        around: np.ndarray = binary_dilation(self.truth, np.ones((3, 3)))
        return around & ~self.truth


def cells_of_picture(
    truth: Boxes,
    found: Boxes,
    unsure: np.ndarray,
    kinds: Collection[str],
    size: tuple[int, int],
    camera: Camera | None,
    scheme: Scheme,
) -> Cells | None:
    """Return the cells of `kinds` in a picture of a size (width, height); None if it shows none.

    `unsure` (n, 4) are boxes in which nothing is claimed: their cells count as not seen.
    """
    if camera is None:
        return _picture_cells(truth, found, unsure, kinds, size)
    shown = seen_cells(camera, size, scheme)
    if shown is None:
        return None
    doubtful = Boxes(unsure, np.ones(len(unsure)), (_anywhere(scheme),) * len(unsure))
    out = touched(doubtful, {_anywhere(scheme)}, camera, size, scheme)
    return Cells(
        shown & ~out,
        touched(truth, kinds, camera, size, scheme) & shown & ~out,
        touched(found, kinds, camera, size, scheme) & shown & ~out,
        near_rows(len(shown)),
    )


def seen_cells(camera: Camera, size: tuple[int, int], scheme: Scheme) -> np.ndarray | None:
    """Return which cells (rows, 3) of the made-up road a camera sees; None if none."""
    builder = GridBuilder(_road(), scheme)
    placement = place_frame(NOTHING, 0.0, _setup(camera, size))
    builder.add_frame(placement.views, ())
    grids = builder.grids()
    return grids[0].views > 0 if grids and grids[0].views.any() else None


def touched(
    boxes: Boxes, kinds: Collection[str], camera: Camera, size: tuple[int, int], scheme: Scheme
) -> np.ndarray:
    """Return the cells (rows, 3) of the made-up road that boxes of some kinds mean."""
    builder = GridBuilder(_road(), scheme)
    placement = place_frame(boxes, 0.0, _setup(camera, size))
    builder.add_frame(placement.views, placement.observations)
    cells = np.zeros((int(ROAD_M), STRIPS), np.bool_)
    for grid in builder.grids():
        for kind in kinds & grid.hits.keys():
            cells |= grid.hits[kind] > 0
    return cells


def marked(mask: np.ndarray, camera: Camera) -> np.ndarray:
    """Return the cells (rows, 3) of the made-up road in which a mask (h, w) has a pixel."""
    height, width = mask.shape
    v, u = np.nonzero(mask)
    cells = np.zeros((int(ROAD_M), STRIPS), np.bool_)
    field = near_field(camera, width, height, LANE_M)
    if field is None or not len(u):
        return cells
    ahead_m, left_m = ground_from_pixel(camera, width, height, np.column_stack([u + 0.5, v + 0.5]))
    inside = (ahead_m <= field.far_m) & (np.abs(left_m) < LANE_M / 2)
    row = np.floor(AT_M + ahead_m[inside]).astype(int)
    strip = np.floor((0.5 - left_m[inside] / LANE_M) * STRIPS).astype(int)
    cells[row, strip] = True
    return cells


def camera_of_lanes(lanes: Sequence[np.ndarray]) -> Camera | None:
    """Fit a camera to the lane (h, w) that the frames of one road mark; None if it does not fit.

    Nothing tells the field of view, so it is assumed: it stretches the metres ahead.
    """
    lane = np.mean([mask > 0 for mask in lanes], axis=0) > 0.5
    height, width = lane.shape
    rows = [
        y
        for y in range(int(0.4 * height), int(0.98 * height), 6)
        if lane[y].any()
        and np.flatnonzero(lane[y])[0] > 2
        and np.flatnonzero(lane[y])[-1] < width - 3
    ]
    if len(rows) < 6:
        return None
    left, right = (np.array([np.flatnonzero(lane[y])[k] for y in rows], float) for k in (0, -1))
    edges = np.concatenate([left, right])
    uv = np.column_stack([edges, np.tile(np.array(rows, float), 2)])

    def camera(values: np.ndarray) -> Camera:
        height_m, pitch_deg, yaw_deg, left_m = (float(value) for value in values)
        return Camera("dnit", DNIT_HFOV_DEG, height_m, pitch_deg, yaw_deg, 0.0, left_m, "")

    def off_px(values: np.ndarray) -> np.ndarray:
        fitted = camera(values)
        ahead_m, _ = ground_from_pixel(fitted, width, height, uv)
        across_m = np.repeat([LANE_M / 2, -LANE_M / 2], len(rows))
        drawn = pixel_from_ground(fitted, width, height, np.nan_to_num(ahead_m, nan=50.0), across_m)
        return np.nan_to_num(drawn[:, 0] - edges, nan=100.0)

    fit = least_squares(off_px, [2.4, 25.0, 0.0, 0.0])
    good = float(np.sqrt(np.mean(fit.fun**2))) < 0.012 * width
    return camera(fit.x) if good else None


NOTHING: Final = Boxes(np.zeros((0, 4)), np.zeros(0), ())


def _anywhere(scheme: Scheme) -> str:
    """Return a kind whose boxes mean all the cells that they cover."""
    return next(k for k, rule in scheme.kinds.items() if rule.cells is CellRule.FOOTPRINT)


def near_rows(rows: int) -> np.ndarray:
    """Return which cells (rows, 3) of the made-up road are in the near band."""
    near = np.zeros((rows, STRIPS), np.bool_)
    near[: int(AT_M + BAND_M)] = True
    return near


@cache
def _road() -> Network:
    link = Link(
        link_id="road",
        xy_m=np.array([[0.0, 0.0], [ROAD_M, 0.0]]),
        street="",
        street_key="",
        road_class=RoadClass.B,
        surface=Surface.ASPHALT,
        lane_width_m=LANE_M,
        lane_width_source="network",
        forward=True,
        backward=False,
        outside_town=False,
    )
    return Network((link,), 25833, "", "")


@cache
def _setup(camera: Camera, size: tuple[int, int]) -> CameraOnRoute:
    """Put a vehicle that has stood at AT_M at the time 0 on the made-up road."""
    t_s = np.array([-1.0, 0.0, 1.0])
    at_m = AT_M + t_s
    step = RouteStep(0, 0, Direction.FORWARD, 0.0, ROAD_M, 0.0, ROAD_M)
    path = MatchedPath(
        t_s, np.zeros(3, int), np.ones(3, bool), at_m, np.zeros(3), np.full(3, 0.5), at_m,
        np.zeros(3, int), (step,), {}, (),
    )  # fmt: skip
    return CameraOnRoute(camera, *size, path, _road())


def _picture_cells(
    truth: Boxes,
    found: Boxes,
    unsure: np.ndarray,
    kinds: Collection[str],
    size: tuple[int, int],
) -> Cells:
    out = _within(unsure, size)
    return Cells(
        ~out,
        _within(_of(truth, kinds), size) & ~out,
        _within(_of(found, kinds), size) & ~out,
        np.ones((PICTURE_ROWS, STRIPS), np.bool_),
    )


def _of(boxes: Boxes, kinds: Collection[str]) -> np.ndarray:
    return boxes.xyxy[[kind in kinds for kind in boxes.kind]].reshape(-1, 4)


def _within(xyxy: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the cells of a picture that boxes (n, 4) reach into by a tenth of a cell."""
    cells = np.zeros((PICTURE_ROWS, STRIPS), np.bool_)
    step = np.array([size[0] / STRIPS, size[1] / PICTURE_ROWS])
    for box in xyxy:
        low, high = box[:2] / step, box[2:] / step
        starts_x, starts_y = np.arange(STRIPS), np.arange(PICTURE_ROWS)
        x = _touches(starts_x, low[0], high[0])
        y = _touches(starts_y, low[1], high[1])
        cells |= y[:, None] & x[None, :]
    return cells


def _touches(starts: np.ndarray, low: float, high: float) -> np.ndarray:
    overlap = np.minimum(high, starts + 1) - np.maximum(low, starts)
    touched_ = overlap > 0.1
    if not touched_.any():
        touched_[int(np.argmax(overlap))] = overlap.max() > 0
    return touched_
