"""The made-up town of the sample drive: its network, and the damage on it.

Metres are UTM 33N less `ORIGIN`; all names are invented.
"""

from dataclasses import dataclass

import numpy as np
from pyproj import Transformer

from . import damage
from .damage import Floats, Shape
from .street import Road, halt_line

EPSG = 25833
ORIGIN = np.array([316_500.0, 5_683_300.0])
"""Near 12.37 E, 51.27 N."""
SEED = 20_260

WEST, GATE, CROSSING, EAST = (0.0, 0.0), (120.0, 0.0), (232.0, 10.0), (310.0, 14.0)
YARD, MILL, CHERRY, FIELD = (236.0, -98.0), (298.0, -102.0), (228.0, 74.0), (150.0, -66.0)


def _line(start: tuple[float, float], end: tuple[float, float], bow_m: float = 0.0) -> Floats:
    """Draw a line that bows out to the left, with a vertex about every 4 m."""
    a, b = np.array(start), np.array(end)
    t = np.linspace(0, 1, max(2, int(np.linalg.norm(b - a) / 4)))[:, None]
    left = np.array([-(b - a)[1], (b - a)[0]]) / np.linalg.norm(b - a)
    return a + t * (b - a) + 4 * bow_m * t * (1 - t) * left


ROADS: dict[str, Road] = {
    road.link_id: road
    for road in (
        Road("NL-1", "Neue Landstraße", "90010", "A", 3.50, _line(WEST, GATE), outside_town=True),
        Road("SU-1", "Seeuferstraße", "90020", "A", 3.50, _line(GATE, CROSSING, 2.0)),
        Road("SU-2", "Seeuferstraße", "90020", "A", 3.50, _line(CROSSING, EAST)),
        Road("AZ-1", "Am Ziegelhof", "90030", "B", 3.25, _line(YARD, CROSSING)),
        Road("FG-1", "Färbergasse", "90040", "B", 3.50, _line(YARD, MILL), "sett", oneway=True),
        Road("MW-1", "Mühlenweg", "90050", "B", 3.00, _line(MILL, EAST, -1.5)),
        Road("KW-1", "Kirschweg", "90060", "B", 3.00, _line(CROSSING, CHERRY)),
        Road("LP-1", "Lerchenpfad", "90070", "N", 2.50, _line(YARD, FIELD), oneway=True),
    )
}


@dataclass(frozen=True)
class Planned:
    """Where a damage is to be: middle of it on a lane, size along and across the road."""

    link_id: str
    direction: str
    kind: str
    offset_m: float
    left_m: float
    length_m: float
    width_m: float
    in_lane: bool = True
    """On a lane that the drive passes."""


@dataclass(frozen=True)
class Placed:
    """A damage as it was drawn, in lane coordinates and in world metres."""

    plan: Planned
    shape: Shape
    world: Shape
    cells: tuple[tuple[int, int], ...]


F, B = "forward", "backward"
PLAN = (
    # outside the town: one long segment with some of everything
    Planned("NL-1", F, "D00", 30, -0.95, 9, 0.2),
    Planned("NL-1", F, "D10", 44.5, 0.0, 0.3, 2.8),
    Planned("NL-1", F, "D40", 55, 0.7, 0.7, 0.6),
    Planned("NL-1", F, "Repair", 66, -0.5, 3.2, 1.7),
    Planned("NL-1", F, "D10", 78.5, 0.2, 0.3, 2.4),
    Planned("NL-1", F, "D00", 92, 0.95, 8, 0.2),
    Planned("NL-1", B, "D00", 50, 0.3, 8, 0.2, in_lane=False),
    Planned("NL-1", B, "D40", 84, -0.2, 0.8, 0.7, in_lane=False),
    Planned("NL-1", F, "D40", 105, -2.35, 0.5, 0.5, in_lane=False),
    # main street out: clean, slight, warning, threshold, clean, patched
    Planned("SU-1", F, "D10", 26.5, 0.1, 0.3, 2.6),
    Planned("SU-1", F, "D40", 34.5, -0.6, 0.6, 0.55),
    Planned("SU-1", F, "D00", 46, 0.95, 9, 0.2),
    Planned("SU-1", F, "D10", 54.5, 0.0, 0.3, 2.7),
    Planned("SU-1", F, "D20", 65, -0.5, 7, 1.7),
    Planned("SU-1", F, "D40", 72.5, 0.55, 0.9, 0.8),
    Planned("SU-1", F, "D20", 76, -0.2, 4, 2.2),
    Planned("SU-1", F, "Repair", 97, 0.3, 3.4, 1.9),
    # and back
    Planned("SU-2", B, "D20", 52, -0.4, 8, 1.6),
    Planned("SU-2", B, "D40", 44.5, 0.6, 0.8, 0.7),
    Planned("SU-2", B, "D00", 30, 0.9, 6, 0.2),
    Planned("SU-2", B, "D40", 18.5, -0.6, 0.6, 0.6),
    Planned("SU-2", F, "D20", 34, 0.0, 5, 1.6, in_lane=False),
    Planned("SU-1", B, "D10", 90.5, 0.0, 0.3, 2.6),
    Planned("SU-1", B, "D00", 70, -0.95, 11, 0.2),
    Planned("SU-1", B, "Repair", 57, 0.5, 3.0, 1.6),
    # side streets
    Planned("AZ-1", B, "D40", 76, 0.4, 0.8, 0.8),
    Planned("AZ-1", B, "D20", 66, 0.5, 9, 1.5),
    Planned("AZ-1", B, "D00", 50, -0.95, 6, 0.2),
    Planned("AZ-1", B, "D10", 41.5, 0.0, 0.3, 2.3),
    Planned("AZ-1", B, "Repair", 31, -0.4, 5.5, 1.7),
    Planned("AZ-1", F, "D00", 60, 0.0, 9, 0.2, in_lane=False),
    Planned("MW-1", F, "D10", 24.5, 0.0, 0.3, 2.2),
    Planned("MW-1", F, "D20", 52, 0.0, 9, 2.0),
    Planned("MW-1", F, "D40", 58.6, -0.5, 0.7, 0.7),
    Planned("MW-1", F, "D00", 70, 0.85, 13, 0.2),
    Planned("MW-1", F, "D40", 84.5, 0.2, 0.6, 0.5),
    Planned("MW-1", F, "Repair", 94, 0.1, 3.0, 1.6),
    Planned("MW-1", B, "D40", 40, 0.0, 0.8, 0.8, in_lane=False),
)


def damages() -> tuple[Placed, ...]:
    """Draw all damage of the plan; each from its own seed, so that one does not move others."""
    return tuple(_placed(plan, np.random.default_rng((SEED, k))) for k, plan in enumerate(PLAN))


def _placed(plan: Planned, rng: np.random.Generator) -> Placed:
    road = ROADS[plan.link_id]
    shape = _shape(plan, rng)
    cells = damage.touched_cells(shape, road.lane_width_m, road.length_m) if plan.in_lane else []
    return Placed(plan, shape, road.moved(plan.direction, shape), tuple(cells))


def _shape(plan: Planned, rng: np.random.Generator) -> Shape:
    x, y, half = plan.offset_m, plan.left_m, plan.width_m / 2
    if plan.kind == "D00":
        return damage.longitudinal(rng, x - plan.length_m / 2, y, plan.length_m)
    if plan.kind == "D10":
        return damage.transverse(rng, x, y - half, y + half)
    if plan.kind == "D20":
        return damage.alligator(rng, x, y, plan.length_m, plan.width_m)
    if plan.kind == "D40":
        return damage.pothole(rng, x, y, plan.length_m)
    return damage.patch(rng, x, y, plan.length_m, plan.width_m)


def halt_lines() -> tuple[Floats, ...]:
    """Return the paint of the places where the drive has to wait."""
    first, second = ROADS["SU-1"], ROADS["MW-1"]
    return (
        halt_line(first, first.length_m - HALT_BEFORE_M["SU-1"] + 2.5, F),
        halt_line(second, second.length_m - HALT_BEFORE_M["MW-1"] + 2.5, F),
    )


HALT_BEFORE_M = {"SU-1": 10.5, "MW-1": 10.0}
"""Where the camera stands when the vehicle waits, metres before the node."""


def to_lonlat(xy: Floats) -> list[list[float]]:
    """Return lon, lat rounded to a centimetre of world metres."""
    transformer = Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = transformer.transform(*(xy + ORIGIN).T)
    return np.column_stack([lon, lat]).round(7).tolist()
