"""A scoring scheme: the file that defines how cells become a condition class.

docs/scoring.md explains every key; schemes/ap9k.toml has the numbers and the reasons for them.
"""

import hashlib
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from roadscan.errors import RoadscanError
from roadscan.model.damage import STRIPS
from roadscan.model.road import RoadClass, Surface

INDICATORS = ("riss", "afli", "ofs")
"""Shares of area (Zustandsgrößen) that a camera can see, in percent."""

EVENNESS = ("sm4l_m", "sm4l_a", "mspt", "msph")
"""Evenness (Zustandsgrößen) in mm, measured by means other than a camera."""

EVENNESS_VALUES = ("sm4l", "mspt", "msph")
"""Values (Zustandswerte) of evenness: `sm4l` is the worse of `sm4l_m` and `sm4l_a`."""


class CellRule(StrEnum):
    """Rule for the cells that a box of a kind covers."""

    STRIPS = "strips"
    ROW = "row"
    FOOTPRINT = "footprint"


@dataclass(frozen=True, slots=True)
class KindRule:
    """Rule for a kind of damage: the indicator it counts towards, and the cells it covers."""

    label: str
    indicator: str
    cells: CellRule


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Quantities (Zustandsgrößen; percent or mm) at which a value reaches 1.5, 3.5 and 4.5."""

    target: Decimal
    """Zielwert."""
    warning: Decimal
    """Warnwert."""
    threshold: Decimal
    """Schwellenwert."""


@dataclass(frozen=True, slots=True)
class Combination:
    """Combination of values (Zustandswerte) into one (Teilzielwert)."""

    weights: dict[str, Decimal]
    break_through: tuple[str, ...]
    """Those whose worst decides alone (Durchschlag) ..."""
    break_through_above: Decimal
    """... once it is above this."""
    required: tuple[str, ...]
    """If one of these is missing there is no value; if another is, the weights are renormalised."""
    monotone: bool
    """Never below the weighted sum (not AP 9 K)."""


@dataclass(frozen=True, slots=True)
class Evenness:
    """Tables from measured evenness to a value (TWGEB); classes without a table have none."""

    normalise: dict[RoadClass, dict[str, Normalisation]]
    combine: Combination


@dataclass(frozen=True, slots=True)
class PassRule:
    """Rule for weighting the passes over a lane."""

    enough_views: int
    """A cell viewed less often in a pass counts in proportion."""
    half_life_days: float
    """A pass older than the newest by this much counts half."""
    half_weight_accuracy_m: float
    """A pass that is located no better than to this accuracy counts half."""
    damage_share: float
    """A damage is made of the cells that more than this share of those passes found affected that
    found it anywhere."""


@dataclass(frozen=True, slots=True)
class ConditionClass:
    """A class of condition: values from `lower` (closed) up to the next class."""

    number: int
    lower: Decimal
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """A validated scheme; `sha256` is the hash of its text."""

    id: str
    version: str
    title: str
    edition: str
    """The source of its numbers."""
    sha256: str
    text: str
    row_m: float
    lane_width_m: float
    segment_town_m: float
    segment_rural_m: float
    hit_share: float
    """Share of the views of a cell that must be hits (q)."""
    min_coverage: float
    """Share of the cells of a segment that must have been viewed."""
    passes: PassRule
    kinds: dict[str, KindRule]
    normalise: dict[tuple[Surface, RoadClass], dict[str, Normalisation]]
    combine: dict[Surface, Combination]
    evenness: Evenness | None
    """None if the scheme does not rate measured evenness."""
    classes: tuple[ConditionClass, ...]

    @property
    def viewing(self) -> str:
        """The part that governs how frames become views and hits; the rest only scores them.

        It consists of the kinds that count, the cells they touch, and the lane width used where the
        network has none. Schemes that agree in it share the processing of a video.
        """
        kinds = (f"{kind}:{rule.cells.value}" for kind, rule in sorted(self.kinds.items()))
        return f"{self.lane_width_m:.3f} {' '.join(kinds)}"


def _rising(values: Sequence[Decimal]) -> Sequence[Decimal]:
    if any(low >= high for low, high in pairwise(values)):
        message = "the values do not rise"
        raise ValueError(message)
    return values


def _classes_in_order(classes: Sequence["_Class"]) -> Sequence["_Class"]:
    _rising([c.lower for c in classes])
    if [c.number for c in classes] != list(range(1, len(classes) + 1)) or classes[0].lower != 1:
        message = "the classes do not begin at 1.0 and count 1, 2, 3"
        raise ValueError(message)
    return classes


# Four decimals suffice for any share, and they keep exponents out of the exact arithmetic.
_Quantity = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4)]
_Value = Annotated[Decimal, Field(ge=1, le=5, decimal_places=4)]
_Weight = Annotated[Decimal, Field(gt=0, le=1, decimal_places=4)]
_Quantities = Annotated[tuple[_Quantity, _Quantity, _Quantity], AfterValidator(_rising)]
_Text = Annotated[str, Field(min_length=1, max_length=200)]
_KindName = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9 ._-]{0,40}$")]


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


class _Passes(_Strict):
    enough_views: Annotated[int, Field(ge=1, le=100)] = 3
    half_life_days: Annotated[float, Field(gt=0.0, le=36500.0)] = 365.0
    half_weight_accuracy_m: Annotated[float, Field(gt=0.0, le=100.0)] = 3.0
    damage_share: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.2


class _Kind(_Strict):
    label: _Text
    indicator: Annotated[str, Field(pattern="^(riss|afli|ofs)$")]
    cells: CellRule


class _Combination(_Strict):
    weights: dict[str, _Weight]
    break_through: tuple[str, ...]
    break_through_above: _Value
    required: Annotated[tuple[str, ...], Field(min_length=1)]
    monotone: bool

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        unweighted = {*self.break_through, *self.required} - self.weights.keys()
        if unweighted:
            message = f"{min(unweighted)} has no weight"
            raise ValueError(message)
        total = sum(self.weights.values())
        if total != 1:
            message = f"the weights add up to {total}, not to 1"
            raise ValueError(message)
        return self

    def combination(self) -> Combination:
        return Combination(
            self.weights, self.break_through, self.break_through_above, self.required, self.monotone
        )


class _Evenness(_Strict):
    normalise: dict[RoadClass, dict[str, _Quantities]]
    combine: _Combination

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_names("combine.weights", self.combine.weights, EVENNESS_VALUES)
        for road_class, table in self.normalise.items():
            _check_names(f"normalise.{road_class}", table, EVENNESS)
        return self

    def evenness(self) -> Evenness:
        return Evenness(
            {name: _normalisations(table) for name, table in self.normalise.items()},
            self.combine.combination(),
        )


class _Class(_Strict):
    number: int
    lower: Annotated[_Value, Field(alias="from")]
    label: _Text
    colour: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]


class _File(_Strict):
    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,40}$")]
    version: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$")]
    title: _Text
    edition: _Text
    raster: _Raster
    views: _Views
    passes: _Passes = _Passes()
    kinds: Annotated[dict[_KindName, _Kind], Field(min_length=1)]
    normalise: dict[Surface, dict[RoadClass, dict[str, _Quantities]]]
    combine: dict[Surface, _Combination]
    evenness: _Evenness | None = None
    classes: Annotated[tuple[_Class, ...], Field(min_length=1), AfterValidator(_classes_in_order)]

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        _check_names("normalise", self.normalise, tuple(self.combine))
        for surface, by_class in self.normalise.items():
            weights = tuple(self.combine[surface].weights)
            unknown = set(weights) - set(INDICATORS)
            if unknown:
                message = f"combine.{surface}.weights: {min(unknown)} is no indicator"
                raise ValueError(message)
            for road_class, table in by_class.items():
                _check_names(f"normalise.{surface}.{road_class}", table, weights)
        return self


def _check_names(where: str, given: Iterable[str], wanted: Collection[str]) -> None:
    names = set(given)
    if names != set(wanted):
        message = f"{where} has {', '.join(sorted(names))}, not {', '.join(sorted(wanted))}"
        raise ValueError(message)


def parse_scheme(text: str) -> Scheme:
    """Read and check the text of a scheme (TOML).

    Raises
    ------
    RoadscanError
        `scheme_invalid` naming key and value.
    """
    try:
        file = _File.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(f"it is no TOML ({error})") from error
    except ValidationError as error:
        raise _invalid(_first_fault(error)) from error
    return Scheme(
        id=file.id,
        version=file.version,
        title=file.title,
        edition=file.edition,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
        row_m=file.raster.row_m,
        lane_width_m=file.raster.lane_width_m,
        segment_town_m=file.raster.segment_town_m,
        segment_rural_m=file.raster.segment_rural_m,
        hit_share=file.views.hit_share,
        min_coverage=file.views.min_coverage,
        passes=PassRule(**file.passes.model_dump()),
        kinds={name: KindRule(k.label, k.indicator, k.cells) for name, k in file.kinds.items()},
        normalise={
            (surface, road_class): _normalisations(table)
            for surface, by_class in file.normalise.items()
            for road_class, table in by_class.items()
        },
        combine={surface: c.combination() for surface, c in file.combine.items()},
        evenness=None if file.evenness is None else file.evenness.evenness(),
        classes=tuple(ConditionClass(c.number, c.lower, c.label, c.colour) for c in file.classes),
    )


def _normalisations(
    table: Mapping[str, tuple[Decimal, Decimal, Decimal]],
) -> dict[str, Normalisation]:
    return {name: Normalisation(*quantities) for name, quantities in table.items()}


WORDS: Final = {"extra_forbidden": "no such key", "missing": "it is missing"}
"""Pydantic's words for its own types of fault, in ours."""


def _first_fault(error: ValidationError) -> str:
    # a misspelt key is missing too: what was written says more than what was not
    unknown_first = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    first = unknown_first[0]
    what = WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
    if not first["loc"]:
        return what
    given = "" if isinstance(first["input"], dict) else f", given {str(first['input'])[:60]}"
    return f"{'.'.join(str(part) for part in first['loc'])[:80]}: {what}{given}"


def _invalid(what: str) -> RoadscanError:
    return RoadscanError(
        "scheme_invalid",
        f"the scheme cannot be used: {' '.join(what.split())}",
        "docs/scoring.md explains each key; ap9k.toml is an example",
    )
