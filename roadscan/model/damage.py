"""Road damage: observations in single frames, the cells of a lane, and the damages they form."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from roadscan.model.arrays import Floats, Ints
from roadscan.model.road import Direction, Lane

STRIPS = 3
"""Strips across a driven lane (ZTV ZEB-StB); 0 is the left one in the direction of travel."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One box of one frame, placed on the driven lane as a rectangle along the road.

    Offsets count in the link's digitised direction; `left_*` count from the centre of the lane,
    where the vehicle is assumed to drive, to the left of the direction of travel. A rectangle that
    reaches past the end of a link is one observation on each link that it touches.
    """

    frame_t_s: float
    kind: str
    confidence: float
    link_id: str
    direction: Direction
    from_offset_m: float
    to_offset_m: float
    left_min_m: float
    left_max_m: float
    accuracy_m: float
    """Along the link, one standard deviation."""
    box_xyxy: tuple[float, float, float, float]
    box_number: int
    """Index of the box in its frame; the parts of a rectangle on several links share it."""
    pass_number: int = 0
    """Number of the pass over the lane, within its drive."""


class Rejection(StrEnum):
    """Reason why a detection is not an observation."""

    ABOVE_HORIZON = "above_horizon"
    TOO_FAR = "beyond_near_field"
    OUTSIDE_LANE = "outside_lane"
    OFF_NETWORK = "off_network"
    OUTSIDE_TRACK = "outside_track"
    KIND_NOT_SCORED = "kind_not_scored"
    HIDDEN = "under_person_or_vehicle"


@dataclass(frozen=True, slots=True)
class LaneViews:
    """Cells of one lane viewed by one frame: rows [`from_row`, `to_row`) of the link, all strips.

    Row k covers the offsets [k, k + 1) m of the link. `hidden` lists those of the cells
    (row, strip) that traffic covers: they were not viewed.
    """

    frame_t_s: float
    link_id: str
    direction: Direction
    from_row: int
    to_row: int
    accuracy_m: float
    hidden: tuple[tuple[int, int], ...] = ()
    pass_number: int = 0


@dataclass(frozen=True, slots=True)
class LaneGrid:
    """Views and hits of one lane of one link, in one pass of a drive.

    `views` (rows, 3); `hits` by kind, each (rows, 3), never more than `views`; `last_seen_s`
    (rows,) in UTC epoch seconds, NaN if never viewed. In a grid of unusable frames, `views` are
    those that the frames would have given, and `hits` the same numbers by reason.
    """

    link_id: str
    direction: Direction
    views: Ints
    hits: dict[str, Ints]
    last_seen_s: Floats
    accuracy_m: Floats
    """(rows,) along the link, the best of the frames that viewed the row; NaN if none did."""
    pass_number: int = 0

    @property
    def lane(self) -> Lane:
        """The lane of the grid."""
        return self.link_id, self.direction


def merge_grids(first: LaneGrid, second: LaneGrid) -> LaneGrid:
    """Add up the views and hits of two grids of one lane, in either order."""
    kinds = sorted({*first.hits, *second.hits})
    none = np.zeros_like(first.views)
    return LaneGrid(
        first.link_id,
        first.direction,
        first.views + second.views,
        {kind: first.hits.get(kind, none) + second.hits.get(kind, none) for kind in kinds},
        np.fmax(first.last_seen_s, second.last_seen_s),
        np.fmin(first.accuracy_m, second.accuracy_m),
        first.pass_number,
    )


class Verdict(StrEnum):
    """A reviewer's verdict on a damage."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    """Not a damage."""
    CORRECTED = "corrected"
    """A damage of another kind."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A damage: neighbouring affected cells of one kind."""

    damage_id: str
    kind: str
    label: str
    link_id: str
    segment_id: str
    direction: Direction
    from_offset_m: float
    to_offset_m: float
    left_min_m: float
    left_max_m: float
    cells: tuple[tuple[int, int], ...]
    """(row, strip) in order."""
    area_m2: float
    confidence: float
    n_observations: int
    first_seen_s: float
    last_seen_s: float
    accuracy_m: float
    best: Observation
    """The observation whose picture shows the damage best."""
    n_passes: int = 1
    """Number of passes over the lane that found the damage."""
    n_passes_over: int = 1
    """Number of passes that viewed its place."""
    review: Verdict | None = None
    """Verdict on one of its boxes; None until reviewed."""


def position_on_network(damage: Damage) -> tuple[str, Direction, float, str]:
    """Return the sort key of damages: by link, then along each lane."""
    return damage.link_id, damage.direction, damage.from_offset_m, damage.damage_id
