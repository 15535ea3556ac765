import fcntl
import hashlib
import os
import shutil
import stat
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from roadscan.errors import RoadscanError
from roadscan.model.uploaded_file import UploadSource
from roadscan.serve.uploads import upload_storage as module
from roadscan.serve.uploads import writer as writer_module
from roadscan.serve.uploads.tus_protocol import Checksum, UploadMetadata
from roadscan.serve.uploads.upload_folder import State
from roadscan.serve.uploads.upload_storage import Limits, UploadStorage

SOURCE = bytes(range(256)) * 40
SIZE = len(SOURCE)
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- syncs cost nothing there
LIMITS = Limits(max_bytes=10**9, quota_bytes=10**9, reserve_bytes=0, expires_after_s=100.0)


class Clock:
    now_s = 1e9

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def storage(tmp_path, clock):
    return UploadStorage(tmp_path, LIMITS, clock)


def sent(sha256="", name="a.mp4"):
    return UploadMetadata(UploadSource("", 0, "", name), "", sha256, "")


def begin(storage, size=SIZE, sha256="", owner="a1", held=0):
    return storage.create(sent(sha256), size, owner, "Ida", held).upload_id


def append(storage, upload_id, offset, piece, checksum=None):
    with closing(storage.writer(upload_id, offset, checksum)) as writer:
        writer.write(piece)
        return writer.done()


def data_of(storage, upload_id):
    return (storage._open / upload_id / "data").read_bytes()


@contextmanager
def refused(code):
    with pytest.raises(RoadscanError) as error:
        yield error
    assert error.value.code == code


def finish(storage, upload_id):
    with storage.locked(upload_id) as upload:
        sealed = storage.seal(upload)
        storage.move_to_files(sealed)
        return storage.done(sealed, "")


def test_bytes_arrive_in_order_and_become_a_file_under_their_checksum(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:1000])
    append(storage, upload_id, 1000, SOURCE[1000:])
    done = finish(storage, upload_id)
    assert done.sha256 == hashlib.sha256(SOURCE).hexdigest()
    assert storage.path_of(done.sha256).read_bytes() == SOURCE
    assert storage.get(upload_id).state is State.DONE
    assert list(storage.under_way()) == []


def test_what_lies_beyond_the_record_is_cut_off(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:1000])
    with (storage._open / upload_id / "data").open("ab") as data:
        data.write(b"what a kill left behind")
    storage.writer(upload_id, 1000).close()
    assert data_of(storage, upload_id) == SOURCE[:1000]


def test_a_disk_that_lost_bytes_begins_the_upload_anew(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:1000])
    os.truncate(storage._open / upload_id / "data", 500)
    with refused("upload_offset"):
        storage.writer(upload_id, 1000)
    assert storage.get(upload_id).offset_bytes == 0
    append(storage, upload_id, 0, SOURCE)
    assert finish(storage, upload_id).sha256 == hashlib.sha256(SOURCE).hexdigest()


def test_bytes_are_synced_before_the_record_counts_them(storage, monkeypatch):
    steps = []
    for name in ("fdatasync", "fsync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda handle, n=name, r=real: (steps.append(n), r(handle)))
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda *a: (steps.append("record"), replace(*a))[1])
    upload_id = begin(storage)
    steps.clear()
    append(storage, upload_id, 0, SOURCE)
    assert steps == ["fdatasync", "fsync", "record", "fsync"]


def test_a_long_request_is_counted_on_its_way(storage, monkeypatch):
    monkeypatch.setattr(writer_module, "COMMIT_BYTES", 1000)
    upload_id = begin(storage)
    with closing(storage.writer(upload_id, 0)) as writer:
        for k in range(5):
            writer.write(SOURCE[k * 600 : (k + 1) * 600])
        assert storage.get(upload_id).offset_bytes == 2400


def test_a_slow_request_is_counted_after_a_while(storage, monkeypatch):
    monkeypatch.setattr(writer_module, "COMMIT_AFTER_S", 0.0)
    upload_id = begin(storage)
    with closing(storage.writer(upload_id, 0)) as writer:
        writer.write(SOURCE[:10])
        assert storage.get(upload_id).offset_bytes == 10


def test_a_cut_request_keeps_what_came(storage):
    upload_id = begin(storage)
    with suppress(ConnectionError), closing(storage.writer(upload_id, 0)) as writer:
        writer.write(SOURCE[:700])
        raise ConnectionError
    assert storage.get(upload_id).offset_bytes == 700


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_a_checksum_counts_whole_or_not_at_all(storage, algorithm):
    upload_id = begin(storage)
    right = Checksum(algorithm, hashlib.new(algorithm, SOURCE[:1000]).digest())
    with refused("upload_checksum"):
        append(storage, upload_id, 0, b"x" + SOURCE[1:1000], right)
    with closing(storage.writer(upload_id, 0, right)) as writer:
        writer.write(SOURCE[:500])
    assert storage.get(upload_id).offset_bytes == 0
    assert append(storage, upload_id, 0, SOURCE[:1000], right).offset_bytes == 1000


def test_a_second_writer_is_sent_away_and_let_in_later(storage):
    upload_id = begin(storage)
    first = storage.writer(upload_id, 0)
    with refused("upload_locked"):
        storage.writer(upload_id, 0)
    with refused("upload_locked"):
        storage.terminate(upload_id)
    first.close()
    storage.writer(upload_id, 0).close()


def test_a_lock_of_another_process_holds(storage, tmp_path, clock):
    upload_id = begin(storage)
    with (storage._open / upload_id / "lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with refused("upload_locked"):
            storage.writer(upload_id, 0)
    UploadStorage(tmp_path, LIMITS, clock).writer(upload_id, 0).close()


def test_another_offset_than_the_one_reached_is_refused(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:1000])
    for offset in (0, 999, 1001):
        with refused("upload_offset") as error:
            storage.writer(upload_id, offset)
        assert error.value.facts["offset"] == 1000
    storage.writer(upload_id, 1000).close()


def test_more_bytes_than_announced_are_refused_and_the_rest_stays(storage):
    upload_id = begin(storage, 1000)
    append(storage, upload_id, 0, SOURCE[:900])
    with refused("upload_too_large"):
        append(storage, upload_id, 900, SOURCE[900:1001])
    assert storage.get(upload_id).offset_bytes == 900


def test_after_a_piece_that_failed_no_other_is_taken(storage):
    upload_id = begin(storage, 1000)
    with closing(storage.writer(upload_id, 0)) as writer:
        writer.write(SOURCE[:900])
        for piece in (SOURCE[900:1001], SOURCE[1001:1010]):
            with refused("upload_too_large"):
                writer.write(piece)
    assert storage.get(upload_id).offset_bytes == 900
    assert data_of(storage, upload_id) == SOURCE[:900]


def test_a_checksum_is_kept_up_as_bytes_come_and_bytes_are_read_again_after_a_restart(
    storage, tmp_path, clock, monkeypatch
):
    read = []
    real = module._sha256_of
    monkeypatch.setattr(module, "_sha256_of", lambda path: (read.append(path), real(path))[1])
    wrong, right = (Checksum("sha1", hashlib.sha1(b).digest()) for b in (b"", SOURCE[700:]))  # noqa: S324
    for restart in (False, True):
        upload_id = begin(storage)
        with suppress(ConnectionError), closing(storage.writer(upload_id, 0)) as writer:
            writer.write(SOURCE[:700])
            raise ConnectionError
        with refused("upload_checksum"):
            append(storage, upload_id, 700, SOURCE[:9], wrong)
        storage = UploadStorage(tmp_path, LIMITS, clock) if restart else storage
        append(storage, upload_id, 700, SOURCE[700:], right)
        assert finish(storage, upload_id).sha256 == hashlib.sha256(SOURCE).hexdigest()
        assert len(read) == restart


def test_a_checksum_is_not_kept_up_where_another_process_went_on(storage, tmp_path, clock):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:100])
    other = UploadStorage(tmp_path, LIMITS, clock)
    append(other, upload_id, 100, SOURCE[100:200])
    append(storage, upload_id, 200, SOURCE[200:])
    assert finish(storage, upload_id).sha256 == hashlib.sha256(SOURCE).hexdigest()


def test_other_bytes_than_announced_end_the_upload(storage):
    upload_id = begin(storage, sha256="0" * 64)
    append(storage, upload_id, 0, SOURCE)
    with refused("upload_checksum"):
        finish(storage, upload_id)
    with refused("upload_gone"):
        storage.get(upload_id)
    assert not list(storage._files.rglob("*"))


def test_size_quota_and_disk_are_checked_before_anything_is_made(tmp_path, monkeypatch):
    storage = UploadStorage(tmp_path, Limits(1000, 3000, 500, 100.0))
    with refused("upload_too_large"):
        begin(storage, 1001)
    with refused("file_empty"):
        begin(storage, 0)
    with refused("upload_quota"):
        begin(storage, 1000, held=2001)
    monkeypatch.setattr(
        module.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9999, 0, 2499)
    )
    begin(storage, 1000)
    with refused("output_disk_full"):  # 2499 free, 1000 promised, 500 to stay free
        begin(storage, 1000, owner="a2")
    begin(storage, 999, owner="a2")
    with refused("upload_quota"):
        begin(storage, 1000, held=1001)
    assert len(list(storage.under_way())) == 2


def test_a_full_disk_keeps_what_was_counted(storage, monkeypatch):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:1000])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with refused("output_disk_full"):
        append(storage, upload_id, 1000, SOURCE[1000:])
    monkeypatch.undo()
    append(storage, upload_id, 1000, SOURCE[1000:])
    assert finish(storage, upload_id).sha256 == hashlib.sha256(SOURCE).hexdigest()


def test_a_terminated_upload_leaves_nothing_but_its_record(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE[:1000])
    storage.terminate(upload_id)
    with refused("upload_gone"):
        storage.get(upload_id)
    with refused("upload_gone"):
        storage.terminate(upload_id)
    assert not list(storage._open.iterdir())
    assert not list(storage._ended.rglob("data"))


def test_an_upload_expires_after_a_time_without_bytes(storage, clock):
    upload_id, other = begin(storage), begin(storage)
    clock.now_s += 60
    append(storage, other, 0, SOURCE[:1])
    clock.now_s += 60
    with refused("upload_gone"):
        storage.get(upload_id)
    assert [upload.upload_id for upload in storage.expire()] == [upload_id]
    assert [upload.upload_id for upload in storage.under_way()] == [other]
    with refused("upload_gone"):
        storage.get(upload_id)


def test_an_upload_that_is_being_written_does_not_expire(storage, clock):
    upload_id = begin(storage)
    with closing(storage.writer(upload_id, 0)):
        clock.now_s += 1000
        assert storage.expire() == ()


def test_bytes_that_come_just_before_an_upload_is_cleared_away_save_it(storage, clock, monkeypatch):
    upload_id = begin(storage)
    clock.now_s += 50
    stale = list(storage.under_way())
    append(storage, upload_id, 0, SOURCE[:1000])
    clock.now_s += 60
    monkeypatch.setattr(storage, "under_way", lambda: iter(stale))
    assert storage.expire() == ()
    assert storage.get(upload_id).offset_bytes == 1000


def test_an_upload_that_another_process_cleared_away_is_passed_over(storage, clock, monkeypatch):
    begin(storage)
    stale = list(storage.under_way())
    clock.now_s += 200
    assert len(storage.expire()) == 1
    monkeypatch.setattr(storage, "under_way", lambda: iter(stale))
    assert storage.expire() == ()


def test_a_complete_upload_does_not_expire(storage, clock):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE)
    clock.now_s += 1e6
    assert storage.expire() == ()
    assert finish(storage, upload_id).state is State.DONE


def test_what_is_over_is_forgotten_after_a_month(storage, clock):
    upload_id = begin(storage)
    storage.terminate(upload_id)
    clock.now_s = (storage._ended / upload_id).stat().st_mtime + module.ENDED_KEPT_S - 10
    storage.expire()
    with refused("upload_gone"):
        storage.get(upload_id)
    clock.now_s += 20
    storage.expire()
    with refused("upload_unknown"):
        storage.get(upload_id)


def test_a_folder_that_a_crash_left_without_a_record_is_cleared_away(storage, clock):
    folder = storage._open / ("0" * 32)
    folder.mkdir()
    (folder / "data").touch()
    clock.now_s = folder.stat().st_mtime + 10
    storage.expire()
    assert folder.exists()
    clock.now_s += module.BROKEN_AFTER_S
    storage.expire()
    assert not folder.exists()


def test_a_file_deleted_before_its_upload_ended_is_not_waited_for(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE)
    with storage.locked(upload_id) as upload:
        sealed = storage.seal(upload)
        storage.move_to_files(sealed)
    storage.remove(sealed.sha256)
    with refused("upload_gone"):
        finish(storage, upload_id)


@pytest.mark.parametrize("upload_id", ["", "..", "../../etc", "0" * 31, "g" * 32, "a/" * 16])
def test_what_is_no_id_is_unknown_and_never_a_path(storage, upload_id):
    with refused("upload_unknown"):
        storage.get(upload_id)


def test_nobody_else_on_the_machine_can_read_uploads_and_files(storage):
    upload_id = begin(storage)
    append(storage, upload_id, 0, SOURCE)
    kept = storage.path_of(finish(storage, upload_id).sha256)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for folder in (storage._open, storage._ended, storage._files, kept.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


class AnyOrder(RuleBasedStateMachine):
    """Appends, kills, resumes, terminations in any order: nothing, a prefix, or the whole file."""

    @initialize()
    def start(self):
        self.folder = TemporaryDirectory(dir=MEMORY)
        self.storage = UploadStorage(Path(self.folder.name), LIMITS)
        self.upload_id = begin(self.storage)
        self.safe = 0
        self.over = None

    @precondition(lambda self: not self.over)
    @rule(size=st.integers(1, 4000), checked=st.booleans())
    def send(self, size, checked):
        piece = SOURCE[self.safe : self.safe + size]
        checksum = Checksum("sha256", hashlib.sha256(piece).digest()) if checked else None
        upload = append(self.storage, self.upload_id, self.safe, piece, checksum)
        assert upload.offset_bytes == self.safe + len(piece)

    @precondition(lambda self: not self.over)
    @rule(size=st.integers(1, 4000), step=st.integers(0, 4))
    def kill(self, size, step):
        """End in the middle of a request, before one of its writes, as SIGKILL does."""
        left = [step]

        def until_killed(real):
            def call(*arguments):
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                return real(*arguments)

            return call

        writer = self.storage.writer(self.upload_id, self.safe)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("pwrite", "fdatasync", "fsync"):
                patch.setattr(os, name, until_killed(getattr(os, name)))
            patch.setattr(Path, "replace", until_killed(Path.replace))
            with suppress(Killed):
                writer.write(SOURCE[self.safe : self.safe + size])
                writer.done()
        for handle in (writer._handle, writer._lock):
            os.close(handle)
        self.storage = UploadStorage(Path(self.folder.name), LIMITS)

    @precondition(lambda self: not self.over)
    @rule(size=st.integers(1, 4000))
    def cut(self, size):
        with closing(self.storage.writer(self.upload_id, self.safe)) as writer:
            writer.write(SOURCE[self.safe : self.safe + size])

    @precondition(lambda self: self.over)
    @rule()
    def resume_what_is_over(self):
        with refused("upload_gone" if self.over == "terminated" else "upload_offset"):
            self.storage.writer(self.upload_id, self.safe)

    @precondition(lambda self: not self.over)
    @rule()
    def terminate(self):
        self.storage.terminate(self.upload_id)
        self.over = "terminated"

    @precondition(lambda self: not self.over and self.safe == len(SOURCE))
    @rule()
    def finish(self):
        done = finish(self.storage, self.upload_id)
        assert self.storage.path_of(done.sha256).read_bytes() == SOURCE
        self.over = "done"

    @invariant()
    def what_counts_is_a_prefix_and_never_shrinks(self):
        if self.over:
            assert not list(self.storage._open.iterdir())
            return
        now = self.storage.get(self.upload_id).offset_bytes
        assert now >= self.safe
        self.safe = now
        assert data_of(self.storage, self.upload_id)[:now] == SOURCE[:now]

    def teardown(self):
        self.folder.cleanup()


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=20)
TestAnyOrder = AnyOrder.TestCase
