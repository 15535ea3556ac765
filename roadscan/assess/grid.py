"""Cuts links into segments and lanes into cells."""

from collections.abc import Iterator
from math import ceil

import numpy as np

from roadscan.assess.scheme import Scheme
from roadscan.model.damage import STRIPS
from roadscan.model.road import Link, Network, Segment


def link_length_m(link: Link) -> float:
    """Return the length of a link."""
    return float(np.hypot(*np.diff(link.xy_m, axis=0).T).sum())


def row_count(link: Link) -> int:
    """Return the rows of 1 m that a link has; the last one may be shorter."""
    return max(1, ceil(link_length_m(link) - 1e-6))


def segments_of(network: Network, scheme: Scheme) -> tuple[Segment, ...]:
    """Cut every lane of the network into segments, in the order of the network.

    A rest shorter than half a segment goes to the one before it. The id is made of link, direction
    and start (`L7:f:40`), so it stays as long as the link does.
    """
    return tuple(
        Segment(
            f"{link.link_id}:{direction.value[0]}:{start:g}", link.link_id, direction, start, end
        )
        for link in network.links
        for direction in link.directions
        for start, end in _cuts(link, scheme)
    )


def _cuts(link: Link, scheme: Scheme) -> Iterator[tuple[float, float]]:
    length_m = link_length_m(link)
    step_m = scheme.segment_rural_m if link.outside_town else scheme.segment_town_m
    count = max(1, int(length_m // step_m) + (length_m % step_m >= step_m / 2))
    for number in range(count):
        end_m = length_m if number == count - 1 else (number + 1) * step_m
        yield number * step_m, round(end_m, 3)


def segment_rows(segment: Segment) -> range:
    """Return the rows of the link that belong to a segment: those that begin inside it."""
    return range(ceil(segment.from_m - 1e-6), max(1, ceil(segment.to_m - 1e-6)))


def cells_of_segment(segment: Segment) -> list[tuple[int, int]]:
    """Return (row, strip) of all cells of a segment."""
    return [(row, strip) for row in segment_rows(segment) for strip in range(STRIPS)]


def segment_at(segments: list[Segment], row: int) -> Segment:
    """Return the segment of one lane that holds a row; `segments` in order of their start."""
    return next(segment for segment in segments if row in segment_rows(segment))
