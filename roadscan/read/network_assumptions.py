"""Assumptions about a network's roads, and the lines in which a command reports them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from roadscan.model.road import Link, Network
from roadscan.read.network_faults import Assumed, Assumption, LineFault
from roadscan.read.network_mapping import id_parts
from roadscan.read.network_preview import NetworkPreview
from roadscan.read.network_rows import RawLink
from roadscan.read.road_tags import is_known_highway

MAX_TOLD: Final = 5
"""Lines named for each kind of fault."""
OF_COURSE: Final = frozenset(
    {
        *(Assumed.CLASS_BY_HIGHWAY, Assumed.LANE_WIDTH, Assumed.NO_STREET),
        Assumed.BOTH_DIRECTIONS,
    }
)
"""Not worth a warning: true of most roads in a network, or irrelevant to a score."""
_ASSUMED: Final[dict[Assumed, Callable[[RawLink, Link], bool]]] = {
    Assumed.CLASS_SIDE_ROAD: lambda raw, _: not raw.road_class and not _has_highway(raw),
    Assumed.CLASS_BY_HIGHWAY: lambda raw, _: not raw.road_class and _has_highway(raw),
    Assumed.SURFACE_ASPHALT: lambda raw, _: not raw.surface,
    Assumed.BOTH_DIRECTIONS: lambda raw, link: (
        not raw.oneway and not _has_highway(raw) and link.forward and link.backward
    ),
    Assumed.LANE_WIDTH: lambda _, link: link.lane_width_source == "scheme",
    Assumed.ID_BY_PLACE: lambda raw, _: raw.id_by_place,
    Assumed.NO_STREET: lambda raw, _: not raw.street,
}
_SAID: Final = {
    Assumed.CLASS_SIDE_ROAD: "side roads (class B) because no class was given",
    Assumed.CLASS_BY_HIGHWAY: "classed by their road type (highway)",
    Assumed.SURFACE_ASPHALT: "asphalt because no surface was given",
    Assumed.BOTH_DIRECTIONS: "driven in both directions because no one-way value was given",
    Assumed.LANE_WIDTH: "with the scheme's lane width because none was given",
    Assumed.ID_BY_PLACE: "without an id: one was made from start, middle and end, and a line that "
    "is moved by metres, cut or joined becomes another road",
    Assumed.NO_STREET: "without a street name",
}
_WRONG: Final = {
    LineFault.NO_LINE: "without a line: left out",
    LineFault.NO_LENGTH: "shorter than 5 cm: left out",
    LineFault.COPY: "copy of another line: left out, so that nothing counts twice",
    LineFault.COPY_REVERSED: "copy of another line, drawn the other way round: left out, so that "
    "nothing counts twice",
    LineFault.COPY_PARTIAL: "on another line for a part of its way: metres driven may go to either",
    LineFault.DOUBLE_LINE: "beside another line of the same street and direction, a copy or a "
    "double line: metres driven may go to either",
    LineFault.END_MOVED: "end just short of its neighbour: moved onto it",
    LineFault.END_SHORT: "end short of its neighbour: not joined",
    LineFault.LOOP_CLOSED: "loop not closed: its ends were joined",
    LineFault.LOOP_OPEN: "loop not closed: not joined",
    LineFault.CROSSING_WITHOUT_NODE: "crosses another line without a node: nobody can turn there",
    LineFault.ID_TWICE: "id of several lines",
    LineFault.ID_MISSING: "no id: one was made from the coordinates",
    LineFault.CLASS_UNKNOWN: "no class A, B or N: the column is not taken for the class",
    LineFault.CLASS_DOUBTFUL: "A and B without an N may be classes or owners (Autobahn, "
    "Bundesstraße): the column is not taken for the class; say which it is in the mapping",
    LineFault.SURFACE_UNKNOWN: "unknown surface: not scored",
    LineFault.ONEWAY_UNKNOWN: "one-way value not understood: counts as not given",
    LineFault.OUTSIDE_UNKNOWN: "out-of-town value not understood: counts as not given",
    LineFault.WIDTH_IMPLAUSIBLE: "implausible lane width: the scheme's is used",
    LineFault.WIDTH_UNIT: "width seems to be in another unit than metres: the scheme's is used; "
    'say the unit in the mapping (width_unit = "cm")',
    LineFault.TEXT_GARBLED: "garbled letters: the encoding that the file declares is wrong",
}


def _has_highway(raw: RawLink) -> bool:
    return is_known_highway(raw.tags.get("highway", ""))


def assumptions_of(read: Sequence[tuple[RawLink, Link]]) -> tuple[Assumption, ...]:
    """Return what was assumed, with the number of links and metres concerned."""
    length_m = np.array([float(np.hypot(*np.diff(link.xy_m, axis=0).T).sum()) for _, link in read])
    found = {
        kind: np.array([holds(raw, link) for raw, link in read], np.bool_)
        for kind, holds in _ASSUMED.items()
    }
    return tuple(
        Assumption(kind, int(which.sum()), round(float(length_m[which].sum()), 1))
        for kind, which in found.items()
        if which.any()
    )


def remarks_on(links: Sequence[Link], preview: NetworkPreview, source: str) -> tuple[str, ...]:
    """Return a command's remarks on a network, one per line; warnings begin with "warning: "."""
    return (
        *_columns(preview, source, len(links)),
        *_assumed(preview),
        *_faults(preview),
        *_islands(preview),
    )


def ids_remark(
    kept_ids: frozenset[str], read: Sequence[tuple[RawLink, Link]], before: Network | None
) -> Iterator[str]:
    """Say how many lines without an id kept that of the network before."""
    nameless = [link.link_id for given, link in read if given.id_by_place]
    if before is None or not nameless:
        return
    known = {link.link_id for link in before.links}
    same = sum(link_id in known for link_id in nameless)
    yield (
        f"{same} of {len(nameless)} links without an id are roads of {before.source} and keep "
        f"their ids, {len(kept_ids)} of them although they were moved"
    )


def _columns(preview: NetworkPreview, source: str, links: int) -> Iterator[str]:
    taken = {meaning: name for meaning, name in preview.taken.items() if name}
    said = ", ".join(
        name if name == meaning else f"{name} = {meaning}" for meaning, name in taken.items()
    )
    used = {part for name in taken.values() for part in id_parts(name)} | {*preview.carried}
    unused = [column.name for column in preview.columns if column.name not in used]
    yield f"{source}: {links} links" + (
        f"; columns taken: {said or 'none'}" if unused or said else ""
    )
    if preview.carried:
        yield f"columns carried into the layers: {', '.join(preview.carried)}"
    if unused:
        yield f"columns not used: {', '.join(unused)}"
    if preview.encoding:
        yield (
            f"warning: the file does not declare its encoding; its letters were found to be "
            f"{preview.encoding}. A .cpg file beside it says so"
        )


def _assumed(preview: NetworkPreview) -> Iterator[str]:
    for found in preview.assumed:
        mark = "" if found.kind in OF_COURSE else "warning: "
        yield f"{mark}{found.length_m / 1000.0:.2f} km ({found.links} links) {_SAID[found.kind]}"


def _faults(preview: NetworkPreview) -> Iterator[str]:
    for kind, count in preview.fault_counts.items():
        shown = [fault for fault in preview.faults if fault.kind == kind][:MAX_TOLD]
        told = "; ".join(
            " ".join(
                part
                for part in (
                    f"line {fault.line}" if fault.line else "",
                    f"({fault.link_id}):" if fault.link_id else "",
                    fault.value,
                )
                if part
            )
            for fault in shown
        )
        more = f" and {count - len(shown)} more" if count > len(shown) else ""
        yield f"warning: {count} x {_WRONG[LineFault(kind)]}: {told}{more}"


def _islands(preview: NetworkPreview) -> Iterator[str]:
    found = preview.all_islands
    if not found.islands:
        return
    shown = preview.islands[:MAX_TOLD]
    told = "; ".join(
        f"{island.links} links, {island.length_m:.0f} m from "
        + (f"line {island.line} ({island.link_id})" if island.line else island.link_id)
        for island in shown
    )
    more = f" and {found.islands - len(shown)} more" if found.islands > len(shown) else ""
    yield (
        f"warning: {found.islands} x not connected with the rest of the network, "
        f"{found.length_m / 1000.0:.2f} km in all: {told}{more}"
    )
