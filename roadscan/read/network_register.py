"""What a town's register says of its lines: network nodes, stations, columns carried along."""

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np

from roadscan.model.road import RegisterEntry
from roadscan.read.network_rows import RawLink
from roadscan.read.road_tags import number_in

KILOMETRE_M: Final = 1000.0
MOST: Final = 0.5
"""Share of the lines with both stations that has to show kilometres."""
NEAR: Final = 2.0
"""Factor by which the length between stations may differ from that of the line."""


def register_entry(raw: RawLink, before_m: float, unit_m: float) -> RegisterEntry:
    """Return what the register says of a line, `before_m` behind the start of its first part."""
    start, end = (_station_m(text, unit_m) for text in (raw.from_station, raw.to_station))
    entry = RegisterEntry(raw.from_node, raw.to_node, start, end, raw.carried)
    return RegisterEntry(raw.from_node, raw.to_node, entry.station_m(before_m), end, raw.carried)


def station_unit_m(lines: Sequence[RawLink], length_m: Sequence[float]) -> float:
    """Return the unit of the stations in metres: 1000 if most lines are so many kilometres long."""
    ratios = np.array(
        [
            abs(number_in(raw.to_station) - number_in(raw.from_station)) / length
            for raw, length in zip(lines, length_m, strict=True)
            if raw.from_station and raw.to_station
        ]
    )
    ratios = ratios[np.isfinite(ratios)]
    in_km = np.abs(np.log(np.maximum(ratios * KILOMETRE_M, 1e-9))) < np.log(NEAR)
    return KILOMETRE_M if len(ratios) and in_km.mean() > MOST else 1.0


def _station_m(text: str, unit_m: float) -> float | None:
    value = number_in(text)
    return None if isnan(value) else round(value * unit_m, 3)
