"""Sends files to a service, however often the line breaks.

Each file's checksum is told first: a file that is there already need not be sent, an upload that
was begun is found again (from another machine, too), and the service compares it at the end. Pieces
carry no checksum of their own: of a piece that is cut nothing would count, and a line that is cut
more often than a piece lasts would never get through.
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
from roadscan.model.uploaded_file import FileKind
from roadscan.pipeline.progress import Progress
from roadscan.read.input_files import check_file, sha256_of
from roadscan.serve.uploads import tus_protocol
from roadscan.serve.uploads.connection import Answer, Connection, ConnectionLostError

PIECE_BYTES: Final = 64 * 1024**2
"""Of one request: proxies limit them, or keep them whole before they pass them on."""
SEND_BYTES: Final = 256 * 1024
"""What goes onto the line between two steps of the progress bar."""
PATIENCE_S: Final = 300.0
"""How long to try without a byte getting through."""
MAX_WAIT_S: Final = 20.0
MAX_BEGINNINGS: Final = 3
"""Of one file: the service throws an upload away that came spoiled."""

_AGAIN: Final = frozenset({408, 409, 423, 429, 460, 500, 502, 503, 504})
_OF_ONE_FILE: Final = frozenset(
    {"file_empty", "file_missing", "file_unreadable", "upload_name", "upload_too_large",
     "upload_checksum"}
)  # fmt: skip
"""What spoils one file while the others go on."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be sent, and where it lies in what was dropped."""

    path: Path
    relative: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is at the service now."""

    source: Source
    sha256: str
    known_as: str
    """Name under which the service had it before; "" if it was new."""


def list_sources(inputs: Sequence[Path]) -> tuple[Source, ...]:
    """Return files as given and what of use lies in folders: small sidecars before the videos.

    Raises
    ------
    RoadscanError
        `file_missing` for what is not there or a folder with nothing of use.
    """
    found: dict[Path, str] = {}
    for path in inputs:
        if path.is_dir():
            top = Path(path.resolve().name)
            inside = {p: (top / p.relative_to(path)).as_posix() for p in _of_use(path)}
            if not inside:
                raise RoadscanError(
                    "file_missing",
                    f"the folder {path} holds no video, track or camera file",
                    "Name the folder that the camera's files are in",
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
    line: Connection,
    sources: Sequence[Source],
    survey: str,
    progress: Progress,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Arrival | InputFault]:
    """Send files one after another; yield each as it has arrived, or why it cannot.

    Raises
    ------
    RoadscanError
        `service_unreachable` when nothing gets through for a while, and what the service refuses
        altogether; what has arrived stays, and the same call goes on from there.
    """
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
            } | ({"survey": survey} if survey else {})
            sending = _Sending(line, source, tus_protocol.write_metadata(metadata), progress)
            answer = sending.send(sha256, _Patience(wait))
            yield Arrival(
                source, sha256, unquote(answer.headers.get(tus_protocol.KNOWN_HEADER, ""))
            )
        except RoadscanError as error:
            if error.code not in _OF_ONE_FILE:
                raise
            yield InputFault.of(source.relative, error)


@dataclass(slots=True)
class _Patience:
    """Waits longer from one failure to the next, and gives up when nothing moves."""

    wait: Callable[[float], None]
    failures: int = 0
    waited_s: float = 0.0

    def lost(self, why: str, *, moved: bool) -> None:
        """Wait before the next try; raises `service_unreachable`."""
        if moved:
            self.failures, self.waited_s = 0, 0.0
        pause_s = min(2.0 ** (self.failures - 1), MAX_WAIT_S) if self.failures else 0.0
        self.failures += 1
        self.waited_s += pause_s
        if self.waited_s > PATIENCE_S:
            raise RoadscanError(
                "service_unreachable",
                f"nothing got through for {PATIENCE_S / 60:.0f} minutes ({why})",
                "Give the same command again later: it goes on where it was",
            )
        self.wait(pause_s)


@dataclass(slots=True)
class _Sending:
    """One file on its way."""

    line: Connection
    source: Source
    metadata: str
    progress: Progress
    url: str = ""
    offset: int | None = None
    """How far the service is; None while that has to be asked."""
    beginnings: int = 0
    shown: int = 0
    farthest: int = field(default=-1)

    def send(self, sha256: str, patience: _Patience) -> Answer:
        """Send until the service has made a file of it; return its last answer."""
        while True:
            try:
                self.url = self.url or self._begun(sha256)
                answer = self._step()
                if answer.status < 300 and tus_protocol.FILE_HEADER in answer.headers:
                    self._show(self.source.size_bytes)
                    return answer
                why = "" if answer.status < 300 else f"HTTP status {answer.status}"
            except ConnectionLostError as error:
                why = str(error)
            moved = (self.offset or 0) > self.farthest
            self.farthest = max(self.farthest, self.offset or 0)
            if why:
                self.offset = None
                patience.lost(why, moved=moved)

    def _begun(self, sha256: str) -> str:
        """Return the address of an upload of this file that was begun before; "" without one."""
        for told in self.line.get("/api/uploads"):
            if (told["sha256"], told["size_bytes"]) == (sha256, self.source.size_bytes):
                return str(told["url"])
        return ""

    def _step(self) -> Answer:
        """Do what comes next: begin, ask how far it is, or send a piece."""
        if not self.url:
            answer = self._create()
        elif self.offset is None:
            answer = self.line.ask("HEAD", self.url)
        else:
            answer = self._send_piece(self.offset)
        if answer.status < 300:
            self.offset = int(answer.headers.get("Upload-Offset", 0))
            self._show(self.offset)
        elif answer.status in {404, 410} and self.url:
            self.url = ""
        elif answer.status in {401, 403}:
            self.line.get("/api/uploads")  # whose refusal says why; one to HEAD cannot
            raise answer.error()
        elif answer.status not in _AGAIN:
            raise answer.error()
        return answer

    def _create(self) -> Answer:
        if self.beginnings == MAX_BEGINNINGS:
            raise RoadscanError(
                "upload_checksum",
                f"{self.source.path.name} arrived spoiled {MAX_BEGINNINGS} times",
                "Does something write to it? Copy it, and send the copy",
            )
        headers = {
            "Upload-Length": str(self.source.size_bytes),
            "Upload-Metadata": self.metadata,
        }
        answer = self.line.ask("POST", "/uploads", headers)
        if answer.status == 201:
            self.beginnings += 1
            self.url = self.line.path_of(answer.headers["Location"])
        return answer

    def _send_piece(self, offset: int) -> Answer:
        size = min(PIECE_BYTES, self.source.size_bytes - offset)
        headers = {"Content-Type": tus_protocol.PIECE_TYPE, "Upload-Offset": str(offset)}
        return self.line.ask("PATCH", self.url, headers, self._in_steps(offset, size), size)

    def _in_steps(self, offset: int, size: int) -> Iterator[bytes]:
        with self.source.path.open("rb") as file:
            file.seek(offset)
            end = offset + size
            while offset < end:
                step = file.read(min(SEND_BYTES, end - offset))
                if not step:
                    raise RoadscanError(
                        "file_unreadable",
                        f"{self.source.path} became shorter while it was sent",
                        "Send it again when nothing writes to it any more",
                    )
                yield step
                offset += len(step)
                self._show(offset)

    def _show(self, offset: int) -> None:
        self.progress.advance(offset - self.shown)
        self.shown = offset


def _of_use(folder: Path) -> list[Path]:
    """Return the files of a folder, at any depth, that are a drive's; hidden ones are none."""
    found = []
    for here, _, names in os.walk(folder):
        paths = (Path(here, name) for name in names if not name.startswith("."))
        found += [p for p in paths if FileKind.of(p.name) is not FileKind.OTHER and p.is_file()]
    return found


def _drop_id(sources: Sequence[Source]) -> str:
    """Return an id that the same files get again, on whatever day."""
    told = sorted(f"{source.size_bytes} {source.relative}" for source in sources)
    return hashlib.sha256("\n".join(told).encode(errors="surrogateescape")).hexdigest()[:32]
