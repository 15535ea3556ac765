"""From the store's results to the features of the layers, in the metric CRS."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely

from roadscan.assess.cells import affected_cells
from roadscan.assess.scheme import INDICATORS, Scheme, parse_scheme
from roadscan.assess.segmentation import segment_rows
from roadscan.model.damage import STRIPS, Damage, LaneGrid
from roadscan.model.drive import Drive
from roadscan.model.road import Direction, Link, Network, Segment
from roadscan.model.survey import Assessment, Survey
from roadscan.model.time import iso_utc
from roadscan.publish.lane_line import LaneLine
from roadscan.publish.layer_fields import CELLS, DAMAGES, DRIVES, SEGMENTS, Field
from roadscan.store.store import Store

CELLS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Results:
    """All of a survey that the layers are made of, except its cells."""

    survey: Survey
    scheme: Scheme
    network: Network
    drives: tuple[Drive, ...]
    assessment: Assessment
    photos: Mapping[str, str]
    """By damage id, the path of its photo beside the layers; only of those that have a picture."""

    @property
    def links(self) -> dict[str, Link]:
        """The links by their id."""
        return {link.link_id: link for link in self.network.links}


def load_results(store: Store, survey: str) -> Results:
    """Return the results of a survey; KeyError without one of this name."""
    found, assessment = store.survey(survey), store.assessment(survey)
    return Results(
        found,
        parse_scheme(found.scheme_text),
        store.network(found.network_sha256),
        store.drives(survey),
        assessment,
        photos_of(store, survey, assessment.damages),
    )


def photos_of(store: Store, survey: str, damages: Iterable[Damage]) -> dict[str, str]:
    """Return by damage id the path of its photo, of those that have a picture."""
    return {
        damage.damage_id: f"photos/{damage.damage_id}.jpg"
        for damage in damages
        if store.pictures.has(survey, damage.best)
    }


def segments_layer(results: Results) -> geopandas.GeoDataFrame:
    """Return every segment of the network, as the middle line of its lane in driving direction."""
    links, lane = results.links, _lanes(results.links)
    rows = []
    for segment, result in zip(
        results.assessment.segments, results.assessment.results, strict=True
    ):
        link, score = links[segment.link_id], result.score
        indicators = score.indicators
        rows.append(
            (
                lane(segment.link_id, segment.direction).stretch(segment.from_m, segment.to_m),
                segment.segment_id,
                segment.link_id,
                segment.direction.value,
                link.street or None,
                link.road_class.value,
                link.surface.value,
                segment.from_m,
                segment.to_m,
                round(segment.length_m, 3),
                results.survey.name,
                indicators.riss_pct,
                indicators.afli_pct,
                indicators.ofs_pct,
                score.zw_riss,
                score.zw_afli,
                score.zw_ofs,
                score.twsub,
                score.twsub_basis or None,
                score.score,
                score.condition_class,
                result.coverage,
                result.cells,
                result.views_mean,
                result.confidence,
                result.n_damages,
                score.reason or None,
                " ".join(f"{reason}:{share:g}" for reason, share in result.lost.items()) or None,
                results.scheme.id,
                results.scheme.version,
                results.survey.model_name,
                None if result.assessed_at_s is None else iso_utc(result.assessed_at_s),
            )
        )
    return _layer(rows, SEGMENTS, results)


def damages_layer(results: Results) -> geopandas.GeoDataFrame:
    """Return every damage as the part of the lane that it takes up."""
    links, lane = results.links, _lanes(results.links)
    rows = []
    for damage in results.assessment.damages:
        along, across = (
            (damage.from_offset_m, damage.to_offset_m),
            (damage.left_min_m, damage.left_max_m),
        )
        rows.append(
            (
                lane(damage.link_id, damage.direction).area(*along, *across),
                damage.damage_id,
                damage.kind,
                damage.label,
                damage.link_id,
                damage.segment_id,
                links[damage.link_id].street or None,
                round(sum(along) / 2, 2),
                round(sum(across) / 2, 2),
                round(along[1] - along[0], 2),
                round(across[1] - across[0], 2),
                damage.area_m2,
                round(damage.confidence, 4),
                damage.n_observations,
                iso_utc(damage.first_seen_s),
                iso_utc(damage.last_seen_s),
                round(damage.accuracy_m, 2),
                results.photos.get(damage.damage_id),
                damage.review and damage.review.value,
            )
        )
    return _layer(rows, DAMAGES, results)


def drives_layer(results: Results) -> geopandas.GeoDataFrame:
    """Return the path of every drive; stretches without a track are left out."""
    rows = [
        (
            shapely.MultiLineString(list(drive.path_m)),
            drive.drive_id,
            drive.survey,
            drive.video.name,
            drive.track_name,
            iso_utc(drive.started_s),
            iso_utc(drive.ended_s),
            round(drive.length_m, 1),
            round(drive.clock.offset_s, 3),
            round(drive.clock.sigma_s, 3),
            drive.clock.source,
            drive.camera.name,
            drive.model_name,
        )
        for drive in results.drives
    ]
    return _layer(rows, DRIVES, results)


def cells_layers(results: Results, grids: Iterable[LaneGrid]) -> Iterator[geopandas.GeoDataFrame]:
    """Yield the cells that were viewed, some tens of thousands at a time, at least one layer."""
    links = results.links
    by_lane: dict[tuple[str, Direction], list[Segment]] = defaultdict(list)
    for segment in results.assessment.segments:
        by_lane[segment.link_id, segment.direction].append(segment)
    rows: list[tuple[Any, ...]] = []
    for grid in grids:
        segments = by_lane[grid.link_id, grid.direction]
        rows += _cells(segments, grid, links[grid.link_id], results.scheme)
        if len(rows) >= CELLS_AT_ONCE:
            yield _layer(rows, CELLS, results)
            rows = []
    yield _layer(rows, CELLS, results)


def _cells(
    segments: list[Segment], grid: LaneGrid, link: Link, scheme: Scheme
) -> Iterator[tuple[Any, ...]]:
    line = LaneLine(link, grid.direction)
    edges_m = link.lane_width_m * (0.5 - np.arange(STRIPS + 1.0) / STRIPS)
    affected = {
        kind: affected_cells(grid, kind, scheme.hit_share)
        for kind in sorted(grid.hits.keys() & scheme.kinds.keys())
    }
    for segment in segments:
        for row, strip, outline in line.cells(segment_rows(segment), edges_m):
            if not grid.views[row, strip]:
                continue
            hits = {kind: int(n[row, strip]) for kind, n in sorted(grid.hits.items())}
            kinds = [kind for kind, cells in affected.items() if cells[row, strip]]
            touched = {scheme.kinds[kind].indicator for kind in kinds}
            yield (
                outline,
                f"{grid.link_id}:{grid.direction.value[0]}:{row}:{strip}",
                segment.segment_id,
                grid.link_id,
                grid.direction.value,
                row,
                strip,
                int(grid.views[row, strip]),
                " ".join(f"{kind}:{n}" for kind, n in hits.items() if n) or None,
                " ".join(kinds) or None,
                *(name in touched for name in INDICATORS),
                iso_utc(float(grid.last_seen_s[row])),
                round(float(grid.accuracy_m[row]), 2),
            )


def _lanes(links: dict[str, Link]) -> Callable[[str, Direction], LaneLine]:
    @cache
    def lane(link_id: str, direction: Direction) -> LaneLine:
        return LaneLine(links[link_id], direction)

    return lane


def _layer(
    rows: list[tuple[Any, ...]], fields: tuple[Field, ...], results: Results
) -> geopandas.GeoDataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * (len(fields) + 1)
    return geopandas.GeoDataFrame(
        {
            field.name: pd.Series(values, dtype=field.dtype)
            for field, values in zip(fields, columns[1:], strict=True)
        },
        geometry=list(columns[0]),
        crs=f"EPSG:{results.network.crs_epsg}",
    )
