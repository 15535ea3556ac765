"""Find the videos of a command, and the track that belongs to each."""

from collections.abc import Sequence
from pathlib import Path

from roadscan.errors import RoadscanError
from roadscan.model.uploaded_file import TRACK_SUFFIXES, VIDEO_SUFFIXES


def list_videos(inputs: Sequence[Path]) -> tuple[Path, ...]:
    """Return the inputs, each folder replaced by the videos directly inside it, sorted by name.

    Raises
    ------
    RoadscanError
        `file_missing` if a folder contains no video.
    """
    videos: list[Path] = []
    for path in inputs:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES)
            if not inside:
                raise RoadscanError(
                    "file_missing",
                    f"the folder {path} holds no video",
                    f"Put files ending in {', '.join(sorted(VIDEO_SUFFIXES))} into it",
                )
            videos.extend(inside)
        else:
            videos.append(path)
    return tuple(dict.fromkeys(videos))


def find_track(video: Path, given: Path | None) -> Path:
    """Return the track given, else the file beside the video that shares its name.

    Raises
    ------
    RoadscanError
        `track_missing` if there is neither.
    """
    if given is not None:
        return given
    beside = _beside(video)
    if beside is not None:
        return beside
    raise RoadscanError(
        "track_missing",
        f"no track given, and none beside {video.name} as {video.stem} + "
        f"{', '.join(TRACK_SUFFIXES)}",
        "Name it with --track FILE",
    )


def _beside(video: Path) -> Path | None:
    """Return the track with the video's name, ignoring case: memory cards mix upper and lower."""
    if not video.parent.is_dir():
        return None
    named = [
        path
        for path in sorted(video.parent.iterdir())
        if path.stem.casefold() == video.stem.casefold() and path.is_file()
    ]
    return next(
        (path for suffix in TRACK_SUFFIXES for path in named if path.suffix.lower() == suffix), None
    )
