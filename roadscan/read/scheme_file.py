"""Read the text of a scoring scheme, either a built-in one or a file."""

from importlib.resources import files
from pathlib import Path

from roadscan.errors import RoadscanError
from roadscan.read.input_files import check_file

MAX_BYTES = 1_000_000


def read_scheme_text(name_or_path: str) -> str:
    """Return the text of a built-in scheme by name, or of a TOML file by path.

    Raises
    ------
    RoadscanError
        `scheme_unknown` listing the names; what `check_file` raises.
    """
    folder = files("roadscan.assess").joinpath("schemes")
    names = sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )
    if name_or_path in names:
        return folder.joinpath(f"{name_or_path}.toml").read_text(encoding="utf-8")
    path = Path(name_or_path)
    if path.suffix != ".toml":
        raise RoadscanError(
            "scheme_unknown",
            f"there is no scheme {name_or_path!r}",
            f"Give one of {', '.join(names)}, or a TOML file",
        )
    check_file(path, MAX_BYTES)
    return path.read_text(encoding="utf-8-sig", errors="replace")
