"""Uploaded files, their folders, and the drives among them that wait for a job.

The bytes are stored elsewhere, by checksum; see roadscan.serve.uploads.upload_storage.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.model.access import AuditEntry
from roadscan.model.uploaded_file import (
    FileKind,
    FileTotals,
    StoredFile,
    UploadedFile,
    UploadSource,
    WaitingDrive,
    WaitingReason,
)
from roadscan.store import tables
from roadscan.store.town.accounts import write_audit

PURGE: Final = "purge"
"""Takes the place of a job id for a file about to be deleted, so that no job can take it."""

_FILE = (
    "sha256", "size_bytes", "name", "survey", "owner_id", "uploaded_by", "uploaded_s", "taken_by",
    "purged_s",
)  # fmt: skip


class Files:
    """The files of one town."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, file: StoredFile, place: UploadSource, upload_id: str) -> tuple[StoredFile, bool]:
        """Store a file that arrived, and its place; repeating the call changes nothing.

        Returns the stored file with these bytes, and whether it was known before this upload. If
        its bytes had been purged, they exist again: the row stays, and loses its mark.
        """
        row = {name: getattr(file, name) for name in _FILE}
        row |= {"kind": file.kind.value, "upload_id": upload_id}
        self._insert_once(tables.files, row)
        self._insert_once(tables.file_places, _place_row(place) | {"sha256": file.sha256})
        this = tables.files.c.sha256 == file.sha256
        with self._engine.begin() as db:
            db.execute(
                update(tables.files)
                .where(this, tables.files.c.purged_s.is_not(None))
                .values(purged_s=None, taken_by="", upload_id=upload_id)
            )
            kept = db.execute(select(tables.files).where(this)).one()
        return _file(kept), kept.upload_id != upload_id

    def get(self, sha256: str) -> StoredFile | None:
        """Return the file of these bytes; None without one."""
        with self._engine.connect() as db:
            row = db.execute(select(tables.files).where(tables.files.c.sha256 == sha256)).first()
        return None if row is None else _file(row)

    def newest(self, limit: int, before: StoredFile | None = None) -> tuple[StoredFile, ...]:
        """Return files, newest first, starting with the newest or with the one after `before`."""
        table = tables.files
        query = select(table).order_by(table.c.uploaded_s.desc(), table.c.sha256.desc())
        if before is not None:
            query = query.where(
                or_(
                    table.c.uploaded_s < before.uploaded_s,
                    and_(table.c.uploaded_s == before.uploaded_s, table.c.sha256 < before.sha256),
                )
            )
        with self._engine.connect() as db:
            return tuple(_file(row) for row in db.execute(query.limit(limit)))

    def held_bytes(self, owner_id: str) -> int:
        """Return the stored bytes of the files that an account uploaded."""
        table = tables.files
        query = select(func.coalesce(func.sum(table.c.size_bytes), 0)).where(
            table.c.owner_id == owner_id, table.c.purged_s.is_(None)
        )
        with self._engine.connect() as db:
            return int(db.scalar(query) or 0)

    def held(self) -> dict[FileKind, FileTotals]:
        """Return the number and size of the stored files of each kind that has any."""
        table = tables.files
        size_bytes = func.sum(table.c.size_bytes)
        query = select(table.c.kind, func.count(), size_bytes).where(table.c.purged_s.is_(None))
        with self._engine.connect() as db:
            found = db.execute(query.group_by(table.c.kind))
            return {FileKind(kind): FileTotals(files, int(size)) for kind, files, size in found}

    def places(self, sha256: str) -> tuple[UploadSource, ...]:
        """Return the places of a file."""
        query = _placed().where(tables.file_places.c.sha256 == sha256)
        with self._engine.connect() as db:
            return tuple(_placed_file(row).place for row in db.execute(query))

    def waiting(self) -> tuple[WaitingDrive, ...]:
        """Return the videos that no job has taken, oldest first, with their track and camera."""
        files, places = tables.files.c, tables.file_places.c
        idle = (
            select(places.folder, places.drop_id)
            .join(tables.files, places.sha256 == files.sha256)
            .where(
                files.kind == FileKind.VIDEO.value, files.taken_by == "", files.purged_s.is_(None)
            )
            .subquery()
        )
        near = _placed().where(
            or_(
                places.folder.in_(select(idle.c.folder)), places.drop_id.in_(select(idle.c.drop_id))
            )
        )
        with self._engine.connect() as db:
            return waiting_drives(_placed_file(row) for row in db.execute(near))

    def take(self, sha256: str, job_id: str) -> bool:
        """Assign a waiting video to a job; returns False if another job has it or it is gone.

        Repeating the call for the same job returns the same.
        """
        table = tables.files
        this = and_(table.c.sha256 == sha256, table.c.purged_s.is_(None))
        with self._engine.begin() as db:
            taken = db.execute(
                update(table)
                .where(this, or_(table.c.taken_by == "", table.c.taken_by == job_id))
                .values(taken_by=job_id)
            )
        return taken.rowcount == 1

    def claim_for_purge(self, file: StoredFile) -> bool:
        """Reserve a file for deletion; returns False if it is gone or was taken since it was read.

        Repeating the call, also from another process, returns the same.
        """
        table = tables.files
        this = and_(table.c.sha256 == file.sha256, table.c.purged_s.is_(None))
        with self._engine.begin() as db:
            claimed = db.execute(
                update(table)
                .where(this, table.c.taken_by.in_([file.taken_by, PURGE]))
                .values(taken_by=PURGE)
            )
        return claimed.rowcount == 1

    def mark_purged(self, sha256: str, entry: AuditEntry) -> bool:
        """Record that the bytes of a file were deleted; its results stay.

        Writes its audit entry once: returns False if the file was marked before.
        """
        table = tables.files
        this = and_(table.c.sha256 == sha256, table.c.purged_s.is_(None))
        with self._engine.begin() as db:
            marked = db.execute(update(table).where(this).values(purged_s=entry.at_s))
            if marked.rowcount:
                write_audit(db, entry)
        return marked.rowcount == 1

    def delete(self, sha256: str) -> None:
        """Delete a file's row and its places."""
        with self._engine.begin() as db:
            for table in (tables.file_places, tables.files):
                db.execute(delete(table).where(table.c.sha256 == sha256))

    def _insert_once(self, table: Any, row: dict[str, Any]) -> None:
        try:
            with self._engine.begin() as db:
                db.execute(insert(table), row)
        except IntegrityError:
            pass  # inserted already, by another process or by this one before it was killed


def _placed() -> Select[Any]:
    files, places = tables.files, tables.file_places
    return (
        select(
            files,
            places.c.drop_id,
            places.c.drop_files,
            places.c.folder,
            places.c.name.label("place_name"),
        )
        .join(places, places.c.sha256 == files.c.sha256)
        .order_by(places.c.drop_id, places.c.folder, places.c.name, files.c.sha256)
    )


def _placed_file(row: Row[Any]) -> UploadedFile:
    place = UploadSource(row.drop_id, row.drop_files, row.folder, row.place_name)
    return UploadedFile(_file(row), place)


def _file(row: Row[Any]) -> StoredFile:
    return StoredFile(**{name: getattr(row, name) for name in _FILE}, kind=FileKind(row.kind))


def _place_row(place: UploadSource) -> dict[str, Any]:
    return {
        "drop_id": place.drop_id,
        "drop_files": place.drop_files,
        "folder": place.folder,
        "name": place.name,
    }


_Folder = tuple[str, str]
"""Survey and folder."""


def waiting_drives(placed: Iterable[UploadedFile]) -> tuple[WaitingDrive, ...]:
    """Return the videos that no job has taken, oldest first, each once, with their sidecars."""
    folders = defaultdict[_Folder, list[UploadedFile]](list)
    arrived = defaultdict[str, int](int)
    for item in placed:
        folders[item.file.survey, item.place.folder].append(item)
        arrived[item.place.drop_id] += 1
    found = defaultdict[str, list[tuple[Any, WaitingDrive]]](list)
    for folder in folders.values():
        for item in folder:
            if item.file.kind is not FileKind.VIDEO or item.file.taken_by or item.file.purged_s:
                continue
            whole = arrived[item.place.drop_id] >= item.place.drop_files
            drive = _drive(item, folder, drop_whole=whole)
            found[item.file.sha256].append((_rank(item, drive), drive))
    best = [min(choices, key=itemgetter(0))[1] for choices in found.values()]
    return tuple(sorted(best, key=lambda d: (d.video.uploaded_s, d.video.sha256)))


def _rank(video: UploadedFile, drive: WaitingDrive) -> tuple[bool, bool, bool, str, str, str]:
    """Order the places of one video: the most complete first, then by name."""
    place = video.place
    lacks = (drive.waits_for is not None, drive.track is None, drive.camera is None)
    return *lacks, place.drop_id, place.folder, place.name


def _drive(
    video: UploadedFile, folder: Sequence[UploadedFile], *, drop_whole: bool
) -> WaitingDrive:
    tracks = _of_its_name(video, folder, FileKind.TRACK)
    if not tracks and drop_whole:
        tracks = _of_the_folder(video, folder, FileKind.TRACK)
    cameras = _of_its_name(video, folder, FileKind.CAMERA)
    cameras = cameras or _of_the_folder(video, folder, FileKind.CAMERA)
    return WaitingDrive(
        video.file,
        video.place.folder,
        tracks[0] if len(tracks) == 1 else None,
        cameras[0] if len(cameras) == 1 else None,
        _reason(len(tracks), len(cameras), drop_whole=drop_whole),
    )


def _reason(tracks: int, cameras: int, *, drop_whole: bool) -> WaitingReason | None:
    if tracks > 1:
        return WaitingReason.SEVERAL_TRACKS
    if cameras > 1:
        return WaitingReason.SEVERAL_CAMERAS
    if not drop_whole and not (tracks and cameras):
        return WaitingReason.DROP_UNFINISHED
    return None if tracks else WaitingReason.NO_TRACK


def _of_its_name(
    video: UploadedFile, folder: Sequence[UploadedFile], kind: FileKind
) -> list[StoredFile]:
    named = [i for i in _beside(folder, kind) if i.stem == video.stem]
    return _once([i for i in named if i.place.drop_id == video.place.drop_id] or named)


def _of_the_folder(
    video: UploadedFile, folder: Sequence[UploadedFile], kind: FileKind
) -> list[StoredFile]:
    of_others = {i.stem for i in folder if i.file.kind is FileKind.VIDEO}
    return _once(
        [
            i
            for i in _beside(folder, kind)
            if i.place.drop_id == video.place.drop_id != "" and i.stem not in of_others
        ]
    )


def _beside(folder: Sequence[UploadedFile], kind: FileKind) -> list[UploadedFile]:
    return [i for i in folder if i.file.kind is kind and i.file.purged_s is None]


def _once(items: Sequence[UploadedFile]) -> list[StoredFile]:
    return list({item.file.sha256: item.file for item in items}.values())
