"""From an upload to a file that the store knows, and back to nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller
from roadscan.model.uploaded_file import FileKind, StoredFile
from roadscan.serve.uploads.tus_protocol import Sent
from roadscan.serve.uploads.upload_record import State, Upload
from roadscan.serve.uploads.upload_storage import UploadOverError, UploadStorage
from roadscan.store.town.files import Files

RECHECKED_S: Final = 2 * 86400.0
"""How far back finished uploads are held against the store: a power cut may take a row, no file."""


@dataclass(frozen=True, slots=True)
class UploadService:
    """Where uploads come in: their bytes in one place, what is known of them in the other."""

    storage: UploadStorage
    files: Files

    def begin(self, sent: Sent, size_bytes: int, caller: Caller) -> Upload:
        """Begin an upload; it is done at once if its announced checksum is that of a kept file.

        Raises
        ------
        RoadscanError
            What `UploadStorage.create` raises.
        """
        known = self.files.get(sent.sha256) if sent.sha256 else None
        if known is not None and known.size_bytes == size_bytes:
            with self.storage.keeping():
                if self.storage.path_of(sent.sha256).exists():
                    upload = self.storage.create_done(
                        sent, size_bytes, caller.account_id, caller.name, known.name
                    )
                    self.files.put(_file_of(upload), sent.place, upload.upload_id)
                    return upload
        held = self.files.held_bytes(caller.account_id)
        return self.storage.create(sent, size_bytes, caller.account_id, caller.name, held)

    def finish(self, upload: Upload) -> Upload:
        """Make a file of an upload whose bytes are all here; any other is returned as it is.

        A kill between any two steps is made good by doing it again.

        Raises
        ------
        RoadscanError
            `upload_checksum`, or `upload_locked` while another request does it.
        """
        if upload.state is not State.OPEN or upload.missing_bytes:
            return upload
        try:
            with self.storage.alone(upload.upload_id) as held:
                sealed = self.storage.seal(held)
                with self.storage.keeping():
                    self.storage.keep(sealed)
                    file, known = self.files.put(
                        _file_of(sealed), sealed.sent.place, sealed.upload_id
                    )
                return self.storage.done(sealed, file.name if known else "")
        except UploadOverError as error:  # another request was faster
            return error.upload

    def remove(self, sha256: str) -> None:
        """Delete a file: its bytes first, so that none are left that the store does not know."""
        with self.storage.keeping():
            self.storage.remove(sha256)
            self.files.delete(sha256)

    def tidy(self) -> tuple[Upload, ...]:
        """Finish what a crash left complete, end what has expired, and return the latter."""
        for upload in list(self.storage.under_way()):
            if not upload.missing_bytes:
                self._try_finish(upload)
        for upload in self.storage.ended_within(RECHECKED_S):
            if upload.state is State.DONE and self.files.get(upload.sha256) is None:
                with self.storage.keeping():
                    if self.storage.path_of(upload.sha256).exists():
                        self.files.put(_file_of(upload), upload.sent.place, upload.upload_id)
        return self.storage.expire()

    def _try_finish(self, upload: Upload) -> None:
        try:
            self.finish(upload)
        except RoadscanError as error:
            if error.code not in {"upload_locked", "upload_checksum", "upload_gone"}:
                raise


def _file_of(upload: Upload) -> StoredFile:
    place = upload.sent.place
    year = datetime.fromtimestamp(upload.created_s, UTC).year
    return StoredFile(
        upload.sha256,
        upload.size_bytes,
        place.name,
        FileKind.of(place.name),
        upload.sent.survey or str(year),
        upload.owner_id,
        upload.uploaded_by,
        upload.created_s,
    )
