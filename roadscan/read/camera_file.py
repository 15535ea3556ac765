"""Read a camera file (TOML), or return the documented defaults of a typical dash-cam."""

import hashlib
import json
import tomllib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadscan.errors import RoadscanError
from roadscan.model.frame import ASSUMED, GIVEN, Basis, Camera, CameraKnowledge, Known
from roadscan.read.input_files import check_file

MAX_BYTES = 100_000


_Part = Literal["hfov_deg", "height_m", "pitch_deg", "yaw_deg", "roll_deg"]


class _KnownPart(BaseModel):
    """How a value is known, as `roadscan calibrate` writes it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    basis: Basis
    sigma: Annotated[float, Field(gt=0.0, le=45.0)]


class _CameraFile(BaseModel):
    """The keys of a camera file with their bounds; the defaults describe a typical dash-cam.

    1.35 m is the height behind the mirror of a passenger car; 70 degrees is the horizontal field of
    view of most dash-cams after lens correction; a pitch of 6 degrees puts the horizon a third of
    the way down a 16:9 picture.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = "default"
    hfov_deg: Annotated[float, Field(ge=20.0, le=140.0)] = 70.0
    height_m: Annotated[float, Field(ge=0.3, le=5.0)] = 1.35
    pitch_deg: Annotated[float, Field(ge=-30.0, le=80.0)] = 6.0
    yaw_deg: Annotated[float, Field(ge=-45.0, le=45.0)] = 0.0
    roll_deg: Annotated[float, Field(ge=-45.0, le=45.0)] = 0.0
    left_m: Annotated[float, Field(ge=-2.0, le=2.0)] = 0.0
    known: Annotated[dict[_Part, _KnownPart], Field(max_length=5)] = {}


def read_camera(path: Path | None) -> Camera:
    """Read a camera file, or return the defaults if there is none.

    Keys: name, hfov_deg, height_m, pitch_deg (positive down), yaw_deg (positive left), roll_deg
    (positive where the picture is turned clockwise), left_m (left of the vehicle's middle), and
    tables `known.KEY` with how a value is known and its standard deviation. A value without such a
    table is given if it is in the file, and assumed if it is not.

    Raises
    ------
    RoadscanError
        `camera_invalid` naming key and value; what `check_file` raises.
    """
    values = {} if path is None else _parse(path)
    try:
        camera = _CameraFile.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(repr(part).strip("'") for part in first["loc"])
        raise RoadscanError(
            "camera_invalid",
            f"{path}: {key[:60]} is {repr(first['input'])[:60]} ({first['msg']})",
            "See docs/cameras.md for the keys and their bounds",
        ) from error
    known = {part: _known(camera, part) for part in get_args(_Part)}
    numbers = camera.model_dump(exclude={"known"})
    return with_checksum(Camera(**numbers, sha256="", known=CameraKnowledge(**known)))


def camera_text(camera: Camera) -> str:
    """Return a camera as a camera file; reading it gives the same camera."""
    lines = [
        "# A camera of roadscan: docs/cameras.md says what the keys mean.",
        f"name = {json.dumps(camera.name, ensure_ascii=False)}",
        *(f"{name} = {float(getattr(camera, name))}" for name in (*get_args(_Part), "left_m")),
    ]
    for part in get_args(_Part):
        known: Known = getattr(camera.known, part)
        lines += ["", f"[known.{part}]", f'basis = "{known.basis}"', f"sigma = {known.sigma}"]
    return "\n".join(lines) + "\n"


def with_checksum(camera: Camera) -> Camera:
    """Return a camera with the checksum of its values and of how they are known."""
    values = {name: value for name, value in asdict(camera).items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return replace(camera, sha256=digest)


def _known(camera: _CameraFile, part: _Part) -> Known:
    told = camera.known.get(part)
    if told is not None:
        return Known(told.basis, told.sigma)
    known: Known = getattr(GIVEN if part in camera.model_fields_set else ASSUMED, part)
    return known


def _parse(path: Path) -> dict[str, object]:
    check_file(path, MAX_BYTES)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RoadscanError(
            "camera_invalid",
            f"{path} is not valid TOML ({error})",
            "Write lines such as pitch_deg = 6.0",
        ) from error
