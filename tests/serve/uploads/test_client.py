import http.client
import os
from contextlib import closing

import pytest

from roadscan.cli.app import exit_code
from roadscan.errors import InputFault, RoadscanError
from roadscan.model.access import Role
from roadscan.pipeline.progress import NoProgress
from roadscan.serve.uploads import client as module
from roadscan.serve.uploads.client import UploadedFile, list_sources, send_files
from roadscan.serve.uploads.connection import Connection, ConnectionLostError
from roadscan.serve.uploads.upload_storage import UploadStorage


class Counted:
    """Remembers how far the bar came."""

    total = shown = 0

    def begin(self, _, total):
        self.total = total

    def advance(self, items=1):
        self.shown += items


@pytest.fixture
def key(key_of):
    return key_of(Role.UPLOADER)["X-API-Key"]


@pytest.fixture
def line(address, key):
    with closing(Connection(address, key)) as opened:
        yield opened


@pytest.fixture
def drop(tmp_path):
    folder = tmp_path / "Nord"
    for name, content in (
        ("100/a.MP4", b"video a" * 50_000), ("100/b.mp4", b"video b" * 50_000),
        ("100/a.gpx", b"track a"), ("100/b.gpx", b"track b"), ("camera.toml", b"name = 'x'"),
        ("100/._a.MP4", b"what a Mac leaves"), ("100/THM.jpg", b"a picture"),
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", 100_000)


def send(line, inputs, survey="", progress=None):
    sources = list_sources(inputs)
    return list(send_files(line, sources, survey, progress or NoProgress(), wait=lambda _: None))


def refused(call, *arguments):
    with pytest.raises(RoadscanError) as error:
        call(*arguments)
    return error.value


def test_a_folder_is_what_of_it_is_a_drives_with_the_small_files_first(drop):
    assert [source.relative for source in list_sources([drop])] == [
        "Nord/100/a.gpx", "Nord/100/b.gpx", "Nord/camera.toml", "Nord/100/a.MP4", "Nord/100/b.mp4",
    ]  # fmt: skip
    assert [source.relative for source in list_sources([drop / "100/a.MP4", drop / "100"])] == [
        "100/a.gpx", "100/b.gpx", "100/b.mp4", "a.MP4",
    ]  # fmt: skip


def test_what_is_not_there_or_of_no_use_is_told(tmp_path):
    assert refused(list_sources, [tmp_path / "no.mp4"]).code == "file_missing"
    assert refused(list_sources, [tmp_path]).code == "file_missing"


@pytest.mark.both_databases
def test_a_drop_arrives_as_drives(line, drop, arrivals):
    progress = Counted()
    results = send(line, [drop], "Nord 2026", progress)
    assert all(isinstance(result, UploadedFile) and not result.known_as for result in results)
    assert progress.shown == progress.total == sum(s.size_bytes for s in list_sources([drop]))
    drives = {drive.video.name: drive for drive in arrivals.files.waiting()}
    assert drives["a.MP4"].track.name == "a.gpx"
    assert drives["b.mp4"].waits_for is None
    assert drives["b.mp4"].video.survey == "Nord 2026"
    for result in results:
        kept = arrivals.storage.path_of(result.sha256)
        assert kept.read_bytes() == result.source.path.read_bytes()


def test_what_is_there_is_not_sent_again(line, drop, monkeypatch):
    send(line, [drop])

    def sent(*_):
        raise AssertionError("a piece was sent")

    monkeypatch.setattr(UploadStorage, "writer", sent)
    (drop / "100/a.MP4").rename(drop / "100/c.MP4")
    again = {result.source.path.name: result.known_as for result in send(line, [drop])}
    assert again["c.MP4"] == "a.MP4"


def test_an_upload_that_was_begun_goes_on_where_it_was(address, key, drop, arrivals, monkeypatch):
    class Stopped(BaseException):
        pass

    pieces = []
    ask = Connection.send

    def until_stopped(self, method, *arguments):
        pieces.append(method)
        if pieces.count("PATCH") == 3:
            raise Stopped
        return ask(self, method, *arguments)

    video = drop / "100/a.MP4"
    with closing(Connection(address, key)) as line:
        monkeypatch.setattr(Connection, "send", until_stopped)
        with pytest.raises(Stopped):
            send(line, [video])
    monkeypatch.setattr(Connection, "send", ask)
    (begun,) = arrivals.storage.under_way()
    assert begun.offset_bytes == 200_000
    with closing(Connection(address, key)) as line:
        progress = Counted()
        (result,) = send(line, [video], progress=progress)
    assert arrivals.storage.get(begun.upload_id).sha256 == result.sha256
    assert progress.shown == progress.total


def test_a_line_that_breaks_at_every_other_request_only_costs_time(
    line, drop, arrivals, monkeypatch
):
    ask, count = Connection.send, [0]

    def breaking(self, *arguments):
        count[0] += 1
        answer = ask(self, *arguments)
        if count[0] % 2:
            raise ConnectionLostError("cut")
        return answer

    monkeypatch.setattr(Connection, "send", breaking)
    (result,) = send(line, [drop / "100/a.MP4"])
    assert arrivals.storage.path_of(result.sha256).stat().st_size == 350_000


def test_a_line_that_breaks_at_many_beginnings_is_no_spoiled_file(line, drop, monkeypatch):
    ask, count = Connection.send, [0]

    def breaking(self, method, *arguments):
        count[0] += method == "POST"
        if method == "POST" and count[0] <= 2 * module.MAX_STARTS:
            raise ConnectionLostError("cut")
        return ask(self, method, *arguments)

    monkeypatch.setattr(Connection, "send", breaking)
    (result,) = send(line, [drop / "100/a.MP4"])
    assert isinstance(result, UploadedFile)


def test_a_file_that_a_bad_line_garbles_is_sent_again(line, drop, arrivals, monkeypatch):
    steps_of, times = module._FileUpload._read_steps, [0]

    def garbled(self, offset, size):
        times[0] += 1
        steps = steps_of(self, offset, size)
        return (bytes(len(step)) for step in steps) if times[0] == 2 else steps

    monkeypatch.setattr(module._FileUpload, "_read_steps", garbled)
    (result,) = send(line, [drop / "100/a.MP4"])
    assert times[0] == 8
    kept = arrivals.storage.path_of(result.sha256).read_bytes()
    assert kept == (drop / "100/a.MP4").read_bytes()


def test_a_file_that_becomes_shorter_while_it_is_sent_is_told(line, drop, monkeypatch):
    digest = module.sha256_of

    def shortened(path):
        sha256 = digest(path)
        if path.name == "a.MP4":
            os.truncate(path, 150_000)
        return sha256

    monkeypatch.setattr(module, "sha256_of", shortened)
    faults = [result for result in send(line, [drop]) if isinstance(result, InputFault)]
    assert [(fault.source, fault.code) for fault in faults] == [
        ("Nord/100/a.MP4", "file_unreadable")
    ]


def test_a_file_that_changes_while_it_is_sent_is_told_and_the_others_go_on(line, drop, monkeypatch):
    digest = module.sha256_of
    monkeypatch.setattr(
        module, "sha256_of", lambda path: "0" * 64 if path.name == "a.MP4" else digest(path)
    )
    results = send(line, [drop])
    (fault,) = (result for result in results if isinstance(result, InputFault))
    assert (fault.source, fault.code) == ("Nord/100/a.MP4", "upload_checksum")
    assert len(results) == 5


def test_one_file_that_cannot_be_sent_does_not_stop_the_others(line, drop):
    (drop / "100/empty.gpx").touch()
    (drop / "100/a\u202eb.gpx").write_bytes(b"track")
    codes = {r.source: r.code for r in send(line, [drop]) if isinstance(r, InputFault)}
    assert codes == {
        "Nord/100/empty.gpx": "file_empty",
        "Nord/100/a\u202eb.gpx": "upload_name",
    }


def test_who_may_not_upload_hears_it_at_once(address, key_of, drop):
    for key, code in (("rsk_wrong", "not_logged_in"), ("", "not_logged_in")):
        with closing(Connection(address, key)) as line:
            assert refused(send, line, [drop]).code == code
    with closing(Connection(address, key_of(Role.VIEWER)["X-API-Key"])) as line:
        assert refused(send, line, [drop]).code == "not_allowed"


def test_a_service_that_does_not_answer_is_given_up_after_a_while(drop):
    waits, told = [], []
    with closing(Connection("http://127.0.0.1:9", "")) as line:
        sending = send_files(
            line, list_sources([drop]), "", NoProgress(), told.append, waits.append
        )
        assert "http://127.0.0.1:9" in refused(list, sending).message
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0]
    assert sum(waits) <= module.NEVER_ANSWERED_S
    assert len(told) == len(waits)
    assert "Connection refused; trying again now, for another 30 s at most" in told[0]
    assert "trying again in 8 s, for another 15 s at most" in told[-1]


def test_a_service_that_answered_before_is_waited_for_longer(line, drop, monkeypatch):
    waits, send_once = [], Connection.send

    def broken(connection, method, path, *rest):
        if method == "POST":
            raise module.ConnectionLostError("broken pipe")
        return send_once(connection, method, path, *rest)

    monkeypatch.setattr(Connection, "send", broken)
    sending = send_files(line, list_sources([drop]), "", NoProgress(), wait=waits.append)
    assert refused(list, sending).code == "service_unreachable"
    assert waits[:6] == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]
    assert 200 < sum(waits) <= module.GIVE_UP_AFTER_S


@pytest.mark.parametrize("url", ["town.example", "ftp://x", "http://", "http://[x", "http://x:0"])
def test_what_is_no_address_is_refused(url):
    assert refused(Connection, url, "").code == "option_invalid"


def test_an_address_of_something_else_is_told(address, key, drop):
    with closing(Connection(f"{address}/elsewhere", key)) as line:
        assert refused(send, line, [drop]).code == "service_answer"


def test_the_command_tells_what_became_of_each_file(address, key, drop, capsys, monkeypatch):
    monkeypatch.setenv("ROADSCAN_KEY", key)
    command = ["upload", str(drop), "--server", address, "--survey", "Nord"]
    assert exit_code(command) == 0
    assert "Nord/100/a.MP4: arrived\n" in capsys.readouterr().out
    (drop / "100/a.MP4").rename(drop / "100/z.mp4")
    (drop / "100/empty.csv").touch()
    assert exit_code(command) == 3
    told = capsys.readouterr()
    assert "Nord/100/z.mp4: was there already as a.MP4\n" in told.out
    assert "roadscan: Nord/100/empty.csv: file_empty:" in told.err


def test_an_answer_cut_short_is_a_broken_line(address, monkeypatch):
    def cut(_):
        raise http.client.IncompleteRead(b"")

    monkeypatch.setattr(http.client.HTTPResponse, "read", cut)
    with closing(Connection(address, "")) as line, pytest.raises(ConnectionLostError):
        line.send("GET", "/api/uploads")
