"""GeoPackage and Shapefile: one line per row, with meaning by column name."""

import warnings
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from roadscan.errors import RoadscanError
from roadscan.read.input_files import library_message
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.network_rows import Lines, RawLink, Row, raw_links

ROAD_LAYERS = ("links", "roads", "network", "segments", "lines")
LANGUAGE_BYTE = 29
"""Where a .dbf declares its encoding; 0 where it does not."""
ANSI = 0x57
"""The encoding of the Windows that wrote it: of Western Europe, or UTF-8 since."""
UMLAUTS = {
    name: [letter.encode(name.lower()) for letter in "äöüßÄÖÜéè"] for name in ("CP1252", "CP850")
}
"""How German letters are written in the encodings of Windows and of DOS, the likelier first."""
LINE_KINDS = ("LineString", "Unknown", "Curve")
"""Geometry types of line layers: "MultiLineString Z" and "MultiCurve" too, not "CurvePolygon"."""
LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)


def read_geopackage(path: Path, mapping: NetworkMapping) -> list[RawLink]:
    """Read the links of a GeoPackage; raises what `geopackage_lines` and `raw_links` raise."""
    return raw_links(geopackage_lines(path), mapping, path.name)


def read_shapefile(path: Path, mapping: NetworkMapping) -> list[RawLink]:
    """Read the links of a shapefile; raises what `shapefile_lines` and `raw_links` raise."""
    return raw_links(shapefile_lines(path), mapping, path.name)


def geopackage_lines(path: Path) -> Lines:
    """Read the line layer of a GeoPackage: the only one, or the one called links, roads ...

    Raises
    ------
    RoadscanError
        `network_malformed`, `network_no_crs`, `network_no_lines`.
    """
    head = _head(path)
    if head[:16] != b"SQLite format 3\x00" or head[68:72] not in {b"GPKG", b"GP10", b"GP11"}:
        raise _no_such(path, "GeoPackage")
    return _read(path)


def shapefile_lines(path: Path) -> Lines:
    """Read a shapefile with the .shx, .dbf and .prj beside it.

    Raises
    ------
    RoadscanError
        As `geopackage_lines`.
    """
    if _head(path)[:4] != b"\x00\x00\x27\x0a":
        raise _no_such(path, "shapefile")
    return _read(path)


def _read(path: Path) -> Lines:
    """Read with GDAL, which picks its driver by content: the caller has checked the content."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)  # measures (M) are not read
            file, (encoding, is_found) = path.resolve(), encoding_of(path)
            meta, _, wkb, columns = pyogrio.raw.read(
                file, layer=_line_layer(path), force_2d=True, encoding=encoding or None
            )
        shapes = shapely.from_wkb(wkb)
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        shapely.GEOSException,
        ValueError,
    ) as error:
        raise RoadscanError(
            "network_malformed",
            f"{path.name} cannot be read ({library_message(error, path)})",
            "Export the network again, with all files that belong to it",
        ) from error
    names = [str(name).lower() for name in meta["fields"]]
    rows = [
        Row(
            [shapely.get_coordinates(part) for part in shapely.get_parts(shape)],
            {name: _plain(column[number]) for name, column in zip(names, columns, strict=True)},
            number + 1,
        )
        for number, shape in enumerate(shapes)
        if _is_line(shape)
    ]
    left_out = tuple(n for n, shape in enumerate(shapes, start=1) if not _is_line(shape))
    return Lines(rows, _crs(meta["crs"], path), left_out, encoding if is_found else "")


def encoding_of(path: Path) -> tuple[str, bool]:
    """Return the encoding of a shapefile's texts, and whether it had to be found out.

    "" where the file declares it in a way that GDAL reads right, or all is ASCII. GDAL takes ISO
    8859-1 where nothing is declared and for "ANSI", which lacks the dashes and quotes of Windows.
    """
    table = sidecar(path, ".dbf")
    if path.suffix.lower() != ".shp" or table is None or sidecar(path, ".cpg") is not None:
        return "", False
    data = table.read_bytes()
    declared = data[LANGUAGE_BYTE] if len(data) > LANGUAGE_BYTE else 0
    records = data[int.from_bytes(data[8:10], "little") :]
    if declared not in {0, ANSI} or records.isascii():
        return "", False
    # a name cut in the middle of a letter by its field's width is no reason against UTF-8
    text = records.decode("utf-8", errors="replace")
    if sum(not letter.isascii() for letter in text) > 3 * text.count("\ufffd"):
        return "UTF-8", True
    if declared == ANSI:
        return "CP1252", False
    counts = {name: sum(map(records.count, umlauts)) for name, umlauts in UMLAUTS.items()}
    return max(counts, key=lambda name: counts[name]), True


def sidecar(path: Path, suffix: str) -> Path | None:
    """Return the file beside a shapefile, its suffix in small or capital letters."""
    both = (path.with_suffix(suffix), path.with_suffix(suffix.upper()))
    return next((file for file in both if file.exists()), None)


def _is_line(shape: shapely.Geometry | None) -> bool:
    return shape is not None and shapely.get_type_id(shape) in LINES


def _line_layer(path: Path) -> str:
    layers = [(str(name), kind) for name, kind in pyogrio.list_layers(path.resolve())]
    lines = [
        name
        for name, kind in layers
        if kind is not None and "Polygon" not in kind and any(word in kind for word in LINE_KINDS)
    ]
    named = [name for name in lines if name.lower() in ROAD_LAYERS]
    if len(lines) == 1:
        return lines[0]
    if len(named) == 1:
        return named[0]
    if not lines:
        raise RoadscanError(
            "network_no_lines",
            f"{path.name} has no line layer (layers: {', '.join(n for n, _ in layers) or 'none'})",
            "Export the lines of the roads",
        )
    raise RoadscanError(
        "network_malformed",
        f"{path.name} has several line layers: {', '.join(lines)}",
        "Call the one with the roads links, or export it alone",
    )


def _crs(text: str | None, path: Path) -> CRS:
    if text is None or "undefined" in text.lower():
        raise _no_crs(path, "does not say in which CRS its coordinates are")
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise _no_crs(path, f"names the unknown CRS {text[:60]!r}") from error
    if crs.is_engineering:
        raise _no_crs(path, f"has a local engineering CRS ({crs.name})")
    return crs


def _plain(value: Any) -> object:
    """Convert NumPy scalars to Python values."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(72)


def _no_such(path: Path, kind: str) -> RoadscanError:
    return RoadscanError(
        "network_malformed", f"{path.name} is not a {kind}", "Check what the file really contains"
    )


def _no_crs(path: Path, why: str) -> RoadscanError:
    return RoadscanError("network_no_crs", f"{path.name} {why}", "Export it with its CRS")
