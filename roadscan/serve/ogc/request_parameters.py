"""Parses the query parameters of a request; unknown parameters and invalid values are refused."""

import base64
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import shapely
from starlette.datastructures import QueryParams

from roadscan.errors import RoadscanError
from roadscan.model.layers import LAYERS
from roadscan.serve.ogc.cql2 import parse_filter
from roadscan.serve.ogc.crs import BY_URI, CRS84, Crs, box_to_crs84
from roadscan.serve.ogc.queryables import instant, kinds_of, value_of
from roadscan.serve.ogc.texts import LANGUAGES
from roadscan.store.layers.feature_tables import EDITION_BITS
from roadscan.store.layers.selection import (
    Always,
    Both,
    Compare,
    Condition,
    Either,
    IsNull,
    Operator,
    Selection,
)

DEFAULT_LIMIT: Final = 1000
MAX_LIMIT: Final = 10_000
COMMON: Final = frozenset({"f", "lang"})
OF_SURVEY: Final = frozenset({"survey", "scheme"})
OF_ITEM: Final = COMMON | OF_SURVEY | {"crs"}
OF_SELECTION: Final = frozenset(
    {"bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs"}
)
OF_ITEMS: Final = OF_ITEM | OF_SELECTION | {"limit", "cursor"}
FILTER_LANG: Final = "cql2-text"

_CURSOR_LENGTH: Final = 16
_LIMIT: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """The parsed query of a request for features."""

    selection: Selection
    crs: Crs
    limit: int | None
    """As requested; None without `limit`."""
    after: int | None
    """The place of the last feature of the previous page."""

    @property
    def page_limit(self) -> int:
        """Maximum number of features on the page; a larger `limit` is not an error."""
        return min(self.limit or DEFAULT_LIMIT, MAX_LIMIT)


def single_values(query: QueryParams, known: Collection[str]) -> dict[str, str]:
    """Return the parameters of a request; `query_invalid` for unknown or repeated ones."""
    for name in query:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise RoadscanError(
                "query_invalid", f"Unknown parameter {name[:60]!r}", f"Use only {listed}"
            )
        if len(query.getlist(name)) > 1:
            raise _invalid(name, "given more than once")
    if query.get("lang", LANGUAGES[0]) not in LANGUAGES:
        raise _invalid("lang", f"use one of {', '.join(LANGUAGES)}")
    return dict(query)


def items_request(values: Mapping[str, str], collection: str) -> ItemsRequest:
    """Parse the query of a request for features; raises `query_invalid`."""
    return ItemsRequest(
        _selection(values, collection),
        crs_of(values, "crs"),
        None if "limit" not in values else _limit(values["limit"]),
        None if "cursor" not in values else _place(values["cursor"]),
    )


def crs_of(values: Mapping[str, str], name: str) -> Crs:
    """Return the CRS given by a parameter; CRS84 without it."""
    uri = values.get(name, CRS84.uri)
    if uri not in BY_URI:
        raise _invalid(name, f"{uri[:80]!r} is not one of {', '.join(BY_URI)}")
    return BY_URI[uri]


def cursor_behind(place: int) -> str:
    """Return the cursor of the page that starts after a place."""
    return base64.urlsafe_b64encode(f"p{place}".encode()).decode().rstrip("=")


def _selection(values: Mapping[str, str], collection: str) -> Selection:
    kinds = kinds_of(collection)
    conditions: list[Condition] = []
    for name in sorted(values.keys() & kinds.keys() - OF_SURVEY):
        value = _read(name, partial(value_of, kinds[name], values[name]))
        conditions.append(Compare(name, Operator.EQ, value))
    if "datetime" in values:
        conditions += _overlapping(values["datetime"], *LAYERS[collection].times)
    language = values.get("filter-lang", FILTER_LANG)
    if language != FILTER_LANG:
        raise _invalid("filter-lang", f"only {FILTER_LANG} is supported, not {language[:40]!r}")
    filter_crs = crs_of(values, "filter-crs")
    if "filter" in values:
        conditions.append(parse_filter(values["filter"], kinds, filter_crs))
    bbox_crs = crs_of(values, "bbox-crs")
    area = None if "bbox" not in values else _area(values["bbox"], bbox_crs)
    if area is not None and shapely.is_empty(area):
        area, conditions = None, [Always(holds=False)]
    return Selection(area, Both(tuple(conditions)) if conditions else None)


def _area(text: str, crs: Crs) -> shapely.Geometry:
    return _read("bbox", lambda: box_to_crs84([_finite(part) for part in text.split(",")], crs))


def _overlapping(text: str, begins: str, ends: str) -> list[Condition]:
    """Return the conditions on a feature's time; one without a time always matches."""
    parts = text.split("/")
    if len(parts) > 2:
        raise _invalid("datetime", f"{text[:80]!r} has more than one /")
    low, high = (_moment(parts[0]), _moment(parts[-1])) if len(parts) == 2 else (_moment(text),) * 2
    if low is None and high is None and len(parts) == 1:
        raise _invalid("datetime", f"{text[:80]!r} is not a time such as 2026-06-10T08:00:00Z")
    if low is not None and high is not None and low > high:
        raise _invalid("datetime", "it ends before it begins")
    found: list[Condition] = []
    if high is not None:
        found.append(Either((IsNull(begins), Compare(begins, Operator.LE, high))))
    if low is not None:
        found.append(Either((IsNull(ends), Compare(ends, Operator.GE, low))))
    return found


def _moment(text: str) -> str | None:
    if text in {"", ".."}:
        return None
    if len(text) <= len("2026-06-10"):
        raise _invalid("datetime", f"{text!r} is not a time such as 2026-06-10T08:00:00Z")
    return _read("datetime", lambda: instant(text))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or "_" in text or text != text.strip():
        raise ValueError(f"{text[:40]!r} is not a number")
    return number


def _limit(text: str) -> int:
    if not _LIMIT.fullmatch(text) or int(text) == 0:
        raise _invalid("limit", f"{text[:40]!r} is not a positive whole number")
    return int(text)


def _place(text: str) -> int:
    try:
        read = base64.urlsafe_b64decode(text[:_CURSOR_LENGTH] + "=" * (-len(text) % 4))
        place = int(read[1:])
    except ValueError:
        place = -1
    if not 0 <= place < 1 << EDITION_BITS or cursor_behind(place) != text:
        raise _invalid("cursor", "use the one from a `next` link")
    return place


def _read(name: str, read: Callable[[], _Value]) -> _Value:
    try:
        return read()
    except ValueError as error:
        raise _invalid(name, str(error)) from error


def _invalid(name: str, why: str) -> RoadscanError:
    return RoadscanError(
        "query_invalid", f"Invalid {name}: {why}", "See the API description, /ogc/api"
    )
