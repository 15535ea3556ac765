"""OpenStreetMap: ways cut into links at the nodes they share."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import Way

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.read.input_files import library_message
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.network_rows import RawLink, plain_text
from roadscan.read.road_tags import is_drawn_from_osm

FORMATS = {".pbf": "pbf", ".osm": "xml", ".xml": "xml"}
"""Explicit, so that no file name makes osmium treat it as a URL or another format."""
NAME_TAGS = ("name", "ref")


@dataclass(frozen=True, slots=True)
class _Way:
    """A way with the positions of its nodes, NaN where the file lacks one."""

    way_id: int
    nodes: tuple[int, ...]
    lonlat: Floats
    tags: dict[str, str]


def read_osm(
    path: Path,
    mapping: NetworkMapping,  # noqa: ARG001 -- one signature
    *,
    paths: bool = False,
) -> list[RawLink]:
    """Read the ways that carry cars, with `paths` also paths and tracks.

    A link runs from one shared node to the next.

    Link ids are `w<way>-<number along the way>`: they are stable as long as the way and its shared
    nodes are. Where the file lacks a node, the way is interrupted rather than bridged. Tags have
    their OpenStreetMap meaning, so the mapping does not apply.

    Raises
    ------
    RoadscanError
        `network_malformed` if it is no OpenStreetMap data.
    """
    try:
        ways = list(_ways(path, paths=paths))
    except (RuntimeError, ValueError, OverflowError) as error:
        raise RoadscanError(
            "network_malformed",
            f"{path.name} cannot be read as OpenStreetMap data ({library_message(error, path)})",
            "Download the extract again",
        ) from error
    used = Counter(node for way in ways for node in way.nodes)
    return [link for way in ways for link in _links(way, used)]


def _ways(path: Path, *, paths: bool) -> Iterator[_Way]:
    file = osmium.io.File(str(path.resolve()), FORMATS[path.suffix.lower()])
    entities = osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.WAY)
    # Nodes give ways their positions before the filter drops them; none becomes a Python object.
    ways = osmium.filter.EntityFilter(osmium.osm.WAY)
    for entity in entities.with_locations().with_filter(ways):
        if not isinstance(entity, Way) or not is_drawn_from_osm(dict(entity.tags), paths=paths):
            continue
        if entity.tags.get("area") == "yes":
            continue
        places = [
            (node.lon, node.lat) if node.location.valid() else (np.nan, np.nan)
            for node in entity.nodes
        ]
        tags = {tag.k: plain_text(tag.v) for tag in entity.tags}
        yield _Way(entity.id, tuple(node.ref for node in entity.nodes), np.array(places), tags)


def _links(way: _Way, used: Counter[int]) -> list[RawLink]:
    tags = way.tags
    return [
        RawLink(
            link_id=f"w{way.way_id}-{number}",
            lonlat=way.lonlat[start : end + 1],
            street=next((tags[name] for name in NAME_TAGS if tags.get(name)), ""),
            surface=tags.get("surface", ""),
            oneway=tags.get("oneway", ""),
            width=tags.get("width", ""),
            lanes=tags.get("lanes", ""),
            tags=tags,
        )
        for number, (start, end) in enumerate(_stretches(way, used))
    ]


def _stretches(way: _Way, used: Counter[int]) -> Iterator[tuple[int, int]]:
    """Cut a way at the nodes that it shares, and where nodes are missing."""
    located = [bool(known) for known in np.isfinite(way.lonlat[:, 0])]
    for known, run in groupby(range(len(way.nodes)), key=located.__getitem__):
        numbers = list(run)
        if known:
            inner = [number for number in numbers[1:-1] if used[way.nodes[number]] > 1]
            yield from pairwise([numbers[0], *inner, *numbers[1:][-1:]])
