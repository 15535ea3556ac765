"""Read a road network of any supported format into links in one metric CRS."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from itertools import count
from math import isnan
from pathlib import Path

import numpy as np
from pyproj import Transformer

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.model.link_table import kept
from roadscan.model.road import Link, Network
from roadscan.read.input_files import check_file, sha256_of
from roadscan.read.network_assumptions import assumptions_of, ids_remark, remarks_on
from roadscan.read.network_cache import cache_key, keep_network, load_network
from roadscan.read.network_faults import Fault, Island, LineFault
from roadscan.read.network_geojson import geojson_lines, read_geojson
from roadscan.read.network_geometry import ReadLink, mend_lines
from roadscan.read.network_ids import kept_ids
from roadscan.read.network_junctions import Meetings, islands, with_junctions
from roadscan.read.network_mapping import NetworkMapping, mapping_path, read_mapping
from roadscan.read.network_osm import read_osm
from roadscan.read.network_preview import NetworkPreview, preview_lines, preview_ways
from roadscan.read.network_register import register_entry, station_unit_m
from roadscan.read.network_rows import Lines, RawLink, raw_links
from roadscan.read.network_table import (
    geopackage_lines,
    read_geopackage,
    read_shapefile,
    shapefile_lines,
    sidecar,
)
from roadscan.read.network_zip import unzipped_network
from roadscan.read.road_tags import (
    PATH_LEAST_M,
    WIDTHS_M,
    directions_of,
    is_contraflow,
    is_outside_town,
    kind_of,
    kind_width_m,
    lane_width_of,
    level_of,
    road_class_of,
    surface_of,
)
from roadscan.read.utm_zone import metric_crs

MAX_BYTES = 2_000_000_000
"""Twice the OpenStreetMap extract of a large state."""
BESIDE_SHAPEFILE = (".dbf", ".prj", ".cpg")
"""Sidecar files of a shapefile that affect the result."""
MAX_OFF_MERIDIAN_DEG = 9.0
"""At this distance from its central meridian UTM is off by 1 %; Germany lies within 5 degrees."""
READING = 4
"""Raised when the same file becomes another network: what is stored of it stays what it was."""
MIN_LENGTH_M = 0.05
DEFAULT_LANE_WIDTH_M = 3.5

Reader = Callable[[Path, NetworkMapping], Sequence[RawLink]]

FORMATS: dict[str, Reader] = {
    ".geojson": read_geojson,
    ".json": read_geojson,
    ".gpkg": read_geopackage,
    ".shp": read_shapefile,
    ".pbf": read_osm,
    ".osm": read_osm,
    ".xml": read_osm,
}
TABLES: dict[str, Callable[[Path], Lines]] = {
    ".geojson": geojson_lines,
    ".json": geojson_lines,
    ".gpkg": geopackage_lines,
    ".shp": shapefile_lines,
}
"""The formats that have columns."""
ZIP = ".zip"
SUFFIXES = (*FORMATS, ZIP)


def read_network(
    path: Path,
    default_lane_width_m: float = DEFAULT_LANE_WIDTH_M,
    mapping: NetworkMapping | None = None,
    before: Network | None = None,
    *,
    paths: bool = False,
) -> Network:
    """Read GeoJSON, GeoPackage, Shapefile, a zip of one of them, or OpenStreetMap (PBF, XML).

    `default_lane_width_m` applies where the network has no width. Link ids are the network's own
    or derived from its content, so that they are stable; the metric CRS is the UTM zone of the
    data. Lines without an id have that of the same road in the network `before`, if there is one.
    Of OpenStreetMap cycle paths, footways and tracks are read only with `paths`.
    The meaning of the columns comes from `mapping`, else from the mapping file beside the
    network, else from their usual names.

    Raises
    ------
    RoadscanError
        `network_format_unknown`, `network_malformed`, `network_no_crs`, `network_no_lines`,
        `network_zip_refused`, and what `check_file` raises.
    """
    check_file(path, MAX_BYTES)
    key = _key(path, default_lane_width_m, mapping, paths=paths)
    known = load_network(key, path.name) if before is None else None
    if known is not None:
        return known
    network = _read(path, default_lane_width_m, mapping, before, paths=paths)
    if before is None:
        keep_network(key, network)
    return network


def _key(
    path: Path, default_lane_width_m: float, mapping: NetworkMapping | None, *, paths: bool
) -> str:
    """Return the key under which a network is kept: what it is read from, and how."""
    beside = [sidecar(path, suffix) for suffix in BESIDE_SHAPEFILE] + [mapping_path(path)]
    contents = [sha256_of(file) if file and file.exists() else "" for file in (path, *beside)]
    how = (READING, default_lane_width_m, mapping, paths, path.name)
    return cache_key(contents, [repr(how)])


def _read(
    path: Path,
    default_lane_width_m: float,
    mapping: NetworkMapping | None,
    before: Network | None,
    *,
    paths: bool,
) -> Network:
    with _extracted(path) as file:
        meanings = _meanings(file, mapping)
        table = TABLES.get(file.suffix.lower())
        lines = None if table is None else table(file)
        read = (
            read_osm(file, meanings, paths=paths)
            if lines is None
            else raw_links(lines, meanings, file.name)
        )
        found = _metric_links(read, default_lane_width_m, path.name, before=before)
        assumed = assumptions_of(found.read)
        preview = (
            preview_ways(len(found.links), found.faults, assumed, found.islands)
            if lines is None
            else preview_lines(lines, meanings, found.faults, assumed, found.islands)
        )
        scheme_width = any(link.lane_width_source == "scheme" for link in found.links)
        settings = _settings(default_lane_width_m if scheme_width else None, mapping)
        if paths and lines is None:
            settings.append("with paths")
        if found.kept_ids and before is not None:
            settings.append(f"ids of {before.sha256}")
        sha256 = _sha256(file, settings)
        remarks = (
            *remarks_on(found.links, preview, path.name),
            *ids_remark(found.kept_ids, found.read, before),
        )
        links = kept(found.links, len(found.links))
        return Network(links, found.epsg, sha256, path.name, remarks)


def preview_network(
    path: Path,
    mapping: NetworkMapping | None = None,
    default_lane_width_m: float = DEFAULT_LANE_WIDTH_M,
) -> NetworkPreview:
    """Return how the columns of a network are interpreted and which lines have a fault.

    A network that `read_network` refuses can still be previewed: to see why, and to map other
    columns. OpenStreetMap has no columns to choose from.

    Raises
    ------
    RoadscanError
        As `read_network`, where the file cannot be read at all.
    """
    with _extracted(path) as file:
        meanings = _meanings(file, mapping)
        table = TABLES.get(file.suffix.lower())
        if table is None:
            found = _metric_links(
                FORMATS[file.suffix.lower()](file, meanings), default_lane_width_m, path.name
            )
            return preview_ways(
                len(found.links), found.faults, assumptions_of(found.read), found.islands
            )
        lines = table(file)
        try:
            read = raw_links(lines, meanings, path.name)
            found = _metric_links(read, default_lane_width_m, path.name, refuse=False)
        except RoadscanError:  # reported when it is read; here only its columns matter
            return preview_lines(lines, meanings)
        return preview_lines(
            lines, meanings, found.faults, assumptions_of(found.read), found.islands
        )


def _meanings(file: Path, mapping: NetworkMapping | None) -> NetworkMapping:
    """Return the given mapping, else that beside the file; its tables of values count for both."""
    beside = read_mapping(file)
    if mapping is None:
        return beside
    return replace(
        mapping,
        road_class_values=mapping.road_class_values
        or (beside.road_class_values if mapping.road_class else ()),
        oneway_values=mapping.oneway_values or beside.oneway_values,
        carry=mapping.carry or beside.carry,
        surface_values=mapping.surface_values or beside.surface_values,
        width_unit=mapping.width_unit if mapping.width_unit != "m" else beside.width_unit,
    )


@contextmanager
def _extracted(path: Path) -> Iterator[Path]:
    """Yield the network file itself, or the one in the zip."""
    check_file(path, MAX_BYTES)
    suffix = path.suffix.lower()
    if suffix == ZIP:
        with unzipped_network(path) as file:
            yield file
    elif suffix in FORMATS:
        yield path
    else:
        raise RoadscanError(
            "network_format_unknown",
            f"{path.name} has the suffix {path.suffix or '(none)'}",
            f"Supported are {', '.join(sorted(SUFFIXES))}",
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """Links in a metric CRS, each with what the file says of it, and what is wrong with lines."""

    links: tuple[Link, ...]
    epsg: int
    read: list[tuple[RawLink, Link]]
    faults: list[Fault]
    kept_ids: frozenset[str]
    """Ids that another line had in the network before, and that are none of its own place."""
    islands: tuple[Island, ...]


def _metric_links(
    raw: Sequence[RawLink],
    default_lane_width_m: float,
    source: str,
    *,
    refuse: bool = True,
    before: Network | None = None,
) -> _Found:
    """Return the links in the metric CRS of the data, mended where that is certain.

    With `refuse` ids that are there twice end it.
    """
    if not raw:
        raise RoadscanError(
            "network_no_lines", f"{source} contains no road lines", "Export the lines of the roads"
        )
    all_lonlat = np.concatenate([link.lonlat for link in raw])
    epsg = metric_crs(all_lonlat[:, 0], all_lonlat[:, 1])
    _check_extent(all_lonlat, epsg, source)
    to_metric = Transformer.from_crs(4326, epsg, always_xy=True)
    x, y = to_metric.transform(all_lonlat[:, 0], all_lonlat[:, 1])
    lines = np.split(np.column_stack([x, y]), np.cumsum([len(link.lonlat) for link in raw])[:-1])
    read: list[tuple[RawLink, ReadLink]] = []
    faults: list[Fault] = []
    for given, line in zip(raw, lines, strict=True):
        xy_m = _without_repeats(line)
        if len(xy_m) > 1:
            link = _link(given, xy_m, default_lane_width_m)
            read.append((given, ReadLink(link, given.number, given.tags.get("highway", ""))))
        else:
            faults.append(Fault(given.number, LineFault.NO_LENGTH, "", given.link_id))
    if not read:
        raise RoadscanError(
            "network_no_lines", f"all lines of {source} have zero length", "Check the export"
        )
    if refuse:
        _refuse_same_ids([line.link for _, line in read])
    read, kept_ids = _with_known_ids(read, before, epsg)
    read = _with_register(read)
    mended, found = mend_lines([line for _, line in read])
    meetings = Meetings.of([line.link for line in mended])
    links = with_junctions(meetings)
    kept = {link.link_id: link for link in links}
    return _Found(
        tuple(links),
        epsg,
        [(given, kept[given.link_id]) for given, _ in read if given.link_id in kept],
        [*faults, *found],
        kept_ids,
        tuple(
            Island(
                mended[part[0]].number,
                links[part[0]].link_id,
                len(part),
                round(float(meetings.length_m[part].sum()), 1),
            )
            for part in islands(meetings)
        ),
    )


def _with_known_ids(
    read: list[tuple[RawLink, ReadLink]], before: Network | None, epsg: int
) -> tuple[list[tuple[RawLink, ReadLink]], frozenset[str]]:
    """Give lines without an id that of the same road before; return them and the ids given."""
    nameless = [k for k, (given, _) in enumerate(read) if given.id_by_place]
    if before is None or not nameless:
        return read, frozenset()
    own = [given.link_id for given, _ in read if not given.id_by_place]
    found = kept_ids([read[k][1].link.xy_m for k in nameless], own, before, epsg)
    kept = {nameless[k]: link_id for k, link_id in found.items()}
    taken = {*own, *kept.values()}
    changed = list[tuple[RawLink, ReadLink]]()
    for k, (given, line) in enumerate(read):
        link_id = kept.get(k, given.link_id)
        if k not in kept and given.id_by_place:
            link_id = _free(link_id, taken)
            taken.add(link_id)
        link = replace(line.link, link_id=link_id)
        changed.append((replace(given, link_id=link_id), replace(line, link=link)))
    given_ids = {link_id for k, link_id in kept.items() if read[k][0].link_id != link_id}
    return changed, frozenset(given_ids)


def _free(link_id: str, taken: Collection[str]) -> str:
    """Return an id, with a number behind it if another line has it already."""
    numbered = (f"{link_id}.{number}" for number in count(1))
    return link_id if link_id not in taken else next(name for name in numbered if name not in taken)


def _with_register(read: Sequence[tuple[RawLink, ReadLink]]) -> list[tuple[RawLink, ReadLink]]:
    """Add what the register says; of several parts of a line, the stations run on."""
    length_m = [float(np.hypot(*np.diff(line.link.xy_m, axis=0).T).sum()) for _, line in read]
    unit_m = station_unit_m([given for given, _ in read], length_m)
    before_m, found = 0.0, list[tuple[RawLink, ReadLink]]()
    for k, (given, line) in enumerate(read):
        before_m = before_m + length_m[k - 1] if k and _is_same_line(read[k - 1][0], given) else 0.0
        entry = register_entry(given, before_m, unit_m)
        found.append((given, replace(line, link=replace(line.link, register=entry))))
    return found


def _is_same_line(a: RawLink, b: RawLink) -> bool:
    return a.number == b.number != 0


def _check_extent(lonlat: Floats, epsg: int, source: str) -> None:
    meridian_deg = 6.0 * (epsg % 100) - 183.0
    off_deg = np.abs((lonlat[:, 0] - meridian_deg + 180.0) % 360.0 - 180.0)
    worst = int(np.argmax(off_deg))
    if off_deg[worst] > MAX_OFF_MERIDIAN_DEG:
        lon, lat = lonlat[worst]
        raise RoadscanError(
            "network_malformed",
            f"{source} has a line at {lon:.3f}, {lat:.3f}, too far from the others for one metric "
            f"CRS (EPSG:{epsg})",
            "Export the roads of one region",
        )


def _settings(scheme_width_m: float | None, mapping: NetworkMapping | None) -> list[str]:
    """Return the settings a network was read with, as far as they are not the defaults."""
    found = [f"reading {READING}"]
    if scheme_width_m not in {None, DEFAULT_LANE_WIDTH_M}:
        found.append(f"lane width {scheme_width_m!r}")
    if mapping is not None:
        found.append(f"mapping {astuple(mapping)!r}")
    return found


def _sha256(path: Path, settings: Sequence[str]) -> str:
    """Return the hash of everything the network was made from: files and how they were read.

    The same file read with another width or mapping is another network.
    """
    beside = [sidecar(path, suffix) for suffix in BESIDE_SHAPEFILE] if _is_shape(path) else []
    mapping = mapping_path(path)
    parts = [file for file in (*beside, mapping if mapping.exists() else None) if file is not None]
    own = sha256_of(path)
    return hashlib.sha256("".join([own, *map(sha256_of, parts), *settings]).encode()).hexdigest()


def _is_shape(path: Path) -> bool:
    return FORMATS[path.suffix.lower()] is read_shapefile


def _link(raw: RawLink, xy_m: Floats, default_lane_width_m: float) -> Link:
    forward, backward = directions_of(raw.oneway, raw.tags)
    kind = kind_of(raw.tags)
    own_m = kind_width_m(kind)
    lanes = forward + backward if own_m is None else 1
    least_m = WIDTHS_M[0] if own_m is None else PATH_LEAST_M
    width_m = lane_width_of(
        raw.lane_width, raw.width, raw.lanes, default_lanes=lanes, least_m=least_m
    )
    known = not isnan(width_m)
    assumed_m, assumed = (default_lane_width_m, "scheme") if own_m is None else (own_m, "kind")
    return Link(
        link_id=raw.link_id,
        xy_m=xy_m,
        street=raw.street,
        street_key=raw.street_key,
        road_class=road_class_of(raw.road_class, raw.tags.get("highway", "")),
        surface=surface_of(raw.surface),
        lane_width_m=width_m if known else assumed_m,
        lane_width_source="network" if known else assumed,
        forward=forward,
        backward=backward,
        outside_town=is_outside_town(raw.outside_town, raw.tags),
        level=level_of(raw.tags),
        kind=kind,
        contraflow=is_contraflow(raw.tags),
    )


def _without_repeats(xy_m: Floats) -> Floats:
    steps_m = np.hypot(*np.diff(xy_m, axis=0).T)
    kept: Floats = xy_m[np.concatenate([[True], steps_m > 1e-6])]
    length_m = float(np.hypot(*np.diff(kept, axis=0).T).sum()) if len(kept) > 1 else 0.0
    return kept if length_m >= MIN_LENGTH_M else kept[:1]


def _refuse_same_ids(links: Sequence[Link]) -> None:
    """Refuse duplicate link ids: everything refers to them."""
    seen: set[str] = set()
    for link in links:
        if link.link_id in seen:
            raise RoadscanError(
                "network_malformed",
                f"two lines have the link id {link.link_id!r}",
                "Give each line a unique id, or no id at all",
            )
        seen.add(link.link_id)
