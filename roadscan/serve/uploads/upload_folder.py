"""The folder of an upload: its record, a small file replaced as a whole, and its lock.

The operating system releases a lock with the process that holds it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from roadscan.serve.uploads.tus_protocol import UploadMetadata

FILE: Final = "record.json"


class State(StrEnum):
    """State of an upload."""

    OPEN = "open"
    DONE = "done"
    """Its bytes are stored as a file."""
    TERMINATED = "terminated"
    EXPIRED = "expired"
    SPOILED = "spoiled"
    """All bytes arrived, but with a checksum other than the one announced."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, as recorded on disk."""

    upload_id: str
    size_bytes: int
    offset_bytes: int
    """Bytes that survive a crash."""
    owner_id: str
    uploaded_by: str
    sent: UploadMetadata
    created_s: float
    expires_s: float
    state: State = State.OPEN
    sha256: str = ""
    """Of all bytes; "" until the upload is complete."""
    known_as: str = ""
    """Name under which the same bytes were stored before; "" if they are new."""

    @property
    def missing_bytes(self) -> int:
        """Bytes still to be received."""
        return self.size_bytes - self.offset_bytes if self.state is State.OPEN else 0


_UPLOAD: Final = TypeAdapter(Upload)


def read_record(folder: Path) -> Upload | None:
    """Return the upload of a folder; None if its record was never completed."""
    try:
        return _UPLOAD.validate_json((folder / FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def write_record(folder: Path, upload: Upload, *, lasting: bool = True) -> None:
    """Replace the record atomically.

    Without `lasting`, a power cut right afterwards may bring the old one back.
    """
    partial = folder / (FILE + ".partial")
    with partial.open("wb") as file:
        file.write(json.dumps(_UPLOAD.dump_python(upload, mode="json")).encode())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)
    if lasting:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def try_lock(path: Path) -> int | None:
    """Return a handle that holds the lock until it is closed; None if another process holds it.

    Raises
    ------
    FileNotFoundError
        There is no lock file, so there is nothing to protect.
    """
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Wait for a lock and hold it; only for work that takes milliseconds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
