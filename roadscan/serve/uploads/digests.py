"""SHA-256 of uploads as they come, so that their end need not read them all again.

They live in this process only: after a restart, or when another process went on with an upload, its
bytes are read once more at the end.
"""

import hashlib
from typing import Final, Protocol

from roadscan.serve.uploads.upload_record import Upload

MAX_KEPT: Final = 1000
"""Abandoned uploads must not pile up."""


class Digest(Protocol):
    """What `hashlib.sha256()` returns, which has no public name."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return what they add up to."""

    def copy(self) -> "Digest":
        """Return one that goes on by itself."""


class RunningDigests:
    """What the uploads add up to so far, each up to an offset."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Digest]] = {}

    def take(self, upload: Upload) -> Digest | None:
        """Return the digest of all that has safely arrived; None where that is not known here."""
        offset, digest = self._kept.pop(upload.upload_id, (0, hashlib.sha256()))
        return digest if offset == upload.offset_bytes else None

    def put(self, upload: Upload, digest: Digest | None) -> None:
        """Keep the digest of all that has safely arrived."""
        if digest is not None:
            self._kept[upload.upload_id] = (upload.offset_bytes, digest)
            while len(self._kept) > MAX_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
