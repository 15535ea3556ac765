"""Small networks in metres, and drives over them."""

from collections.abc import Sequence

import numpy as np

from roadscan.locate.clean_track import clean_track
from roadscan.model.arrays import Floats
from roadscan.model.road import Link, MatchedPath, Network, RoadClass, Surface
from roadscan.model.track import CleanCounts, DrivePath
from tests.locate.drives import CRS_EPSG, STARTED_S, metric_track

ORIGIN = np.array([410_000.0, 5_650_000.0])
"""A place in Saxony: coordinates of tests count from here."""

Points = Sequence[tuple[float, float]] | Floats


def link(
    link_id: str,
    points: Points,
    *,
    forward: bool = True,
    backward: bool = True,
    level: int = 0,
    lane_width_m: float = 3.5,
) -> Link:
    return Link(
        link_id=link_id,
        xy_m=ORIGIN + np.array(points, dtype=np.float64),
        street=link_id,
        street_key="",
        road_class=RoadClass.B,
        surface=Surface.ASPHALT,
        lane_width_m=lane_width_m,
        lane_width_source="scheme",
        forward=forward,
        backward=backward,
        outside_town=False,
        level=level,
    )


def network(*links: Link) -> Network:
    return Network(links, CRS_EPSG, "0" * 64, "test")


def grid_town(blocks: int = 5, block_m: float = 90.0) -> Network:
    """Streets h<row>-<n> eastward and v<column>-<n> northward, split at every crossing."""
    links = []
    for line in range(blocks + 1):
        for n in range(blocks):
            a, b, c = n * block_m, (n + 1) * block_m, line * block_m
            links += [
                link(f"h{line}-{n}", [(a, c), (b, c)]),
                link(f"v{line}-{n}", [(c, a), (c, b)]),
            ]
    return network(*links)


def circle(radius_m: float, from_deg: float, to_deg: float, count: int = 60) -> Floats:
    """Points counter-clockwise (clockwise if `to_deg` is less) about 0, 0."""
    angle = np.radians(np.linspace(from_deg, to_deg, count))
    return radius_m * np.column_stack([np.cos(angle), np.sin(angle)])


def drive(
    points: Points,
    *,
    speed_mps: float = 10.0,
    rate_hz: float = 1.0,
    right_m: float = 0.0,
    noise_m: float = 0.0,
    correlation: float = 0.8,
    seed: int = 0,
    from_s: float = 0.0,
) -> DrivePath:
    """A cleaned drive along a line; the noise of neighbouring fixes is correlated."""
    xy, way = along(points, speed_mps / rate_hz)
    xy = xy + right_m * np.column_stack([way[:, 1], -way[:, 0]])
    xy = xy + correlated_noise(len(xy), noise_m, correlation, seed)
    t_s = STARTED_S + from_s + np.arange(len(xy)) / rate_hz
    track = metric_track(t_s, *(ORIGIN + xy).T)
    return clean_track(track, CRS_EPSG)


def raw_drive(xy: Floats, *, rate_hz: float = 1.0) -> DrivePath:
    """A drive through points as they are, as if nothing could be cleaned."""
    t_s = STARTED_S + np.arange(len(xy)) / rate_hz
    step = np.diff(xy, axis=0, append=2 * xy[-1:] - xy[-2:-1] if len(xy) > 1 else xy)
    step_m = np.hypot(*step.T)
    return DrivePath(
        t_s=t_s,
        x_m=ORIGIN[0] + xy[:, 0],
        y_m=ORIGIN[1] + xy[:, 1],
        speed_mps=step_m * rate_hz,
        heading_deg=np.degrees(np.arctan2(step[:, 0], step[:, 1])) % 360.0,
        accuracy_m=np.full(len(xy), 3.0),
        driven_m=np.concatenate([[0.0], np.cumsum(step_m[:-1])]),
        piece=np.zeros(len(xy), np.int64),
        crs_epsg=CRS_EPSG,
        gaps=(),
        counts=CleanCounts(len(xy), len(xy), 0, 0, 0, 0, 0),
    )


def along(points: Points, step_m: float) -> tuple[Floats, Floats]:
    """Points (n, 2) every so many metres of a line, and its direction there (n, 2)."""
    line = np.array(points, dtype=np.float64)
    step = np.diff(line, axis=0)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*step.T))])
    wanted = np.arange(0.0, at[-1] + 1e-9, step_m)
    k = np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, len(step) - 1)
    way = step[k] / np.hypot(*step[k].T)[:, None]
    return line[k] + (wanted - at[k])[:, None] * way, way


def correlated_noise(count: int, noise_m: float, correlation: float, seed: int) -> Floats:
    """Noise (n, 2) whose neighbours are alike, as that of a receiver."""
    fresh = np.random.default_rng(seed).normal(0.0, noise_m, (count, 2))
    noise = fresh.copy()
    for k in range(1, count):
        noise[k] = correlation * noise[k - 1] + np.sqrt(1.0 - correlation**2) * fresh[k]
    return noise


def links_of(matched: MatchedPath, roads: Network) -> list[str]:
    """The links that fixes are on, in order, without repeats."""
    ids = [roads.links[k].link_id for k in matched.link if k >= 0]
    return [name for k, name in enumerate(ids) if k == 0 or name != ids[k - 1]]
