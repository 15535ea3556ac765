"""An HTTP connection that may break at any moment; standard library only."""

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
    """No complete response came back."""


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    """Response of the service."""

    status: int
    headers: Message
    body: bytes

    def error(self) -> RoadscanError:
        """Return the error in the response, under its own code if it is one of ours."""
        where = self.headers.get("Location")
        if 300 <= self.status < 400 and where:
            return _unexpected(f"the service has moved to {where[:200]!a}", "Name that address")
        try:
            problem = json.loads(self.body)
            code, title, hint = (str(problem[key]) for key in ("code", "title", "hint"))
        except (ValueError, KeyError, TypeError):
            return _unexpected(f"HTTP status {self.status}", "Is this the address of roadscan?")
        if code not in EXIT_CODES:
            return _unexpected(f"{code}: {title}", hint)
        return RoadscanError(code, title, hint)


@dataclass(slots=True)
class Connection:
    """A service's address and the connection to it, which is reopened after a break."""

    url: str
    key: str
    timeout_s: float = TIMEOUT_S
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Refuse an invalid address."""
        try:
            parts = urlsplit(self.url)
            wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
        except ValueError:
            wrong = True
        if wrong:
            raise RoadscanError(
                "option_invalid",
                f"--server {self.url!a} is not a valid address",
                "Write it as https://roadscan.town.example or http://127.0.0.1:8000",
            )

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes] = (),
        size_bytes: int = 0,
    ) -> ServiceResponse:
        """Send a request with a body of known size and return the response, whatever its status.

        Raises
        ------
        ConnectionLostError
            Without a complete response.
        """
        sent = {"Tus-Resumable": tus_protocol.VERSION, "X-API-Key": self.key, **(headers or {})}
        if method in {"POST", "PATCH"}:
            sent["Content-Length"] = str(size_bytes)
        connection = self._connection = self._connection or self._connect()
        try:
            if connection.sock is None:
                connection.connect()
            with suppress(ConnectionError):  # the response may come before all is sent
                connection.request(method, self._prefix() + path, body, sent)
            received = connection.getresponse()
            response = ServiceResponse(received.status, received.headers, received.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionLostError(
                " ".join(str(error).split()) or type(error).__name__
            ) from error
        except RoadscanError:  # the body ended early: the request cannot be completed
            self.close()
            raise
        if received.will_close:
            self.close()
        return response

    def get(self, path: str) -> Any:
        """Return the JSON of a path; raises `ConnectionLostError` or the service's error."""
        response = self.send("GET", path)
        if response.status >= 500:
            raise ConnectionLostError(f"HTTP status {response.status}")
        if response.status != 200:
            raise response.error()
        try:
            return json.loads(response.body)
        except ValueError:
            raise _unexpected("not JSON", "Is this the address of roadscan?") from None

    def path_of(self, location: str) -> str:
        """Return the path of an address from the service, as `send` takes it."""
        return urlsplit(location).path.removeprefix(self._prefix())

    def close(self) -> None:
        """Close the connection."""
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


def _unexpected(what: str, hint: str) -> RoadscanError:
    return RoadscanError("service_answer", f"the service answered: {what}", hint)
