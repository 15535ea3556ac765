"""Which track and which camera belong to a video, by where they lay on the sender's disk.

A track of the video's own name counts first, out of its drop before out of others: a track that was
forgotten may follow later. Failing that, the one track of the folder that is no other video's:
cameras write clips of a few minutes, receivers one file a day. That can only be told once the whole
drop is here; nor is a drive without a camera file worked before, for one may follow.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from roadscan.model.upload import FileKind, PlacedFile, StoredFile, Waiting, WaitingDrive

_Folder = tuple[str, str]
"""Survey and folder."""


def waiting_drives(placed: Iterable[PlacedFile]) -> tuple[WaitingDrive, ...]:
    """Return the videos that no job has taken, oldest first, each once, with their sidecars."""
    folders = defaultdict[_Folder, list[PlacedFile]](list)
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


def _rank(video: PlacedFile, drive: WaitingDrive) -> tuple[bool, bool, bool, str, str, str]:
    """Order the places of one video: where it has most beside it first, then by name."""
    place = video.place
    lacks = (drive.waits_for is not None, drive.track is None, drive.camera is None)
    return *lacks, place.drop_id, place.folder, place.name


def _drive(video: PlacedFile, folder: Sequence[PlacedFile], *, drop_whole: bool) -> WaitingDrive:
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


def _reason(tracks: int, cameras: int, *, drop_whole: bool) -> Waiting | None:
    if tracks > 1:
        return Waiting.SEVERAL_TRACKS
    if cameras > 1:
        return Waiting.SEVERAL_CAMERAS
    if not drop_whole and not (tracks and cameras):
        return Waiting.DROP_UNFINISHED
    return None if tracks else Waiting.NO_TRACK


def _of_its_name(
    video: PlacedFile, folder: Sequence[PlacedFile], kind: FileKind
) -> list[StoredFile]:
    named = [i for i in _beside(folder, kind) if i.stem == video.stem]
    return _once([i for i in named if i.place.drop_id == video.place.drop_id] or named)


def _of_the_folder(
    video: PlacedFile, folder: Sequence[PlacedFile], kind: FileKind
) -> list[StoredFile]:
    of_others = {i.stem for i in folder if i.file.kind is FileKind.VIDEO}
    return _once(
        [
            i
            for i in _beside(folder, kind)
            if i.place.drop_id == video.place.drop_id != "" and i.stem not in of_others
        ]
    )


def _beside(folder: Sequence[PlacedFile], kind: FileKind) -> list[PlacedFile]:
    return [i for i in folder if i.file.kind is kind and i.file.purged_s is None]


def _once(items: Sequence[PlacedFile]) -> list[StoredFile]:
    return list({item.file.sha256: item.file for item in items}.values())
