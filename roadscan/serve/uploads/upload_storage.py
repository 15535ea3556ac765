"""Uploads on disk: only bytes that survive a crash count as received.

    uploads/open/<id>/    data, record.json, lock: an unfinished upload
    uploads/ended/<id>/   record.json of an ended one, to answer requests for it for a while
    files/<ab>/<sha256>   complete files, by checksum

Bytes are synced before the record that counts them; the next request cuts off any bytes beyond the
record. Ids are random and checksums are computed here: no name from a client becomes part of a
path. Locks work across processes on one shared folder.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.serve.uploads.tus_protocol import Checksum, UploadMetadata
from roadscan.serve.uploads.upload_folder import (
    FILE,
    State,
    Upload,
    read_record,
    sync_folder,
    try_lock,
    waiting_lock,
    write_record,
)
from roadscan.serve.uploads.writer import DATA, LOCK, RunningDigests, Writer, disk_full_as_error

ENDED_KEPT_S: Final = 30 * 86400.0
"""How long the state of an ended upload can still be requested."""
BROKEN_AFTER_S: Final = 3600.0
"""Older folders without a record are leftovers of a crash, not uploads being created."""

_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the storage."""

    max_bytes: int
    """Maximum size of one file."""
    quota_bytes: int
    """Quota of one account: stored files and unfinished uploads, at their full size."""
    reserve_bytes: int
    """Left free on the disk, beyond what unfinished uploads still need."""
    expires_after_s: float
    """Time without a byte arriving after which an upload expires."""


class UploadCompleteError(RoadscanError):
    """The upload is complete and stored as a file."""

    def __init__(self, upload: Upload) -> None:
        size = upload.size_bytes
        what = f"the upload is complete at {size} bytes"
        super().__init__("upload_offset", what, "There is nothing left to send", offset=size)
        self.upload = upload


class UploadStorage:
    """The uploads and the files of one town."""

    def __init__(self, data: Path, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self.limits = limits
        self._clock = clock
        self._digests = RunningDigests()
        self._open = data / "uploads" / "open"
        self._ended = data / "uploads" / "ended"
        self._files = data / "files"
        self._create_lock = data / "uploads" / "making.lock"
        self._files_lock = data / "uploads" / "keeping.lock"
        for folder in (data, data / "uploads", self._open, self._ended, self._files):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(
        self, sent: UploadMetadata, size_bytes: int, owner_id: str, name: str, held_bytes: int
    ) -> Upload:
        """Start an upload; `held_bytes` is the size of the account's stored files.

        Raises
        ------
        RoadscanError
            `file_empty`, `upload_too_large`, `upload_quota`, `output_disk_full`.
        """
        if size_bytes == 0:
            raise RoadscanError("file_empty", "the file has 0 bytes", "Copy it from its source")
        if size_bytes > self.limits.max_bytes:
            what = f"the file has {_mb(size_bytes)}, more than the {_mb(self.limits.max_bytes)}"
            raise RoadscanError("upload_too_large", f"{what} allowed", "Split it")
        upload = self._new(sent, size_bytes, owner_id, name)
        with waiting_lock(self._create_lock), disk_full_as_error():
            self._check_room(upload, held_bytes)
            folder = self._open / upload.upload_id
            folder.mkdir(mode=0o700)
            for file in (LOCK, DATA):
                os.close(os.open(folder / file, os.O_CREAT | os.O_WRONLY, 0o600))
            write_record(folder, upload)
            sync_folder(self._open)
        return upload

    def create_done(
        self, sent: UploadMetadata, size_bytes: int, owner_id: str, name: str, known_as: str
    ) -> Upload:
        """Record a complete upload of bytes already stored under the announced checksum."""
        upload = replace(
            self._new(sent, size_bytes, owner_id, name),
            offset_bytes=size_bytes,
            state=State.DONE,
            sha256=sent.sha256,
            known_as=known_as,
        )
        folder = self._ended / upload.upload_id
        with disk_full_as_error():
            folder.mkdir(mode=0o700)
            write_record(folder, upload)
            sync_folder(self._ended)
        return upload

    def get(self, upload_id: str) -> Upload:
        """Return an upload.

        Raises
        ------
        RoadscanError
            `upload_unknown`, or `upload_gone` if it expired, was terminated or arrived corrupted.
        """
        return self._existing(upload_id, self._find(upload_id))

    def under_way(self) -> Iterator[Upload]:
        """Yield the unfinished uploads."""
        for folder in sorted(self._open.iterdir()):
            upload = read_record(folder)
            if upload is not None and upload.state is State.OPEN:
                yield upload

    def writer(self, upload_id: str, offset: int, checksum: Checksum | None = None) -> Writer:
        """Resume an upload; the writer has exclusive access until it is closed.

        Raises
        ------
        RoadscanError
            `upload_offset` if the upload is at another offset, `upload_locked` while another
            request writes, and the errors of `get`.
        """
        upload, lock = self._lock(upload_id)
        try:
            _check_offset(upload, offset)
            return Writer(
                self._open / upload_id, upload, lock, checksum, self._extended, self._digests
            )
        except BaseException:
            os.close(lock)
            raise

    def terminate(self, upload_id: str) -> None:
        """Discard an unfinished upload; raises the same errors as `writer`."""
        upload, lock = self._lock(upload_id)
        try:
            self._end(replace(upload, state=State.TERMINATED))
        finally:
            os.close(lock)

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[Upload]:
        """Hold an upload's lock while it is completed; raises the same errors as `writer`."""
        upload, lock = self._lock(upload_id)
        try:
            yield upload
        finally:
            os.close(lock)

    def seal(self, upload: Upload) -> Upload:
        """Compute the checksum of all bytes; to be called with the upload locked.

        Raises
        ------
        RoadscanError
            `upload_checksum` if it is not the announced one, which ends the upload.
        """
        if upload.sha256:
            return upload
        folder = self._open / upload.upload_id
        running = self._digests.take(upload)
        sha256 = running.hexdigest() if running else _sha256_of(folder / DATA)
        if upload.sent.sha256 not in {"", sha256}:
            self._end(replace(upload, state=State.SPOILED, sha256=sha256))
            raise RoadscanError(
                "upload_checksum",
                f"the file received has the SHA-256 {sha256}, announced was {upload.sent.sha256}",
                "Send the file again from the start",
            )
        sealed = replace(upload, sha256=sha256)
        with disk_full_as_error():
            write_record(folder, sealed)
        return sealed

    @contextmanager
    def files_locked(self) -> Iterator[None]:
        """Hold the lock under which files are added and removed."""
        with waiting_lock(self._files_lock):
            yield

    def move_to_files(self, upload: Upload) -> None:
        """Move the bytes of a sealed upload to the files; repeating it changes nothing.

        Raises
        ------
        RoadscanError
            `upload_gone` if the file was deleted before the upload was recorded as done.
        """
        data, target = self._open / upload.upload_id / DATA, self.path_of(upload.sha256)
        if not target.exists() and not data.exists():
            self._end(replace(upload, state=State.TERMINATED))
            raise RoadscanError("upload_gone", "the file was deleted", "Start a new upload")
        with disk_full_as_error():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            if target.exists():
                data.unlink(missing_ok=True)
            else:
                data.rename(target)
            for folder in (self._files, target.parent, data.parent):
                sync_folder(folder)

    def done(self, upload: Upload, known_as: str) -> Upload:
        """Record that the bytes of an upload are stored and known to the database."""
        ended = replace(upload, state=State.DONE, known_as=known_as)
        self._end(ended)
        return ended

    def path_of(self, sha256: str) -> Path:
        """Return the path that a file has, or would have."""
        return self._files / sha256[:2] / sha256

    def remove(self, sha256: str) -> None:
        """Delete the bytes of a file."""
        path = self.path_of(sha256)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            sync_folder(path.parent)

    def expire(self) -> tuple[Upload, ...]:
        """End expired uploads, delete records of old ones, and return what expired."""
        due = [upload.upload_id for upload in self.under_way() if self._is_expired(upload)]
        expired = [upload for upload in map(self._try_expire, due) if upload is not None]
        for folder in self._open.iterdir():
            record = read_record(folder)
            if record is None and self._age_s(folder) > BROKEN_AFTER_S:
                _clear(folder)
            elif record is not None and record.state is not State.OPEN:
                self._move_out(folder)
        for folder in self._ended.iterdir():
            if self._age_s(folder) > ENDED_KEPT_S:
                _clear(folder)
        return tuple(expired)

    def ended_within(self, seconds: float) -> Iterator[Upload]:
        """Yield the uploads that ended within the last seconds."""
        for folder in sorted(self._ended.iterdir()):
            upload = read_record(folder) if self._age_s(folder) <= seconds else None
            if upload is not None:
                yield upload

    def _new(self, sent: UploadMetadata, size_bytes: int, owner_id: str, name: str) -> Upload:
        now_s = self._clock()
        expires_s = now_s + self.limits.expires_after_s
        return Upload(secrets.token_hex(16), size_bytes, 0, owner_id, name, sent, now_s, expires_s)

    def _check_room(self, new: Upload, held_bytes: int) -> None:
        others = [upload for upload in self.under_way() if not self._is_expired(upload)]
        mine = sum(upload.size_bytes for upload in others if upload.owner_id == new.owner_id)
        if held_bytes + mine + new.size_bytes > self.limits.quota_bytes:
            raise RoadscanError(
                "upload_quota",
                f"you have {_mb(held_bytes + mine)} here; {_mb(new.size_bytes)} more would exceed "
                f"the {_mb(self.limits.quota_bytes)} of an account",
                "Delete uploads or files, or ask an administrator",
            )
        promised = sum(upload.missing_bytes for upload in others)
        free = shutil.disk_usage(self._open).free - promised - self.limits.reserve_bytes
        if new.size_bytes > free:
            raise RoadscanError(
                "output_disk_full",
                f"there is room for {_mb(max(free, 0))}, the file has {_mb(new.size_bytes)}",
                "An administrator has to make room",
            )

    def _find(self, upload_id: str) -> Upload | None:
        if not _ID.fullmatch(upload_id):
            return None
        return read_record(self._open / upload_id) or read_record(self._ended / upload_id)

    def _existing(self, upload_id: str, upload: Upload | None) -> Upload:
        if upload is None:
            raise RoadscanError(
                "upload_unknown", f"there is no upload {upload_id[:40]!a}", "Start a new one"
            )
        if upload.state not in {State.OPEN, State.DONE} or self._is_expired(upload):
            state = State.EXPIRED if upload.state is State.OPEN else upload.state
            raise RoadscanError("upload_gone", f"the upload is {state.value}", "Start a new one")
        return upload

    def _lock(self, upload_id: str) -> tuple[Upload, int]:
        """Return an unfinished upload, read under its lock, and the lock."""
        self.get(upload_id)
        try:
            lock = try_lock(self._open / upload_id / LOCK)
        except FileNotFoundError:
            raise UploadCompleteError(self.get(upload_id)) from None
        if lock is None:
            raise RoadscanError(
                "upload_locked",
                "another request is writing to the upload",
                "Try again in a moment",
                retry_after_s=1,
            )
        upload = read_record(self._open / upload_id)
        if upload is None or upload.state is not State.OPEN:
            os.close(lock)
            raise UploadCompleteError(self.get(upload_id))
        return upload, lock

    def _extended(self, upload: Upload, offset: int) -> Upload:
        """Return an upload with a new offset and a new time of expiry."""
        expires_s = self._clock() + self.limits.expires_after_s
        return replace(upload, offset_bytes=offset, expires_s=expires_s)

    def _is_expired(self, upload: Upload) -> bool:
        return upload.missing_bytes > 0 and upload.expires_s < self._clock()

    def _try_expire(self, upload_id: str) -> Upload | None:
        """End an expired upload; None if a request writes to it or just did."""
        folder = self._open / upload_id
        try:
            lock = try_lock(folder / LOCK)
        except FileNotFoundError:  # another process was faster
            return None
        if lock is None:
            return None
        try:
            upload = read_record(folder)
            if upload is None or upload.state is not State.OPEN or not self._is_expired(upload):
                return None
            expired = replace(upload, state=State.EXPIRED)
            self._end(expired)
            return expired
        finally:
            os.close(lock)

    def _end(self, upload: Upload) -> None:
        folder = self._open / upload.upload_id
        with disk_full_as_error():
            write_record(folder, upload)
            self._move_out(folder)

    def _move_out(self, folder: Path) -> None:
        (folder / DATA).unlink(missing_ok=True)
        with suppress(FileNotFoundError):  # another process was faster
            folder.rename(self._ended / folder.name)
        sync_folder(self._ended)
        sync_folder(self._open)

    def _age_s(self, path: Path) -> float:
        try:
            return self._clock() - path.stat().st_mtime
        except FileNotFoundError:
            return 0.0


def _check_offset(upload: Upload, offset: int) -> None:
    if offset != upload.offset_bytes:
        raise RoadscanError(
            "upload_offset",
            f"the upload is at {upload.offset_bytes} bytes, not at {offset}",
            "Send HEAD and resume from its Upload-Offset",
            offset=upload.offset_bytes,
        )


def _sha256_of(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _clear(folder: Path) -> None:
    """Delete the folder of an ended upload, its record last, as the record holds its state."""
    for name in (DATA, LOCK, f"{FILE}.partial", FILE):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # it holds a file that is not ours to delete
        folder.rmdir()


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
