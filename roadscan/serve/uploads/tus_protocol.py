"""Headers of tus 1.0.0 (tus.io/protocols/resumable-upload), for client and server."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.model.road import Vehicle
from roadscan.model.survey import MAX_SURVEY_NAME, survey_name_fault
from roadscan.model.uploaded_file import UploadSource

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,termination,checksum"
CHUNK_TYPE: Final = "application/offset+octet-stream"
CHECKSUMS: Final = {"sha1": 20, "sha256": 32}
"""Algorithms of `Upload-Checksum` and the bytes of their digests."""

FILE_HEADER: Final = "Roadscan-File"
"""SHA-256 of the finished file."""
KNOWN_HEADER: Final = "Roadscan-Known-As"
"""Percent-encoded name under which these bytes were stored before."""

MAX_METADATA: Final = 8192
MAX_PAIRS: Final = 32
MAX_NAME_BYTES: Final = 255
MAX_FOLDER_BYTES: Final = 1024
MAX_DROP_FILES: Final = 100_000

_KEY: Final = re.compile(r"[!-+\--~]{1,100}")  # printable ASCII without space and comma
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DROP_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
# Control characters break lines and terminals; embeddings, overrides and isolates of the text
# direction make a name appear to have another extension. Direction marks are part of names.
_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class UploadMetadata:
    """Metadata that the client sent with a file."""

    place: UploadSource
    survey: str
    """Chosen by the service if ""."""
    sha256: str
    """Of the whole file, verified when it is complete; "" if not sent."""
    header: str
    """The header as received; HEAD returns it."""
    vehicle: Vehicle = Vehicle.CAR


@dataclass(frozen=True, slots=True)
class Checksum:
    """Checksum of the bytes of one request."""

    algorithm: str
    digest: bytes


def parse_metadata(header: str) -> UploadMetadata:
    """Read `Upload-Metadata`: pairs of a key and a base64 value.

    Known keys are `filename` (or `name`), `relativePath`, `survey`, `vehicle`, `sha256`, `drop`,
    `dropFiles`; others are kept as received. Names are text: no part of one ever becomes a path
    here.

    Raises
    ------
    RoadscanError
        `upload_metadata` for a malformed header, `upload_name` for an invalid name.
    """
    values = _pairs(header)
    path = values.get("relativePath", "")
    path = "" if path == "null" else path  # what Uppy sends for a file outside any folder
    folder, _, last = path.rpartition("/")
    name = values.get("filename") or values.get("name") or last or "unnamed"
    _check_text("file name", name, MAX_NAME_BYTES)
    _check_text("folder", folder, MAX_FOLDER_BYTES)
    _check_steps(name, folder)
    survey = values.get("survey", "").strip()
    if survey:
        check_survey_name(survey)
    vehicle = values.get("vehicle", "") or Vehicle.CAR.value
    if vehicle not in set(Vehicle):
        raise _wrong(f"vehicle is {_quoted(vehicle)}", f"Send one of {', '.join(Vehicle)}")
    sha256 = values.get("sha256", "").lower()
    if sha256 and not _SHA256.fullmatch(sha256):
        raise _wrong(f"sha256 is {_quoted(sha256)}", "Send 64 hexadecimal digits")
    drop_id = values.get("drop", "")
    if drop_id and not _DROP_ID.fullmatch(drop_id):
        raise _wrong(f"drop is {_quoted(drop_id)}", "Send up to 64 letters and digits")
    count = values.get("dropFiles", "0") if drop_id else "0"
    if not re.fullmatch(r"[0-9]{1,6}", count) or int(count) > MAX_DROP_FILES:
        raise _wrong(f"dropFiles is {_quoted(count)}", f"Send a number up to {MAX_DROP_FILES}")
    place = UploadSource(drop_id, int(count), folder, name)
    return UploadMetadata(place, survey, sha256, header, Vehicle(vehicle))


def write_metadata(values: Mapping[str, str]) -> str:
    """Return the header with these values."""
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items()
    )


def parse_checksum(header: str) -> Checksum:
    """Read `Upload-Checksum`; raises `upload_header`."""
    algorithm, _, coded = header.partition(" ")
    try:
        digest = base64.b64decode(coded, validate=True)
    except ValueError:
        digest = b""
    if CHECKSUMS.get(algorithm) != len(digest):
        raise RoadscanError(
            "upload_header",
            f"Upload-Checksum is {_quoted(header)}",
            f"Send {' or '.join(CHECKSUMS)}, a space, and the digest in base64",
        )
    return Checksum(algorithm, digest)


def parse_count(name: str, text: str | None) -> int:
    """Read a header that holds a number of bytes; raises `upload_header`."""
    if text is None or not re.fullmatch(r"[0-9]{1,15}", text):
        raise RoadscanError(
            "upload_header",
            f"{name} is {_quoted(text) if text is not None else 'missing'}",
            "Send a number of bytes",
        )
    return int(text)


def _pairs(header: str) -> dict[str, str]:
    if len(header) > MAX_METADATA:
        raise _wrong(f"it has {len(header)} characters", f"Send at most {MAX_METADATA}")
    items = [item.strip(" ") for item in header.split(",")] if header.strip(" ") else []
    if len(items) > MAX_PAIRS:
        raise _wrong(f"it has {len(items)} pairs", f"Send at most {MAX_PAIRS}")
    values: dict[str, str] = {}
    for item in items:
        key, _, coded = item.partition(" ")
        if not _KEY.fullmatch(key) or key in values:
            raise _wrong(f"the key {_quoted(key)} is repeated or not ASCII", "See docs/uploads.md")
        try:
            values[key] = base64.b64decode(coded, validate=True).decode()
        except ValueError:
            raise _wrong(
                f"the value of {key} is {_quoted(coded)}", "Send UTF-8 in base64"
            ) from None
    return values


def _check_text(what: str, text: str, max_bytes: int) -> None:
    found = _UNSHOWABLE.search(text)
    size = len(text.encode())
    if found is None and size <= max_bytes:
        return
    why = f"has {size} bytes" if found is None else f"holds the character U+{ord(found[0]):04X}"
    hint = f"Rename it: up to {max_bytes} bytes, no control characters"
    raise RoadscanError("upload_name", f"the {what} {_quoted(text)} {why}", hint)


def check_survey_name(survey: str) -> None:
    """Refuse an invalid survey name; raises `upload_name`."""
    why = survey_name_fault(survey)
    if why is None:
        return
    raise RoadscanError(
        "upload_name",
        f"the survey {_quoted(survey)} {why}",
        f"Name it with up to {MAX_SURVEY_NAME} characters, without / and \\ and control characters",
    )


def _check_steps(name: str, folder: str) -> None:
    """Refuse names that would lead elsewhere as a path, although none is used as a path here."""
    if {"/", "\\"} & set(name) or {".", ".."} & {name, *folder.split("/")}:
        raise RoadscanError(
            "upload_name",
            f"the file {_quoted(name)} in folder {_quoted(folder)} is a path, not a name",
            "Send the bare name as filename and the folders as relativePath without dots",
        )


def _wrong(what: str, hint: str) -> RoadscanError:
    return RoadscanError("upload_metadata", f"Upload-Metadata: {what}", hint)


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "…")
