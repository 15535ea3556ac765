"""A scoring scheme: the file that says how cells become a condition class."""

import hashlib
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from roadscan.errors import RoadscanError
from roadscan.model.damage import STRIPS
from roadscan.model.road import RoadClass, Surface

INDICATORS = ("riss", "afli", "ofs")


class CellRule(StrEnum):
    """Which cells a box of a kind means."""

    STRIPS = "strips"
    ROW = "row"
    FOOTPRINT = "footprint"


@dataclass(frozen=True, slots=True)
class KindRule:
    """What a kind of damage counts for."""

    label: str
    indicator: str
    cells: CellRule


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Shares in percent at which a value (Zustandswert) reaches 1.5, 3.5 and 4.5."""

    target_pct: Decimal
    warning_pct: Decimal
    threshold_pct: Decimal


@dataclass(frozen=True, slots=True)
class Combination:
    """How values become one (Teilzielwert)."""

    weights: dict[str, Decimal]
    break_through: tuple[str, ...]
    break_through_above: Decimal
    required: tuple[str, ...]
    monotone: bool


@dataclass(frozen=True, slots=True)
class ConditionClass:
    """A class of condition: values from `lower` (closed) up to the next class."""

    number: int
    lower: Decimal
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """A validated scheme; `sha256` is of its text."""

    id: str
    version: str
    title: str
    sha256: str
    text: str
    row_m: float
    lane_width_m: float
    segment_town_m: float
    segment_rural_m: float
    hit_share: float
    min_coverage: float
    kinds: dict[str, KindRule]
    normalise: dict[tuple[Surface, RoadClass], dict[str, Normalisation]]
    combine: dict[Surface, Combination]
    classes: tuple[ConditionClass, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Raster(_Strict):
    row_m: Annotated[float, Field(ge=1.0, le=1.0)]
    strips: Annotated[int, Field(ge=STRIPS, le=STRIPS)]
    lane_width_m: Annotated[float, Field(ge=2.0, le=6.0)]
    segment_town_m: Annotated[float, Field(ge=5.0, le=1000.0)]
    segment_rural_m: Annotated[float, Field(ge=5.0, le=1000.0)]


class _Views(_Strict):
    hit_share: Annotated[float, Field(ge=0.0, le=1.0)]
    min_coverage: Annotated[float, Field(ge=0.0, le=1.0)]


class _Kind(_Strict):
    label: str
    indicator: Annotated[str, Field(pattern="^(riss|afli|ofs)$")]
    cells: CellRule


class _Combination(_Strict):
    weights: dict[str, Decimal]
    break_through: tuple[str, ...]
    break_through_above: Decimal
    required: tuple[str, ...]
    monotone: bool

    @model_validator(mode="after")
    def _known(self) -> "_Combination":
        unknown = {*self.weights, *self.break_through, *self.required} - set(INDICATORS)
        if unknown:
            message = f"unknown indicator {min(unknown)}"
            raise ValueError(message)
        if sum(self.weights.values()) != 1:
            message = f"the weights add up to {sum(self.weights.values())}, not to 1"
            raise ValueError(message)
        return self


class _Class(_Strict):
    number: int
    lower: Annotated[Decimal, Field(alias="from")]
    label: str
    colour: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]


class _File(_Strict):
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,40}$")]
    version: str
    title: str
    raster: _Raster
    views: _Views
    kinds: dict[str, _Kind]
    normalise: dict[Surface, dict[RoadClass, dict[str, tuple[Decimal, Decimal, Decimal]]]]
    combine: dict[Surface, _Combination]
    classes: Annotated[tuple[_Class, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rising(self) -> "_File":
        bounds = [c.lower for c in self.classes]
        tables = [t for by_class in self.normalise.values() for t in by_class.values()]
        for values in [bounds, *(shares for table in tables for shares in table.values())]:
            if list(values) != sorted(set(values)):
                message = f"{', '.join(str(v) for v in values)} do not rise"
                raise ValueError(message)
        return self


def parse_scheme(text: str) -> Scheme:
    """Read and check the text of a scheme (TOML).

    Raises
    ------
    RoadscanError
        `scheme_invalid` naming key and value.
    """
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _invalid(f"it is no TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _invalid(f"{key}: {first['msg']}, given {str(first['input'])[:60]}") from error
    return Scheme(
        id=file.id,
        version=file.version,
        title=file.title,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
        row_m=file.raster.row_m,
        lane_width_m=file.raster.lane_width_m,
        segment_town_m=file.raster.segment_town_m,
        segment_rural_m=file.raster.segment_rural_m,
        hit_share=file.views.hit_share,
        min_coverage=file.views.min_coverage,
        kinds={name: KindRule(k.label, k.indicator, k.cells) for name, k in file.kinds.items()},
        normalise={
            (surface, road_class): {name: Normalisation(*shares) for name, shares in table.items()}
            for surface, by_class in file.normalise.items()
            for road_class, table in by_class.items()
        },
        combine={
            surface: Combination(
                c.weights, c.break_through, c.break_through_above, c.required, c.monotone
            )
            for surface, c in file.combine.items()
        },
        classes=tuple(ConditionClass(c.number, c.lower, c.label, c.colour) for c in file.classes),
    )


def _invalid(what: str) -> RoadscanError:
    return RoadscanError(
        "scheme_invalid",
        f"the scheme cannot be used: {' '.join(what.split())}",
        "docs/scoring.md explains each key; ap9k.toml is an example",
    )
