"""OpenStreetMap: ways cut into links at the nodes they share."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.read.network_table import NetworkMapping
from roadscan.read.raw_link import RawLink
from roadscan.read.road_tags import is_drawn_from_osm

NAME_TAGS = ("name", "ref")


@dataclass(frozen=True, slots=True)
class _Way:
    way_id: int
    nodes: tuple[int, ...]
    lonlat: Floats
    tags: dict[str, str]


def read_osm(path: Path, mapping: NetworkMapping) -> list[RawLink]:  # noqa: ARG001 -- one signature
    """Read the ways that carry cars; a link runs from one shared node to the next.

    Link ids are `w<way>-<number along the way>`: they stay as long as the way and the nodes it
    shares do. Ways whose nodes are not in the file are cut there.

    Raises
    ------
    RoadscanError
        `network_malformed` if it is no OpenStreetMap data.
    """
    try:
        ways = list(_ways(path))
    except (RuntimeError, ValueError, OverflowError) as error:
        raise RoadscanError(
            "network_malformed",
            f"{path.name} is no readable OpenStreetMap data ({' '.join(str(error).split())})",
            "Download the extract again",
        ) from error
    used = Counter(node for way in ways for node in way.nodes)
    return [link for way in ways for link in _links(way, used)]


def _ways(path: Path) -> list[_Way]:
    ways = []
    for entity in osmium.FileProcessor(
        str(path), osmium.osm.NODE | osmium.osm.WAY
    ).with_locations():
        if not entity.is_way() or not is_drawn_from_osm(entity.tags.get("highway", "")):
            continue
        if entity.tags.get("area") == "yes":
            continue
        located = [node for node in entity.nodes if node.location.valid()]
        if len(located) > 1:
            lonlat = np.array([(node.location.lon, node.location.lat) for node in located])
            refs = tuple(node.ref for node in located)
            ways.append(_Way(entity.id, refs, lonlat, dict(entity.tags)))
    return ways


def _links(way: _Way, used: Counter[int]) -> list[RawLink]:
    last = len(way.nodes) - 1
    cuts = [0, *(k for k in range(1, last) if used[way.nodes[k]] > 1), last]
    tags = way.tags
    return [
        RawLink(
            link_id=f"w{way.way_id}-{number}",
            lonlat=way.lonlat[start : end + 1],
            street=next((tags[name] for name in NAME_TAGS if name in tags), ""),
            surface=tags.get("surface", ""),
            oneway=tags.get("oneway", ""),
            width=tags.get("width", ""),
            lanes=tags.get("lanes", ""),
            tags=tags,
        )
        for number, (start, end) in enumerate(pairwise(cuts))
    ]
