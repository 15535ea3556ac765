import hashlib
from contextlib import closing, suppress

import pytest

from roadscan.model.access import Caller, Role
from roadscan.model.uploaded_file import FileKind, UploadSource
from roadscan.serve.uploads.tus_protocol import UploadMetadata
from roadscan.serve.uploads.upload_folder import State
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.town.files import Files
from tests.serve.uploads.conftest import LIMITS

SOURCE = b"a video" * 100
SHA256 = hashlib.sha256(SOURCE).hexdigest()
IDA = Caller("a1", "Ida", Role.UPLOADER)


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


def receive(arrivals, name="a.mp4", source=SOURCE):
    upload = arrivals.begin(
        UploadMetadata(UploadSource("", 0, "", name), "", "", ""), len(source), IDA
    )
    with closing(arrivals.storage.writer(upload.upload_id, 0)) as writer:
        writer.write(source)
        return writer.done()


def after_restart(arrivals, store, tmp_path):
    return UploadService(UploadStorage(tmp_path / "town", LIMITS), Files(store.engine))


@pytest.mark.parametrize("before", ["seal", "move_to_files", "done"])
@pytest.mark.parametrize("step", ["before", "after"])
def test_a_kill_at_any_step_of_the_end_is_made_good(
    arrivals, store, tmp_path, monkeypatch, before, step
):
    upload = receive(arrivals)
    real = getattr(UploadStorage, before)

    def killed(*arguments):
        if step == "after":
            real(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(UploadStorage, before, killed)
        with suppress(Killed):
            arrivals.finish(upload)
    again = after_restart(arrivals, store, tmp_path)
    again.clean_up()
    done = again.storage.get(upload.upload_id)
    assert (done.state, done.sha256, done.known_as) == (State.DONE, SHA256, "")
    assert again.storage.path_of(SHA256).read_bytes() == SOURCE
    assert [file.sha256 for file in again.files.newest(10)] == [SHA256]
    assert list(again.storage.under_way()) == []


@pytest.mark.both_databases
def test_a_kill_between_the_bytes_and_the_row_is_made_good(arrivals, store, tmp_path, monkeypatch):
    upload = receive(arrivals)

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Files, "put", killed)
        with suppress(Killed):
            arrivals.finish(upload)
    again = after_restart(arrivals, store, tmp_path)
    assert again.finish(again.storage.get(upload.upload_id)).state is State.DONE
    assert again.files.get(SHA256).name == "a.mp4"


def test_a_row_that_a_power_cut_took_is_put_again(arrivals):
    arrivals.finish(receive(arrivals))
    arrivals.files.delete(SHA256)
    arrivals.clean_up()
    assert arrivals.files.get(SHA256).name == "a.mp4"


def test_a_deleted_file_stays_deleted(arrivals):
    arrivals.finish(receive(arrivals))
    arrivals.remove(SHA256)
    arrivals.clean_up()
    assert arrivals.files.get(SHA256) is None
    assert not arrivals.storage.path_of(SHA256).exists()


@pytest.mark.both_databases
def test_the_same_bytes_twice_are_one_file_known_by_its_first_name(arrivals):
    first, second = receive(arrivals, "a.mp4"), receive(arrivals, "b.mp4")
    assert arrivals.finish(second).known_as == ""
    assert arrivals.finish(first).known_as == "b.mp4"
    assert {place.name for place in arrivals.files.places(SHA256)} == {"a.mp4", "b.mp4"}


@pytest.mark.both_databases
def test_an_end_that_another_request_reached_first_is_the_same_end(arrivals):
    upload = receive(arrivals)
    assert arrivals.finish(upload).state is State.DONE
    assert arrivals.finish(upload).state is State.DONE


def test_a_survey_that_nobody_named_is_the_year(arrivals):
    arrivals.finish(receive(arrivals))
    assert arrivals.files.get(SHA256).survey.isdigit()


WAY = b'{"type": "FeatureCollection", "features": [{"properties": {%s}}]}'


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (b'"name": "time", "strasse": "Zeitweg"', FileKind.NETWORK),
        (b'"time": "2026-06-10T08:00:00Z"', FileKind.TRACK),
        (b'"coordTimes" : []', FileKind.TRACK),
        (b" " * 1_048_500 + b'"coordinateProperties": {"timestamps": []}', FileKind.TRACK),
    ],
)
def test_geojson_without_times_is_a_network(arrivals, member, kind):
    arrivals.finish(receive(arrivals, "roads.geojson", WAY % member))
    (file,) = arrivals.files.newest(10)
    assert file.kind is kind


@pytest.mark.both_databases
def test_files_count_towards_the_quota_of_their_owner(arrivals, monkeypatch):
    arrivals.finish(receive(arrivals))
    held = []
    create = UploadStorage.create
    monkeypatch.setattr(UploadStorage, "create", lambda *a: (held.append(a[-1]), create(*a))[1])
    receive(arrivals, source=b"another")
    assert held == [len(SOURCE)]
