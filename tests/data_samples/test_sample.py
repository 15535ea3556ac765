import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import gpxpy
import numpy as np
import pytest
from pyproj import Transformer

from data_samples.render import sample, town
from data_samples.render.damage import KINDS
from data_samples.render.drive import (
    CLOCK_ERROR_S,
    TRACK_START,
    VIDEO_START_S,
    Trip,
    gpx,
    plan_trip,
)
from data_samples.render.ground import Ground
from data_samples.render.scene import Pose, Scene, seen_from
from roadscan.detect.replay import ReplayDetector
from roadscan.locate.camera_projection import pixel_from_ground
from roadscan.model.frame import Frame
from roadscan.model.road import RoadClass, Surface
from roadscan.read.camera_file import read_camera
from roadscan.read.network import read_network
from roadscan.read.track_file import read_track
from roadscan.read.video import probe

FOLDER = Path(__file__).resolve().parents[2] / "data_samples"
WIDTH, HEIGHT = 1280, 720


@pytest.fixture(scope="module")
def trip() -> Trip:
    return plan_trip()


@pytest.fixture(scope="module")
def scene() -> Scene:
    return sample.sample_scene(town.damages())


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((FOLDER / "truth.geojson").read_text())["features"]
    return features


@pytest.fixture(scope="module")
def boxes() -> list[dict[str, Any]]:
    lines = (FOLDER / "truth_boxes.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]


def world_points(feature: dict[str, Any]) -> np.ndarray[Any, Any]:
    geometry = feature["geometry"]
    ring = geometry["coordinates"][0] if geometry["type"] == "Polygon" else geometry["coordinates"]
    to_metric = Transformer.from_crs(4326, town.EPSG, always_xy=True)
    return np.column_stack(to_metric.transform(*np.array(ring).T)) - town.ORIGIN


def utc_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_true_damage_seen_through_the_camera_file_lands_on_its_box(
    trip: Trip, truth: list[dict[str, Any]], boxes: list[dict[str, Any]]
) -> None:
    camera = read_camera(FOLDER / "camera.toml")
    places = [world_points(feature) for feature in truth]
    checked = set()
    for line in boxes[::3]:
        pose = trip.pose(VIDEO_START_S + line["t_s"])
        for number, feature in enumerate(truth):
            ahead, left = seen_from(pose, places[number])
            if ahead.min() < 4.0 or ahead.max() > 14.0:
                continue
            uv = pixel_from_ground(camera, WIDTH, HEIGHT, ahead, left)
            if (uv < 0).any() or (uv > [WIDTH, HEIGHT]).any():
                continue
            kind = feature["properties"]["kind"]
            same = [np.array(b[:4]) for b in line["boxes"] if b[5] == kind]
            # side cracks reach further than the main line that the truth names
            holds = [(uv.min(0) > b[:2] - 3).all() and (uv.max(0) < b[2:] + 3).all() for b in same]
            assert any(holds), (line["t_s"], feature["properties"])
            checked.add(number)
    assert len(checked) >= 25


def test_cells_of_the_truth_agree_with_its_extents(truth: list[dict[str, Any]]) -> None:
    for feature in truth:
        facts = feature["properties"]
        rows = [row for row, _ in facts["cells"]]
        assert bool(rows) == facts["in_lane"]
        if rows:
            assert min(rows) in {int(facts["from_offset_m"]), int(facts["from_offset_m"]) + 1}
            assert max(rows) in {int(facts["to_offset_m"]), int(facts["to_offset_m"]) - 1}


def test_offsets_of_the_truth_are_those_of_the_network(truth: list[dict[str, Any]]) -> None:
    links = {link.link_id: link for link in read_network(FOLDER / "network.geojson").links}
    for feature in truth:
        facts = feature["properties"]
        link = links[facts["link_id"]]
        centre = world_points(feature).mean(axis=0) + town.ORIGIN
        steps = np.diff(link.xy_m, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        along = ((centre - link.xy_m[:-1]) * steps).sum(axis=1) / lengths
        inside = (along >= -0.2) & (along <= lengths + 0.2)
        offsets = np.concatenate([[0.0], np.cumsum(lengths)[:-1]]) + along
        best = min(abs(offsets[inside] - facts["offset_m"]))
        assert best < facts["length_m"] / 2 + 0.1


def test_truth_holds_every_kind_and_damage_to_be_rejected(truth: list[dict[str, Any]]) -> None:
    inside = {f["properties"]["kind"] for f in truth if f["properties"]["in_lane"]}
    assert inside == set(KINDS)
    assert sum(not f["properties"]["in_lane"] for f in truth) >= 4


def test_the_drive_is_one_that_a_vehicle_can_make(trip: Trip) -> None:
    speed = np.gradient(trip.driven_m, 0.02)
    assert 60 <= trip.video_s <= 90
    assert 45 / 3.6 < speed.max() <= 50.5 / 3.6
    assert np.abs(np.gradient(speed, 0.02)).max() < 2.6
    assert (speed < 0.05).sum() * 0.02 > 4
    turned = np.abs(np.diff(np.unwrap(trip.heading))).sum()
    assert turned > 4 * np.pi / 2


def test_the_vehicle_keeps_to_the_right_lane(trip: Trip) -> None:
    for leg in ("NL-1", "AZ-1", "MW-1"):
        road = town.ROADS[leg]
        direction = "backward" if leg == "AZ-1" else "forward"
        middle = road.on_lane(direction, np.column_stack([np.arange(20, 90), np.zeros(70)]))
        apart = [np.linalg.norm(trip.xy - place, axis=1).min() for place in middle]
        assert max(apart) <= 0.16


def test_the_track_is_the_trip_with_the_noise_that_is_stated(trip: Trip) -> None:
    assert (FOLDER / "drive.gpx").read_text() == gpx(trip)
    track = read_track(FOLDER / "drive.gpx")
    poses = [trip.pose(t - TRACK_START.timestamp()) for t in track.t_s]
    to_metric = Transformer.from_crs(4326, town.EPSG, always_xy=True)
    fixes = np.column_stack(to_metric.transform(track.lon_deg, track.lat_deg)) - town.ORIGIN
    errors = np.linalg.norm(fixes - [[p.x, p.y] for p in poses], axis=1)
    assert np.all(np.diff(track.t_s) == 1)
    assert 0.5 < np.sqrt(np.mean(errors**2)) < 2.5
    assert errors.max() < 5


def test_gpx_is_read_by_another_library_too() -> None:
    points = gpxpy.parse((FOLDER / "drive.gpx").read_text()).tracks[0].segments[0].points
    assert points[0].time is not None
    assert points[0].time.timestamp() == TRACK_START.timestamp()


def test_the_video_says_its_time_and_is_1_4_s_behind() -> None:
    info = probe(FOLDER / "drive.mp4")
    assert info.codec == "h264"
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    assert 60 <= info.playable_s <= 90
    assert not info.warnings
    first_frame = TRACK_START + timedelta(seconds=VIDEO_START_S)
    assert info.started_s == pytest.approx(first_frame.timestamp() - CLOCK_ERROR_S, abs=1e-6)


def test_presentation_times_are_those_of_the_boxes(trip: Trip, boxes: list[dict[str, Any]]) -> None:
    with av.open(str(FOLDER / "drive.mp4")) as container:
        stream = container.streams.video[0]
        times = sorted(
            float(packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.pts is not None and packet.time_base is not None
        )
    assert len(times) == sample.frame_count(trip) == len(boxes)
    np.testing.assert_allclose(times, [line["t_s"] for line in boxes], atol=1e-6)


def test_the_shipped_video_shows_what_the_code_draws(trip: Trip, scene: Scene) -> None:
    number = 450
    drawn = sample.sample_frame(scene, trip, number)
    with av.open(str(FOLDER / "drive.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        container.seek(int(number / sample.RATE_HZ / stream.time_base), stream=stream)
        shown = next(
            frame.to_ndarray(format="bgr24")
            for frame in container.decode(stream)
            if frame.time is not None and abs(frame.time - number / sample.RATE_HZ) < 0.01
        )
    assert np.abs(shown.astype(int) - drawn).mean() < 8


def test_a_place_is_drawn_alike_twice(scene: Scene) -> None:
    low, high = np.array([231.0, -32.0]), np.array([233.0, -30.0])
    first, second = (Ground(scene.ground.surface).window(0, low, high)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.std() > 2


def test_boxes_replay_as_detections(boxes: list[dict[str, Any]]) -> None:
    line = next(line for line in boxes if len(line["boxes"]) > 2)
    detector = ReplayDetector(FOLDER / "truth_boxes.jsonl")
    frame = Frame(line["t_s"], np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    found = detector.detect([frame])[0]
    np.testing.assert_allclose(found.xyxy, [box[:4] for box in line["boxes"]])
    assert list(found.kind) == [box[5] for box in line["boxes"]]


def test_the_network_is_what_the_readme_says() -> None:
    network = read_network(FOLDER / "network.geojson")
    assert network.crs_epsg == town.EPSG
    links = {link.link_id: link for link in network.links}
    assert {link.road_class for link in links.values()} == set(RoadClass)
    assert links["FG-1"].surface is Surface.PAVING
    assert not links["FG-1"].backward
    assert links["NL-1"].outside_town
    assert not links["SU-1"].outside_town
    assert all(link.lane_width_source == "network" for link in links.values())


def test_all_files_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*") if path.is_file()) < 12_000_000


def test_a_pose_looks_where_it_heads() -> None:
    ahead, left = seen_from(Pose(1.0, 2.0, np.pi / 2), np.array([[1.0, 7.0], [0.0, 2.0]]))
    np.testing.assert_allclose(ahead, [5.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(left, [0.0, 1.0], atol=1e-12)
