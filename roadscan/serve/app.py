"""Puts the service together; imports no model, decoder or torch."""

import time
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from roadscan.serve.access.account_routes import administration_router, keys_router
from roadscan.serve.access.guard import Guard
from roadscan.serve.access.login import login_router
from roadscan.serve.access.oidc_routes import oidc_router
from roadscan.serve.admin_status import premises_router
from roadscan.serve.api_description import describe
from roadscan.serve.drive_routes import Eraser, erasing_router
from roadscan.serve.errors import tell_errors
from roadscan.serve.health import Metrics, health_router
from roadscan.serve.jobs.check_routes import checks_router
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.job_routes import jobs_router
from roadscan.serve.jobs.maintenance_routes import chores_router
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.log import log_answer
from roadscan.serve.middleware import ResponseMiddleware
from roadscan.serve.networks import networks_router
from roadscan.serve.ogc.document_routes import layers_router
from roadscan.serve.ogc.downloads import audited_downloads
from roadscan.serve.ogc.layer_access import readable_by
from roadscan.serve.ogc.operations import describe_layers
from roadscan.serve.pages.page_routes import pages_router, static_router
from roadscan.serve.reviews import reviews_router
from roadscan.serve.segment_evidence import evidence_router
from roadscan.serve.settings import ServeSettings
from roadscan.serve.surveys import surveys_router
from roadscan.serve.town import jobs_url
from roadscan.serve.uploads.tus_routes import tus_router
from roadscan.serve.uploads.upload_routes import uploads_router
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts, OutsideLogins
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions
from roadscan.store.town.workers import WorkerHeartbeats


def create_app(settings: ServeSettings, store: Store) -> FastAPI:
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
    describe_layers(app)
    guard = Guard(Accounts(store.engine, time.time))
    logins = OutsideLogins(store.engine, guard.accounts)
    files = Files(store.engine)
    networks = NetworkVersions(store.engine, time.time)
    workers = WorkerHeartbeats(store.engine, time.time)
    features = LayerStore(store.engine)
    readable = readable_by(guard, settings.public_collections)
    arrivals = UploadService(UploadStorage(settings.data, settings.upload_limits), files)
    queue, metrics = JobQueue(jobs_url(settings)), Metrics(settings, workers)
    drives = Drives(files, networks, store, queue)
    app.router.on_shutdown.append(queue.close)
    for router in (
        # the first one is asked most often: routes are looked for in their order
        layers_router(features, store, readable, audited_downloads(guard)),
        login_router(guard, settings, logins),
        keys_router(guard),
        administration_router(guard),
        premises_router(guard, settings, store, queue, workers),
        tus_router(guard, arrivals),
        uploads_router(guard, arrivals),
        jobs_router(guard, drives),
        chores_router(guard, settings, queue, networks),
        checks_router(guard, drives, arrivals),
        erasing_router(guard, Eraser(settings.data, drives, arrivals, features)),
        networks_router(guard, queue, files, networks, store),
        surveys_router(features, store, readable),
        evidence_router(guard, features, store, readable),
        reviews_router(guard, store),
        health_router(settings, store.engine, workers, metrics),
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
    app.add_middleware(ResponseMiddleware, hears=(metrics.count, log_answer))
    return app
