"""Place the boxes of a frame on the driven lane, and find the rows of the lane that it views.

Across the road, a box is measured from the vehicle's path (taken as the middle of its lane),
corrected for the curve of the road; along it, from the vehicle's position on its route.
"""

from dataclasses import dataclass

import numpy as np

from roadscan.locate.camera_projection import (
    NearField,
    ground_from_pixel,
    inside_picture,
    near_field,
    near_field_rows,
    pixel_from_ground,
    placing_error_m,
)
from roadscan.locate.driven_route import DrivenRoute, RouteAhead, RoutePosition
from roadscan.locate.road_view import hidden_cells
from roadscan.model.arrays import Floats
from roadscan.model.damage import STRIPS, LaneViews, Observation, Rejection
from roadscan.model.frame import Boxes, Camera
from roadscan.model.road import Direction, MatchedPath, Network, RouteStep

GRAZE_M = 0.05
"""A rectangle that reaches less than this into the lane, or past the end of a link, does not count
as being there: boxes are drawn loosely."""
REACH_M = 40.0
"""Beyond this the upper edge of a box says nothing about its sides."""
VANISHING_M = 1e6
VIEW_STEP_M = 0.25
ON_TRAFFIC_SHARE = 0.5
"""A damage box overlapping a traffic box by more than this share is on the vehicle."""
NO_TRAFFIC: Floats = np.empty((0, 4))
OFF_ROAD = frozenset(
    {"no_road_nearby", "no_route", "against_oneway", "not_for_vehicle", "ambiguous", "too_short"}
)
"""Reasons for an unmatched stretch that are due to the network, not the track."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The placed and rejected boxes of one frame, and the cells that the frame views.

    Every box is in exactly one of `observations` (by `box_number`) and `rejections`.
    """

    observations: tuple[Observation, ...]
    rejections: tuple[tuple[int, Rejection], ...]
    """(box number, reason)."""
    views: tuple[LaneViews, ...]


@dataclass(frozen=True, slots=True)
class _Rectangles:
    """Boxes projected to the ground, aligned with the road: arrays of one length.

    `ahead_m` is the nearer side in the vehicle's frame, NaN above the horizon. `near_m` and `far_m`
    count along the route from the vehicle, NaN beyond the route ahead; `left_*_m` from its middle.
    """

    ahead_m: Floats
    near_m: Floats
    far_m: Floats
    left_min_m: Floats
    left_max_m: Floats
    along_error_m: Floats
    """Error along the route due to the camera."""


class CameraOnRoute:
    """The constants of a drive: the camera, its near field, the route driven.

    `rows` are the rows of the picture that contain the near field of the narrowest and the widest
    lane; None if no box could be placed anywhere. `clock_sigma_s` is one standard
    deviation of the frames' times.
    """

    def __init__(
        self,
        camera: Camera,
        width: int,
        height: int,
        matched: MatchedPath,
        network: Network,
        clock_sigma_s: float = 0.0,
    ) -> None:
        self.camera = camera
        self.width = width
        self.height = height
        self.links = network.links
        self.route = DrivenRoute(matched, network, clock_sigma_s)
        self._off_road = [(g.from_s, g.to_s) for g in matched.unmatched if g.reason in OFF_ROAD]
        self._near_fields: dict[float, NearField | None] = {}
        widths_m = {link.lane_width_m for link in network.links}
        self.rows = near_field_rows(camera, width, height, {min(widths_m), max(widths_m)})

    def near_field(self, lane_width_m: float) -> NearField | None:
        """Return the near field for a lane of this width."""
        if lane_width_m not in self._near_fields:
            self._near_fields[lane_width_m] = near_field(
                self.camera, self.width, self.height, lane_width_m
            )
        return self._near_fields[lane_width_m]

    def unplaced_reason(self, t_s: float) -> Rejection:
        """Return why there is no position at a time: no road under the track, or no track."""
        off_road = any(from_s <= t_s <= to_s for from_s, to_s in self._off_road)
        return Rejection.OFF_NETWORK if off_road else Rejection.OUTSIDE_TRACK


def place_frame(
    boxes: Boxes, frame_t_s: float, setup: CameraOnRoute, traffic_xyxy: Floats = NO_TRAFFIC
) -> Placement:
    """Place the boxes of the frame shown at a UTC time; `traffic_xyxy` (n, 4) hides the road.

    A box is interpreted as a rectangle along the road: its lower edge is the near side, its upper
    edge the far side, clipped to the near field. Each lateral side is determined by the row where
    such a rectangle is widest in the picture: left of the vanishing point the left side by the near
    row and the right side by the far row, and vice versa on the right. So a crack along the road, a
    slanted line in the picture, stays thin on the ground.

    Cells under a box of a person, rider or vehicle are not viewed, and a detection mostly within
    such a box is not on the road.
    """
    position = setup.route.position_at(frame_t_s)
    ahead = (
        []
        if position is None
        else setup.route.stretches(position.leg, position.route_m, position.route_m + REACH_M)
    )
    if position is None or not ahead:
        why = setup.unplaced_reason(frame_t_s)
        return Placement((), tuple((number, why) for number in range(len(boxes.kind))), ())
    lane_width_m = setup.links[ahead[0].link].lane_width_m
    field = setup.near_field(lane_width_m)
    if field is None:
        too_far = tuple((number, Rejection.TOO_FAR) for number in range(len(boxes.kind)))
        return Placement((), too_far, ())
    road = setup.route.route_ahead(position, REACH_M)
    seen_m = _seen_along(setup, road, field, lane_width_m)
    views = _views(frame_t_s, setup, position, seen_m, road, traffic_xyxy)
    if not boxes.kind:
        return Placement((), (), views)
    on_ground = _rectangles(boxes.xyxy, setup, road, field)
    on_traffic = _share_within(boxes.xyxy, traffic_xyxy) > ON_TRAFFIC_SHARE
    observations: list[Observation] = []
    rejections: list[tuple[int, Rejection]] = []
    for number in range(len(boxes.kind)):
        reason = _rejection(on_ground, number, field, road)
        reason = Rejection.HIDDEN if reason is None and on_traffic[number] else reason
        found = (
            [] if reason else _observations(boxes, number, frame_t_s, on_ground, setup, position)
        )
        observations += found
        if not found:
            rejections.append((number, reason or Rejection.OUTSIDE_LANE))
    return Placement(tuple(observations), tuple(rejections), views)


def _seen_along(
    setup: CameraOnRoute, road: RouteAhead, field: NearField, lane_width_m: float
) -> tuple[float, float]:
    """Return the stretch of the route ahead where the full lane is in the near field; may be empty.

    In a curve the lane leaves the picture or the near field earlier than on a straight road.
    """
    count = int((field.far_m - field.near_m) / VIEW_STEP_M) + 2
    along = np.linspace(field.near_m, field.far_m, count)
    along = along[along <= road.along_m[-1]]
    line_ahead, line_left, turn = (
        np.interp(along, road.along_m, values)
        for values in (road.ahead_m, road.left_m, road.turn_rad)
    )
    seen = np.ones(len(along), np.bool_)
    for left in (lane_width_m / 2, -lane_width_m / 2):
        ahead_m = line_ahead - left * np.sin(turn)
        uv = pixel_from_ground(
            setup.camera, setup.width, setup.height, ahead_m, line_left + left * np.cos(turn)
        )
        seen &= inside_picture(uv, setup.width, setup.height) & (ahead_m <= field.far_m + 1e-6)
    inside = np.flatnonzero(seen)
    if not len(inside):
        return field.near_m, field.near_m
    breaks = np.flatnonzero(np.diff(inside) > 1)
    last = inside[breaks[0]] if len(breaks) else inside[-1]
    return float(along[inside[0]]), float(along[last])


def _share_within(boxes: Floats, traffic: Floats) -> Floats:
    """Return the largest share of each box (n, 4) that a single box of traffic (m, 4) covers."""
    if not len(traffic):
        return np.zeros(len(boxes))
    low = np.maximum(boxes[:, None, :2], traffic[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], traffic[None, :, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=2)
    area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
    share: Floats = common.max(axis=1) / area
    return share


def _views(
    frame_t_s: float,
    setup: CameraOnRoute,
    position: RoutePosition,
    seen_m: tuple[float, float],
    road: RouteAhead,
    traffic_xyxy: Floats,
) -> tuple[LaneViews, ...]:
    steps = setup.route.stretches(position.leg, *(position.route_m + np.array(seen_m)))
    middle_m = np.array([(seen_m[0] + seen_m[1]) / 2])
    placing_m = float(placing_error_m(setup.camera, middle_m)[0])
    accuracy_m = float(np.hypot(position.accuracy_m, placing_m))
    views = []
    for step in steps:
        low_m, high_m = sorted((step.from_offset_m, step.to_offset_m))
        whole = high_m >= setup.route.length_m[step.link] - 1e-6
        # the last row of a link may be shorter than a metre
        from_row, to_row = int(np.ceil(low_m - 1e-6)), int(np.floor(high_m + 1e-6))
        to_row = int(np.ceil(high_m - 1e-6)) if whole else to_row
        if to_row > from_row:
            link_id = setup.links[step.link].link_id
            hidden = _hidden(step, (from_row, to_row), setup, position, road, traffic_xyxy)
            if _is_mirrored(setup, step):
                hidden = tuple((row, STRIPS - 1 - strip) for row, strip in hidden)
            views.append(
                LaneViews(
                    frame_t_s,
                    link_id,
                    _lane_direction(setup, step),
                    from_row,
                    to_row,
                    accuracy_m,
                    hidden,
                    step.pass_number,
                )
            )
    return tuple(views)


def _hidden(
    step: RouteStep,
    rows: tuple[int, int],
    setup: CameraOnRoute,
    position: RoutePosition,
    road: RouteAhead,
    traffic_xyxy: Floats,
) -> tuple[tuple[int, int], ...]:
    """Return the cells (row, strip) of a stretch of a link that traffic hides."""
    if not len(traffic_xyxy):
        return ()
    offsets_m = np.arange(rows[0], rows[1] + 1.0)[:: step.direction.sign]
    edges_m = (
        step.from_route_m
        - position.route_m
        + step.direction.sign * (offsets_m - step.from_offset_m)
    )
    size = setup.width, setup.height
    lane_width_m = setup.links[step.link].lane_width_m
    hidden = hidden_cells(traffic_xyxy, setup.camera, size, road, edges_m, lane_width_m)
    found = np.argwhere(hidden[:: step.direction.sign])
    return tuple((rows[0] + int(row), int(strip)) for row, strip in found)


def _rectangles(
    xyxy: Floats, setup: CameraOnRoute, road: RouteAhead, field: NearField
) -> _Rectangles:
    """Project boxes (n, 4) to rectangles along the road."""
    x1, y1, x2, y2 = xyxy.T
    middle = (x1 + x2) / 2
    near_ahead, near_left = _ground(setup, middle, y2)
    far_ahead, far_left = _ground(setup, middle, y1)
    # an upper edge above the horizon, or too far away to mean anything, is cut at the reach
    reach_m = min(REACH_M, float(road.ahead_m[-1]))
    beyond = ~(far_ahead <= reach_m)
    far_ahead, far_left = np.where(beyond, reach_m, far_ahead), np.where(beyond, 0.0, far_left)
    limit = pixel_from_ground(setup.camera, setup.width, setup.height, far_ahead, far_left)
    far_row = np.where(beyond, np.maximum(y1, limit[:, 1]), y1)
    near_m, _ = road.from_vehicle(near_ahead, near_left)
    far_m, _ = road.from_vehicle(np.minimum(far_ahead, field.far_m), far_left)
    turn = np.interp(near_ahead, road.ahead_m, road.turn_rad)
    vanishing = pixel_from_ground(
        setup.camera,
        setup.width,
        setup.height,
        VANISHING_M * np.cos(turn),
        VANISHING_M * np.sin(turn),
    )[:, 0]
    sides = [
        road.from_vehicle(*_ground(setup, x, np.where(by_near_row, y2, far_row)))[1]
        for x, by_near_row in ((x1, x1 < vanishing), (x2, x2 > vanishing))
    ]
    return _Rectangles(
        ahead_m=near_ahead,
        near_m=near_m,
        far_m=np.fmax(far_m, near_m),
        left_min_m=np.fmin(*sides),
        left_max_m=np.fmax(*sides),
        along_error_m=placing_error_m(
            setup.camera, (near_ahead + np.fmin(far_ahead, field.far_m)) / 2
        ),
    )


def _ground(setup: CameraOnRoute, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    return ground_from_pixel(setup.camera, setup.width, setup.height, np.column_stack([u, v]))


def _rejection(
    on_ground: _Rectangles, number: int, field: NearField, road: RouteAhead
) -> Rejection | None:
    """Return the reason to reject a box before its lane is considered."""
    ahead_m = on_ground.ahead_m[number]
    if not np.isfinite(ahead_m):
        return Rejection.ABOVE_HORIZON
    if ahead_m > field.far_m:
        return Rejection.TOO_FAR
    if not np.isfinite(on_ground.near_m[number]):
        return Rejection.OUTSIDE_TRACK if road.ends else Rejection.OUTSIDE_LANE
    return None


def _observations(
    boxes: Boxes,
    number: int,
    frame_t_s: float,
    on_ground: _Rectangles,
    setup: CameraOnRoute,
    position: RoutePosition,
) -> list[Observation]:
    """Return a box's rectangle on each link it touches, clipped to the lane."""
    near_m, far_m = float(on_ground.near_m[number]), float(on_ground.far_m[number])
    steps = setup.route.stretches(position.leg, position.route_m + near_m, position.route_m + far_m)
    least_m = min(GRAZE_M, (far_m - near_m) / 2)
    along_m = float(np.hypot(position.accuracy_m, on_ground.along_error_m[number]))
    found = []
    for step in steps:
        across = _in_lane(on_ground, number, setup.links[step.link].lane_width_m)
        if across is None or step.to_route_m - step.from_route_m < least_m:
            continue
        low_m, high_m = sorted((step.from_offset_m, step.to_offset_m))
        left_m = (-across[1], -across[0]) if _is_mirrored(setup, step) else across
        x1, y1, x2, y2 = (float(value) for value in boxes.xyxy[number])
        found.append(
            Observation(
                frame_t_s=frame_t_s,
                kind=boxes.kind[number],
                confidence=float(boxes.confidence[number]),
                link_id=setup.links[step.link].link_id,
                direction=_lane_direction(setup, step),
                from_offset_m=low_m,
                to_offset_m=high_m,
                left_min_m=left_m[0],
                left_max_m=left_m[1],
                accuracy_m=along_m,
                box_xyxy=(x1, y1, x2, y2),
                box_number=number,
                pass_number=step.pass_number,
            )
        )
    return found


def _lane_direction(setup: CameraOnRoute, step: RouteStep) -> Direction:
    """Return the direction of the lane driven: a path is one lane, addressed as forward."""
    return Direction.FORWARD if setup.links[step.link].is_one_lane else step.direction


def _is_mirrored(setup: CameraOnRoute, step: RouteStep) -> bool:
    """Tell whether left of the vehicle is right of the lane: on a path, driven backward."""
    return _lane_direction(setup, step) is not step.direction


def _in_lane(
    on_ground: _Rectangles, number: int, lane_width_m: float
) -> tuple[float, float] | None:
    left_min_m, left_max_m = on_ground.left_min_m[number], on_ground.left_max_m[number]
    low_m, high_m = max(left_min_m, -lane_width_m / 2), min(left_max_m, lane_width_m / 2)
    overlaps = high_m - low_m >= min(GRAZE_M, (left_max_m - left_min_m) / 2)
    return (float(low_m), float(high_m)) if overlaps else None
