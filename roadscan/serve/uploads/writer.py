"""Appends bytes to an upload; bytes are synced before they are counted."""

import errno
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from roadscan.errors import RoadscanError
from roadscan.serve.uploads.tus_protocol import Checksum
from roadscan.serve.uploads.upload_folder import Upload, write_record

COMMIT_BYTES: Final = 32 * 1024**2
COMMIT_AFTER_S: Final = 5.0
"""A crash loses at most this many bytes or, on a slow connection, this many seconds of data."""
MAX_DIGESTS: Final = 1000
"""Bounds the memory for abandoned uploads."""
DATA: Final = "data"
LOCK: Final = "lock"

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Digest(Protocol):
    """The type of `hashlib.sha256()`, which has no public name."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal."""

    def copy(self) -> "Digest":
        """Return an independent copy."""


class RunningDigests:
    """The SHA-256 of unfinished uploads so far, so that finishing need not read them again.

    They live in this process only: after a restart, or when another process continued an upload,
    its bytes are read once more at the end.
    """

    def __init__(self) -> None:
        self._digests: dict[str, tuple[int, Digest]] = {}

    def take(self, upload: Upload) -> Digest | None:
        """Return the digest of all bytes counted so far; None if it is not known here."""
        offset, digest = self._digests.pop(upload.upload_id, (0, hashlib.sha256()))
        return digest if offset == upload.offset_bytes else None

    def put(self, upload: Upload, digest: Digest | None) -> None:
        """Store the digest of all bytes counted so far."""
        if digest is not None:
            self._digests[upload.upload_id] = (upload.offset_bytes, digest)
            while len(self._digests) > MAX_DIGESTS:
                self._digests.pop(next(iter(self._digests)), None)


class Writer:
    """Exclusive write access of one request to an upload; must always be closed."""

    def __init__(
        self,
        folder: Path,
        upload: Upload,
        lock: int,
        checksum: Checksum | None,
        extended: Callable[[Upload, int], Upload],
        digests: RunningDigests,
    ) -> None:
        """Take over the lock and cut off all bytes that are not counted.

        `extended` returns the upload at a later offset. With a checksum nothing is counted before
        the request is complete and its checksum is right.
        """
        self.upload = upload
        self._folder, self._lock, self._extended = folder, lock, extended
        self._checksum = checksum
        self._digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._digests, self._sha256 = digests, digests.take(upload)
        self._sha256_before = self._sha256.copy() if self._sha256 else None
        self._end = self._synced = upload.offset_bytes
        self._failed: Exception | None = None
        self._synced_s = time.monotonic()
        self._handle = os.open(folder / DATA, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._cut()
        except BaseException:
            os.close(self._handle)
            raise

    def write(self, chunk: bytes | bytearray) -> None:
        """Append bytes; after a failure every later call fails too, since it would leave a gap.

        Raises
        ------
        RoadscanError
            `upload_too_large` beyond the announced size, `output_disk_full`.
        """
        if self._failed is not None:
            raise self._failed
        try:
            self._check_size(len(chunk))
            with disk_full_as_error():
                self._append(memoryview(chunk))
                if self._is_due():
                    self._sync()
                    if self._digest is None:
                        self._count(lasting=False)
        except Exception as error:
            self._failed = error
            raise

    def done(self) -> Upload:
        """Count all written bytes; if it raises `upload_checksum`, none of them counts."""
        if self._checksum is not None and self._digest is not None:
            if not hmac.compare_digest(self._digest.digest(), self._checksum.digest):
                raise RoadscanError(
                    "upload_checksum",
                    f"the {self._checksum.algorithm} of the bytes received is not the one in "
                    "Upload-Checksum",
                    "Send the same chunk again",
                )
            self._digest = None
        with disk_full_as_error():
            self._sync()
            self._count(lasting=True)
        return self.upload

    def close(self) -> None:
        """Count what can be counted and release the upload."""
        try:
            if self._digest is None and self._end > self.upload.offset_bytes:
                with suppress(OSError):  # uncounted bytes are sent again
                    self._sync()
                    self._count(lasting=True)
            whole = self._end == self.upload.offset_bytes
            nothing = self._digest is not None
            self._digests.put(
                self.upload,
                self._sha256 if whole else self._sha256_before if nothing else None,
            )
        finally:
            os.close(self._handle)
            os.close(self._lock)

    def _cut(self) -> None:
        if os.fstat(self._handle).st_size < self._end:
            # the disk lost bytes that it had reported as synced: none of them can be trusted
            self.upload = self._extended(self.upload, 0)
            write_record(self._folder, self.upload)
            raise RoadscanError(
                "upload_offset",
                "the disk lost bytes of the upload, which starts again at 0",
                "Send HEAD and resume from its Upload-Offset",
                offset=0,
            )
        os.ftruncate(self._handle, self._end)

    def _check_size(self, more: int) -> None:
        if self._end + more > self.upload.size_bytes:
            raise RoadscanError(
                "upload_too_large",
                f"more bytes arrive than the {self.upload.size_bytes} announced",
                "Has the file grown? Start a new upload",
            )

    def _append(self, view: memoryview) -> None:
        while view:
            written = os.pwrite(self._handle, view, self._end)
            self._end += written
            for digest in (self._digest, self._sha256):
                if digest is not None:
                    digest.update(view[:written])
            view = view[written:]

    def _is_due(self) -> bool:
        waiting = self._end - self._synced
        late = time.monotonic() - self._synced_s >= COMMIT_AFTER_S
        return waiting >= COMMIT_BYTES or (late and waiting > 0)

    def _sync(self) -> None:
        os.fdatasync(self._handle)
        self._synced, self._synced_s = self._end, time.monotonic()

    def _count(self, *, lasting: bool) -> None:
        counted = self._extended(self.upload, self._synced)
        write_record(self._folder, counted, lasting=lasting)
        self.upload = counted


@contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Turn the error of a full disk into `output_disk_full`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise RoadscanError(
            "output_disk_full",
            "the disk of the service is full",
            "Bytes received so far are kept: resume when an administrator has made room",
        ) from error
