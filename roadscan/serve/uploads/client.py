"""Uploads files to a service, however often the connection breaks.

Each file's checksum is sent first: a file that the service already has need not be sent, an
unfinished upload is found again (even from another machine), and the service verifies the checksum
at the end. Chunks carry no checksum of their own: nothing of an interrupted chunk would count, so a
connection that breaks before every chunk is complete would never make progress.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from roadscan.errors import InputFault, RoadscanError
from roadscan.model.road import Vehicle
from roadscan.model.uploaded_file import FileKind
from roadscan.pipeline.progress import Progress
from roadscan.read.input_files import check_file, sha256_of
from roadscan.serve.uploads import tus_protocol
from roadscan.serve.uploads.connection import Connection, ConnectionLostError, ServiceResponse

CHUNK_BYTES: Final = 64 * 1024**2
"""Size of one request: proxies limit requests, or buffer them before passing them on."""
SEND_BYTES: Final = 256 * 1024
"""Bytes sent between two updates of the progress bar."""
GIVE_UP_AFTER_S: Final = 300.0
"""How long to retry without a byte getting through."""
NEVER_ANSWERED_S: Final = 30.0
"""How long to retry if the service has never answered: its address may be wrong."""
MAX_WAIT_S: Final = 20.0
MAX_STARTS: Final = 3
"""Uploads of one file: the service discards one that arrived corrupted."""

_RETRIED: Final = frozenset({408, 409, 423, 429, 460, 500, 502, 503, 504})
_OF_ONE_FILE: Final = frozenset(
    {"file_empty", "file_missing", "file_unreadable", "upload_name", "upload_too_large",
     "upload_checksum"}
)  # fmt: skip
"""Errors of one file; the others are still uploaded."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to upload, and its path within the files given."""

    path: Path
    relative: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that the service now has."""

    source: Source
    sha256: str
    known_as: str
    """Name under which the service already had it; "" if it was new."""


def list_sources(inputs: Sequence[Path]) -> tuple[Source, ...]:
    """Return the given files and the usable ones in given folders, sidecars before videos.

    Raises
    ------
    RoadscanError
        `file_missing` for a path that does not exist or a folder without a usable file.
    """
    found: dict[Path, str] = {}
    for path in inputs:
        if path.is_dir():
            top = Path(path.resolve().name)
            inside = {p: (top / p.relative_to(path)).as_posix() for p in _usable_files(path)}
            if not inside:
                raise RoadscanError(
                    "file_missing",
                    f"the folder {path} holds no video, track or camera file",
                    "Name the folder that holds the camera's files",
                )
            found = inside | found
        elif path.is_file():
            found[path] = path.name
        else:
            raise RoadscanError("file_missing", f"there is no file {path}", "Check its spelling")
    sources = (Source(path, name, path.stat().st_size) for path, name in found.items())
    return tuple(
        sorted(sources, key=lambda s: (FileKind.of(s.relative) is FileKind.VIDEO, s.relative))
    )


def send_files(
    connection: Connection,
    sources: Sequence[Source],
    survey: str,
    progress: Progress,
    tell: Callable[[str], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
    vehicle: Vehicle = Vehicle.CAR,
) -> Iterator[UploadedFile | InputFault]:
    """Upload files one after another; yield each when it is uploaded, or why it failed.

    `tell` is given a sentence for each attempt that failed and when the next one follows.

    Raises
    ------
    RoadscanError
        `service_unreachable` if nothing gets through for a while, and refusals by the service that
        concern all files. The service keeps the received bytes, and the same call resumes there.
    """
    _reach(connection, _Backoff(connection.url, wait, tell, NEVER_ANSWERED_S))
    drop_id = _drop_id(sources)
    progress.begin(f"{len(sources)} file(s)", sum(source.size_bytes for source in sources))
    for source in sources:
        try:
            check_file(source.path)
            sha256 = sha256_of(source.path)
            metadata = {
                "filename": source.path.name,
                "relativePath": source.relative,
                "sha256": sha256,
                "drop": drop_id,
                "dropFiles": str(len(sources)),
                "vehicle": vehicle.value,
            } | ({"survey": survey} if survey else {})
            upload = _FileUpload(
                connection, source, tus_protocol.write_metadata(metadata), progress
            )
            response = upload.send(sha256, _Backoff(connection.url, wait, tell, GIVE_UP_AFTER_S))
            yield UploadedFile(
                source, sha256, unquote(response.headers.get(tus_protocol.KNOWN_HEADER, ""))
            )
        except RoadscanError as error:
            if error.code not in _OF_ONE_FILE:
                raise
            yield InputFault.of(source.relative, error)


def _reach(connection: Connection, backoff: "_Backoff") -> None:
    """Wait until the service answers: a wrong address or key is told before files are read."""
    while True:
        try:
            connection.get("/api/uploads")
        except ConnectionLostError as error:
            backoff.lost(str(error), moved=False)
        else:
            return


@dataclass(slots=True)
class _Backoff:
    """A back-off that waits longer after each failure and gives up without progress."""

    url: str
    wait: Callable[[float], None]
    tell: Callable[[str], None]
    give_up_after_s: float
    failures: int = 0
    waited_s: float = 0.0

    def lost(self, why: str, *, moved: bool) -> None:
        """Wait before the next attempt; raises `service_unreachable`."""
        if moved:
            self.failures, self.waited_s = 0, 0.0
        pause_s = min(2.0 ** (self.failures - 1), MAX_WAIT_S) if self.failures else 0.0
        self.failures += 1
        self.waited_s += pause_s
        if self.waited_s > self.give_up_after_s:
            raise RoadscanError(
                "service_unreachable",
                f"nothing got through to {self.url} for {self.give_up_after_s:.0f} s ({why})",
                "Check the address; the same command later resumes where it stopped",
            )
        left_s = self.give_up_after_s - self.waited_s
        again = f"trying again in {pause_s:.0f} s" if pause_s else "trying again now"
        self.tell(f"{self.url}: {why}; {again}, for another {left_s:.0f} s at most")
        self.wait(pause_s)


@dataclass(slots=True)
class _FileUpload:
    """The upload of one file."""

    connection: Connection
    source: Source
    metadata: str
    progress: Progress
    url: str = ""
    offset: int | None = None
    """Bytes that the service has; None if that must be requested."""
    starts: int = 0
    shown: int = 0
    farthest: int = field(default=-1)

    def send(self, sha256: str, backoff: _Backoff) -> ServiceResponse:
        """Send until the service has the whole file; return its last response."""
        while True:
            try:
                self.url = self.url or self._unfinished(sha256)
                response = self._step()
                if response.status < 300 and tus_protocol.FILE_HEADER in response.headers:
                    self._show(self.source.size_bytes)
                    return response
                why = "" if response.status < 300 else f"HTTP status {response.status}"
            except ConnectionLostError as error:
                why = str(error)
            moved = (self.offset or 0) > self.farthest
            self.farthest = max(self.farthest, self.offset or 0)
            if why:
                self.offset = None
                backoff.lost(why, moved=moved)

    def _unfinished(self, sha256: str) -> str:
        """Return the address of an unfinished upload of this file; "" without one."""
        for upload in self.connection.get("/api/uploads"):
            if (upload["sha256"], upload["size_bytes"]) == (sha256, self.source.size_bytes):
                return str(upload["url"])
        return ""

    def _step(self) -> ServiceResponse:
        """Do the next step: create the upload, request its offset, or send a chunk."""
        if not self.url:
            response = self._create()
        elif self.offset is None:
            response = self.connection.send("HEAD", self.url)
        else:
            response = self._send_chunk(self.offset)
        if response.status < 300:
            self.offset = int(response.headers.get("Upload-Offset", 0))
            self._show(self.offset)
        elif response.status in {404, 410} and self.url:
            self.url = ""
        elif response.status in {401, 403}:
            self.connection.get(
                "/api/uploads"
            )  # unlike a response to HEAD, its refusal has a body that says why
            raise response.error()
        elif response.status not in _RETRIED:
            raise response.error()
        return response

    def _create(self) -> ServiceResponse:
        if self.starts == MAX_STARTS:
            raise RoadscanError(
                "upload_checksum",
                f"{self.source.path.name} arrived corrupted {MAX_STARTS} times",
                "Is a program writing to it? Copy it and upload the copy",
            )
        headers = {
            "Upload-Length": str(self.source.size_bytes),
            "Upload-Metadata": self.metadata,
        }
        response = self.connection.send("POST", "/uploads", headers)
        if response.status == 201:
            self.starts += 1
            self.url = self.connection.path_of(response.headers["Location"])
        return response

    def _send_chunk(self, offset: int) -> ServiceResponse:
        size = min(CHUNK_BYTES, self.source.size_bytes - offset)
        headers = {"Content-Type": tus_protocol.CHUNK_TYPE, "Upload-Offset": str(offset)}
        return self.connection.send(
            "PATCH", self.url, headers, self._read_steps(offset, size), size
        )

    def _read_steps(self, offset: int, size: int) -> Iterator[bytes]:
        with self.source.path.open("rb") as file:
            file.seek(offset)
            end = offset + size
            while offset < end:
                step = file.read(min(SEND_BYTES, end - offset))
                if not step:
                    raise RoadscanError(
                        "file_unreadable",
                        f"{self.source.path} became shorter during the upload",
                        "Upload it again when no program writes to it any more",
                    )
                yield step
                offset += len(step)
                self._show(offset)

    def _show(self, offset: int) -> None:
        self.progress.advance(offset - self.shown)
        self.shown = offset


def _usable_files(folder: Path) -> list[Path]:
    """Return the videos, tracks and camera files in a folder at any depth, except hidden ones."""
    found = []
    for here, _, names in os.walk(folder):
        paths = (Path(here, name) for name in names if not name.startswith("."))
        found += [p for p in paths if FileKind.of(p.name) is not FileKind.OTHER and p.is_file()]
    return found


def _drop_id(sources: Sequence[Source]) -> str:
    """Return an id that is always the same for the same files."""
    listed = sorted(f"{source.size_bytes} {source.relative}" for source in sources)
    return hashlib.sha256("\n".join(listed).encode(errors="surrogateescape")).hexdigest()[:32]
