"""Puts the service together; imports no model, decoder or torch."""

import time
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from roadscan.serve.access.administration import administration_router
from roadscan.serve.access.guard import Guard
from roadscan.serve.access.keys import keys_router
from roadscan.serve.access.login import login_router
from roadscan.serve.access.oidc import oidc_router
from roadscan.serve.databases import jobs_url
from roadscan.serve.description import describe
from roadscan.serve.envelope import Envelope
from roadscan.serve.erasing import Eraser, erasing_router
from roadscan.serve.errors import tell_errors
from roadscan.serve.evidence import evidence_router
from roadscan.serve.features.exports import exports_on_record
from roadscan.serve.features.layers import readable_by
from roadscan.serve.features.router import features_router
from roadscan.serve.health import Metrics, health_router
from roadscan.serve.jobs.checks import checks_router
from roadscan.serve.jobs.chores import chores_router
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.router import jobs_router
from roadscan.serve.log import log_answer
from roadscan.serve.networks import networks_router
from roadscan.serve.pages.router import pages_router
from roadscan.serve.pages.static import static_router
from roadscan.serve.premises import premises_router
from roadscan.serve.reviews import reviews_router
from roadscan.serve.settings import ServeSettings
from roadscan.serve.surveys import surveys_router
from roadscan.serve.uploads.api import uploads_api
from roadscan.serve.uploads.finish import Arrivals
from roadscan.serve.uploads.router import tus_router
from roadscan.serve.uploads.storage import UploadStorage
from roadscan.store.accounts import Accounts
from roadscan.store.features import FeatureStore
from roadscan.store.files import Files
from roadscan.store.outside_logins import OutsideLogins
from roadscan.store.sql import SqlStore
from roadscan.store.town import Town


def create_app(settings: ServeSettings, store: SqlStore) -> FastAPI:
    """Return the service of one town over its store."""
    app = FastAPI(
        title="roadscan",
        version=version("roadscan"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    tell_errors(app)
    describe(app)
    guard = Guard(Accounts(store.engine, time.time))
    logins = OutsideLogins(store.engine, guard.accounts)
    files, town = Files(store.engine), Town(store.engine, time.time)
    features = FeatureStore(store.engine)
    readable = readable_by(guard, settings.public_collections)
    arrivals = Arrivals(UploadStorage(settings.data, settings.upload_limits), files)
    queue, metrics = JobQueue(jobs_url(settings)), Metrics(settings, town)
    drives = Drives(files, town, store, queue)
    app.router.on_shutdown.append(queue.close)
    for router in (
        # the first one is asked most often: routes are looked for in their order
        features_router(features, store, readable, exports_on_record(guard)),
        login_router(guard, settings, logins),
        keys_router(guard),
        administration_router(guard),
        premises_router(guard, settings, store, queue, town),
        tus_router(guard, arrivals),
        uploads_api(guard, arrivals),
        jobs_router(guard, drives),
        chores_router(guard, settings, queue, town),
        checks_router(guard, drives, arrivals),
        erasing_router(guard, Eraser(settings.data, drives, arrivals, features)),
        networks_router(guard, queue, files, town, store),
        surveys_router(features, store, readable),
        evidence_router(guard, features, store, readable),
        reviews_router(guard, store),
        health_router(settings, store.engine, town, metrics),
        static_router(),
        pages_router(settings),
    ):
        app.include_router(router)
    if settings.oidc is not None:
        app.include_router(oidc_router(guard, settings, settings.oidc, logins))

    if settings.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allow_origins,
            expose_headers=("Link", "ETag", "Content-Crs"),
        )
    app.add_middleware(Envelope, hears=(metrics.count, log_answer))
    return app
