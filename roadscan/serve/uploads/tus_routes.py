"""The tus 1.0.0 protocol: core, creation, expiration, termination, checksum.

The routes read headers and bodies themselves; `_CREATE` and the like put them into the API
description.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import quote

from anyio import CancelScope
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import Answers, Described, problems
from roadscan.serve.errors import problem, status_of
from roadscan.serve.periodic_task import hourly
from roadscan.serve.uploads import tus_protocol
from roadscan.serve.uploads.upload_folder import State, Upload
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.writer import Writer
from roadscan.store.town.accounts import Accounts

PATH: Final = "/uploads"
BATCH_BYTES: Final = 4 * 1024**2
BATCH_S: Final = 1.0
"""Size and duration of a batch: a thread writes one while the next is received."""
IDLE_S: Final = 30.0
"""A request that sends nothing for this long is ended, so that its sender can resume."""

_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
_TEXT: Final = {"type": "string"}
_VERSION_SCHEMA: Final = {"type": "string", "enum": [tus_protocol.VERSION]}
_CHECKSUM: Final = {
    "type": "string",
    "pattern": f"^({'|'.join(tus_protocol.CHECKSUMS)}) [A-Za-z0-9+/]+={{0,2}}$",
}
_OVERRIDDEN: Final = {"type": "string", "enum": ["PATCH", "HEAD", "DELETE"]}
_EVERY_RESPONSE: Final = {"Tus-Resumable": {"schema": _VERSION_SCHEMA}}
_UPLOAD_RESPONSE: Final = _EVERY_RESPONSE | {
    "Upload-Offset": {"schema": _COUNT},
    "Upload-Expires": {"schema": _TEXT, "description": "Until it is complete"},
    tus_protocol.FILE_HEADER: {"schema": _TEXT, "description": "SHA-256 of the finished file"},
    tus_protocol.KNOWN_HEADER: {
        "schema": _TEXT,
        "description": "Name under which these bytes were stored before",
    },
}


def _header(name: str, schema: Described, *, required: bool = False) -> Described:
    return {"name": name, "in": "header", "required": required, "schema": schema}


def _response(description: str, headers: Described) -> Described:
    return {"description": description, "headers": headers}


_TUS_RESUMABLE: Final = _header("Tus-Resumable", _VERSION_SCHEMA, required=True)
_UPLOAD_CHECKSUM: Final = _header("Upload-Checksum", _CHECKSUM)
_CHUNK: Final[dict[str, Any]] = {"content": {tus_protocol.CHUNK_TYPE: {"schema": {}}}}
_ENDED: Final = ("upload_version", "upload_unknown", "upload_gone")
_WRITING: Final = (
    "upload_header",
    "upload_content_type",
    "upload_offset",
    "upload_locked",
    "upload_too_large",
    "upload_checksum",
    "upload_stalled",
    "output_disk_full",
)

_CREATE: Final[Described] = {
    "parameters": [
        _TUS_RESUMABLE,
        _header("Upload-Length", _COUNT, required=True),
        _header("Upload-Metadata", _TEXT),
        _UPLOAD_CHECKSUM,
    ],
    "requestBody": _CHUNK,
}
_CREATE_RESPONSES: Final[Answers] = {
    201: _response(
        "Created; Location is its address", {"Location": {"schema": _TEXT}, **_UPLOAD_RESPONSE}
    ),
    **problems(
        "upload_version",
        "upload_metadata",
        "upload_name",
        "file_empty",
        "upload_quota",
        *_WRITING,
    ),
}
_APPEND: Final[Described] = {
    "parameters": [
        _TUS_RESUMABLE,
        _header("Upload-Offset", _COUNT, required=True),
        _UPLOAD_CHECKSUM,
    ],
    "requestBody": {"required": True, **_CHUNK},
}
_APPEND_RESPONSES: Final[Answers] = {
    204: _response("Received up to Upload-Offset", _UPLOAD_RESPONSE),
    **problems(*_ENDED, *_WRITING),
}
_HEAD: Final[Described] = {"parameters": [_TUS_RESUMABLE]}
_HEAD_RESPONSES: Final[Answers] = {
    200: _response(
        "State of the upload", {"Upload-Length": {"schema": _COUNT}, **_UPLOAD_RESPONSE}
    ),
    **problems(*_ENDED, "upload_locked", "upload_checksum", "output_disk_full"),
}
_DELETE_RESPONSES: Final[Answers] = {
    204: _response("Terminated", _EVERY_RESPONSE),
    **problems(*_ENDED, "upload_locked"),
}
_OVERRIDE: Final[Described] = {
    "parameters": [
        _TUS_RESUMABLE,
        _header("X-HTTP-Method-Override", _OVERRIDDEN, required=True),
        _header("Upload-Offset", _COUNT),
        _UPLOAD_CHECKSUM,
    ],
    "requestBody": _CHUNK,
}
_OVERRIDE_RESPONSES: Final[Answers] = {200: _HEAD_RESPONSES[200], **_APPEND_RESPONSES}
_OPTIONS_RESPONSES: Final[Answers] = {
    204: _response("Supported version and extensions", _EVERY_RESPONSE)
}


class TusRoute(APIRoute):
    """A route that adds the headers required by tus to every response, including errors."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                if request.method != "OPTIONS":
                    _check_version(request)
                response = await handle(request)
            except RoadscanError as error:
                response = problem(status_of(error), error.code, error.message, error.hint)
                if "offset" in error.facts:
                    response.headers["Upload-Offset"] = str(error.facts["offset"])
                if "retry_after_s" in error.facts:
                    response.headers["Retry-After"] = str(error.facts["retry_after_s"])
                if error.code == "upload_version":
                    response.headers["Tus-Version"] = tus_protocol.VERSION
            response.headers["Tus-Resumable"] = tus_protocol.VERSION
            response.headers["Cache-Control"] = "no-store"
            return response

        return answer


def tus_router(guard: Guard, uploads: UploadService, idle_s: float = IDLE_S) -> APIRouter:
    """Return the routes under /uploads."""
    tus = _Tus(uploads, idle_s)
    cleaning_up = hourly(partial(_clean_up, uploads, guard.accounts))
    router = APIRouter(route_class=TusRoute, tags=["uploads"], lifespan=cleaning_up)
    Uploader = Annotated[Caller, Depends(guard.need(Right.UPLOAD))]  # noqa: N806 -- a type
    one = PATH + "/{upload_id}"

    @router.options(PATH, status_code=204, responses=_OPTIONS_RESPONSES)
    def options_of_uploads() -> Response:
        return tus.options()

    @router.options(one, status_code=204, responses=_OPTIONS_RESPONSES)
    def options_of_an_upload() -> Response:
        return tus.options()

    @router.post(
        PATH,
        status_code=201,
        response_class=Response,
        openapi_extra=_CREATE,
        responses=_CREATE_RESPONSES,
    )
    async def create_upload(request: Request, caller: Uploader) -> Response:
        return await tus.create(request, caller)

    @router.patch(
        one,
        status_code=204,
        openapi_extra=_APPEND,
        responses=_APPEND_RESPONSES,
    )
    async def append_to_upload(upload_id: str, request: Request, caller: Uploader) -> Response:
        return await tus.patch(request, await tus.own(upload_id, caller))

    @router.head(
        one,
        response_class=Response,
        openapi_extra=_HEAD,
        responses=_HEAD_RESPONSES,
    )
    async def head_of_upload(upload_id: str, request: Request, caller: Uploader) -> Response:
        return await tus.head(request, await tus.own(upload_id, caller))

    @router.delete(
        one,
        status_code=204,
        openapi_extra=_HEAD,
        responses=_DELETE_RESPONSES,
    )
    async def terminate_upload(upload_id: str, request: Request, caller: Uploader) -> Response:
        return await tus.terminate(request, await tus.own(upload_id, caller))

    @router.post(
        one,
        status_code=204,
        openapi_extra=_OVERRIDE,
        responses=_OVERRIDE_RESPONSES,
    )
    async def override(upload_id: str, request: Request, caller: Uploader) -> Response:
        """Apply `X-HTTP-Method-Override`, for networks that let only POST through."""
        methods = {"PATCH": tus.patch, "HEAD": tus.head, "DELETE": tus.terminate}
        name = request.headers.get("X-HTTP-Method-Override", "").upper()
        if name not in methods:
            what = "a POST to an upload needs X-HTTP-Method-Override"
            raise RoadscanError("upload_header", what, f"Send one of {', '.join(methods)}")
        return await methods[name](request, await tus.own(upload_id, caller))

    return router


@dataclass(frozen=True, slots=True)
class _Tus:
    """The methods of the protocol."""

    uploads: UploadService
    idle_s: float

    async def own(self, upload_id: str, caller: Caller) -> Upload:
        """Return an upload of the caller; those of others are hidden, even from administrators."""
        upload = await run_in_threadpool(self.uploads.storage.get, upload_id)
        if upload.owner_id != caller.account_id:
            raise RoadscanError("upload_unknown", "there is no such upload", "Start a new one")
        return upload

    def options(self) -> Response:
        headers = {
            "Tus-Version": tus_protocol.VERSION,
            "Tus-Extension": tus_protocol.EXTENSIONS,
            "Tus-Max-Size": str(self.uploads.storage.limits.max_bytes),
            "Tus-Checksum-Algorithm": ",".join(tus_protocol.CHECKSUMS),
        }
        return Response(status_code=204, headers=headers)

    async def create(self, request: Request, caller: Caller) -> Response:
        for name in ("Upload-Defer-Length", "Upload-Concat"):
            if name in request.headers:
                raise RoadscanError("upload_header", f"{name} is not supported", "Leave it out")
        size = tus_protocol.parse_count("Upload-Length", request.headers.get("Upload-Length"))
        sent = tus_protocol.parse_metadata(request.headers.get("Upload-Metadata", ""))
        has_body = request.headers.get("Content-Length", "0") != "0"
        has_body = has_body or "Transfer-Encoding" in request.headers
        if has_body:
            _check_type(request)
        upload = await run_in_threadpool(self.uploads.begin, sent, size, caller)
        if has_body and upload.state is State.OPEN:
            upload = await self._append(request, upload, 0)
        location = f"{request.scope.get('root_path', '')}{PATH}/{upload.upload_id}"
        return Response(status_code=201, headers={"Location": location, **_headers(upload)})

    async def patch(self, request: Request, upload: Upload) -> Response:
        _check_type(request)
        offset = tus_protocol.parse_count("Upload-Offset", request.headers.get("Upload-Offset"))
        length = request.headers.get("Content-Length")
        if length is not None:
            _check_length(upload, offset, tus_protocol.parse_count("Content-Length", length))
        if upload.state is State.OPEN or offset != upload.size_bytes:
            upload = await self._append(request, upload, offset)
        return Response(status_code=204, headers=_headers(upload))

    async def head(self, _: Request, upload: Upload) -> Response:
        # complete must mean stored as a file, since the client then sends nothing more
        upload = await run_in_threadpool(self.uploads.finish, upload)
        headers = {"Upload-Length": str(upload.size_bytes), **_headers(upload)}
        if upload.sent.header:
            headers["Upload-Metadata"] = upload.sent.header
        return Response(status_code=200, headers=headers)

    async def terminate(self, _: Request, upload: Upload) -> Response:
        await run_in_threadpool(self.uploads.storage.terminate, upload.upload_id)
        return Response(status_code=204)

    async def _append(self, request: Request, upload: Upload, offset: int) -> Upload:
        """Append the body of a request to an upload, and finish the upload if it is complete."""
        header = request.headers.get("Upload-Checksum")
        checksum = tus_protocol.parse_checksum(header) if header is not None else None
        storage = self.uploads.storage
        writer = await run_in_threadpool(storage.writer, upload.upload_id, offset, checksum)
        try:
            await _receive(request, writer, self.idle_s)
            upload = await run_in_threadpool(writer.done)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(writer.close)
        return await run_in_threadpool(self.uploads.finish, upload)


def _clean_up(uploads: UploadService, accounts: Accounts) -> None:
    for upload in uploads.clean_up():
        what = f"{upload.sent.place.name} of {upload.uploaded_by}"
        accounts.record("roadscan", "upload_expired", what)


async def _receive(request: Request, writer: Writer, idle_s: float) -> None:
    """Write a body as it arrives; anything received before the connection broke stays written."""
    broke: Exception | None = None
    async with _BatchWriter(writer) as batches:
        try:
            await _collect(request, batches, idle_s)
        except (ClientDisconnect, TimeoutError) as error:
            broke = error
    if broke is not None:
        raise RoadscanError(
            "upload_stalled",
            f"the request was cut off or sent nothing for {idle_s:.0f} s",
            "Send HEAD and resume from its Upload-Offset",
            retry_after_s=1,
        ) from broke


async def _collect(request: Request, batches: "_BatchWriter", idle_s: float) -> None:
    now_s = asyncio.get_running_loop().time
    began_s = now_s()
    async with asyncio.timeout(idle_s) as timeout:
        async for chunk in request.stream():
            batches.batch += chunk
            if len(batches.batch) >= BATCH_BYTES or now_s() - began_s >= BATCH_S:
                timeout.reschedule(None)
                await batches.write()
                began_s = now_s()
            timeout.reschedule(now_s() + idle_s)


class _BatchWriter:
    """A writer that writes a batch in a thread while the next one is received."""

    def __init__(self, writer: Writer) -> None:
        self.batch = bytearray()
        self._writer = writer
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "_BatchWriter":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write everything received, whatever happened to the request."""
        with CancelScope(shield=True):
            await self.write()
            await self._written()

    async def write(self) -> None:
        """Start writing the batch once the one before it is written."""
        await self._written()
        batch, self.batch = self.batch, bytearray()
        self._writing = asyncio.create_task(run_in_threadpool(self._writer.write, batch))

    async def _written(self) -> None:
        if self._writing is not None:
            task, self._writing = self._writing, None
            await task


def _headers(upload: Upload) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.offset_bytes)}
    if upload.state is State.OPEN:
        headers["Upload-Expires"] = formatdate(upload.expires_s, usegmt=True)
    else:
        headers[tus_protocol.FILE_HEADER] = upload.sha256
    if upload.known_as:
        headers[tus_protocol.KNOWN_HEADER] = quote(upload.known_as)
    return headers


def _check_version(request: Request) -> None:
    version = request.headers.get("Tus-Resumable")
    if version != tus_protocol.VERSION:
        raise RoadscanError(
            "upload_version",
            f"Tus-Resumable is {version[:20]!a}" if version else "Tus-Resumable is missing",
            f"Send {tus_protocol.VERSION}",
        )


def _check_type(request: Request) -> None:
    kind = request.headers.get("Content-Type", "")
    if kind != tus_protocol.CHUNK_TYPE:
        raise RoadscanError(
            "upload_content_type",
            f"Content-Type is {kind[:60]!a}",
            f"Send {tus_protocol.CHUNK_TYPE}",
        )


def _check_length(upload: Upload, offset: int, length: int) -> None:
    if offset + length > upload.size_bytes:
        raise RoadscanError(
            "upload_too_large",
            f"{length} bytes from {offset} on exceed the {upload.size_bytes} announced",
            "Has the file grown? Start a new upload",
        )
