"""Middleware around every response: a request id, security headers, timing."""

import secrets
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID: Final = "X-Request-Id"
current_request: Final[ContextVar[str]] = ContextVar("current_request", default="")
"""The id of the request that is being handled; "" outside of one."""

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; worker-src 'self' blob:; font-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """A handled request."""

    method: str
    path: str
    route: str
    """The route's pattern, or "none"; paths would give each id a time series of its own."""
    status: int
    seconds: float


class ResponseMiddleware:
    """ASGI middleware; each of `hears` is called with every request that was handled."""

    def __init__(self, app: ASGIApp, hears: tuple[Callable[[Answered], None], ...]) -> None:
        self._app = app
        self._hears = hears

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began, status = secrets.token_hex(8), time.perf_counter(), 500
        current_request.set(request_id)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add(MutableHeaders(scope=message), {REQUEST_ID: request_id, **SECURITY_HEADERS})
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            seconds = time.perf_counter() - began
            for hear in self._hears:
                hear(Answered(scope["method"], scope["path"], route, status, seconds))


def _add(headers: MutableHeaders, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        headers.setdefault(name, value)
