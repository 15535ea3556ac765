"""Evenness (Gebrauchswert), where somebody has measured it: no camera does.

Formula: docs/scoring.md and the sources named there (AP 9 K as public sources give it).
"""

from dataclasses import dataclass
from decimal import Decimal

from roadscan.assess.scheme import Scheme
from roadscan.assess.score import combine, normalise
from roadscan.model.road import RoadClass


@dataclass(frozen=True, slots=True)
class EvennessMeasures:
    """What a measuring vehicle reports, in mm."""

    sm4l_m_mm: float
    """Greatest gap under a 4 m straight-edge."""
    sm4l_a_mm: float
    """Mean gap under it."""
    mspt_mm: float
    """Rut depth (mittlere Spurrinnentiefe), the greater of left and right."""
    msph_mm: float
    """Fictive water depth (mittlere fiktive Wassertiefe), the greater of left and right."""


def evenness_value(
    measures: EvennessMeasures, road_class: RoadClass, scheme: Scheme
) -> float | None:
    """Return the value of use (Teilzielwert Gebrauchswert, TWGEB); None for a class without one."""
    table = scheme.evenness.normalise.get(road_class)
    if table is None:
        return None
    given = {
        "sm4l_m": measures.sm4l_m_mm,
        "sm4l_a": measures.sm4l_a_mm,
        "mspt": measures.mspt_mm,
        "msph": measures.msph_mm,
    }
    values = {name: normalise(Decimal(str(mm)), table[name]) for name, mm in given.items()}
    values["sm4l"] = max(values["sm4l_m"], values["sm4l_a"])
    return float(combine(values, scheme.evenness.combine).value)
