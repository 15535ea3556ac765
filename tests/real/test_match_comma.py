"""Real receivers matched to the road they drove: how far off along it, and only on it."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from roadscan.locate.clean_track import clean_track
from roadscan.locate.driven_route import DrivenRoute
from roadscan.locate.map_matching import match_path
from roadscan.model.arrays import Floats
from roadscan.model.road import Link, Network, RoadClass, Surface
from roadscan.model.track import Track

pytestmark = pytest.mark.real

EPSG = 32610
BESIDE_M = 20.0


def _road(link_id: str, xy_m: Floats) -> Link:
    return Link(
        link_id=link_id,
        xy_m=xy_m,
        street=link_id,
        street_key="",
        road_class=RoadClass.A,
        surface=Surface.ASPHALT,
        lane_width_m=3.5,
        lane_width_source="scheme",
        forward=True,
        backward=True,
        outside_town=True,
    )


@pytest.mark.parametrize(
    ("receiver", "median_m", "p95_m"), [("ublox", 2.0, 3.0), ("qcom", 2.5, 6.0)]
)
def test_a_real_receiver_is_put_on_its_road_and_not_on_the_one_beside(
    real_data: Path, receiver: str, median_m: float, p95_m: float
) -> None:
    folder = real_data / "video"
    fixes = np.genfromtxt(folder / f"comma2k19_gnss_{receiver}.csv", delimiter=",", names=True)
    truth = np.genfromtxt(folder / "comma2k19_truth.csv", delimiter=",", names=True)
    nothing = np.full(len(fixes), np.nan)
    t_s = fixes["utc_ms"] / 1000.0
    track = Track(
        t_s=t_s,
        lon_deg=fixes["lon"],
        lat_deg=fixes["lat"],
        speed_mps=fixes["speed_mps"],
        course_deg=nothing,
        accuracy_m=nothing,
        part=np.zeros(len(fixes), np.int64),
        format="csv",
    )
    to_metres = Transformer.from_crs(4326, EPSG, always_xy=True)
    xy = np.column_stack(to_metres.transform(truth["lon"], truth["lat"]))
    driven = shapely.LineString(xy).simplify(0.3)
    beside = driven.offset_curve(BESIDE_M)
    roads = Network(
        (
            _road("driven", shapely.get_coordinates(driven)),
            _road("beside", shapely.get_coordinates(beside)),
        ),
        EPSG,
        "",
        "",
    )
    matched = match_path(clean_track(track, EPSG), roads)

    assert set(matched.credited_m) == {"driven"}
    route = DrivenRoute(matched, roads)
    true_s = truth["t_boot_s"] + float(np.median(t_s - fixes["t_boot_s"]))
    true_m = shapely.line_locate_point(driven, shapely.points(xy))
    off_m = []
    for when, metres in zip(true_s, true_m, strict=True):
        place = route.position_at(float(when))
        if place is not None:
            here = route.stretches(place.leg, place.route_m, place.route_m + 1.0)
            off_m += [abs(step.from_offset_m - metres) for step in here]
    assert len(off_m) > 0.9 * len(true_s)
    assert np.median(off_m) < median_m
    assert np.quantile(off_m, 0.95) < p95_m
