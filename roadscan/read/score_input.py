"""Read indicators of many segments from a CSV file, for `roadscan score --input`."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from roadscan.errors import RoadscanError
from roadscan.model.road import RoadClass, Surface
from roadscan.model.score import EvennessMeasures, Indicators
from roadscan.read.input_files import check_file

MAX_BYTES = 100_000_000
INDICATORS = ("riss", "afli", "ofs")
EVENNESS = ("sm4l_m", "sm4l_a", "mspt", "msph")
COLUMNS = ("class", "surface", *INDICATORS, *EVENNESS)
MAX_MM = 1000.0
DELIMITERS = (",", ";", "\t")
SURFACES = {
    "": Surface.ASPHALT,
    "asphalt": Surface.ASPHALT,
    "a": Surface.ASPHALT,
    "paving": Surface.PAVING,
    "p": Surface.PAVING,
}
"""Names and codes of construction (Bauweise, BW)."""


@dataclass(frozen=True, slots=True)
class ScoreInput:
    """Input of a score."""

    road_class: RoadClass
    surface: Surface
    indicators: Indicators
    evenness: EvennessMeasures | None = None
    """None where it was not measured."""


def read_score_input(path: Path) -> Iterator[ScoreInput]:
    """Read columns class, surface, riss, afli, ofs (percent), sm4l_m, sm4l_a, mspt, msph (mm).

    An empty indicator is missing, an empty surface is asphalt; evenness is empty or complete.
    Further columns are ignored. Columns are separated by commas or, with decimal points or
    commas, by semicolons or tabs, as spreadsheets write them.

    Raises
    ------
    RoadscanError
        `score_input_invalid` naming line and value; what `check_file` raises.
    """
    check_file(path, MAX_BYTES)
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        head = file.readline()
        delimiter = max(DELIMITERS, key=head.count)
        columns = [
            name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])
        ]
        repeated = {name for name in COLUMNS if columns.count(name) > 1}
        if "class" not in columns or repeated:
            raise _invalid(path, 1, f"the columns are {', '.join(columns) or 'none'}")
        rows = csv.DictReader(file, columns, delimiter=delimiter, restval="")
        for row in rows:
            line = rows.line_num + 1
            if None in row:
                raise _invalid(path, line, f"it has more than {len(columns)} values")
            yield _parse(path, line, row if delimiter == "," else _with_points(row))


def parse_road_class(text: str) -> RoadClass:
    """Return the class of area; ValueError for anything else."""
    try:
        return RoadClass(text.strip().upper())
    except ValueError:
        message = f"class is {text.strip()!r}, not A, B or N"
        raise ValueError(message) from None


def parse_surface(text: str) -> Surface:
    """Return the class of construction; ValueError for one that no scheme scores."""
    try:
        return SURFACES[text.strip().lower()]
    except KeyError:
        message = f"surface is {text.strip()!r}, not asphalt or paving"
        raise ValueError(message) from None


def parse_indicator(name: str, text: str | None) -> float | None:
    """Return a share in percent, None for an empty text; ValueError unless from 0 to 100."""
    return _parse_number(name, text, 100.0)


def evenness_of(values: Sequence[float | None]) -> EvennessMeasures | None:
    """Return the measures in the order of EVENNESS; None if all are missing, ValueError if some."""
    given = [value for value in values if value is not None]
    if not given:
        return None
    if len(given) < len(EVENNESS):
        missing = ", ".join(
            name for name, value in zip(EVENNESS, values, strict=True) if value is None
        )
        message = f"evenness lacks {missing}"
        raise ValueError(message)
    return EvennessMeasures(*given)


def _with_points(row: dict[str, str]) -> dict[str, str]:
    """Return a row with decimal points for decimal commas, where commas separate no columns."""
    return {name: value.replace(",", ".") for name, value in row.items()}


def _parse_number(name: str, text: str | None, most: float) -> float | None:
    if text is None or not text.strip():
        return None
    value = float(text)
    if not 0.0 <= value <= most:
        message = f"{name} is {text.strip()}, not from 0 to {most:g}"
        raise ValueError(message)
    return value


def _parse(path: Path, line: int, row: dict[str, str]) -> ScoreInput:
    try:
        riss, afli, ofs = (parse_indicator(name, row.get(name)) for name in INDICATORS)
        return ScoreInput(
            parse_road_class(row["class"]),
            parse_surface(row.get("surface") or ""),
            Indicators(riss, afli, ofs),
            evenness_of([_parse_number(name, row.get(name), MAX_MM) for name in EVENNESS]),
        )
    except ValueError as error:
        raise _invalid(path, line, str(error)) from error


def _invalid(path: Path, line: int, what: str) -> RoadscanError:
    return RoadscanError(
        "score_input_invalid",
        f"{path.name}, line {line}: {what}",
        "Columns: class (A, B, N), surface (asphalt, paving), riss, afli, ofs (percent, or empty), "
        "sm4l_m, sm4l_a, mspt, msph (mm, all or none)",
    )
