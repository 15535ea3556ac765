"""The layers of a survey as GeoDataFrames in the metric CRS of its network."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

import geopandas
import numpy as np
import pandas as pd
import shapely

from roadscan.assess.lanes import combined_lane
from roadscan.assess.passes import CombinedLane, combine
from roadscan.assess.reviews import JudgedLane
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.segmentation import segment_rows
from roadscan.model.damage import STRIPS, Damage
from roadscan.model.drive import Drive
from roadscan.model.layers.cells import CELLS, CellRecord
from roadscan.model.layers.damages import DAMAGES, DamageRecord
from roadscan.model.layers.drives import DRIVES
from roadscan.model.layers.field import FieldType, LayerSchema
from roadscan.model.layers.segments import SEGMENTS, SegmentRecord
from roadscan.model.road import Direction, Lane, Link, Network, Segment
from roadscan.model.survey import Assessment, Survey
from roadscan.publish.lane_line import LaneLine
from roadscan.store.store import Store

CELLS_AT_ONCE = 50_000
HALF: Final = 0.5
"""A cell is shown as affected if at least this share of the passes over it found it affected."""
DTYPES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "object",
    FieldType.NUMBER: "float64",
    FieldType.INTEGER: "Int64",
    FieldType.BOOLEAN: "boolean",
    FieldType.TIME: "object",
}
"""The pandas type of each type of field."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Results:
    """Content of the layers of a survey, or of a part of it, except the cells."""

    survey: Survey
    scheme: Scheme
    network: Network
    drives: tuple[Drive, ...]
    assessment: Assessment
    photos: Mapping[str, str]
    """Path of the photo beside the layers by damage id, for damages that have a picture."""
    judged: Mapping[Lane, CombinedLane]
    """The lanes with reviewed damage, with the reviews applied."""

    @property
    def links(self) -> dict[str, Link]:
        """The links by their id."""
        return {link.link_id: link for link in self.network.links}


def load_results(store: Store, survey: str) -> Results:
    """Return the results of a survey as the store has them; KeyError for an unknown name."""
    found, assessment = store.survey(survey), store.assessment(survey)
    scheme, network = parse_scheme(found.scheme_text), store.network(found.network_sha256)
    return Results(
        found,
        scheme,
        network,
        store.drives(survey),
        assessment,
        photo_paths(store, survey, assessment.damages),
        _judged_lanes(store, survey, network, scheme),
    )


def photo_paths(store: Store, survey: str, damages: Iterable[Damage]) -> dict[str, str]:
    """Return the path of each damage's photo by damage id, for those that have a picture."""
    return {
        damage.damage_id: f"photos/{damage.damage_id}.jpg"
        for damage in damages
        if store.pictures.has(survey, damage.best)
    }


def combined_lanes(store: Store, results: Results) -> Iterator[CombinedLane]:
    """Yield each lane of a survey with reviews applied, in order of link id."""
    for passes in store.lane_passes(results.survey.name):
        known = results.judged.get(passes[0].grid.lane)
        yield known or combine([JudgedLane(one.grid, ()) for one in passes], results.scheme)


def segments_layer(results: Results) -> geopandas.GeoDataFrame:
    """Return every segment of the network, as the middle line of its lane in driving direction."""
    links, lane = results.links, _lane_lines(results.links)
    survey, scheme, found = results.survey, results.scheme, results.assessment
    pairs = tuple(zip(found.segments, found.results, strict=True))
    return _frame(
        SEGMENTS,
        [
            SegmentRecord(
                survey, scheme.id, scheme.version, links[segment.link_id], segment, result
            )
            for segment, result in pairs
        ],
        [
            lane(segment.link_id, segment.direction).stretch(segment.from_m, segment.to_m)
            for segment, _ in pairs
        ],
        results.network,
    )


def damages_layer(results: Results) -> geopandas.GeoDataFrame:
    """Return every damage as the part of the lane that it covers."""
    links, lane = results.links, _lane_lines(results.links)
    damages = results.assessment.damages
    return _frame(
        DAMAGES,
        [
            DamageRecord(one, links[one.link_id], results.photos.get(one.damage_id))
            for one in damages
        ],
        [
            lane(one.link_id, one.direction).area(
                one.from_offset_m, one.to_offset_m, one.left_min_m, one.left_max_m
            )
            for one in damages
        ],
        results.network,
    )


def drives_layer(results: Results) -> geopandas.GeoDataFrame:
    """Return the path of every drive; stretches without a track are left out."""
    paths = [shapely.MultiLineString(list(drive.path_m)) for drive in results.drives]
    return _frame(DRIVES, results.drives, paths, results.network)


def cells_layers(
    results: Results, lanes: Iterable[CombinedLane]
) -> Iterator[geopandas.GeoDataFrame]:
    """Yield the cells that were viewed, some tens of thousands at a time, at least one layer."""
    links = results.links
    by_lane: dict[Lane, list[Segment]] = defaultdict(list)
    for segment in results.assessment.segments:
        by_lane[segment.link_id, segment.direction].append(segment)
    records, outlines = list[CellRecord](), list[shapely.Polygon]()
    for lane in lanes:
        link = links[lane.grid.link_id]
        for record, outline in _cells(by_lane[lane.grid.lane], lane, link, results.scheme):
            records.append(record)
            outlines.append(outline)
        if len(records) >= CELLS_AT_ONCE:
            yield _frame(CELLS, records, outlines, results.network)
            records, outlines = [], []
    yield _frame(CELLS, records, outlines, results.network)


def _cells(
    segments: Iterable[Segment], lane: CombinedLane, link: Link, scheme: Scheme
) -> Iterator[tuple[CellRecord, shapely.Polygon]]:
    grid, line = lane.grid, LaneLine(link, lane.grid.direction)
    edges_m = link.lane_width_m * (0.5 - np.arange(STRIPS + 1.0) / STRIPS)
    affected = {
        kind: lane.share({kind}) >= HALF for kind in sorted(grid.hits.keys() & scheme.kinds.keys())
    }
    for segment in segments:
        for row, strip, outline in line.cells(segment_rows(segment), edges_m):
            if not grid.views[row, strip]:
                continue
            kinds = tuple(kind for kind, cells in affected.items() if cells[row, strip])
            record = CellRecord(
                link=link,
                segment=segment,
                row=row,
                strip=strip,
                views=int(grid.views[row, strip]),
                hits={kind: int(n[row, strip]) for kind, n in sorted(grid.hits.items())},
                affected=kinds,
                indicators=frozenset(scheme.kinds[kind].indicator for kind in kinds),
                last_seen_s=float(grid.last_seen_s[row]),
                accuracy_m=float(grid.accuracy_m[row]),
            )
            yield record, outline


def _judged_lanes(
    store: Store, survey: str, network: Network, scheme: Scheme
) -> dict[Lane, CombinedLane]:
    judgements = store.reviews.in_force(survey)
    links = {link.link_id: link for link in network.links}
    judged = {}
    for lane in sorted(store.reviews.lanes(survey)) if judgements else ():
        seen = store.seen_on(survey, {lane[0]})[lane]
        combined = combined_lane(seen, judgements, links[lane[0]].lane_width_m, scheme)
        if combined is not None:
            judged[lane] = combined
    return judged


def _lane_lines(links: dict[str, Link]) -> Callable[[str, Direction], LaneLine]:
    @cache
    def lane(link_id: str, direction: Direction) -> LaneLine:
        return LaneLine(links[link_id], direction)

    return lane


def _frame(
    schema: LayerSchema[Record],
    records: Sequence[Record],
    geometries: Sequence[shapely.Geometry],
    network: Network,
) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        {
            field.name: pd.Series(
                [field.value(record) for record in records], dtype=DTYPES[field.type]
            )
            for field in schema.fields
        },
        geometry=list(geometries),
        crs=f"EPSG:{network.crs_epsg}",
    )
