"""Start the process that decodes a video and read its responses, which are untrusted too."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import numpy as np

from roadscan.errors import EXIT_CODES, RoadscanError

MAX_ANSWER_BYTES = 1 << 20
HINT = "The file is damaged or malicious: copy it again from the camera"


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Limits of a decoder, beyond which its file counts as hostile or broken."""

    threads: int = max(2, min(4, os.cpu_count() or 2))
    memory_bytes: int = 4 << 30
    """Address space: 8K frames in flight on several threads need over 1 GiB."""
    stall_s: float = 60.0
    """Seconds without a heartbeat."""
    max_width: int = 8192
    max_height: int = 4608
    frames_ahead: int = 2
    """Pictures taken from the decoder ahead of the current one."""

    @property
    def picture_bytes(self) -> int:
        """Size of the largest picture allowed."""
        return self.max_width * self.max_height * 3


class Decoding:
    """A request to a decoder process, which ends with the last response or its crash."""

    def __init__(self, path: Path, request: dict[str, Any], limits: DecodeLimits) -> None:
        self._name = path.name
        self._limits = limits
        self._process = subprocess.Popen(
            # -P: import no module from the working directory, which may hold untrusted files
            [sys.executable, "-P", "-m", "roadscan.read.video_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue(limits.frames_ahead)
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
        pipe = self._process.stdin
        with suppress(OSError):  # a child that is already dead is noticed by its missing response
            if pipe is not None:
                pipe.write(json.dumps(full).encode() + b"\n")
                pipe.close()

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield the child's responses, a picture as `image`; its crash or silence is an error.

        Raises
        ------
        RoadscanError
            The child's refusal, `video_decoder_crashed` or `video_decoder_timeout`.
        """
        try:
            while True:
                answer = self._next()
                if "refused" in answer:
                    raise RoadscanError(*answer["refused"])
                if "done" in answer:
                    return
                if "alive" not in answer:
                    yield answer
        finally:
            self._stop()

    def _stop(self) -> None:
        """End the child, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        while self._reader.is_alive():
            with suppress(queue.Empty):
                self._answers.get(timeout=0.01)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        pipe = cast("BufferedReader", self._process.stdout)
        answer: dict[str, Any] | None = {}
        while answer is not None:
            answer = self._read_answer(pipe)
            self._answers.put(answer)

    def _read_answer(self, pipe: BufferedReader) -> dict[str, Any] | None:
        """Return the next response; None if the child ended or sent something invalid."""
        line = pipe.readline(MAX_ANSWER_BYTES)
        if not line.endswith(b"\n"):
            return None
        try:
            answer: dict[str, Any] = dict(json.loads(line))
            if "refused" in answer and answer["refused"][0] not in EXIT_CODES:
                return None
            if "shape" in answer:
                answer["image"] = self._read_picture(pipe, answer["shape"])
        except (ValueError, TypeError):
            return None
        return answer

    def _read_picture(self, pipe: BufferedReader, shape: list[int]) -> Any:
        if not 0 < np.prod(shape, dtype=np.float64) <= self._limits.picture_bytes:
            raise ValueError(shape)
        image = np.empty(shape, np.uint8)
        if pipe.readinto(image.data.cast("B")) != image.nbytes:
            raise ValueError(shape)
        return image

    def _next(self) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=self._limits.stall_s)
        except queue.Empty:
            raise RoadscanError(
                "video_decoder_timeout",
                f"{self._name}: no picture for {self._limits.stall_s:.0f} s",
                HINT,
            ) from None
        if answer is None:
            raise RoadscanError(
                "video_decoder_crashed",
                f"{self._name} crashed its decoder (exit code {self._exit_code()})",
                HINT,
            )
        return answer

    def _exit_code(self) -> int:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(1.0)
        self._process.kill()
        return self._process.wait()
