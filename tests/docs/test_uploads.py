"""docs/uploads.md says what the program does."""

import re

from roadscan.errors import EXIT_CODES
from roadscan.model.survey import MAX_SURVEY_NAME
from roadscan.model.uploaded_file import (
    CAMERA_SUFFIX,
    TRACK_SUFFIXES,
    VIDEO_SUFFIXES,
    WaitingReason,
)
from roadscan.serve.errors import HTTP_STATUS
from roadscan.serve.settings import GIB, ServeSettings
from roadscan.serve.uploads import tus_protocol, tus_routes, upload_storage, writer
from tests.docs.pages import rows, section, text_of, words_in_code

PAGE = text_of("docs/uploads.md")


def test_every_code_of_uploads_is_told_with_its_status() -> None:
    told = {row[0].strip("`"): row[1] for row in rows(section(PAGE, "What can be wrong"))}
    assert {code for code in EXIT_CODES if code.startswith("upload_")} <= told.keys()
    for code, when in told.items():
        status = re.match(r"(\d+):", when)
        if status is not None:
            assert int(status[1]) == HTTP_STATUS.get(code, 400), code


def test_every_ending_and_every_reason_to_wait_is_told() -> None:
    named = words_in_code(section(PAGE, "What makes a drive"))
    assert {*VIDEO_SUFFIXES, *TRACK_SUFFIXES, CAMERA_SUFFIX} <= named
    assert {reason.value for reason in WaitingReason} <= named


def test_the_protocol_is_the_one_that_is_spoken() -> None:
    text = section(PAGE, "The protocol")
    assert {*tus_protocol.EXTENSIONS.split(","), *tus_protocol.CHECKSUMS} <= words_in_code(text)
    assert {tus_protocol.FILE_HEADER, tus_protocol.KNOWN_HEADER} <= words_in_code(text)
    assert f"up to {tus_protocol.MAX_NAME_BYTES} bytes" in text
    assert f"up to {MAX_SURVEY_NAME} characters" in text


def test_the_limits_are_the_defaults() -> None:
    told = {row[0]: row[1] for row in rows(section(PAGE, "Limits"))}
    fields = ServeSettings.model_fields
    gib = [fields[name].default // GIB for name in ("max_upload_bytes", "upload_quota_bytes")]
    assert [told["size of a file"], told["files and unfinished uploads of an account"]] == [
        f"{number} GiB" for number in gib
    ]
    days = fields["upload_expires_s"].default / 86400
    assert told["an unfinished upload expires after"] == f"{days:.0f} days without a byte"
    assert told["a request that sends nothing is ended after"] == f"{tus_routes.IDLE_S:.0f} s"
    assert f"another {upload_storage.ENDED_KEPT_S / 86400:.0f} days" in section(PAGE, "Limits")
    nothing_lost = section(PAGE, "Why nothing is lost")
    assert f"{writer.COMMIT_BYTES // 1024**2} MiB" in nothing_lost
    assert f"{writer.COMMIT_AFTER_S:.0f} s on a slow connection" in nothing_lost
