"""Loads a scoring scheme by its name or from a file."""

from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.read.scheme_file import read_scheme_text


def load_scheme(name_or_path: str) -> Scheme:
    """Return a scheme that comes with roadscan ("ap9k"), or the one in a TOML file.

    Raises
    ------
    RoadscanError
        `scheme_unknown`, `scheme_invalid`.
    """
    return parse_scheme(read_scheme_text(name_or_path))
