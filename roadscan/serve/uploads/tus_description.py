"""The tus protocol in the service's description: headers and bodies that no route takes by name."""

from typing import Any, Final

from roadscan.serve.api_description import Answers, Described, problems
from roadscan.serve.uploads.tus_protocol import (
    CHECKSUMS,
    FILE_HEADER,
    KNOWN_HEADER,
    PIECE_TYPE,
    VERSION,
)

_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
_TEXT: Final = {"type": "string"}
_VERSION_SPOKEN: Final = {"type": "string", "enum": [VERSION]}
_CHECKSUM: Final = {
    "type": "string",
    "pattern": f"^({'|'.join(CHECKSUMS)}) [A-Za-z0-9+/]+={{0,2}}$",
}
_METHOD: Final = {"type": "string", "enum": ["PATCH", "HEAD", "DELETE"]}
_OF_EVERY: Final = {"Tus-Resumable": {"schema": _VERSION_SPOKEN}}
_OF_UPLOAD: Final = _OF_EVERY | {
    "Upload-Offset": {"schema": _COUNT},
    "Upload-Expires": {"schema": _TEXT, "description": "As long as it is not complete"},
    FILE_HEADER: {"schema": _TEXT, "description": "SHA-256 of the file that it became"},
    KNOWN_HEADER: {"schema": _TEXT, "description": "Name under which these bytes were here before"},
}


def _header(name: str, schema: Described, *, required: bool = False) -> Described:
    return {"name": name, "in": "header", "required": required, "schema": schema}


def _answer(description: str, headers: Described) -> Described:
    return {"description": description, "headers": headers}


_SPOKEN: Final = _header("Tus-Resumable", _VERSION_SPOKEN, required=True)
_SUM: Final = _header("Upload-Checksum", _CHECKSUM)
_PIECE: Final[dict[str, Any]] = {"content": {PIECE_TYPE: {"schema": {}}}}
_GIVEN_UP: Final = ("upload_version", "upload_unknown", "upload_gone")
_WRITTEN: Final = (
    "upload_header",
    "upload_content_type",
    "upload_offset",
    "upload_locked",
    "upload_too_large",
    "upload_checksum",
    "upload_stalled",
    "output_disk_full",
)

CREATE: Final[Described] = {
    "parameters": [
        _SPOKEN,
        _header("Upload-Length", _COUNT, required=True),
        _header("Upload-Metadata", _TEXT),
        _SUM,
    ],
    "requestBody": _PIECE,
}
CREATE_ANSWERS: Final[Answers] = {
    201: _answer("Begun, and its address", {"Location": {"schema": _TEXT}, **_OF_UPLOAD}),
    **problems(
        "upload_version",
        "upload_metadata",
        "upload_name",
        "file_empty",
        "upload_quota",
        *_WRITTEN,
    ),
}
APPEND: Final[Described] = {
    "parameters": [_SPOKEN, _header("Upload-Offset", _COUNT, required=True), _SUM],
    "requestBody": {"required": True, **_PIECE},
}
APPEND_ANSWERS: Final[Answers] = {
    204: _answer("Kept as far as Upload-Offset says", _OF_UPLOAD),
    **problems(*_GIVEN_UP, *_WRITTEN),
}
ASK: Final[Described] = {"parameters": [_SPOKEN]}
ASK_ANSWERS: Final[Answers] = {
    200: _answer("How far it is", {"Upload-Length": {"schema": _COUNT}, **_OF_UPLOAD}),
    **problems(*_GIVEN_UP, "upload_locked", "upload_checksum", "output_disk_full"),
}
TERMINATE_ANSWERS: Final[Answers] = {
    204: _answer("Given up", _OF_EVERY),
    **problems(*_GIVEN_UP, "upload_locked"),
}
OVERRIDE: Final[Described] = {
    "parameters": [
        _SPOKEN,
        _header("X-HTTP-Method-Override", _METHOD, required=True),
        _header("Upload-Offset", _COUNT),
        _SUM,
    ],
    "requestBody": _PIECE,
}
OVERRIDE_ANSWERS: Final[Answers] = {200: ASK_ANSWERS[200], **APPEND_ANSWERS}
SPEAKS_ANSWERS: Final[Answers] = {204: _answer("What is spoken here", _OF_EVERY)}
