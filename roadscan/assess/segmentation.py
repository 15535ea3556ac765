"""Cuts links into segments and lanes into cells."""

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np

from roadscan.assess.scheme import Scheme
from roadscan.model.damage import STRIPS
from roadscan.model.road import Link, Network, Segment


def link_length_m(link: Link) -> float:
    """Return the length of a link, to the millimetre: rows and segments end at the same place."""
    return round(float(np.hypot(*np.diff(link.xy_m, axis=0).T).sum()), 3)


def row_count(link: Link) -> int:
    """Return the rows of 1 m that a link has; the last one may be shorter."""
    return max(1, ceil(link_length_m(link)))


def segments_of(network: Network, scheme: Scheme) -> tuple[Segment, ...]:
    """Cut every lane of the network into segments, in the order of the network.

    A rest shorter than half a segment goes to the one before it; a link shorter than a segment is
    one. The id is made of link, direction and start (`L7:f:40`), so it stays as long as they do.
    """
    return tuple(
        Segment(
            f"{link.link_id}:{direction.value[0]}:{start:.10g}",
            link.link_id,
            direction,
            start,
            end,
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
        yield number * step_m, length_m if number == count - 1 else (number + 1) * step_m


def segment_rows(segment: Segment) -> range:
    """Return the rows of the link that belong to a segment: those that begin inside it."""
    return range(ceil(segment.from_m), max(1, ceil(segment.to_m)))


def cells_of_segment(segment: Segment) -> list[tuple[int, int]]:
    """Return (row, strip) of all cells of a segment."""
    return [(row, strip) for row in segment_rows(segment) for strip in range(STRIPS)]


def segment_at(segments: Sequence[Segment], row: int) -> Segment:
    """Return the segment of one lane that holds a row; `segments` in order of their start."""
    return next(segment for segment in segments if row in segment_rows(segment))
