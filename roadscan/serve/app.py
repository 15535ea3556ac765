"""Puts the service together; imports no model, decoder or torch."""

import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI, Request, Response

from roadscan.serve.access.administration import administration_router
from roadscan.serve.access.guard import Guard
from roadscan.serve.access.keys import keys_router
from roadscan.serve.access.login import login_router
from roadscan.serve.errors import tell_errors
from roadscan.serve.settings import ServeSettings
from roadscan.store.accounts import Accounts
from roadscan.store.sqlite import SqliteStore

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


def create_app(settings: ServeSettings, store: SqliteStore) -> FastAPI:
    """Return the service of one town over its store."""
    app = FastAPI(
        title="roadscan",
        version=version("roadscan"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    tell_errors(app)
    guard = Guard(Accounts(store.engine, time.time))
    for router in (login_router(guard, settings), keys_router(guard), administration_router(guard)):
        app.include_router(router)

    @app.middleware("http")
    async def secure(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        answer = await go_on(request)
        for name, value in SECURITY_HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return app
