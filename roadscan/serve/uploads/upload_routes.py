"""Routes for unfinished uploads, stored files and drives that wait for files."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.uploaded_file import FileKind, StoredFile, WaitingReason
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import problems
from roadscan.serve.uploads.tus_routes import PATH
from roadscan.serve.uploads.upload_folder import Upload
from roadscan.serve.uploads.upload_service import UploadService

PAGE: Final = 200
MAX_PAGE: Final = 1000


class _Response(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class UploadResponse(_Response):
    """An unfinished upload."""

    url: str
    name: str
    folder: str
    survey: str
    drop: str
    sha256: str
    """As announced; "" if it was not announced."""
    size_bytes: int
    offset_bytes: int
    created_s: float
    expires_s: float


class FileResponse(_Response):
    """A stored file."""

    sha256: str
    name: str
    kind: FileKind
    size_bytes: int
    survey: str
    uploaded_by: str
    uploaded_s: float
    in_work: bool
    purged_s: float | None


class DriveResponse(_Response):
    """A video that is not assigned to a job."""

    video: FileResponse
    folder: str
    track: FileResponse | None
    camera: FileResponse | None
    waits_for: WaitingReason | None


def uploads_router(
    guard: Guard, uploads: UploadService, in_use: Callable[[], frozenset[str]]
) -> APIRouter:
    """Return the routes of uploads and files under /api; `in_use` are the files that jobs use."""
    router = APIRouter(prefix="/api", tags=["uploads"])
    Uploader = Annotated[Caller, Depends(guard.need(Right.UPLOAD))]  # noqa: N806 -- a type
    files = uploads.files

    def existing(sha256: str) -> StoredFile:
        file = files.get(sha256)
        if file is None:
            what = f"there is no file {sha256[:64]!a}"
            raise RoadscanError("file_missing", what, "See GET /api/files")
        return file

    @router.get("/uploads")
    def under_way(caller: Uploader) -> list[UploadResponse]:
        """Return the caller's unfinished uploads."""
        mine = uploads.storage.under_way()
        return [_upload(upload) for upload in mine if upload.owner_id == caller.account_id]

    @router.get("/files", responses=problems("file_missing"))
    def newest(
        _: Uploader, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE, after: str = ""
    ) -> list[FileResponse]:
        """Return the files, newest first; `after` is the checksum of the last one listed."""
        before = existing(after) if after else None
        return list(map(FileResponse.model_validate, files.newest(limit, before)))

    @router.get("/files/{sha256}", responses=problems("file_missing"))
    def one(sha256: str, _: Uploader) -> FileResponse:
        return FileResponse.model_validate(existing(sha256))

    @router.delete(
        "/files/{sha256}", status_code=204, responses=problems("file_missing", "file_in_use")
    )
    def remove(sha256: str, caller: Uploader) -> None:
        """Delete one's own file, or anybody's as an administrator; refused while a job uses it."""
        file = existing(sha256)
        if file.owner_id != caller.account_id and not caller.may(Right.ADMINISTER):
            whose = f"{file.name} was uploaded by {file.uploaded_by}"
            raise RoadscanError("not_allowed", whose, "Ask an administrator")
        # the claim fails if a job took the file since it was read
        if sha256 in in_use() or not files.claim_for_purge(file):
            what = f"a job is using {file.name}"
            raise RoadscanError("file_in_use", what, "Cancel the job, or wait for it")
        uploads.remove(sha256)
        guard.accounts.record(caller.name, "file_deleted", f"{file.name} {sha256}")

    @router.get("/drives-waiting")
    def waiting(_: Uploader) -> list[DriveResponse]:
        """Return the videos not assigned to a job; those with `waits_for` null are ready."""
        return list(map(DriveResponse.model_validate, files.waiting()))

    return router


def _upload(upload: Upload) -> UploadResponse:
    return UploadResponse(
        url=f"{PATH}/{upload.upload_id}",
        name=upload.sent.place.name,
        folder=upload.sent.place.folder,
        survey=upload.sent.survey,
        drop=upload.sent.place.drop_id,
        sha256=upload.sent.sha256,
        size_bytes=upload.size_bytes,
        offset_bytes=upload.offset_bytes,
        created_s=upload.created_s,
        expires_s=upload.expires_s,
    )
