import hashlib
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from roadscan.detect import detector as detector_module
from roadscan.detect.people import ModelHangsError
from roadscan.errors import RoadscanError
from roadscan.model.road import Vehicle
from roadscan.pipeline import chunk, keep_pictures
from roadscan.read import network as network_module
from roadscan.serve.jobs.kinds import drive as module
from roadscan.serve.jobs.kinds.check import check_drive
from roadscan.serve.jobs.kinds.drive import HANGS, DriveRequest, DriveSteps
from roadscan.serve.jobs.kinds.network import NetworkRequest, read_network
from roadscan.serve.jobs.sent_files import SentFiles
from tests.serve.jobs.town import SAMPLES


def test_a_request_by_car_is_what_it_was_before_vehicles_were_known() -> None:
    request = DriveRequest(
        survey="Herbst",
        video_sha256="1" * 64,
        video_name="a.mp4",
        track_sha256="2" * 64,
        track_name="a.gpx",
        network_sha256="0" * 64,
    )
    cycled = request.model_copy(update={"vehicle": Vehicle.BICYCLE})

    assert "vehicle" not in request.model_dump_json()
    assert DriveRequest.model_validate_json(cycled.model_dump_json()) == cycled
    assert request.job_id() != cycled.job_id()


class Ended(BaseException):
    pass


def test_a_worker_whose_network_hangs_ends_so_that_another_goes_on_with_the_drive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hangs(*_: object) -> Iterator[None]:
        raise ModelHangsError("privacy has not answered for 240 s")
        yield

    def end(status: int) -> None:
        raise Ended(status)

    monkeypatch.setattr(chunk, "work_chunks", hangs)
    monkeypatch.setattr(module, "_tool_names", lambda _: ())
    monkeypatch.setattr(module, "replace", lambda rules, **_: rules)
    monkeypatch.setattr(os, "_exit", end)
    store = SimpleNamespace(pictures=SimpleNamespace(objections=lambda: None))
    own = DriveSteps(town_of(store, Path), tmp_path)
    own._tools = lambda: SimpleNamespace(detector=None, network=None, scheme=None, pictures=None)
    own._prepared = lambda _: SimpleNamespace(video_path=tmp_path / "video")
    with pytest.raises(Ended) as ended:
        own.work_chunk(SimpleNamespace(video_name="Früh.mp4"), 0)
    assert ended.value.args == (HANGS,)
    assert "has not answered" in capsys.readouterr().err


def town_of(store: object, path_of: Callable[[str], Path]) -> SimpleNamespace:
    return SimpleNamespace(
        store=store,
        settings=SimpleNamespace(picture_every_m=0.0),
        upload_storage=SimpleNamespace(path_of=path_of),
    )


class Sent:
    """Files under their checksums, as uploads end, and the steps of the jobs that read them."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.bench = folder / "bench"
        network = network_module.read_network(SAMPLES / "network.geojson")
        self.store = SimpleNamespace(network=lambda _: network)
        self.steps = DriveSteps(town_of(self.store, self.files.joinpath), self.bench)
        self.links = SentFiles(self.files.joinpath, self.bench)

    def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        (self.files / sha256).write_bytes(content)
        return sha256

    def sample(self, name: str) -> str:
        return self.put((SAMPLES / name).read_bytes())

    def drive(self, **other: str) -> DriveRequest:
        request = DriveRequest(
            survey="Herbst",
            video_sha256=self.sample("drive.mp4"),
            video_name="Gohliser Weg, früh.MP4",
            track_sha256=self.sample("drive.gpx"),
            track_name="Gohliser Weg, früh.gpx",
            network_sha256="0" * 64,
        )
        return request.model_copy(update=other)

    def error_of_drive(self, **other: str) -> RoadscanError:
        """Return what the check of a drive refuses, the same as what its work refuses."""
        request = self.drive(**other)
        with pytest.raises(RoadscanError) as checked:
            check_drive(self.store, self.links, request)
        with pytest.raises(RoadscanError) as worked:
            self.steps.plan(request)
        assert str(worked.value) == str(checked.value)
        return self.told(worked.value)

    def error_of_network(self, name: str, content: bytes) -> RoadscanError:
        request = NetworkRequest(file_sha256=self.put(content), file_name=name)
        with pytest.raises(RoadscanError) as read:
            read_network(self.store, self.links, request)
        return self.told(read.value)

    def told(self, error: RoadscanError) -> RoadscanError:
        """Return an error that shows nothing of where this machine keeps the file."""
        assert str(self.files.parent) not in str(error)
        assert not any(path.name in str(error) for path in self.files.iterdir())
        return error


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sent:
    detector = SimpleNamespace(name="none", sha256="0" * 64)
    monkeypatch.setattr(detector_module, "load_detector", lambda _: detector)
    monkeypatch.setattr(
        keep_pictures, "load_picture_rules", lambda *_, **__: keep_pictures.NO_PICTURES
    )
    monkeypatch.setattr(DriveSteps, "_check_survey", lambda *_: None)
    return Sent(tmp_path)


WRONG_TRACKS: dict[str, bytes] = {
    "track_format_unknown": b"<html>Gohlis</html>",
    "track_malformed": b"<gpx><trk></gpx>",
    "track_too_short": b"time,lat,lon\n2026-06-10T08:15:00Z,51.0,13.7\n",
    "file_empty": b"",
}


@pytest.mark.parametrize("code", WRONG_TRACKS)
def test_a_wrong_track_is_told_by_the_name_it_was_sent_under(sent: Sent, code: str) -> None:
    name = "Gohliser Weg – Süd.gpx"
    error = sent.error_of_drive(track_sha256=sent.put(WRONG_TRACKS[code]), track_name=name)
    assert error.code == code
    assert name in error.message


def test_a_wrong_video_is_told_by_the_name_it_was_sent_under(sent: Sent) -> None:
    error = sent.error_of_drive(video_sha256=sent.put(b"no video at all"))
    assert error.code == "video_not_a_video"
    assert "Gohliser Weg, früh.MP4" in error.message


def test_a_track_of_another_day_is_told_with_the_video_by_name(sent: Sent) -> None:
    # driven the other way, or the picture's motion would find the drive on it all the same
    fixes = (SAMPLES / "drive.gpx").read_text("utf-8").replace("2026-06-10T", "2026-06-11T")
    places = iter(re.findall(r"lat=\S+ lon=[^>]+", fixes)[::-1])
    track = re.sub(r"lat=\S+ lon=[^>]+", lambda _: next(places), fixes).encode()
    error = sent.error_of_drive(track_sha256=sent.put(track))
    assert error.code == "track_no_overlap"
    assert error.message.startswith("Gohliser Weg, früh.MP4 runs from 2026-06-10")
    assert error.facts["track_from"].startswith("2026-06-11")


def test_a_wrong_camera_file_is_told_by_the_name_it_was_sent_under(sent: Sent) -> None:
    camera = sent.put(b"pitch_deg = 99.0")
    error = sent.error_of_drive(camera_sha256=camera, camera_name="Dashcam hinten.toml")
    assert error.code == "camera_invalid"
    assert error.message.startswith("Dashcam hinten.toml: pitch_deg is 99.0")


def test_a_video_that_breaks_on_the_way_is_told_by_its_name(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = sent.files / sent.sample("drive.mp4")

    def breaks(*_: object) -> Iterator[None]:
        raise RoadscanError("video_decoder_crashed", f"{video.name} ended its decoder", "Cut it")
        yield

    monkeypatch.setattr(chunk, "work_chunks", breaks)
    monkeypatch.setattr(module, "replace", lambda rules, **_: rules)
    own = sent.steps
    own._store.pictures = SimpleNamespace(objections=lambda: ())
    own._tools = lambda *_: SimpleNamespace(detector=0, network=0, scheme=0, pictures=None)
    own._prepared = lambda _: SimpleNamespace(video_path=video)
    with pytest.raises(RoadscanError) as broken:
        own.work_chunk(sent.drive(), 0)
    assert sent.told(broken.value).message == "Gohliser Weg, früh.MP4 ended its decoder"


WRONG_NETWORKS: dict[str, tuple[str, bytes]] = {
    "text": ("Straßen der Stadt.geojson", b"no network"),
    "no GeoPackage": ("Straßen der Stadt.gpkg", b"no network"),
    "half a GeoPackage": (
        "Straßen der Stadt.gpkg",
        b"SQLite format 3\x00" + bytes(52) + b"GPKG" + bytes(5000),
    ),
    "no OpenStreetMap": ("Straßen der Stadt.osm.pbf", b"no network"),
    "no zip": ("Straßen der Stadt.zip", b"no network"),
    "empty": ("Straßen der Stadt.zip", b""),
}


@pytest.mark.parametrize("what", WRONG_NETWORKS)
def test_a_wrong_network_is_told_by_the_name_it_was_sent_under(sent: Sent, what: str) -> None:
    name, content = WRONG_NETWORKS[what]
    assert name in sent.error_of_network(name, content).message


def test_a_wrong_network_in_a_zip_is_told_with_its_name_in_there(
    sent: Sent, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "n.zip", "w") as archive:
        archive.writestr("Export Süd/Straßen.shp", b"no shapefile")
        archive.writestr("Export Süd/Straßen.dbf", b"")
    error = sent.error_of_network("Netz 2026.zip", (tmp_path / "n.zip").read_bytes())
    assert error.message == "Netz 2026.zip: Export Süd/Straßen.shp is not a shapefile"


def test_no_name_that_was_sent_becomes_a_path(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def look(path: Path, *_: object) -> None:
        seen.extend(each.name for each in path.parent.iterdir())
        raise RoadscanError("network_malformed", f"{path.name} is none", f"Not {path}")

    monkeypatch.setattr(network_module, "read_network", look)
    longest = "ü" * 123 + "x.geojson"
    for name in (longest, "%00?x=1&y.geojson", "-rf *.geojson", r"\\host\share.geojson"):
        error = sent.error_of_network(name, b"{}")
        assert error.message == f"{name} is none"
        assert error.hint == f"Not {name}"
    assert {Path(name).stem for name in seen} == {hashlib.sha256(b"{}").hexdigest()}
    assert not sent.bench.exists()
