"""Adds bytes to an upload: synced first, counted second."""

import errno
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.serve.uploads.digests import RunningDigests
from roadscan.serve.uploads.tus_protocol import Checksum
from roadscan.serve.uploads.upload_record import Upload, write_record

COMMIT_BYTES: Final = 32 * 1024**2
COMMIT_AFTER_S: Final = 5.0
"""What a crash can cost: so many bytes, or on a slow line what came in so many seconds."""
DATA: Final = "data"
LOCK: Final = "lock"

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Writer:
    """One request's hold on an upload; to be closed in any case."""

    def __init__(
        self,
        folder: Path,
        upload: Upload,
        lock: int,
        checksum: Checksum | None,
        extended: Callable[[Upload, int], Upload],
        digests: RunningDigests,
    ) -> None:
        """Take over the lock, and cut off whatever is not safe.

        `extended` returns the upload at a later offset. With a checksum nothing counts before all
        of the request is there and adds up.
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

    def write(self, piece: bytes | bytearray) -> None:
        """Add bytes; once that failed nothing more is taken, for it would leave a gap.

        Raises
        ------
        RoadscanError
            `upload_too_large` beyond the announced size, `output_disk_full`.
        """
        if self._failed is not None:
            raise self._failed
        try:
            self._check_size(len(piece))
            with telling_of_the_disk():
                self._append(memoryview(piece))
                if self._is_due():
                    self._sync()
                    if self._digest is None:
                        self._count(lasting=False)
        except Exception as error:
            self._failed = error
            raise

    def done(self) -> Upload:
        """Count all that was written; raises `upload_checksum`, and then nothing of it counts."""
        if self._checksum is not None and self._digest is not None:
            if not hmac.compare_digest(self._digest.digest(), self._checksum.digest):
                raise RoadscanError(
                    "upload_checksum",
                    f"the bytes of this request have another {self._checksum.algorithm} than sent "
                    "with them",
                    "Send the same piece again",
                )
            self._digest = None
        with telling_of_the_disk():
            self._sync()
            self._count(lasting=True)
        return self.upload

    def close(self) -> None:
        """Count what can be counted and let go of the upload."""
        try:
            if self._digest is None and self._end > self.upload.offset_bytes:
                with suppress(OSError):  # what cannot be counted will be sent again
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
            # a disk that lost what it had called safe: no byte of it can be trusted
            self.upload = self._extended(self.upload, 0)
            write_record(self._folder, self.upload)
            raise RoadscanError(
                "upload_offset",
                "the disk lost bytes of the upload, which begins anew",
                "Ask with HEAD and go on from there",
                offset=0,
            )
        os.ftruncate(self._handle, self._end)

    def _check_size(self, more: int) -> None:
        if self._end + more > self.upload.size_bytes:
            raise RoadscanError(
                "upload_too_large",
                f"more arrives than the {self.upload.size_bytes} bytes that were announced",
                "Has the file grown? Begin a new upload",
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
def telling_of_the_disk() -> Iterator[None]:
    """Turn a full disk into its code."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise RoadscanError(
            "output_disk_full",
            "the disk of the service is full",
            "What was received is kept: go on when an administrator has made room",
        ) from error
