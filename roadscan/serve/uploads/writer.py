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
from roadscan.serve.uploads.protocol import Checksum
from roadscan.serve.uploads.record import Upload, write_record

COMMIT_BYTES: Final = 8 * 1024**2
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
    ) -> None:
        """Take over the lock, and cut off whatever is not safe.

        `extended` returns the upload at a later offset. With a checksum nothing counts before all
        of the request is there and adds up.
        """
        self.upload = upload
        self._folder, self._lock, self._extended = folder, lock, extended
        self._checksum = checksum
        self._digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._end = upload.offset_bytes
        self._committed_s = time.monotonic()
        self._handle = os.open(folder / DATA, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._cut()
        except BaseException:
            os.close(self._handle)
            raise

    def write(self, piece: bytes | bytearray) -> None:
        """Add bytes.

        Raises
        ------
        RoadscanError
            `upload_too_large` beyond the announced size, `output_disk_full`.
        """
        if self._end + len(piece) > self.upload.size_bytes:
            raise RoadscanError(
                "upload_too_large",
                f"more arrives than the {self.upload.size_bytes} bytes that were announced",
                "Has the file grown? Begin a new upload",
            )
        with telling_of_the_disk():
            view = memoryview(piece)
            while view:
                written = os.pwrite(self._handle, view, self._end)
                self._end += written
                view = view[written:]
            if self._digest is not None:
                self._digest.update(piece)
            elif self._is_due():
                self._commit(lasting=False)

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
            self._commit(lasting=True)
        return self.upload

    def close(self) -> None:
        """Count what can be counted and let go of the upload."""
        try:
            if self._digest is None and self._end > self.upload.offset_bytes:
                with suppress(OSError):  # what cannot be counted will be sent again
                    self._commit(lasting=True)
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

    def _is_due(self) -> bool:
        waiting = self._end - self.upload.offset_bytes
        late = time.monotonic() - self._committed_s >= COMMIT_AFTER_S
        return waiting >= COMMIT_BYTES or (late and waiting > 0)

    def _commit(self, *, lasting: bool) -> None:
        os.fdatasync(self._handle)
        counted = self._extended(self.upload, self._end)
        write_record(self._folder, counted, lasting=lasting)
        self.upload = counted
        self._committed_s = time.monotonic()


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
