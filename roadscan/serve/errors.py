"""Errors as HTTP responses: RFC 9457 problem details with a stable code."""

import errno
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from roadscan.errors import EXIT_CODES, ExitCode, RoadscanError
from roadscan.store.database import FULL_RETRY_S, explained

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
PROBLEM: Final = "application/problem+json"

# Codes whose status differs from that of their exit code (see below).
HTTP_STATUS: Final[dict[str, int]] = {
    "account_exists": 409,
    "account_unknown": 404,
    "key_unknown": 404,
    "last_administrator": 409,
    "login_failed": 401,
    "login_too_often": 429,
    "oidc_unreachable": 502,
    "oidc_refused": 401,
    "oidc_state": 400,
    "oidc_no_role": 403,
    "not_logged_in": 401,
    "not_allowed": 403,
    "csrf_token_wrong": 403,
    "job_unknown": 404,
    "job_not_stopped": 409,
    "check_not_ended": 409,
    "drive_not_waiting": 409,
    "drive_unknown": 404,
    "drive_in_work": 409,
    "network_missing": 409,
    "network_unknown": 404,
    "survey_other_network": 409,
    "survey_unknown": 404,
    "evidence_unknown": 404,
    "photo_missing": 404,
    "review_unknown": 404,
    "layer_unknown": 404,
    "feature_unknown": 404,
    "invitation_used": 410,
    "file_missing": 404,
    "output_disk_full": 507,
    "output_in_use": 409,
    "output_not_writable": 500,
    "store_version": 500,
    "store_busy": 503,
    "store_unreachable": 503,
    "store_malformed": 500,
    "video_too_large": 413,
    "track_too_large": 413,
    "upload_version": 412,
    "upload_content_type": 415,
    "upload_unknown": 404,
    "upload_gone": 410,
    "upload_offset": 409,
    "upload_locked": 423,
    "upload_too_large": 413,
    "upload_quota": 413,
    "upload_checksum": 460,
    "upload_stalled": 503,
    "file_in_use": 409,
}
RETRY_AFTER_S: Final = {503: 10.0, 507: FULL_RETRY_S}
"""When to try again where the error does not say, by HTTP status."""
_BY_EXIT: Final = {
    ExitCode.WRONG_OPTIONS: 400,
    ExitCode.BAD_INPUT: 400,
    ExitCode.NOTHING_ASSESSED: 422,
    ExitCode.INTERNAL: 500,
}


class Problem(BaseModel):
    """A problem document (RFC 9457), with the code that docs/errors.md explains."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    status: int
    code: str
    title: str
    """What was wrong with the value seen."""
    hint: str
    """What to do about it."""


def status_of(error: RoadscanError) -> int:
    """Return the HTTP status of an error."""
    return status_of_code(error.code)


def status_of_code(code: str) -> int:
    """Return the HTTP status of an error by its code."""
    return HTTP_STATUS.get(code, _BY_EXIT[EXIT_CODES[code]])


def problem(status: int, code: str, title: str, hint: str, **headers: str) -> JSONResponse:
    """Return a problem document."""
    body = Problem(status=status, code=code, title=title, hint=hint).model_dump()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, names, media_type=PROBLEM)


def tell_errors(app: FastAPI) -> None:
    """Turn every error into a problem document."""

    @app.exception_handler(OperationalError)
    def _store(request: Request, error: OperationalError) -> JSONResponse:
        return _coded(request, explained(error, "the service's database"))

    @app.exception_handler(OSError)
    def _system(request: Request, error: OSError) -> JSONResponse:
        if error.errno not in FULL:
            raise error
        what, hint = "the disk of the service is full", "An administrator has to make room"
        full = RoadscanError("output_disk_full", what, hint, retry_after_s=FULL_RETRY_S)
        return _coded(request, full)

    @app.exception_handler(RoadscanError)
    def _coded(request: Request, error: RoadscanError) -> JSONResponse:
        headers = {}
        if error.code == "not_logged_in" and request.url.path.startswith("/ogc"):
            # makes GIS programs prompt for a name and a key; on the pages, browsers would too
            headers["WWW_Authenticate"] = 'Basic realm="roadscan", charset="UTF-8"'
        status = status_of(error)
        retry_after_s = error.facts.get("retry_after_s", RETRY_AFTER_S.get(status))
        if retry_after_s is not None:
            headers["Retry_After"] = str(round(float(retry_after_s)))
        return problem(status, error.code, error.message, error.hint, **headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(400, "request_invalid", f"{where}: {first['msg']}", "See /api/openapi.json")

    @app.exception_handler(HTTPException)
    def _plain(request: Request, error: HTTPException) -> JSONResponse:
        hint = f"{request.method} {request.url.path}"
        headers = dict(error.headers or {})
        answer = problem(error.status_code, "http", str(error.detail), hint)
        answer.headers.update(headers)
        return answer

    @app.exception_handler(Exception)
    def _internal(_: Request, error: Exception) -> JSONResponse:
        hint = "This is a fault of roadscan: the log of the service has the details"
        return problem(500, "internal", type(error).__name__, hint)
