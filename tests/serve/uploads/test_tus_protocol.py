import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from roadscan.errors import RoadscanError
from roadscan.model.road import Vehicle
from roadscan.model.uploaded_file import UploadSource
from roadscan.serve.queue.job import SurveyName
from roadscan.serve.uploads.tus_protocol import (
    Checksum,
    UploadMetadata,
    parse_checksum,
    parse_count,
    parse_metadata,
    write_metadata,
)

UNKEPT = (
    "a\x00.mp4", "a\n.mp4", "\x7f", "x" * 256, "ü" * 128, "a\u202egpm.exe", "a\u2066b", "a\u2028b",
    "../etc/passwd", "/etc/passwd", "C:\\Windows\\a.mp4", "..", ".",
)  # fmt: skip


def code_of(call, *arguments):
    with pytest.raises(RoadscanError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return error.value.code


def named(name, **more):
    return parse_metadata(write_metadata({"filename": name, **more}))


def test_a_file_of_a_drop_says_where_it_lay():
    sent = named(
        "GOPR01.MP4", relativePath="Nord/100/GOPR01.MP4", survey=" Nord 2026 ", drop="d1",
        dropFiles="12", sha256="AB" * 32, filetype="video/mp4",
    )  # fmt: skip
    assert sent.place == UploadSource("d1", 12, "Nord/100", "GOPR01.MP4")
    assert (sent.survey, sent.sha256) == ("Nord 2026", "ab" * 32)


def test_what_drove_is_a_car_unless_it_is_said():
    assert named("a.mp4").vehicle is Vehicle.CAR
    assert named("a.mp4", vehicle="bicycle").vehicle is Vehicle.BICYCLE
    with pytest.raises(RoadscanError) as error:
        named("a.mp4", vehicle="tank")
    assert error.value.code == "upload_metadata"
    assert "works" in error.value.hint


def test_little_or_nothing_said_is_enough():
    assert parse_metadata("") == UploadMetadata(UploadSource("", 0, "", "unnamed"), "", "", "")
    assert parse_metadata(write_metadata({"name": "a.mp4"})).place.name == "a.mp4"
    assert parse_metadata(write_metadata({"relativePath": "x/a.mp4"})).place.name == "a.mp4"
    assert named("a.mp4", relativePath="null").place == UploadSource("", 0, "", "a.mp4")
    assert parse_metadata("is_confidential,filename YQ==").place.name == "a"


@pytest.mark.parametrize("name", ["Straße 1.mp4", "\u05e9\u05dc\u200f.mp4", "x" * 255, "a\u200eb"])
def test_a_name_is_kept_as_text(name):
    assert named(name).place.name == name


@pytest.mark.parametrize("name", UNKEPT)
def test_a_name_that_cannot_be_shown_or_leads_elsewhere_is_refused(name):
    assert code_of(named, name) == "upload_name"


@pytest.mark.parametrize("survey", ["Nord/2026", "Nord\\2026", "x" * 81, "a\nb", "a\u202eb"])
def test_a_survey_that_no_job_would_take_is_refused_at_the_door(survey):
    header = write_metadata({"filename": "a.mp4", "survey": survey})
    assert code_of(parse_metadata, header) == "upload_name"
    with pytest.raises(ValidationError):
        TypeAdapter(SurveyName).validate_python(survey)


@pytest.mark.parametrize("survey", ["Stra\u00dfe 2026", "\u00e4" * 80])
def test_a_survey_that_the_door_takes_is_taken_by_jobs(survey):
    assert named("a.mp4", survey=survey).survey == survey
    assert TypeAdapter(SurveyName).validate_python(survey) == survey


@pytest.mark.parametrize("path", ["../a.mp4", "x/../../a.mp4", "x/./a.mp4", "x\x00/a", "y" * 1030])
def test_a_folder_that_leads_elsewhere_is_refused(path):
    header = write_metadata({"filename": "a", "relativePath": path + "/a"})
    assert code_of(parse_metadata, header) == "upload_name"


@pytest.mark.parametrize(
    "header",
    ["filename", "filename YQ", "filename !!!!", "filename YQ== x", "a YQ==,a YQ==", " ,", "ä YQ==",
     "filename " + base64.b64encode(b"\xff\xfe").decode(), "k " * 5000, ",".join(f"k{n}" for n in
     range(33)), "sha256 YQ==", "drop Li4v,filename YQ==", "drop YQ==,dropFiles LTE=",
     "drop YQ==,dropFiles OTk5OTk5OQ=="],
)  # fmt: skip
def test_metadata_that_cannot_be_read_is_refused(header):
    if header == "filename":
        assert parse_metadata(header).place.name == "unnamed"
    else:
        assert code_of(parse_metadata, header) == "upload_metadata"


@given(st.text(max_size=400))
def test_any_header_is_read_or_refused_with_a_code(header):
    refusal, size = "", 0
    try:
        size = len(parse_metadata(header).place.name.encode())
    except RoadscanError as error:
        refusal = error.code
    assert refusal in {"", "upload_metadata", "upload_name"}
    assert size <= 255


@given(st.text(max_size=300))
def test_any_name_is_kept_as_it_is_or_refused(name):
    try:
        kept = named(name).place.name
    except (RoadscanError, UnicodeEncodeError):
        return
    assert kept == (name or "unnamed")


def test_a_checksum_is_an_algorithm_and_a_digest():
    piece = b"bytes"
    digest = hashlib.sha256(piece).digest()
    header = f"sha256 {base64.b64encode(digest).decode()}"
    assert parse_checksum(header) == Checksum("sha256", digest)
    sha1 = base64.b64encode(hashlib.sha1(piece, usedforsecurity=False).digest()).decode()
    assert parse_checksum(f"sha1 {sha1}").algorithm == "sha1"
    for wrong in ("", "sha1", f"sha256 {sha1}", "md5 " + sha1, "sha1 ü", f"sha1  {sha1}"):
        assert code_of(parse_checksum, wrong) == "upload_header"


def test_a_number_of_bytes_is_digits_and_not_too_many():
    assert parse_count("Upload-Length", "12345") == 12345
    for wrong in (None, "", "-1", "+1", "1.0", "1e3", "9" * 16, " 1", "١"):
        assert code_of(parse_count, "Upload-Length", wrong) == "upload_header"
