"""Parser of filters in CQL2 text (OGC 21-065r2), the conformance classes that docs/ogc.md lists.

Filters are untrusted input. Length and nesting are bounded before parsing, the parser (LALR) does
not recurse, and the result is a condition over named fields and values, never SQL text.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, Final

import shapely
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError

from roadscan.errors import RoadscanError
from roadscan.serve.ogc.crs import Crs, box_to_crs84, to_crs84
from roadscan.serve.ogc.queryables import GEOMETRY, Kind, value_of
from roadscan.store.layers.selection import (
    Always,
    Both,
    Compare,
    Condition,
    Either,
    Intersects,
    IsNull,
    Like,
    Not,
    OneOf,
    Operator,
    Value,
)

MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 20

_QUOTED: Final = re.compile(r"""'(?:''|\\'|[^'])*'|"[^"]*\"""")


def parse_filter(text: str, kinds: dict[str, Kind], crs: Crs) -> Condition:
    """Return the condition of a filter on fields of these kinds.

    Parameters
    ----------
    text
        CQL2 text.
    kinds
        The fields that the filter may name, with the kinds of their values.
    crs
        CRS of the coordinates in the filter.

    Raises
    ------
    RoadscanError
        `query_invalid`, with the problem and its position.
    """
    if len(text) > MAX_LENGTH:
        raise _invalid(f"it has {len(text)} characters, the maximum is {MAX_LENGTH}")
    if _depth(text) > MAX_DEPTH:
        raise _invalid(f"its parentheses are nested more than {MAX_DEPTH} deep")
    try:
        found: Condition = _Reader(kinds, crs).transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise _invalid(f"syntax error at character {(error.pos_in_stream or 0) + 1}") from None
    except VisitError as error:
        if isinstance(error.orig_exc, RoadscanError):
            raise error.orig_exc from None
        raise
    return found


def _depth(text: str) -> int:
    depth = deepest = 0
    for sign in _QUOTED.sub("", text):
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    return deepest


@cache
def _parser() -> Lark:
    return Lark(files(__package__).joinpath("cql2.lark").read_text("utf-8"), parser="lalr")


def _invalid(why: str) -> RoadscanError:
    return RoadscanError(
        "query_invalid",
        f"Invalid filter: {why}",
        "Write CQL2 text over the queryables, such as condition_class >= 3 AND street = 'Markt'",
    )


@v_args(inline=True)
class _Reader(Transformer[Token, Any]):
    """Turns the parse tree into conditions; one method for each rule of cql2.lark."""

    def __init__(self, kinds: dict[str, Kind], crs: Crs) -> None:
        super().__init__()
        self._kinds = kinds
        self._crs = crs

    def either(self, *parts: Condition) -> Condition:
        return Either(parts)

    def both(self, *parts: Condition) -> Condition:
        return Both(parts)

    def negated(self, part: Condition) -> Condition:
        return Not(part)

    def always(self, _: Token) -> Condition:
        return Always(holds=True)

    def never(self, _: Token) -> Condition:
        return Always(holds=False)

    def compare(self, name: str, operator: Token, literal: Any) -> Condition:
        return Compare(name, Operator(operator), self._value(name, literal))

    def is_null(self, name: str) -> Condition:
        return IsNull(self._known(name))

    def is_not_null(self, name: str) -> Condition:
        return Not(IsNull(self._known(name)))

    def like(self, name: str, pattern: Token) -> Condition:
        if self._kinds[self._known(name)] is not Kind.TEXT:
            raise _invalid(f"LIKE compares text, but {name} is {self._kinds[name].value}")
        return Like(name, str(self._value(name, pattern)))

    def not_like(self, name: str, pattern: Token) -> Condition:
        return Not(self.like(name, pattern))

    def one_of(self, name: str, *literals: Any) -> Condition:
        return OneOf(name, tuple(self._value(name, literal) for literal in literals))

    def none_of(self, name: str, *literals: Any) -> Condition:
        return Not(self.one_of(name, *literals))

    def between(self, name: str, low: Any, high: Any) -> Condition:
        return Both(
            (
                Compare(name, Operator.GE, self._value(name, low)),
                Compare(name, Operator.LE, self._value(name, high)),
            )
        )

    def not_between(self, name: str, low: Any, high: Any) -> Condition:
        return Not(self.between(name, low, high))

    def intersects(self, name: str, area: shapely.Geometry) -> Condition:
        if name != GEOMETRY:
            raise _invalid(f"S_INTERSECTS needs {GEOMETRY}, not {name!r}")
        return Intersects(bytes(shapely.to_wkb(area)))

    def property(self, token: Token) -> str:
        return str(token).strip('"')

    def instant(self, token: Token) -> Token:
        return Token("INSTANT", str(token))

    def bbox(self, *numbers: Token) -> shapely.Geometry:
        return self._placed(lambda: box_to_crs84([float(n) for n in numbers], self._crs))

    def wkt(self, kind: Token, points: str) -> shapely.Geometry:
        return self._placed(lambda: to_crs84(shapely.from_wkt(f"{kind} {points}"), self._crs))

    def points(self, *parts: str) -> str:
        return f"({', '.join(parts)})"

    def position(self, *numbers: Token) -> str:
        return " ".join(numbers)

    def _placed(self, make: Callable[[], shapely.Geometry]) -> shapely.Geometry:
        try:
            return make()
        except (ValueError, shapely.errors.GEOSException) as error:
            raise _invalid(f"Invalid geometry. {' '.join(str(error).split())}") from error

    def _known(self, name: str) -> str:
        if name not in self._kinds:
            raise _invalid(f"unknown queryable {name!r}")
        return name

    def _value(self, name: str, literal: Token) -> Value:
        kind = self._kinds[self._known(name)]
        kind = Kind.NUMBER if kind is Kind.WHOLE else kind  # condition_class > 2.5 makes sense
        quoted = literal.type in {"STRING", "INSTANT"}
        if quoted != kind.is_quoted or (literal.type == "INSTANT" and kind is Kind.TEXT):
            raise _invalid(f"{name} is {kind.value}, but {literal} is not")
        try:
            return value_of(kind, _text(literal) if quoted else str(literal))
        except ValueError as error:
            raise _invalid(f"{name}: {error}") from error


def _text(token: Token) -> str:
    return str(token)[1:-1].replace("''", "'").replace("\\'", "'")
