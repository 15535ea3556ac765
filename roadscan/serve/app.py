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
from roadscan.serve.features.layers import readable_by
from roadscan.serve.features.router import features_router
from roadscan.serve.jobs.queue import JobQueue, jobs_url
from roadscan.serve.jobs.router import jobs_router, networks_router
from roadscan.serve.pages.router import pages_router
from roadscan.serve.pages.static import static_router
from roadscan.serve.settings import ServeSettings
from roadscan.serve.surveys import surveys_router
from roadscan.serve.uploads.api import uploads_api
from roadscan.serve.uploads.finish import Arrivals
from roadscan.serve.uploads.router import tus_router
from roadscan.serve.uploads.storage import UploadStorage
from roadscan.store.accounts import Accounts
from roadscan.store.features import FeatureStore
from roadscan.store.files import Files
from roadscan.store.sqlite import SqliteStore
from roadscan.store.town import Town

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
    files, town = Files(store.engine), Town(store.engine, time.time)
    features = FeatureStore(store.engine)
    readable = readable_by(guard, settings.public_collections)
    arrivals = Arrivals(UploadStorage(settings.data, settings.upload_limits), files)
    queue = JobQueue(jobs_url(settings.data))
    app.router.on_shutdown.append(queue.close)
    for router in (
        login_router(guard, settings),
        keys_router(guard),
        administration_router(guard),
        tus_router(guard, arrivals),
        uploads_api(guard, arrivals),
        jobs_router(guard, queue, files, town),
        networks_router(guard, queue, files, town),
        features_router(features, store, readable),
        surveys_router(features, store, readable),
        static_router(),
        pages_router(),
    ):
        app.include_router(router)

    @app.middleware("http")
    async def secure(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        answer = await go_on(request)
        for name, value in SECURITY_HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return app
