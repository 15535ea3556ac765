"""A line to a service that may break at any moment; nothing but the standard library."""

import http.client
import json
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Final
from urllib.parse import urlsplit

from roadscan.errors import EXIT_CODES, RoadscanError
from roadscan.serve.uploads import tus_protocol

TIMEOUT_S: Final = 60.0


class ConnectionLostError(Exception):
    """No answer, or no whole one, came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered."""

    status: int
    headers: Message
    body: bytes

    def error(self) -> RoadscanError:
        """Return what the service has to say, under its own code where that is one of ours."""
        where = self.headers.get("Location")
        if 300 <= self.status < 400 and where:
            return _no_answer(f"the service has moved to {where[:200]!a}", "Name that address")
        try:
            told = json.loads(self.body)
            code, title, hint = (str(told[key]) for key in ("code", "title", "hint"))
        except (ValueError, KeyError, TypeError):
            return _no_answer(f"HTTP status {self.status}", "Is this the address of roadscan?")
        if code not in EXIT_CODES:
            return _no_answer(f"{code}: {title}", hint)
        return RoadscanError(code, title, hint)


@dataclass(slots=True)
class Connection:
    """A service's address and the connection to it, made anew whenever it broke."""

    url: str
    key: str
    timeout_s: float = TIMEOUT_S
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        try:
            parts = urlsplit(self.url)
            wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
        except ValueError:
            wrong = True
        if wrong:
            raise RoadscanError(
                "option_invalid",
                f"--server {self.url!a} is no address",
                "Give it as https://roadscan.town.example or http://127.0.0.1:8000",
            )

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes] = (),
        size_bytes: int = 0,
    ) -> Answer:
        """Send a request with a body of a known size, and return the answer, whatever it is.

        Raises
        ------
        ConnectionLostError
            Without a whole answer.
        """
        given = {"Tus-Resumable": tus_protocol.VERSION, "X-API-Key": self.key, **(headers or {})}
        if method in {"POST", "PATCH"}:
            given["Content-Length"] = str(size_bytes)
        line = self._connection = self._connection or self._connect()
        try:
            if line.sock is None:
                line.connect()
            with suppress(ConnectionError):  # the answer may have come before all was sent
                line.request(method, self._prefix() + path, body, given)
            got = line.getresponse()
            answer = Answer(got.status, got.headers, got.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionLostError(
                " ".join(str(error).split()) or type(error).__name__
            ) from error
        except RoadscanError:  # the body has no more to give: what was begun cannot be ended
            self.close()
            raise
        if got.will_close:
            self.close()
        return answer

    def get(self, path: str) -> Any:
        """Return the JSON of a path; raises `ConnectionLostError`, and what the service refuses."""
        answer = self.ask("GET", path)
        if answer.status >= 500:
            raise ConnectionLostError(f"HTTP status {answer.status}")
        if answer.status != 200:
            raise answer.error()
        try:
            return json.loads(answer.body)
        except ValueError:
            raise _no_answer("no JSON", "Is this the address of roadscan?") from None

    def path_of(self, location: str) -> str:
        """Return the path of an address that the service gave, as `ask` takes it."""
        return urlsplit(location).path.removeprefix(self._prefix())

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _prefix(self) -> str:
        return urlsplit(self.url).path.rstrip("/")

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host, port = str(parts.hostname), parts.port
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self.timeout_s, context=context)
        return http.client.HTTPConnection(host, port, timeout=self.timeout_s)


def _no_answer(what: str, hint: str) -> RoadscanError:
    return RoadscanError("service_answer", f"the service answered: {what}", hint)
