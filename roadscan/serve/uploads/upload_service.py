"""Turns uploads into files known to the database, and deletes such files."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller
from roadscan.model.uploaded_file import GEOJSON_SUFFIX, FileKind, StoredFile
from roadscan.read.track_geojson import has_time_names
from roadscan.serve.uploads.tus_protocol import UploadMetadata
from roadscan.serve.uploads.upload_folder import State, Upload
from roadscan.serve.uploads.upload_storage import UploadCompleteError, UploadStorage
from roadscan.store.town.files import Files

RECHECKED_S: Final = 2 * 86400.0
"""Finished uploads up to this age are checked against the database, as a power cut may lose a row
but no file."""


@dataclass(frozen=True, slots=True)
class UploadService:
    """The upload service: bytes go to the storage, names and owners to the database."""

    storage: UploadStorage
    files: Files

    def begin(self, sent: UploadMetadata, size_bytes: int, caller: Caller) -> Upload:
        """Start an upload; it is complete at once if a stored file has its announced checksum.

        Raises
        ------
        RoadscanError
            The same errors as `UploadStorage.create`.
        """
        known = self.files.get(sent.sha256) if sent.sha256 else None
        if known is not None and known.size_bytes == size_bytes:
            with self.storage.files_locked():
                if self.storage.path_of(sent.sha256).exists():
                    upload = self.storage.create_done(
                        sent, size_bytes, caller.account_id, caller.name, known.name
                    )
                    self.files.put(self._file_of(upload), sent.place, upload.upload_id)
                    return upload
        held = self.files.held_bytes(caller.account_id)
        return self.storage.create(sent, size_bytes, caller.account_id, caller.name, held)

    def finish(self, upload: Upload) -> Upload:
        """Turn a complete upload into a file; an incomplete one is returned unchanged.

        If the process is killed between two steps, calling it again completes them.

        Raises
        ------
        RoadscanError
            `upload_checksum`, or `upload_locked` while another request finishes it.
        """
        if upload.state is not State.OPEN or upload.missing_bytes:
            return upload
        try:
            with self.storage.locked(upload.upload_id) as held:
                sealed = self.storage.seal(held)
                with self.storage.files_locked():
                    self.storage.move_to_files(sealed)
                    file, known = self.files.put(
                        self._file_of(sealed), sealed.sent.place, sealed.upload_id
                    )
                return self.storage.done(sealed, file.name if known else "")
        except UploadCompleteError as error:  # another request was faster
            return error.upload

    def remove(self, sha256: str) -> None:
        """Delete a file, its bytes first, so that the database knows of all remaining files."""
        with self.storage.files_locked():
            self.storage.remove(sha256)
            self.files.delete(sha256)

    def withdraw(self, sha256: str, survey: str) -> bool:
        """Delete a survey's file, and its bytes unless other surveys have it too.

        Returns False if the survey has no such file, or a job has taken it.
        """
        with self.storage.files_locked():
            others = self.files.withdraw(sha256, survey)
            if others == 0:
                self.storage.remove(sha256)
                self.files.delete(sha256)
        return others is not None

    def clean_up(self) -> tuple[Upload, ...]:
        """Finish uploads that a crash left complete, end expired ones, and return those."""
        for upload in list(self.storage.under_way()):
            if not upload.missing_bytes:
                self._try_finish(upload)
        for upload in self.storage.ended_within(RECHECKED_S):
            if upload.state is State.DONE and self.files.get(upload.sha256) is None:
                with self.storage.files_locked():
                    if self.storage.path_of(upload.sha256).exists():
                        self.files.put(self._file_of(upload), upload.sent.place, upload.upload_id)
        return self.storage.expire()

    def _try_finish(self, upload: Upload) -> None:
        try:
            self.finish(upload)
        except RoadscanError as error:
            if error.code not in {"upload_locked", "upload_checksum", "upload_gone"}:
                raise

    def _file_of(self, upload: Upload) -> StoredFile:
        place = upload.sent.place
        year = datetime.fromtimestamp(upload.created_s, UTC).year
        kind = FileKind.of(place.name)
        if PurePosixPath(place.name).suffix.lower() == GEOJSON_SUFFIX:
            has_times = has_time_names(self.storage.path_of(upload.sha256))
            kind = FileKind.of(place.name, has_times=has_times)
        return StoredFile(
            upload.sha256,
            upload.size_bytes,
            place.name,
            kind,
            upload.sent.survey or str(year),
            upload.owner_id,
            upload.uploaded_by,
            upload.created_s,
            vehicle=upload.sent.vehicle,
        )
