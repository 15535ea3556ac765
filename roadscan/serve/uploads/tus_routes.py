"""The tus 1.0.0 protocol over the storage: core, creation, expiration, termination, checksum."""

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
from roadscan.serve.errors import problem, status_of
from roadscan.serve.periodic_task import hourly
from roadscan.serve.uploads import tus_description, tus_protocol
from roadscan.serve.uploads.upload_record import State, Upload
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.writer import Writer
from roadscan.store.town.accounts import Accounts

PATH: Final = "/uploads"
BATCH_BYTES: Final = 4 * 1024**2
BATCH_S: Final = 1.0
"""What is collected, and how long, before a thread writes it while the next is collected."""
IDLE_S: Final = 30.0
"""A request that sends nothing for so long is let go, so that its sender can go on with another."""


class TusRoute(APIRoute):
    """A route whose answers, errors too, carry what tus asks of every answer."""

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


def tus_router(guard: Guard, arrivals: UploadService, idle_s: float = IDLE_S) -> APIRouter:
    """Return the routes under /uploads."""
    tus = _Tus(arrivals, idle_s)
    tidying = hourly(partial(_tidy, arrivals, guard.accounts))
    router = APIRouter(route_class=TusRoute, tags=["uploads"], lifespan=tidying)
    Uploader = Annotated[Caller, Depends(guard.need(Right.UPLOAD))]  # noqa: N806 -- a type
    one = PATH + "/{upload_id}"

    @router.options(PATH, status_code=204, responses=tus_description.SPEAKS_ANSWERS)
    def say_what_is_spoken() -> Response:
        return tus.options()

    @router.options(one, status_code=204, responses=tus_description.SPEAKS_ANSWERS)
    def say_the_same_of_an_upload() -> Response:
        return tus.options()

    @router.post(
        PATH,
        status_code=201,
        response_class=Response,
        openapi_extra=tus_description.CREATE,
        responses=tus_description.CREATE_ANSWERS,
    )
    async def create_upload(request: Request, caller: Uploader) -> Response:
        return await tus.create(request, caller)

    @router.patch(
        one,
        status_code=204,
        openapi_extra=tus_description.APPEND,
        responses=tus_description.APPEND_ANSWERS,
    )
    async def append_to_upload(upload_id: str, request: Request, caller: Uploader) -> Response:
        return await tus.patch(request, await tus.own(upload_id, caller))

    @router.head(
        one,
        response_class=Response,
        openapi_extra=tus_description.ASK,
        responses=tus_description.ASK_ANSWERS,
    )
    async def ask_for_upload(upload_id: str, request: Request, caller: Uploader) -> Response:
        return await tus.head(request, await tus.own(upload_id, caller))

    @router.delete(
        one,
        status_code=204,
        openapi_extra=tus_description.ASK,
        responses=tus_description.TERMINATE_ANSWERS,
    )
    async def terminate_upload(upload_id: str, request: Request, caller: Uploader) -> Response:
        return await tus.terminate(request, await tus.own(upload_id, caller))

    @router.post(
        one,
        status_code=204,
        openapi_extra=tus_description.OVERRIDE,
        responses=tus_description.OVERRIDE_ANSWERS,
    )
    async def override(upload_id: str, request: Request, caller: Uploader) -> Response:
        """Do what `X-HTTP-Method-Override` says, where a network lets only POST through."""
        methods = {"PATCH": tus.patch, "HEAD": tus.head, "DELETE": tus.terminate}
        name = request.headers.get("X-HTTP-Method-Override", "").upper()
        if name not in methods:
            what = "a POST to an upload needs X-HTTP-Method-Override"
            raise RoadscanError("upload_header", what, f"Send one of {', '.join(methods)}")
        return await methods[name](request, await tus.own(upload_id, caller))

    return router


@dataclass(frozen=True, slots=True)
class _Tus:
    """What the methods of the protocol do."""

    arrivals: UploadService
    idle_s: float

    async def own(self, upload_id: str, caller: Caller) -> Upload:
        """Return an upload of the caller's; somebody else's is unknown, even to administrators."""
        upload = await run_in_threadpool(self.arrivals.storage.get, upload_id)
        if upload.owner_id != caller.account_id:
            raise RoadscanError("upload_unknown", "there is no such upload", "Begin a new one")
        return upload

    def options(self) -> Response:
        headers = {
            "Tus-Version": tus_protocol.VERSION,
            "Tus-Extension": tus_protocol.EXTENSIONS,
            "Tus-Max-Size": str(self.arrivals.storage.limits.max_bytes),
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
        upload = await run_in_threadpool(self.arrivals.begin, sent, size, caller)
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
        # complete here means kept as a file: a sender that hears so sends nothing more
        upload = await run_in_threadpool(self.arrivals.finish, upload)
        headers = {"Upload-Length": str(upload.size_bytes), **_headers(upload)}
        if upload.sent.header:
            headers["Upload-Metadata"] = upload.sent.header
        return Response(status_code=200, headers=headers)

    async def terminate(self, _: Request, upload: Upload) -> Response:
        await run_in_threadpool(self.arrivals.storage.terminate, upload.upload_id)
        return Response(status_code=204)

    async def _append(self, request: Request, upload: Upload, offset: int) -> Upload:
        """Add the body of a request to an upload, and make a file of it when it is complete."""
        header = request.headers.get("Upload-Checksum")
        checksum = tus_protocol.parse_checksum(header) if header is not None else None
        storage = self.arrivals.storage
        writer = await run_in_threadpool(storage.writer, upload.upload_id, offset, checksum)
        try:
            await _receive(request, writer, self.idle_s)
            upload = await run_in_threadpool(writer.done)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(writer.close)
        return await run_in_threadpool(self.arrivals.finish, upload)


def _tidy(arrivals: UploadService, accounts: Accounts) -> None:
    for upload in arrivals.tidy():
        what = f"{upload.sent.place.name} of {upload.uploaded_by}"
        accounts.record("roadscan", "upload_expired", what)


async def _receive(request: Request, writer: Writer, idle_s: float) -> None:
    """Write a body as it comes; what came before a cut stays written."""
    broke: Exception | None = None
    async with _Behind(writer) as behind:
        try:
            await _collect(request, behind, idle_s)
        except (ClientDisconnect, TimeoutError) as error:
            broke = error
    if broke is not None:
        raise RoadscanError(
            "upload_stalled",
            f"the request broke off, or sent nothing for {idle_s:.0f} s",
            "Ask with HEAD and go on from there",
            retry_after_s=1,
        ) from broke


async def _collect(request: Request, behind: "_Behind", idle_s: float) -> None:
    now_s = asyncio.get_running_loop().time
    began_s = now_s()
    async with asyncio.timeout(idle_s) as patience:
        async for piece in request.stream():
            behind.batch += piece
            if len(behind.batch) >= BATCH_BYTES or now_s() - began_s >= BATCH_S:
                patience.reschedule(None)
                await behind.write()
                began_s = now_s()
            patience.reschedule(now_s() + idle_s)


class _Behind:
    """Writes a batch in a thread while the next one is collected."""

    def __init__(self, writer: Writer) -> None:
        self.batch = bytearray()
        self._writer = writer
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "_Behind":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Have all written that was collected, whatever happened to the request."""
        with CancelScope(shield=True):
            await self.write()
            await self._written()

    async def write(self) -> None:
        """Begin to write what was collected, when what was before it is written."""
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
    if kind != tus_protocol.PIECE_TYPE:
        raise RoadscanError(
            "upload_content_type",
            f"Content-Type is {kind[:60]!a}",
            f"Send {tus_protocol.PIECE_TYPE}",
        )


def _check_length(upload: Upload, offset: int, length: int) -> None:
    if offset + length > upload.size_bytes:
        raise RoadscanError(
            "upload_too_large",
            f"{length} bytes from {offset} on are more than the {upload.size_bytes} announced",
            "Has the file grown? Begin a new upload",
        )
