"""The record of an upload: one small file beside its bytes, replaced whole."""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from roadscan.serve.uploads.tus_protocol import Sent

FILE: Final = "record.json"


class State(StrEnum):
    """How far an upload is."""

    OPEN = "open"
    DONE = "done"
    """Its bytes are kept as a file."""
    TERMINATED = "terminated"
    EXPIRED = "expired"
    SPOILED = "spoiled"
    """All bytes came, but not those that the sender had announced."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, as far as it is safe on disk."""

    upload_id: str
    size_bytes: int
    offset_bytes: int
    """Bytes that no crash can take away any more."""
    owner_id: str
    uploaded_by: str
    sent: Sent
    created_s: float
    expires_s: float
    state: State = State.OPEN
    sha256: str = ""
    """Of all bytes; "" until they were read once more at the end."""
    known_as: str = ""
    """Name under which the same bytes had been here before; "" if they had not."""

    @property
    def missing_bytes(self) -> int:
        """What is still to come."""
        return self.size_bytes - self.offset_bytes if self.state is State.OPEN else 0


_UPLOAD: Final = TypeAdapter(Upload)


def read_record(folder: Path) -> Upload | None:
    """Return the upload of a folder; None where none was ever made whole."""
    try:
        return _UPLOAD.validate_json((folder / FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def write_record(folder: Path, upload: Upload, *, lasting: bool = True) -> None:
    """Replace the record, which is then the old one or the new one, but never part of one.

    Without `lasting`, a power cut just after may bring the old one back.
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
    """Make the names in a folder as safe as the bytes behind them."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
