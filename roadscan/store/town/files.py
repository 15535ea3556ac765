"""Uploaded files, their folders, and the drives among them that wait for a job.

The bytes are stored elsewhere, by checksum; see roadscan.serve.uploads.upload_storage.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from roadscan.model.access import AuditEntry
from roadscan.model.road import Vehicle
from roadscan.model.uploaded_file import (
    RECORDINGS,
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
_REFERENCE = ("sha256", "survey", "owner_id", "uploaded_by", "uploaded_s", "taken_by")


class Files:
    """The files of one town."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, file: StoredFile, place: UploadSource, upload_id: str) -> tuple[StoredFile, bool]:
        """Store a file that arrived, and its place; repeating the call changes nothing.

        Returns the stored file with these bytes, and whether it was known before this upload. The
        bytes are stored once, but each survey that they were sent for has its own reference to
        them. If they had been purged, they exist again: the row stays, and loses its mark.
        """
        row = {name: getattr(file, name) for name in _FILE}
        row |= {"kind": file.kind.value, "upload_id": upload_id}
        self._insert_once(tables.files, row)
        reference = {name: row[name] for name in _REFERENCE} | {"vehicle": file.vehicle.value}
        is_new = self._insert_once(tables.survey_files, reference)
        where = {"sha256": file.sha256, "survey": file.survey, "kind": file.kind.value}
        self._insert_once(tables.file_places, _place_row(place) | where)
        with self._engine.begin() as db:
            _renew(db, file, upload_id, is_new=is_new)
            table = tables.files
            known = db.execute(select(table).where(table.c.sha256 == file.sha256)).one()
        return _file(known), known.upload_id != upload_id

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
        """Return the videos that no job has taken, oldest first, with their track and camera.

        A video that was sent for two surveys is a drive of each.
        """
        files, places, references = (
            tables.files.c, tables.file_places.c, tables.survey_files.c,
        )  # fmt: skip
        idle = (
            select(places.folder, places.drop_id)
            .join(tables.files, places.sha256 == files.sha256)
            .join(tables.survey_files, _same_reference())
            .where(
                places.kind == FileKind.VIDEO.value,
                references.taken_by == "",
                files.taken_by != PURGE,
                files.purged_s.is_(None),
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

    def is_waiting(self, sha256: str, survey: str) -> bool:
        """Return whether a survey has this file, and no job has taken it."""
        files, references = tables.files.c, tables.survey_files.c
        query = (
            select(references.sha256)
            .join(tables.files, files.sha256 == references.sha256)
            .where(references.sha256 == sha256, references.survey == survey)
            .where(references.taken_by == "", files.taken_by != PURGE, files.purged_s.is_(None))
        )
        with self._engine.connect() as db:
            return db.scalar(query) is not None

    def take(self, sha256: str, survey: str, job_id: str, beside: Collection[str] = ()) -> bool:
        """Assign a survey's waiting video to a job, with the files that the job reads beside it.

        Returns False if another job has the video, or any of the files is gone. Repeating the call
        for the same job returns the same.
        """
        files, references = tables.files, tables.survey_files
        own = and_(references.c.sha256 == sha256, references.c.survey == survey)
        needed = {sha256, *beside}
        these = and_(files.c.sha256.in_(sorted(needed)), files.c.purged_s.is_(None))
        with self._engine.begin() as db:
            taken = db.execute(
                update(references)
                .where(own, or_(references.c.taken_by == "", references.c.taken_by == job_id))
                .values(taken_by=job_id)
            )
            exists = db.execute(
                update(files).where(these, files.c.taken_by != PURGE).values(taken_by=job_id)
            )
            if not taken.rowcount or exists.rowcount < len(needed):
                db.rollback()
                return False
        return True

    def withdraw(self, sha256: str, survey: str) -> int | None:
        """Delete a survey's reference to a file, with its places; return how many others remain.

        Returns None, and deletes nothing, if the survey has no such file or a job has taken it.
        """
        places, references = tables.file_places.c, tables.survey_files.c
        own = and_(references.sha256 == sha256, references.survey == survey)
        with self._engine.begin() as db:
            gone = db.execute(delete(tables.survey_files).where(own, references.taken_by == ""))
            if not gone.rowcount:
                return None
            here = and_(places.sha256 == sha256, places.survey == survey)
            db.execute(delete(tables.file_places).where(here))
            left = select(func.count()).where(references.sha256 == sha256)
            return int(db.scalar(left) or 0)

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
        """Delete a file's row, its references and its places."""
        with self._engine.begin() as db:
            for table in (tables.file_places, tables.survey_files, tables.files):
                db.execute(delete(table).where(table.c.sha256 == sha256))

    def _insert_once(self, table: Any, row: dict[str, Any]) -> bool:
        try:
            with self._engine.begin() as db:
                db.execute(insert(table), row)
        except IntegrityError:
            # inserted already, by another process or by this one before it was killed
            return False
        return True


def _renew(db: Connection, file: StoredFile, upload_id: str, *, is_new: bool) -> None:
    """Update the row of a known file that was sent again.

    What its name makes a recording has to be deleted like one, whatever it was called before.
    """
    files, references = tables.files, tables.survey_files
    this = files.c.sha256 == file.sha256
    back = db.execute(
        update(files)
        .where(this, files.c.purged_s.is_not(None))
        .values(purged_s=None, taken_by="", upload_id=upload_id, uploaded_s=file.uploaded_s)
    )
    if back.rowcount:
        own = and_(references.c.sha256 == file.sha256, references.c.survey == file.survey)
        waits = {"taken_by": "", "uploaded_s": file.uploaded_s}
        db.execute(update(references).where(own).values(waits))
    still = and_(references.c.sha256 == file.sha256, references.c.survey == file.survey)
    idle = and_(still, references.c.taken_by == "")
    db.execute(update(references).where(idle).values(vehicle=file.vehicle.value))
    if is_new:
        db.execute(update(files).where(this).values(uploaded_s=file.uploaded_s))
    if file.kind in RECORDINGS:
        other = files.c.kind.not_in([kind.value for kind in RECORDINGS])
        db.execute(update(files).where(this, other).values(kind=file.kind.value, name=file.name))


def _same_reference() -> ColumnElement[bool]:
    places, references = tables.file_places.c, tables.survey_files.c
    return and_(references.sha256 == places.sha256, references.survey == places.survey)


def _placed() -> Select[Any]:
    """Select files as sent: with the name and kind of their place, and their survey's reference."""
    files, places, references = tables.files.c, tables.file_places.c, tables.survey_files.c
    return (
        select(
            files.sha256,
            files.size_bytes,
            files.purged_s,
            case((files.taken_by == PURGE, PURGE), else_=references.taken_by).label("taken_by"),
            references.owner_id,
            references.uploaded_by,
            references.uploaded_s,
            references.vehicle,
            places.survey,
            places.kind,
            places.name,
            places.drop_id,
            places.drop_files,
            places.folder,
        )
        .join(tables.file_places, places.sha256 == files.sha256)
        .join(tables.survey_files, _same_reference())
        .order_by(places.drop_id, places.folder, places.name, files.sha256, places.survey)
    )


def _placed_file(row: Row[Any]) -> UploadedFile:
    place = UploadSource(row.drop_id, row.drop_files, row.folder, row.name)
    return UploadedFile(replace(_file(row), vehicle=Vehicle(row.vehicle)), place)


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
    """Return the videos that no job has taken, oldest first, with their sidecars.

    Each is one drive of each survey that it was sent for.
    """
    folders = defaultdict[_Folder, list[UploadedFile]](list)
    arrived = defaultdict[tuple[str, str], int](int)
    for item in placed:
        folders[item.file.survey, item.place.folder].append(item)
        arrived[item.file.survey, item.place.drop_id] += 1
    found = defaultdict[tuple[str, str], list[tuple[Any, WaitingDrive]]](list)
    for folder in folders.values():
        for item in folder:
            if item.file.kind is not FileKind.VIDEO or item.file.taken_by or item.file.purged_s:
                continue
            whole = arrived[item.file.survey, item.place.drop_id] >= item.place.drop_files
            drive = _drive(item, folder, drop_whole=whole)
            found[item.file.sha256, item.file.survey].append((_rank(item, drive), drive))
    best = [min(choices, key=itemgetter(0))[1] for choices in found.values()]
    return tuple(sorted(best, key=_age))


def _age(drive: WaitingDrive) -> tuple[float, str, str]:
    return drive.video.uploaded_s, drive.video.sha256, drive.video.survey


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
