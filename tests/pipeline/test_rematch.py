"""A drive matched to another network from the store alone is what its recordings would give."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from roadscan.errors import RoadscanError
from roadscan.model.road import Network
from roadscan.model.stored_picture import Picture, PictureRefusal, PictureView, StoredPicture
from roadscan.model.survey import DriveKey
from roadscan.model.track import FIX_FIELDS
from roadscan.pipeline.prepare import TRACK_AROUND_S
from roadscan.pipeline.rematch import rematch_drive, rematch_in_folder, rematchable
from roadscan.pipeline.scheme import load_scheme
from roadscan.read.network import read_network
from roadscan.store import tables
from roadscan.store.sqlite import JOBS_FILE, open_store
from roadscan.store.store import Store
from roadscan.store.surveys.pictures import put_pictures
from roadscan.store.tables import found_frames, traces
from tests.small_drive import (
    LENGTH_S,
    SmallDrive,
    results_of,
    run_small_drive,
    write_network,
    write_track,
)
from tests.store.sample_surveys import chunk

SURVEY = "Herbst"
LONG_S = TRACK_AROUND_S + 600.0
OF_DRIVE = (
    tables.drives, tables.chunks, tables.observations, tables.rejected_boxes, tables.grids,
    traces, found_frames,
)  # fmt: skip
AROUND = np.array([[13.0, 51.0], [13.1, 51.0], [13.1, 51.1], [13.0, 51.0]])


def rows_of(store: Store, key: DriveKey) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that is kept of a drive under a key, survey and network's name left out."""
    found = {}
    with store.engine.connect() as db:
        for table in OF_DRIVE:
            columns = [c for c in table.c if c.name != "survey"]
            query = select(*columns).filter_by(
                drive_id=key.drive_id, settings_sha256=key.settings_sha256
            )
            found[table.name] = sorted(tuple(map(str, row)) for row in db.execute(query))
    assert all(found.values())
    return found


def seen_under(store: Store, key: DriveKey) -> list[tuple[Any, ...]]:
    seen = tables.observations.c
    columns = (seen.link_id, seen.kind, seen.frame_t_s, seen.from_offset_m, seen.to_offset_m)
    query = select(*columns, seen.left_min_m, seen.left_max_m, seen.accuracy_m)
    with store.engine.connect() as db:
        query = query.filter_by(drive_id=key.drive_id, settings_sha256=key.settings_sha256)
        found = [tuple(row) for row in db.execute(query.order_by(seen.number, seen.position))]
    assert found
    return found


def rematched(store: Store, network: Network) -> DriveKey:
    (key,) = store.survey(SURVEY).drives
    return rematch_drive(store, key, "Herbst · Netz 2", network, load_scheme("ap9k"))


def network_at(path: Path) -> Network:
    return read_network(path, load_scheme("ap9k").lane_width_m)


@pytest.fixture(scope="module")
def other_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the town's network with a link less and other lane widths, as a newer version."""
    path = write_network(tmp_path_factory.mktemp("newer") / "new.geojson", ("HS-1", "HS-2"))
    town = json.loads(path.read_text())
    for feature in town["features"]:
        feature["properties"]["lane_width_m"] = 3.0
    path.write_text(json.dumps(town))
    return path


@pytest.fixture(scope="module")
def first_results(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first") / "out"
    run_small_drive(small_drive, out, SURVEY)
    return out


@pytest.fixture
def old(first_results: Path, tmp_path: Path) -> Path:
    """Copy the results of a run on the town's network."""
    return shutil.copytree(first_results, tmp_path / "old")


@pytest.fixture(scope="module")
def on_other_network(
    small_drive: SmallDrive, other_network: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run the drive on the other network; its results are only read."""
    out = tmp_path_factory.mktemp("other") / "out"
    run_small_drive(small_drive.on(network=other_network), out, SURVEY)
    return out


@pytest.fixture(scope="module")
def long_drive(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    path = tmp_path_factory.mktemp("track") / "track.gpx"
    return small_drive.on(track=write_track(path, around_s=LONG_S))


@pytest.fixture(scope="module")
def long_results(long_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the drive with a track far longer than its video."""
    out = tmp_path_factory.mktemp("long") / "out"
    run_small_drive(long_drive, out, SURVEY)
    return out


def test_it_is_what_the_recordings_give_on_that_network(
    old: Path, on_other_network: Path, other_network: Path
) -> None:
    with open_store(old) as store, open_store(on_other_network) as expected:
        (worked,) = expected.survey(SURVEY).drives
        key = rematched(store, network_at(other_network))
        assert key == worked
        assert rows_of(store, key) == rows_of(expected, worked)


def test_fixes_long_before_and_after_the_video_are_not_missed(
    long_drive: SmallDrive, long_results: Path, other_network: Path, tmp_path: Path
) -> None:
    old = shutil.copytree(long_results, tmp_path / "old")
    run_small_drive(long_drive.on(network=other_network), tmp_path / "new", SURVEY)
    with open_store(old) as store, open_store(tmp_path / "new") as expected:
        key = rematched(store, network_at(other_network))
        found, wanted = seen_under(store, key), seen_under(expected, key)
    assert [row[:2] for row in found] == [row[:2] for row in wanted]
    assert np.array([row[2:] for row in found]) == pytest.approx(
        np.array([row[2:] for row in wanted]), abs=1e-6
    )


def test_on_its_own_network_nothing_changes(small_drive: SmallDrive, old: Path) -> None:
    with open_store(old) as store:
        (key,) = store.survey(SURVEY).drives
        before = rows_of(store, key)
        assert rematched(store, network_at(small_drive.network)) == key
        assert rows_of(store, key) == before


def test_of_the_track_only_what_surrounds_the_video_is_kept(long_results: Path) -> None:
    with open_store(long_results) as store:
        (key,) = store.survey(SURVEY).drives
        trace = store.rematch_inputs.of(key)
    assert trace
    assert np.ptp(trace.track.t_s) == pytest.approx(LENGTH_S + 2 * TRACK_AROUND_S, abs=2.0)
    lengths = {len(getattr(trace.track, name)) for name in FIX_FIELDS}
    assert lengths == {len(trace.track.t_s)}


def test_its_pictures_come_along(old: Path, other_network: Path) -> None:
    with open_store(old) as store:
        (key,) = store.survey(SURVEY).drives
        kept = StoredPicture(1.0, Picture(b"jpeg", PictureView.ROAD, 64, 36, 0.5), AROUND)
        refused = {PictureRefusal.NETWORK_FAILED: 2}
        with store.engine.begin() as db:
            row = {"drive_id": key.drive_id, "settings_sha256": key.settings_sha256, "number": 0}
            result = replace(chunk(), pictures=(kept,), refused_pictures=refused)
            put_pictures(db, result, row)
        new = rematched(store, network_at(other_network))
        pictures, reasons = store.pictures.of_chunk(new.drive_id, new.settings_sha256, 0)
    assert [(one.frame_t_s, one.picture) for one in pictures] == [(1.0, kept.picture)]
    assert pictures[0].footprint_lonlat == pytest.approx(AROUND)
    assert reasons == refused


def far_network(small_drive: SmallDrive, path: Path) -> Path:
    town = json.loads(small_drive.network.read_text())
    for feature in town["features"]:
        line = np.array(feature["geometry"]["coordinates"]) - [0.0, 1.0]
        feature["geometry"]["coordinates"] = line.tolist()
    path.write_text(json.dumps(town))
    return path


def test_a_network_elsewhere_is_refused(small_drive: SmallDrive, old: Path, tmp_path: Path) -> None:
    far = far_network(small_drive, tmp_path / "far.geojson")
    with open_store(old) as store:
        with pytest.raises(RoadscanError, match="network_too_far"):
            rematched(store, network_at(far))
        assert len(store.survey(SURVEY).drives) == 1


def test_a_drive_without_trace_or_frames_is_told_apart(old: Path) -> None:
    with open_store(old) as store:
        (key,) = store.survey(SURVEY).drives
        assert rematchable(store, SURVEY).traced == (key,)
        with store.engine.begin() as db:
            db.execute(found_frames.delete())
        assert rematchable(store, SURVEY).untraced == (key,)


def told(folder: Path) -> dict[str, Any]:
    """Return what `run.json` tells of results: not how long they took."""
    record = dict(json.loads((folder / "run.json").read_text("utf-8")))
    del record["timings_s"], record["realtime_factor"]
    return record


def test_a_folder_on_another_network_is_what_a_run_with_it_gives(
    old: Path, on_other_network: Path, other_network: Path
) -> None:
    before = results_of(old)
    done = rematch_in_folder(old, other_network, None)
    assert (done.survey, done.drives, len(done.network.links)) == (SURVEY, 1, 2)
    assert results_of(old) == results_of(on_other_network) != before
    left, wanted = told(old), told(on_other_network)
    metres = [one["drive"].pop("credited_m") for one in (left, wanted)]
    assert metres[0] == pytest.approx(metres[1], abs=0.5)
    assert left == wanted


def test_what_cannot_be_moved_leaves_the_folder_as_it_was(
    small_drive: SmallDrive, old: Path, other_network: Path, tmp_path: Path
) -> None:
    folder, far = old, far_network(small_drive, tmp_path / "far.geojson")
    before, account = results_of(folder), told(folder)

    def refused(network: Path, name: str | None) -> str:
        with pytest.raises(RoadscanError) as error:
            rematch_in_folder(folder, network, name)
        assert results_of(folder) == before
        assert told(folder) == account
        with open_store(folder) as store:
            assert store.network(store.survey(SURVEY).network_sha256).source == "town.geojson"
        return error.value.code

    assert refused(far, None) == "network_too_far"
    assert refused(other_network, "Winter") == "survey_unknown"
    with open_store(folder) as store, store.engine.begin() as db:
        db.execute(found_frames.delete())
    assert refused(other_network, None) == "drive_needs_video"
    (folder / JOBS_FILE).touch()
    before[JOBS_FILE] = b""
    assert refused(other_network, None) == "option_invalid"


def test_a_folder_without_results_is_not_made_one(other_network: Path, tmp_path: Path) -> None:
    with pytest.raises(RoadscanError, match="file_missing"):
        rematch_in_folder(tmp_path / "out", other_network, None)
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_with_a_track_is_told_by_the_run_and_on_another_network(
    small_drive: SmallDrive, other_network: Path, tmp_path: Path
) -> None:
    """Of 27 fixes five lie nowhere, and the file ends without its end tags."""
    text = small_drive.track.read_text().replace("</trkseg></trk></gpx>", "")
    text = text.replace('lat="5', 'lat="95', 5)
    track = tmp_path / "cut.gpx"
    track.write_text(text)
    run_small_drive(small_drive.on(track=track), tmp_path / "out", SURVEY)
    first = told(tmp_path / "out")["warnings"]
    assert "small.mp4: track_cut_off: the file ends before its end tags" in first
    assert "small.mp4: track_fixes_lost: 5 of 27 fixes cannot be used (5 cannot be read)" in first
    rematch_in_folder(tmp_path / "out", other_network, None)
    assert told(tmp_path / "out")["warnings"] == first
