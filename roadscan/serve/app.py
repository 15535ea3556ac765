"""The web application of a town; it imports no model, decoder or torch."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from roadscan.serve.access.account_routes import administration_router, keys_router
from roadscan.serve.access.login import login_router
from roadscan.serve.access.oidc_routes import oidc_router
from roadscan.serve.admin_status import admin_router
from roadscan.serve.api_description import describe
from roadscan.serve.drive_routes import drives_router
from roadscan.serve.errors import tell_errors
from roadscan.serve.evidence_routes import evidence_router
from roadscan.serve.health import Metrics, health_router
from roadscan.serve.jobs.job_routes import jobs_router
from roadscan.serve.log import log_answer
from roadscan.serve.middleware import ResponseMiddleware
from roadscan.serve.network_routes import networks_router
from roadscan.serve.ogc.document_routes import layers_router
from roadscan.serve.ogc.downloads import audited_downloads
from roadscan.serve.ogc.layer_access import readable_by
from roadscan.serve.ogc.operations import describe_layers
from roadscan.serve.pages.page_routes import pages_router, static_router
from roadscan.serve.review_routes import reviews_router
from roadscan.serve.survey_routes import surveys_router
from roadscan.serve.town import Town
from roadscan.serve.uploads.tus_routes import tus_router
from roadscan.serve.uploads.upload_routes import uploads_router


def create_app(town: Town) -> FastAPI:
    """Return the service of a town; on shutdown it closes whatever the town has open."""
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
    settings, guard, metrics = town.settings, town.guard, Metrics(town)
    readable = readable_by(guard, settings.public_collections)
    app.router.on_shutdown.append(town.close)
    for router in (
        # routes are matched in order: the busiest comes first
        layers_router(town.layers, town.store, readable, audited_downloads(guard)),
        login_router(guard, settings, town.logins),
        keys_router(guard),
        administration_router(guard),
        admin_router(town),
        tus_router(guard, town.uploads),
        uploads_router(guard, town.uploads, town.queue.files_in_use),
        jobs_router(town),
        drives_router(town),
        networks_router(town),
        surveys_router(town, readable),
        evidence_router(town, readable),
        reviews_router(town),
        health_router(town, metrics),
        static_router(),
        pages_router(settings),
    ):
        app.include_router(router)
    if settings.oidc is not None:
        app.include_router(oidc_router(guard, settings, settings.oidc, town.logins))

    if settings.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allow_origins,
            expose_headers=("Link", "ETag", "Content-Crs"),
        )
    app.add_middleware(ResponseMiddleware, hears=(metrics.count, log_answer))
    return app
