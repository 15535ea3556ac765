"""Small links, views and boxes for the tests of this room."""

from collections.abc import Sequence

import numpy as np

from roadscan.assess.passes import CombinedLane, combine
from roadscan.assess.reviews import JudgedLane
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.model.damage import LaneGrid, LaneViews, Observation
from roadscan.model.review import BoxKey, ReviewedObservation
from roadscan.model.road import Direction, Link, Network, RoadClass, Surface
from roadscan.read.scheme_file import read_scheme_text

AP9K: Scheme = parse_scheme(read_scheme_text("ap9k"))
MONOTONE: Scheme = parse_scheme(read_scheme_text("ap9k-monotone"))
ALL_KINDS = frozenset(AP9K.kinds)
LANE_M = 3.0
"""Three strips of 1 m: 1.5 to 0.5 (left), 0.5 to -0.5, -0.5 to -1.5 (right)."""


def link(
    link_id: str = "L",
    length_m: float = 20.0,
    *,
    surface: Surface = Surface.ASPHALT,
    road_class: RoadClass = RoadClass.A,
    backward: bool = True,
    outside_town: bool = False,
) -> Link:
    return Link(
        link_id=link_id,
        xy_m=np.array([[0.0, 0.0], [0.0, length_m]]),
        street="Teststraße",
        street_key="",
        road_class=road_class,
        surface=surface,
        lane_width_m=LANE_M,
        lane_width_source="network",
        forward=True,
        backward=backward,
        outside_town=outside_town,
    )


def network(*links: Link) -> Network:
    return Network(links or (link(),), 25833, "", "made up")


def views(
    t_s: float, from_row: int = 0, to_row: int = 20, link_id: str = "L", accuracy_m: float = 1.0
) -> LaneViews:
    return LaneViews(t_s, link_id, Direction.FORWARD, from_row, to_row, accuracy_m)


def box(
    t_s: float,
    along: tuple[float, float],
    left: tuple[float, float] = (-0.4, 0.4),
    kind: str = "D40",
    confidence: float = 0.5,
    link_id: str = "L",
    pixels: float = 10.0,
) -> Observation:
    return Observation(
        frame_t_s=t_s,
        kind=kind,
        confidence=confidence,
        link_id=link_id,
        direction=Direction.FORWARD,
        from_offset_m=along[0],
        to_offset_m=along[1],
        left_min_m=left[0],
        left_max_m=left[1],
        accuracy_m=1.0,
        box_xyxy=(0.0, 0.0, pixels, pixels),
        box_number=0,
    )


def grid_of(hits: dict[str, list[tuple[int, int]]], rows: int = 20, views: int = 1) -> LaneGrid:
    """Lane seen `views` times all over, the given cells hit each time."""
    counts = {}
    for kind, cells in hits.items():
        counts[kind] = np.zeros((rows, 3), np.int64)
        for row, strip in cells:
            counts[kind][row, strip] = views
    return LaneGrid(
        "L",
        Direction.FORWARD,
        np.full((rows, 3), views, np.int64),
        counts,
        np.full(rows, 100.0),
        np.full(rows, 1.0),
    )


def same_grid(first: LaneGrid, second: LaneGrid) -> bool:
    """Equal counts, equal times; hits that are all zero say nothing."""
    kinds = {*first.hits, *second.hits}
    none = np.zeros_like(first.views)
    return (
        (first.link_id, first.direction) == (second.link_id, second.direction)
        and np.array_equal(first.views, second.views)
        and all(np.array_equal(first.hits.get(k, none), second.hits.get(k, none)) for k in kinds)
        and np.array_equal(first.last_seen_s, second.last_seen_s, equal_nan=True)
        and np.array_equal(first.accuracy_m, second.accuracy_m, equal_nan=True)
    )


def one_pass(
    grid: LaneGrid, observations: Sequence[Observation] = (), scheme: Scheme = AP9K
) -> CombinedLane:
    """A lane that was passed once, and that nobody reviewed."""
    seen = tuple(
        ReviewedObservation(BoxKey("one", o.frame_t_s, o.kind, o.box_xyxy), o) for o in observations
    )
    return combine([JudgedLane(grid, seen)], scheme)
