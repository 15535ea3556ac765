"""Reads untrusted videos: facts, wanted frames, small grey frames; decoding is a child process."""

import json
import mmap
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.model.drive import VideoInfo
from roadscan.model.picture import Frame
from roadscan.read.files import check_file, sha256_of
from roadscan.read.track_fixes import epoch_s


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a decoder may use before it is taken for hostile or broken."""

    threads: int = 2
    memory_bytes: int = 4 << 30
    """Of address space: 8K frames in flight on several threads need over 1 GiB."""
    stall_s: float = 60.0
    """Without any sign of life."""
    max_width: int = 8192
    max_height: int = 4608
    slots: int = 4
    """Frames decoded ahead of the one that is looked at."""


MIN_MISSING_S = 0.5
MIN_MISSING_SHARE = 0.01
"""A video that plays shorter than it claims by both of these was cut off."""


def probe(path: Path, limits: DecodeLimits | None = None) -> VideoInfo:
    """Find out what a video really holds: all packets are read, one frame is decoded.

    `started_s` is the container's creation time, never the file's. Times in a video count from its
    first presented frame.

    Raises
    ------
    RoadscanError
        `video_not_a_video`, `video_no_picture_stream`, `video_container_not_allowed`,
        `video_codec_not_allowed`, `video_too_large`, `video_decoder_crashed`,
        `video_decoder_timeout`, and what `check_file` raises.
    """
    check_file(path)
    request = {"task": "probe"}
    facts: dict[str, Any] = {}
    for answer in _Child(path, request, limits or DecodeLimits()).answers():
        facts.update(answer)
    claimed_s, playable_s = facts["claimed_s"], facts["playable_s"]
    missing_s = claimed_s - playable_s
    warnings = []
    if missing_s > max(MIN_MISSING_S, MIN_MISSING_SHARE * claimed_s):
        warnings.append(f"truncated: plays {playable_s:.1f} s of the {claimed_s:.1f} s claimed")
    return VideoInfo(
        name=path.name,
        sha256=sha256_of(path),
        container=facts["container"],
        codec=facts["codec"],
        width=facts["width"],
        height=facts["height"],
        rotation_deg=facts["rotation_deg"],
        claimed_s=claimed_s,
        playable_s=playable_s,
        frames=facts["frames"],
        frame_rate_hz=facts["frames"] / playable_s if playable_s > 0 else 0.0,
        variable_frame_rate=facts["variable_frame_rate"],
        started_s=_created_s(facts["created"]),
        streams=tuple(facts["streams"]),
        warnings=tuple(warnings),
    )


def frames_at(path: Path, times_s: Floats, limits: DecodeLimits | None = None) -> Iterator[Frame]:
    """Yield the frame on show at each time (ascending, seconds), upright, BGR, each frame once.

    Decoding runs ahead in the child by a few frames. The stream ends early where the video does.

    Raises
    ------
    RoadscanError
        As `probe`.
    """
    if len(times_s) == 0:
        return
    request = {"task": "frames", "times_s": [float(t) for t in times_s]}
    yield from _frames(path, request, limits or DecodeLimits())


def grey_frames(
    path: Path,
    windows: Sequence[tuple[float, float]],
    rate_hz: float,
    width: int,
    limits: DecodeLimits | None = None,
) -> Iterator[Frame]:
    """Yield small grey frames inside the windows (seconds), at most `rate_hz` of them.

    Raises
    ------
    RoadscanError
        As `probe`.
    """
    if not windows:
        return
    request = {"task": "grey", "windows": list(windows), "rate_hz": rate_hz, "width": width}
    yield from _frames(path, request, limits or DecodeLimits())


def _frames(path: Path, request: dict[str, Any], limits: DecodeLimits) -> Iterator[Frame]:
    facts: dict[str, Any] = {}
    for answer in _Child(path, {"task": "probe"}, limits).answers():
        facts.update(answer)
    slot_bytes = facts["width"] * facts["height"] * 3
    with _Ring(slot_bytes, limits.slots) as ring:
        request |= {"ring": ring.name, "slot_bytes": slot_bytes, "slots": limits.slots}
        child = _Child(path, request, limits)
        try:
            for answer in child.answers():
                if "slot" in answer:
                    yield Frame(answer["t_s"], ring.image(answer["slot"], answer["shape"]))
                    child.give_back()
        finally:
            child.stop()


def _created_s(created: str | None) -> float | None:
    try:
        return None if created is None else epoch_s(datetime.fromisoformat(created))
    except ValueError:
        return None


class _Ring:
    """A file of slots that parent and child share in memory; gone when it is closed."""

    def __init__(self, slot_bytes: int, slots: int) -> None:
        memory_folder = Path("/dev/shm")  # noqa: S108 -- memory, where the system has it
        folder = memory_folder if memory_folder.is_dir() else None
        handle, self.name = tempfile.mkstemp(prefix="roadscan-", dir=folder)
        os.ftruncate(handle, slot_bytes * slots)
        self._memory = mmap.mmap(handle, slot_bytes * slots)
        self._slot_bytes = slot_bytes
        os.close(handle)

    def __enter__(self) -> "_Ring":
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()
        Path(self.name).unlink(missing_ok=True)

    def image(self, slot: int, shape: Sequence[int]) -> Any:
        """Return the picture in a slot, as a copy: the slot is filled anew."""
        count = int(np.prod(shape))
        slots = np.frombuffer(self._memory, np.uint8, count, slot * self._slot_bytes)
        return slots.reshape(shape).copy()


class _Child:
    """The decoding process and its answers."""

    def __init__(self, path: Path, request: dict[str, Any], limits: DecodeLimits) -> None:
        self._name = path.name
        self._stall_s = limits.stall_s
        self._process = subprocess.Popen(
            [sys.executable, "-m", "roadscan.read.video_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        full = {
            **request,
            "path": str(path.resolve()),
            "name": path.name,
            "threads": limits.threads,
            "memory_bytes": limits.memory_bytes,
            "max_width": limits.max_width,
            "max_height": limits.max_height,
        }
        self._write(json.dumps(full).encode() + b"\n")

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield the child's answers until it is done; its crash or silence is the file's error."""
        try:
            while True:
                answer = self._next()
                if "refused" in answer:
                    raise RoadscanError(*answer["refused"])
                if "done" in answer:
                    return
                if "alive" not in answer and "ready" not in answer:
                    yield answer
        finally:
            self.stop()

    def give_back(self) -> None:
        """Let the child fill one more slot."""
        self._write(b".")

    def stop(self) -> None:
        """End the child, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # a dead child is found by its missing answer
            if self._process.stdin is not None:
                self._process.stdin.write(data)
                self._process.stdin.flush()

    def _read(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(b"")

    def _next(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=self._stall_s)
        except queue.Empty:
            raise RoadscanError(
                "video_decoder_timeout",
                f"{self._name}: no picture for {self._stall_s:.0f} s",
                "The file is damaged or made to harm: copy it again from the camera",
            ) from None
        if not line.endswith(b"\n"):
            code = self._process.wait()
            raise RoadscanError(
                "video_decoder_crashed",
                f"{self._name} ended its decoder (exit {code})",
                "The file is damaged or made to harm: copy it again from the camera",
            )
        answer: dict[str, Any] = json.loads(line)
        return answer
