"""Roads with kerbs, footways, markings and what stands beside them."""

from dataclasses import dataclass
from math import cos, pi, sin, tan

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from .damage import Floats, Shape
from .ground import Area, SettArea, Soft, Surface
from .scene import House, Tree

GRASS = (58.0, 104.0, 84.0)
ASPHALT = (118.0, 117.0, 114.0)
GUTTER = (112.0, 112.0, 110.0)
KERB = (168.0, 172.0, 172.0)
FOOTWAY = (146.0, 152.0, 158.0)
SOIL = (84.0, 104.0, 120.0)
CORNER_M = 5.0
FOOTWAY_M = 2.2
ONE_WAY_HALF_M = 2.25
COVER_CLEAR_M = 1.5
SUN_HEIGHT_DEG = 42.0


@dataclass(frozen=True)
class Road:
    """A link of the network as it is built; `xy` (n, 2) in world metres, digitised direction."""

    link_id: str
    street: str
    key: str
    road_class: str
    lane_width_m: float
    xy: Floats
    surface: str = "asphalt"
    oneway: bool = False
    outside_town: bool = False

    @property
    def half_m(self) -> float:
        """From the centre line to the kerb."""
        return ONE_WAY_HALF_M if self.oneway else self.lane_width_m

    @property
    def length_m(self) -> float:
        """Length of the centre line."""
        return float(np.linalg.norm(np.diff(self.xy, axis=0), axis=1).sum())

    def beside(self, offset_m: Floats, left_m: Floats) -> Floats:
        """Return world points (n, 2) at offsets along and left of the centre line."""
        step = np.diff(self.xy, axis=0)
        length = np.linalg.norm(step, axis=1)
        at = np.concatenate([[0.0], np.cumsum(length)])
        k = np.clip(np.searchsorted(at, offset_m, side="right") - 1, 0, len(length) - 1)
        course = step[k] / length[k, None]
        normal = np.column_stack([-course[:, 1], course[:, 0]])
        return self.xy[k] + (offset_m - at[k])[:, None] * course + left_m[:, None] * normal

    def on_lane(self, direction: str, points: Floats) -> Floats:
        """Return world points of (offset, left of the lane's centre in travel direction)."""
        sign = 1.0 if direction == "forward" else -1.0
        centre = 0.0 if self.oneway else self.lane_width_m / 2
        return self.beside(points[:, 0], sign * (points[:, 1] - centre))

    def moved(self, direction: str, shape: Shape) -> Shape:
        """Return a shape in world metres."""
        cracks = tuple(type(c)(self.on_lane(direction, c.xy), c.width_m) for c in shape.cracks)
        outline = self.on_lane(direction, shape.outline) if len(shape.outline) else shape.outline
        return Shape(shape.kind, cracks, outline, shape.tone, shape.sealed, shape.seed)


def surface_of(
    roads: tuple[Road, ...],
    damages: tuple[Shape, ...],
    houses: tuple[House, ...],
    trees: tuple[Tree, ...],
    sun: tuple[float, float],
    rng: np.random.Generator,
    tone: float = 1.0,
    wear: float = 0.35,
) -> Surface:
    """Build what lies on the ground: verge, footways, kerbs, asphalt, setts, paint, shadows."""
    lines = [LineString(road.xy) for road in roads]
    paved = carriageway(roads)
    town = shapely.union_all(
        [
            line.buffer(r.half_m + 6)
            for line, r in zip(lines, roads, strict=True)
            if not r.outside_town
        ]
    )
    low, high = (np.array(paved.bounds)[k : k + 2] + s * 200 for k, s in ((0, -1), (2, 1)))
    meadow = shapely.box(*low, *high)
    asphalt = tuple(c * tone for c in ASPHALT)
    areas = [
        *_areas(meadow, GRASS, 1.0),
        *_areas(paved.buffer(0.7), SOIL, 0.8),
        *_areas(paved.buffer(FOOTWAY_M).intersection(town), FOOTWAY, 0.25),
        *_areas(paved.buffer(0.16).intersection(town), KERB, 0.25),
        *_areas(paved, asphalt, 0.6),
        *_areas(paved.difference(paved.buffer(-0.28)).intersection(town), GUTTER, 0.3),
    ]
    setts = tuple(
        SettArea((area.rings[0],), _course(road))
        for road, line in zip(roads, lines, strict=True)
        if road.surface == "sett"
        for area in _areas(_shortened(line, 6.5).buffer(road.half_m, cap_style="flat"), GUTTER, 0)
    )
    return Surface(
        areas=tuple(areas),
        setts=setts,
        markings=tuple(m for road in roads for m in _markings(road)),
        covers=_covers(roads, damages, rng),
        soft=(*_wear(roads, rng), *_shadows(houses, trees, sun)),
        damages=damages,
        sun=sun,
        seed=int(rng.integers(1 << 30)),
        wear=wear,
    )


def carriageway(roads: tuple[Road, ...]) -> BaseGeometry:
    """Return the area of all carriageways with rounded corners at the crossings."""
    strips = [LineString(road.xy).buffer(road.half_m, cap_style="round") for road in roads]
    return shapely.union_all(strips).buffer(CORNER_M).buffer(-CORNER_M)


def beside_roads(
    roads: tuple[Road, ...], rng: np.random.Generator
) -> tuple[tuple[House, ...], tuple[Tree, ...]]:
    """Place houses and trees along the roads, none on another or on a road."""
    taken: BaseGeometry = carriageway(roads).buffer(FOOTWAY_M + 1.0)
    houses: list[House] = []
    trees: list[Tree] = []
    for road in roads:
        for side in (-1.0, 1.0):
            at = rng.uniform(4, 12)
            while at < road.length_m - 2:
                width, depth = rng.uniform(9, 15), rng.uniform(8, 11)
                back = road.half_m + FOOTWAY_M + rng.uniform(1.6, 4.5)
                if not road.outside_town and rng.random() < 0.85:
                    corners = _footprint(road, at, side, back, width, depth)
                    if not Polygon(corners).intersects(taken):
                        taken = taken.union(Polygon(corners).buffer(1.5))
                        eaves = rng.uniform(4.5, 7.5)
                        look = int(rng.integers(1 << 30))
                        houses.append(House(corners, eaves, eaves + rng.uniform(2.5, 4), look))
                at += width + rng.uniform(3, 9)
            gap = 14 if road.outside_town else 17
            for s in np.arange(rng.uniform(3, 10), road.length_m, gap):
                if rng.random() < 0.35:
                    continue
                off = road.half_m + (rng.uniform(3, 7) if road.outside_town else FOOTWAY_M + 0.9)
                x, y = road.beside(np.array([s + rng.uniform(-3, 3)]), np.array([side * off]))[0]
                if Point(x, y).buffer(0.5).intersects(carriageway(roads).buffer(1.2)):
                    continue
                height = rng.uniform(4, 8.5)
                crown = height * rng.uniform(0.45, 0.7)
                trees.append(Tree(x, y, height, crown, int(rng.integers(1 << 30))))
    return tuple(houses), tuple(trees)


def _footprint(
    road: Road, at: float, side: float, back: float, width: float, depth: float
) -> Floats:
    """Return counter-clockwise corners, the first two along the road's side or away from it."""
    s = np.array([at, at + width, at + width, at])
    away = side * np.array([back, back, back + depth, back + depth])
    corners = road.beside(s, away)
    corners[2] = corners[1] + (corners[3] - corners[0])
    return corners if side > 0 else corners[[1, 0, 3, 2]]


def _areas(shape: BaseGeometry, colour: tuple[float, ...], grain: float) -> list[Area]:
    parts = [p for p in shapely.get_parts(shape) if isinstance(p, Polygon) and not p.is_empty]
    bgr = (colour[0], colour[1], colour[2])
    return [
        Area(tuple(np.array(ring.coords)[:-1] for ring in (p.exterior, *p.interiors)), bgr, grain)
        for p in parts
    ]


def _course(road: Road) -> tuple[float, float]:
    d = road.xy[-1] - road.xy[0]
    d = d / np.linalg.norm(d)
    return float(d[0]), float(d[1])


def _shortened(line: LineString, by_m: float) -> BaseGeometry:
    return substring(line, by_m, line.length - by_m)


def _markings(road: Road) -> list[Floats]:
    """Paint a dashed centre line on main roads, edge lines outside town."""
    if road.road_class != "A" or road.oneway:
        return []
    dash, gap = (4.0, 8.0) if road.outside_town else (3.0, 6.0)
    stripes = [(s, s + dash, 0.0) for s in np.arange(9.0, road.length_m - 11, dash + gap)]
    if road.outside_town:
        edge = road.half_m - 0.25
        cuts = np.arange(0.0, road.length_m - 9, 10.0)
        stripes += [(s, s + 10.0, side) for s in cuts for side in (-edge, edge)]
    return [_stripe(road, *stripe) for stripe in stripes]


def _stripe(road: Road, from_m: float, to_m: float, left: float, width_m: float = 0.12) -> Floats:
    s = np.linspace(from_m, to_m, 5)
    near, far = (road.beside(s, np.full(5, left + k * width_m / 2)) for k in (-1, 1))
    return np.concatenate([near, far[::-1]])


def halt_line(road: Road, at_m: float, direction: str) -> Floats:
    """Return the broad line before a crossing, across the lane."""
    half = road.lane_width_m / 2 - 0.15
    points = np.array([[at_m, -half], [at_m + 0.5, -half], [at_m + 0.5, half], [at_m, half]])
    return road.on_lane(direction, points)


def _covers(
    roads: tuple[Road, ...], damages: tuple[Shape, ...], rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Place manhole covers, none where there is damage."""
    found = []
    for road in roads:
        if road.outside_town or road.surface == "sett":
            continue
        for s in np.arange(rng.uniform(15, 35), road.length_m - 15, 45.0):
            left = rng.choice([-1, 1]) * road.half_m * 0.32
            place = road.beside(np.array([s]), np.array([left]))[0]
            if all(np.linalg.norm(d.points - place, axis=1).min() > COVER_CLEAR_M for d in damages):
                found.append((float(place[0]), float(place[1])))
    return tuple(found)


def _wear(roads: tuple[Road, ...], rng: np.random.Generator) -> list[Soft]:
    """Wheel tracks, the oily middle of a lane, stains."""
    found = []
    for road in roads:
        s = np.linspace(0, road.length_m, max(2, int(road.length_m / 4)))
        for direction in ("forward",) if road.oneway else ("forward", "backward"):
            for y, width, factor in ((0.75, 0.55, 0.955), (-0.75, 0.55, 0.955), (0.0, 0.35, 0.94)):
                line = road.on_lane(direction, np.column_stack([s, 0 * s + y]))
                found.append(Soft(line, factor, width))
        for _ in range(rng.poisson(road.length_m / 9)):
            x, y = road.beside(
                rng.uniform(0, road.length_m, 1), rng.uniform(-road.half_m, road.half_m, 1)
            )[0]
            angle = np.linspace(0, 2 * pi, 16, endpoint=False)
            reach = rng.uniform(0.15, 0.7) * rng.uniform(0.6, 1.2, 16)
            ring = np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])
            found.append(Soft(ring, float(rng.uniform(0.84, 1.08))))
    return found


def _shadows(
    houses: tuple[House, ...], trees: tuple[Tree, ...], sun: tuple[float, float]
) -> list[Soft]:
    reach = -np.array(sun) / tan(SUN_HEIGHT_DEG * pi / 180)
    found = []
    for house in houses:
        middle = house.corners.mean(axis=0)
        top = np.concatenate(
            [house.corners + reach * house.eaves_m, middle[None] + reach * house.ridge_m]
        )
        hull = shapely.MultiPoint(np.concatenate([house.corners, top])).convex_hull
        found.append(Soft(np.array(hull.exterior.coords)[:-1], 0.60))
    for tree in trees:
        rng = np.random.default_rng(tree.look)
        x, y = np.array([tree.x, tree.y]) + reach * (tree.height_m - tree.crown_m / 2)
        for _ in range(9):
            angle, away = rng.uniform(0, 2 * pi), rng.uniform(0, 0.33) * tree.crown_m
            turn = np.linspace(0, 2 * pi, 12, endpoint=False)
            size = rng.uniform(0.14, 0.26) * tree.crown_m
            ring = np.column_stack([np.cos(turn), np.sin(turn)]) * size
            found.append(
                Soft(ring + np.array([x + away * cos(angle), y + away * sin(angle)]), 0.80)
            )
    return found
