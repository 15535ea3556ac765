"""A line between browser and service that can be cut."""

import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Final

PIECE: Final = 64 * 1024


class Line:
    """Passes on what comes at `port`; cut once so many bytes have gone up, until mended."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._left: float = float("inf")
        self._cut = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut_after(self, bytes_up: int) -> None:
        self._left = bytes_up

    def wait_until_cut(self, timeout_s: float) -> None:
        assert self._cut.wait(timeout_s), "too little was sent for a cut"

    def mend(self) -> None:
        self._left = float("inf")
        self._cut.clear()

    def close(self) -> None:
        self._drop()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._cut.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._to_port))
            with self._lock:
                self._open |= {near, far}
            for source, sink, up in ((near, far, True), (far, near, False)):
                go = partial(self._pass_on, source, sink, up=up)
                threading.Thread(target=go, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, *, up: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if up:
                    self._left -= len(piece)
                    if self._left < 0:
                        self._cut.set()
                        self._drop()
                        return
                sink.sendall(piece)
        self._end(source, sink)

    def _drop(self) -> None:
        with self._lock:
            dropped, self._open = self._open, set()
        self._end(*dropped)

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._open -= set(ends)
